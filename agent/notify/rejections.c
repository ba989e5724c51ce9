/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rejections.h"

#include "lib/base/log.h"

#include <string.h>

/* Sorted, so that looking one up and listing them all need nothing else. */
struct rejections {
	struct rejection *items;
	size_t count;
	size_t capacity;
};

struct rejections *rejections_new(void)
{
	return memory_allocate(sizeof(struct rejections));
}

static void release(struct rejection *item)
{
	free((char *)item->kind);
	free((char *)item->namespace_name);
	free((char *)item->name);
	free((char *)item->reason);
}

void rejections_free(struct rejections *rejections)
{
	if (!rejections)
		return;
	for (size_t i = 0; i < rejections->count; i++)
		release(&rejections->items[i]);
	free(rejections->items);
	free(rejections);
}

static int compare(const struct rejection *a, const struct rejection *b)
{
	int order = strcmp(a->kind, b->kind);

	if (!order)
		order = strcmp(a->namespace_name, b->namespace_name);
	return order ? order : strcmp(a->name, b->name);
}

/* The first position whose item is not before @wanted. */
static size_t position_of(const struct rejections *rejections, const struct rejection *wanted)
{
	size_t first = 0, end = rejections->count;

	while (first < end) {
		size_t middle = first + (end - first) / 2;

		if (compare(&rejections->items[middle], wanted) < 0)
			first = middle + 1;
		else
			end = middle;
	}
	return first;
}

static struct rejection *item_at(const struct rejections *rejections, size_t position,
				 const struct rejection *wanted)
{
	if (position == rejections->count || compare(&rejections->items[position], wanted) != 0)
		return NULL;
	return &rejections->items[position];
}

static void insert(struct rejections *rejections, size_t position,
		   const struct rejection *rejection)
{
	rejections->items = memory_grow(rejections->items, rejections->count, &rejections->capacity,
					sizeof(*rejections->items));
	memmove(rejections->items + position + 1, rejections->items + position,
		(rejections->count - position) * sizeof(*rejections->items));
	rejections->count++;
	rejections->items[position] = (struct rejection){
		.kind = string_dup(rejection->kind),
		.namespace_name = string_dup(rejection->namespace_name),
		.name = string_dup(rejection->name),
		.reason = string_dup(rejection->reason),
		.is_partial = rejection->is_partial,
	};
}

bool rejections_set(struct rejections *rejections, const struct rejection *rejection)
{
	size_t position = position_of(rejections, rejection);
	struct rejection *item = item_at(rejections, position, rejection);

	if (!item) {
		if (!rejection->reason)
			return false;
		insert(rejections, position, rejection);
		return true;
	}
	if (!rejection->reason) {
		release(item);
		rejections->count--;
		memmove(item, item + 1, (rejections->count - position) * sizeof(*item));
		return true;
	}
	if (strcmp(item->reason, rejection->reason) == 0 &&
	    item->is_partial == rejection->is_partial)
		return false;
	item->is_partial = rejection->is_partial;
	free((char *)item->reason);
	item->reason = string_dup(rejection->reason);
	return true;
}

static const char *consequence(const struct rejection *rejection)
{
	if (rejection->is_partial)
		return "leaving that out and using the rest";
	return strcmp(rejection->kind, "file") == 0 ? "keeping its previous content"
						    : "keeping its previous state";
}

void rejections_report(struct rejections *rejections, struct events *events,
		       const struct rejection *rejection)
{
	auto_memory char *object = NULL;

	if (!rejections_set(rejections, rejection))
		return;
	object = rejection_object(rejection);
	events_emit_rejection(events, rejection);
	if (rejection->reason)
		log_about(LOG_LEVEL_WARNING, rejection->kind, object, "%s; %s", rejection->reason,
			  consequence(rejection));
	else
		log_about(LOG_LEVEL_INFO, rejection->kind, object, "valid again");
}

void rejections_each(const struct rejections *rejections,
		     void (*visit)(void *owner, const struct rejection *rejection), void *owner)
{
	for (size_t i = 0; i < rejections->count; i++)
		visit(owner, &rejections->items[i]);
}

const struct rejection *rejections_find(const struct rejections *rejections, const char *kind,
					const char *namespace_name, const char *name)
{
	struct rejection wanted = {.kind = kind, .namespace_name = namespace_name, .name = name};

	return item_at(rejections, position_of(rejections, &wanted), &wanted);
}

size_t rejections_count(const struct rejections *rejections)
{
	return rejections->count;
}
