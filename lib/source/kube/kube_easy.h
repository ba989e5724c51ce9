/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_EASY_H
#define SOURCE_KUBE_EASY_H

#include "kube_call.h"
#include "kube_credentials.h"

#include <curl/curl.h>

/**
 * struct kube_easy - a libcurl handle that knows what to ask and who we are
 * @host:  the server's "host:port", or its host alone, as in its URL
 *
 * The lists belong to the request for as long as the handle is in use.
 */
struct kube_easy {
	CURL *handle;
	struct curl_slist *headers;
	struct curl_slist *connect_to;
	char host[256];
};

/** kube_easy_open() - prepare a request; callbacks and time limits are left to the caller */
void kube_easy_open(struct kube_easy *easy, const struct kube_access *access,
		    const struct kube_call *call);

/** kube_easy_close() - give everything back; the handle is in no multi handle any more */
void kube_easy_close(struct kube_easy *easy);

/** kube_easy_tune_socket() - a new one: how much it holds, and when a silent peer counts as gone */
void kube_easy_tune_socket(int descriptor);

#endif
