/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_TROUBLE_H
#define SOURCE_KUBE_TROUBLE_H

#include "kube_http.h"
#include "lib/source/object_decode.h"

/** kube_trouble_text() - one line which stays the same while the trouble does; for the caller to free */
char *kube_trouble_text(const struct kube_response *response, enum object_kind kind, bool is_watch);

/*
 * Servers that do not know streaming lists say so in many ways.
 * kube_trouble_may_be_streaming() - an ordinary list may do better
 * kube_trouble_is_refusal()       - and the answer does look like that was it
 */
bool kube_trouble_may_be_streaming(const struct kube_response *response);
bool kube_trouble_is_refusal(const struct kube_response *response);

/** kube_trouble_refuses_encoding() - the server has no such thing in the encoding that was asked for */
bool kube_trouble_refuses_encoding(const struct kube_response *response);

#endif
