/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_encoding.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

enum kube_encoding kube_encoding_wanted(const char *content_type, const char *accepted)
{
	const char *types = accepted && *accepted ? accepted : content_type;

	return !types || strstr(types, KUBE_ENCODING_PROTOBUF_TYPE) ? KUBE_ENCODING_PROTOBUF
								    : KUBE_ENCODING_JSON;
}

const char *kube_encoding_accept(enum kube_encoding encoding, bool is_watch)
{
	if (encoding == KUBE_ENCODING_JSON)
		return KUBE_ENCODING_JSON_TYPE;
	return is_watch ? KUBE_ENCODING_PROTOBUF_TYPE ";stream=watch," KUBE_ENCODING_JSON_TYPE
			: KUBE_ENCODING_PROTOBUF_TYPE "," KUBE_ENCODING_JSON_TYPE;
}

enum kube_encoding kube_encoding_of(const char *content_type)
{
	size_t length = strlen(KUBE_ENCODING_PROTOBUF_TYPE);

	/* ";stream=watch" may follow. */
	if (content_type && strncasecmp(content_type, KUBE_ENCODING_PROTOBUF_TYPE, length) == 0 &&
	    strchr("; \t", content_type[length]))
		return KUBE_ENCODING_PROTOBUF;
	return KUBE_ENCODING_JSON;
}

bool kube_encoding_is_page(const char *content_type)
{
	return content_type && strncasecmp(content_type, "text/html", strlen("text/html")) == 0;
}
