/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Removal needs good evidence. Only a complete listing removes, in one go at its end: pages and
 * streams that break off remove nothing. One that lacks a hundred objects, and more than
 * it has (a server that lost its storage, or answers from an empty cache), is believed when a second
 * one says the same. A listing is complete when its last page, or the bookmark that ends its initial
 * events, has come; one that brings nothing new in ten pages, or more than a million objects, or
 * less than 1,000 bytes a second, is given up.
 */
#include "kube_place.h"

#include "lib/base/memory.h"

#include <errno.h>
#include <string.h>

#define LIST_OBJECTS_MAX     1000000
#define PAGES_WITHOUT_NEWS   10
#define LIST_FAILURES	     3 /* then one that is not bound to a version is worth a try */
#define DOUBTFUL_MISSING_MIN 100

static void replace_text(char **field, const char *text)
{
	char *copy = text && *text ? string_dup(text) : NULL;

	free(*field);
	*field = copy;
}

void kube_place_init(struct kube_place *place, enum object_kind kind,
		     const struct object_sink *sink)
{
	*place = (struct kube_place){.objects = kube_objects_new(kind, sink)};
}

void kube_place_clear(struct kube_place *place)
{
	kube_objects_free(place->objects);
	free(place->version);
	free(place->continue_token);
}

void kube_place_begin(struct kube_place *place)
{
	/* The pages of a list belong together. */
	if (place->continue_token)
		return;
	if (place->base == KUBE_QUERY_KNOWN && place->list_failures >= LIST_FAILURES)
		place->base = KUBE_QUERY_NEWEST;
	place->seen_before = 0;
	place->pages_without_news = 0;
	kube_objects_begin(place->objects);
}

int kube_place_check_count(const struct kube_place *place, struct error *err)
{
	if (kube_objects_seen(place->objects) <= LIST_OBJECTS_MAX)
		return 0;
	return error_set(err, -EMSGSIZE, "the list has more than %d objects", LIST_OBJECTS_MAX);
}

int kube_place_take_page(struct kube_place *place, const char *token, struct error *err)
{
	size_t seen = kube_objects_seen(place->objects);

	replace_text(&place->continue_token, token);
	if (!*token)
		return 1;
	place->pages_without_news = seen > place->seen_before ? 0 : place->pages_without_news + 1;
	place->seen_before = seen;
	if (place->pages_without_news < PAGES_WITHOUT_NEWS)
		return 0;
	return error_set(err, -EMSGSIZE, "%d consecutive pages without a new object",
			 PAGES_WITHOUT_NEWS);
}

/* Versions are numbers that grow. Return: false also if one of them is none */
static bool is_older(const char *version, const char *known)
{
	size_t length = strlen(version), known_length = known ? strlen(known) : 0;

	if (!known || strspn(version, "0123456789") != length ||
	    strspn(known, "0123456789") != known_length)
		return false;
	return length == known_length ? strcmp(version, known) < 0 : length < known_length;
}

static bool is_doubtful(const struct kube_place *place)
{
	size_t missing = kube_objects_missing(place->objects);

	return place->goal == KUBE_GOAL_LISTING && missing >= DOUBTFUL_MISSING_MIN &&
	       missing > kube_objects_seen(place->objects);
}

int kube_place_finish(struct kube_place *place, const char *version, struct error *err)
{
	if (!*version)
		return error_set(err, -EINVAL, "the list has no resourceVersion");
	if (place->base == KUBE_QUERY_KNOWN && is_older(version, place->version))
		return error_set(err, -EAGAIN,
				 "the list has resourceVersion %.40s, older than %.40s", version,
				 place->version);
	if (is_doubtful(place)) {
		place->goal = KUBE_GOAL_CONFIRMATION;
		place->base = KUBE_QUERY_NEWEST;
		return error_set(
			err, -EAGAIN,
			"the list has %zu objects and lacks %zu known ones; keeping these until a second list lacks them",
			kube_objects_seen(place->objects), kube_objects_missing(place->objects));
	}
	kube_objects_end(place->objects);
	replace_text(&place->version, version);
	place->goal = KUBE_GOAL_CHANGES;
	place->base = KUBE_QUERY_KNOWN;
	place->list_failures = 0;
	return 0;
}

void kube_place_advance(struct kube_place *place, const char *version)
{
	if (*version && !is_older(version, place->version))
		replace_text(&place->version, version);
}

void kube_place_fail(struct kube_place *place, int http_status)
{
	replace_text(&place->continue_token, NULL);
	place->list_failures += place->goal != KUBE_GOAL_CHANGES && http_status;
}

void kube_place_list_again(struct kube_place *place)
{
	replace_text(&place->continue_token, NULL);
	if (place->goal == KUBE_GOAL_CHANGES)
		place->goal = KUBE_GOAL_LISTING;
}

bool kube_place_leave(struct kube_place *place, const struct kube_status *status)
{
	enum kube_query_base before = place->base;

	if (!status->is_expired && !status->is_version_too_large)
		return false;
	/* The rest of the pages is gone. A list in one piece cannot expire. */
	if (place->continue_token)
		place->base = KUBE_QUERY_WHOLE;
	else if (before != KUBE_QUERY_WHOLE)
		place->base = KUBE_QUERY_NEWEST;
	if (place->goal == KUBE_GOAL_CHANGES)
		place->goal = KUBE_GOAL_LISTING;
	return place->base != before;
}
