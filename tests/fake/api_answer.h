/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_API_ANSWER_H
#define FAKE_API_ANSWER_H

#include "api_store.h"

/* What an API server says, as text; nothing here knows sockets or threads. */

/** struct api_query - the part of a request's query that counts; NULL where it says nothing */
struct api_query {
	enum api_resource resource;
	struct api_selector selector;
	const char *version;
	const char *version_match;
	const char *continue_token;
	size_t limit;
	double timeout_seconds;
	bool is_watch;
	bool wants_bookmarks;
	bool wants_initial_events;
};

/** api_answer_status() - a v1 Status; @reason may be NULL; the caller frees it */
char *api_answer_status(int code, const char *reason, const char *message);

/** api_answer_forbidden() - the Status for a user without rights */
char *api_answer_forbidden(enum api_resource resource, const char *user, const char *verb);

/** struct api_lists - the lists that clients are reading page by page */
struct api_lists;

struct api_lists *api_lists_new(void);
void api_lists_free(struct api_lists *lists);

/** api_lists_expire() - no continue token is good any more */
void api_lists_expire(struct api_lists *lists);

/** api_lists_answer() - a list, a page of it, or a Status; the caller frees *ret_body */
int api_lists_answer(struct api_lists *lists, const struct api_store *store,
		     const struct api_query *query, char **ret_body);

/** api_lists_promise_more() - makes of a list a page of one that never ends */
void api_lists_promise_more(char **body);

/**
 * struct api_watch - how far a watch is
 * @version:           changes up to this one were told
 * @has_initial:       initial events were asked for and not told yet
 * @is_over:           after an ERROR
 */
struct api_watch {
	struct api_query query;
	long version;
	bool has_initial;
	bool is_over;
};

/**
 * api_watch_start() - begin where the query says
 * Return: an HTTP status; other than 200 with a Status in *ret_body
 */
int api_watch_start(struct api_watch *watch, char **ret_body);

/** api_watch_next() - the lines of what happened since; NULL if nothing did; the caller frees it */
char *api_watch_next(struct api_watch *watch, const struct api_store *store);

/** api_watch_bookmark() - its line; NULL if the client is ahead of the store */
char *api_watch_bookmark(const struct api_watch *watch, const struct api_store *store);

/** api_watch_refusal() - the ERROR that ends a streaming list where the storage cannot do it */
char *api_watch_refusal(void);

/** api_watch_expiry() - a bookmark, and the ERROR that its version is too old */
char *api_watch_expiry(const struct api_watch *watch, const struct api_store *store);

#endif
