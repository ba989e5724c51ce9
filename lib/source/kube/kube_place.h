/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_PLACE_H
#define SOURCE_KUBE_PLACE_H

#include "kube_objects.h"
#include "kube_query.h"
#include "kube_status.h"

#include <stdbool.h>

/**
 * enum kube_goal - what the next request is for
 *   LISTING      everything that exists; > CONFIRMATION if that is doubtful, > CHANGES when complete
 *   CONFIRMATION the same once more, to be believed whatever it says; > CHANGES when complete
 *   CHANGES      > LISTING when the server does not know the place, or something was missed
 */
enum kube_goal { KUBE_GOAL_LISTING, KUBE_GOAL_CONFIRMATION, KUBE_GOAL_CHANGES };

/**
 * struct kube_place - how much of one kind of object was seen; kube_reflector.c tells the rules
 * @version:         resourceVersion up to which everything was seen, NULL before the first listing
 * @continue_token:  of the page of a list that comes next; NULL = none
 * @base:            which state the next list may show
 * @list_failures:   of lists that a server answered, since the last that was complete
 *
 * No socket, no timer.
 */
struct kube_place {
	struct kube_objects *objects;
	enum kube_goal goal;
	enum kube_query_base base;
	char *version;
	char *continue_token;
	size_t seen_before; /* the pages without news */
	unsigned int pages_without_news;
	unsigned int list_failures;
};

/** kube_place_init() - nothing was seen; kube_place_clear() frees what it holds */
void kube_place_init(struct kube_place *place, enum object_kind kind,
		     const struct object_sink *sink);
void kube_place_clear(struct kube_place *place);

/** kube_place_begin() - a listing is asked for, or the next page of one */
void kube_place_begin(struct kube_place *place);

/** kube_place_check_count() - -EMSGSIZE for a listing that does not end: it would fill the memory */
int kube_place_check_count(const struct kube_place *place, struct error *err);

/**
 * kube_place_take_page() - a page has come
 * Return: 1 if it was the last one; 0; or -EMSGSIZE if the pages do not get anywhere
 */
int kube_place_take_page(struct kube_place *place, const char *token, struct error *err);

/**
 * kube_place_finish() - everything that exists was seen, as of @version: what was not seen goes
 * Return: 0; -EINVAL without a version; -EAGAIN if that has to be heard once more
 */
int kube_place_finish(struct kube_place *place, const char *version, struct error *err);

/** kube_place_advance() - everything up to @version was seen; not if that is older, or "" */
void kube_place_advance(struct kube_place *place, const char *version);

/** kube_place_fail() - a request failed, answered with @http_status or 0; a list starts from its
 *  beginning */
void kube_place_fail(struct kube_place *place, int http_status);

/** kube_place_list_again() - the next request is a list, from its beginning */
void kube_place_list_again(struct kube_place *place);

/** kube_place_leave() - by @status the server does not know the place (any more, or yet); Return:
 *  whether another list may help */
bool kube_place_leave(struct kube_place *place, const struct kube_status *status);

#endif
