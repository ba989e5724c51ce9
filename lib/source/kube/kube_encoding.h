/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_ENCODING_H
#define SOURCE_KUBE_ENCODING_H

#include <stdbool.h>

/** enum kube_encoding - how an API server writes objects */
enum kube_encoding { KUBE_ENCODING_JSON, KUBE_ENCODING_PROTOBUF };

#define KUBE_ENCODING_JSON_TYPE	    "application/json"
#define KUBE_ENCODING_PROTOBUF_TYPE "application/vnd.kubernetes.protobuf"

/**
 * kube_encoding_wanted() - which one a client is set to
 * @content_type:  of clientConnection.contentType; NULL is kube-proxy's default, protocol buffers
 * @accepted:      of clientConnection.acceptContentTypes; NULL or "": as @content_type
 *
 * JSON for every type that is not the one of protocol buffers.
 */
enum kube_encoding kube_encoding_wanted(const char *content_type, const char *accepted);

/** kube_encoding_accept() - an Accept header for this encoding, and JSON where the server lacks it */
const char *kube_encoding_accept(enum kube_encoding encoding, bool is_watch);

/** kube_encoding_of() - of a body, by its Content-Type; JSON if that is something else or NULL */
enum kube_encoding kube_encoding_of(const char *content_type);

/** kube_encoding_is_page() - a page for people, such as that of a portal or a proxy in between */
bool kube_encoding_is_page(const char *content_type);

#endif
