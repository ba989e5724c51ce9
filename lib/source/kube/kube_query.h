/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_QUERY_H
#define SOURCE_KUBE_QUERY_H

/**
 * enum kube_query_base - how new that has to be what a list has
 *   ANY     nothing is known yet: whatever the server has at hand
 *   KNOWN   not older than what is known
 *   NEWEST  as its storage has it, because the server does not know that version (any more, or yet)
 *   WHOLE   likewise, and in one piece, because a page was gone
 */
enum kube_query_base {
	KUBE_QUERY_ANY,
	KUBE_QUERY_KNOWN,
	KUBE_QUERY_NEWEST,
	KUBE_QUERY_WHOLE,
};

/**
 * struct kube_query - what is asked of one kind of object
 * @path:      "/api/v1/services"
 * @selector:  part of a query: "labelSelector=...", or "fieldSelector=..."
 * @version:   the latest that is known; NULL if none is
 */
struct kube_query {
	const char *path;
	const char *selector;
	const char *version;
};

/**
 * kube_query_list() - path and query of a list
 * @page_size:  0 = all at once
 * @token:      of the page that comes next; NULL for the first
 *
 * A version without a match means exactly that version where a list has a limit (the API's legacy
 * rule), and events that were seen would be seen again: so KNOWN says that newer is as good, and
 * has no limit, which lets the server take the list from its cache. Source: k8s.io/client-go
 * tools/cache/reflector.go list(), tools/pager/pager.go
 *
 * Return: for the caller to free
 */
char *kube_query_list(const struct kube_query *query, enum kube_query_base base, int page_size,
		      const char *token);

/**
 * kube_query_watch() - of a watch that follows @version for so many seconds
 * kube_query_stream() - of one that begins with everything that exists
 */
char *kube_query_watch(const struct kube_query *query, int seconds);
char *kube_query_stream(const struct kube_query *query, int seconds);

#endif
