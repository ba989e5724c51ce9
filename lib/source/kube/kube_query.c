/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_query.h"

#include "kube_text.h"
#include "lib/base/memory.h"

char *kube_query_list(const struct kube_query *query, enum kube_query_base base, int page_size,
		      const char *token)
{
	auto_memory char *version = kube_text_escape(query->version ? query->version : "0");
	auto_memory char *escaped_token = kube_text_escape(token ? token : "");
	auto_memory char *limit = base == KUBE_QUERY_WHOLE || !page_size
					  ? string_dup("")
					  : string_printf("&limit=%d", page_size);

	if (token)
		return string_printf("%s?%s%s&continue=%s", query->path, query->selector, limit,
				     escaped_token);
	switch (base) {
	case KUBE_QUERY_ANY:
		return string_printf("%s?%s%s&resourceVersion=0", query->path, query->selector,
				     limit);
	case KUBE_QUERY_KNOWN:
		return string_printf("%s?%s&resourceVersion=%s&resourceVersionMatch=NotOlderThan",
				     query->path, query->selector, version);
	case KUBE_QUERY_NEWEST:
	case KUBE_QUERY_WHOLE:
		break;
	}
	return string_printf("%s?%s%s", query->path, query->selector, limit);
}

/* The duration twice, as client-go sends it. */
static char *duration_text(int seconds)
{
	return string_printf("timeout=%dm%ds&timeoutSeconds=%d", seconds / 60, seconds % 60,
			     seconds);
}

char *kube_query_watch(const struct kube_query *query, int seconds)
{
	auto_memory char *version = kube_text_escape(query->version ? query->version : "0");
	auto_memory char *duration = duration_text(seconds);

	return string_printf("%s?allowWatchBookmarks=true&%s&resourceVersion=%s&%s&watch=true",
			     query->path, query->selector, version, duration);
}

char *kube_query_stream(const struct kube_query *query, int seconds)
{
	auto_memory char *duration = duration_text(seconds);

	return string_printf(
		"%s?allowWatchBookmarks=true&%s&resourceVersionMatch=NotOlderThan&sendInitialEvents=true&%s&watch=true",
		query->path, query->selector, duration);
}
