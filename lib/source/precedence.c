/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "precedence.h"

#include "lib/base/shards.h"

#include <string.h>
#include <utlist.h>

struct contender {
	struct definition definition;
	struct definition_list *list;
	struct identity *identity;
	struct contender *prev;
	struct contender *next;
};

/* @definitions: of those from @count on do not contend yet; NULL when all do. */
struct definition_list {
	char *path;
	struct contender *contenders;
	struct definition *definitions;
	size_t count;
	size_t definition_count;
};

/*
 * An object, whoever defines it. @contenders are in the order of precedence; @delivered is the one
 * whose object the sink has, or NULL if that is gone or there was none. @slice_names are the
 * slices that the sink has for this EndpointSlice or Endpoints.
 */
struct identity {
	UT_hash_handle hh;
	enum object_kind kind;
	const char *namespace_name;
	const char *name;
	struct contender *contenders;
	struct contender *delivered;
	bool has_delivery;
	char **slice_names;
	size_t slice_count;
	char *complaint;
	bool is_touched;
	struct identity *next_touched;
	char key[];
};

struct precedence {
	struct object_sink sink;
	struct identity *identities[SHARD_COUNT];
	struct identity *touched;
	struct identity *last_touched;
};

struct precedence *precedence_new(const struct object_sink *sink)
{
	struct precedence *precedence = memory_allocate(sizeof(*precedence));

	precedence->sink = *sink;
	return precedence;
}

static void forget_slice_names(struct identity *identity)
{
	for (size_t i = 0; i < identity->slice_count; i++)
		free(identity->slice_names[i]);
	free(identity->slice_names);
	identity->slice_names = NULL;
	identity->slice_count = 0;
}

static void forget(struct precedence *precedence, struct identity *identity)
{
	SHARDS_DELETE(precedence->identities, identity);
	forget_slice_names(identity);
	free(identity->complaint);
	free(identity);
}

void precedence_free(struct precedence *precedence)
{
	struct identity *identity, *next;

	if (!precedence)
		return;
	SHARDS_EACH (precedence->identities, identity, next) {
		forget(precedence, identity);
	}
	free(precedence);
}

static struct identity *find_or_add(struct precedence *precedence,
				    const struct definition *definition)
{
	auto_memory char *key = string_printf("%d/%s/%s", (int)definition->kind,
					      definition->namespace_name, definition->name);
	size_t length = strlen(key), size, namespace_name, name;
	struct identity *identity;

	SHARDS_FIND(precedence->identities, key, length, identity);
	if (identity)
		return identity;
	size = sizeof(*identity) + length + 1;
	namespace_name = memory_part_text(&size, definition->namespace_name);
	name = memory_part_text(&size, definition->name);
	identity = memory_allocate(size);
	memcpy(identity->key, key, length);
	identity->kind = definition->kind;
	identity->namespace_name =
		memory_put_text(identity, namespace_name, definition->namespace_name);
	identity->name = memory_put_text(identity, name, definition->name);
	SHARDS_ADD(precedence->identities, identity->key, length, identity);
	return identity;
}

static void touch(struct precedence *precedence, struct identity *identity)
{
	if (identity->is_touched)
		return;
	identity->is_touched = true;
	identity->next_touched = NULL;
	if (precedence->touched)
		precedence->last_touched->next_touched = identity;
	else
		precedence->touched = identity;
	precedence->last_touched = identity;
}

static int compare_contenders(const struct contender *a, const struct contender *b)
{
	int order = strcmp(a->list->path, b->list->path);

	/* In one file they are elements of one array, in the order of their appearance. */
	return order ? order : (a > b) - (a < b);
}

struct definition_list *precedence_begin(const char *path, struct definition *definitions,
					 size_t count)
{
	struct definition_list *list = memory_allocate(sizeof(*list));

	list->path = string_dup(path);
	list->contenders = memory_array(count, sizeof(*list->contenders));
	list->definitions = definitions;
	list->definition_count = count;
	return list;
}

bool precedence_add(struct precedence *precedence, struct definition_list *list, size_t count)
{
	for (size_t i = 0; i < count && list->count < list->definition_count; i++) {
		struct contender *contender = &list->contenders[list->count];

		contender->definition = list->definitions[list->count++];
		contender->list = list;
		contender->identity = find_or_add(precedence, &contender->definition);
		/* Which the identity has, too. */
		free(take(&contender->definition.namespace_name));
		free(take(&contender->definition.name));
		DL_INSERT_INORDER(contender->identity->contenders, contender, compare_contenders);
		touch(precedence, contender->identity);
	}
	if (list->count < list->definition_count)
		return false;
	free(take(&list->definitions));
	return true;
}

void precedence_withdraw(struct precedence *precedence, struct definition_list *list)
{
	if (!list)
		return;
	for (size_t i = 0; i < list->count; i++) {
		struct contender *contender = &list->contenders[i];

		DL_DELETE(contender->identity->contenders, contender);
		if (contender->identity->delivered == contender)
			contender->identity->delivered = NULL;
		touch(precedence, contender->identity);
		definition_clear(&contender->definition);
	}
	for (size_t i = list->count; i < list->definition_count; i++)
		definition_clear(&list->definitions[i]);
	free(list->definitions);
	free(list->contenders);
	free(list->path);
	free(list);
}

static bool has_slice(const struct endpoint_slices *slices, const char *name)
{
	for (size_t i = 0; i < slices->count; i++)
		if (strcmp(slices->slices[i]->name, name) == 0)
			return true;
	return false;
}

/* Hands the slices on, and removes those that the sink has and @slices no longer contain. */
static void deliver_slices(struct precedence *precedence, struct identity *identity,
			   struct endpoint_slices *slices)
{
	const struct object_sink *sink = &precedence->sink;
	size_t count = slices->count;
	char **names = memory_array(count, sizeof(*names));

	for (size_t i = 0; i < identity->slice_count; i++)
		if (!has_slice(slices, identity->slice_names[i]))
			sink->endpoint_slice_removed(sink->owner, identity->namespace_name,
						     identity->slice_names[i]);
	forget_slice_names(identity);
	for (size_t i = 0; i < count; i++) {
		names[i] = string_dup(slices->slices[i]->name);
		sink->endpoint_slice_set(sink->owner, take(&slices->slices[i]));
	}
	endpoint_slices_clear(slices);
	identity->slice_names = names;
	identity->slice_count = count;
}

static void deliver(struct precedence *precedence, struct identity *identity,
		    struct contender *contender)
{
	const struct object_sink *sink = &precedence->sink;
	struct definition *definition = &contender->definition;

	switch (identity->kind) {
	case OBJECT_KIND_SERVICE:
		sink->service_set(sink->owner, take(&definition->service));
		break;
	case OBJECT_KIND_ENDPOINT_SLICE:
	case OBJECT_KIND_ENDPOINTS:
		deliver_slices(precedence, identity, &definition->slices);
		break;
	case OBJECT_KIND_NODE:
		sink->node_set(sink->owner, take(&definition->node));
		break;
	case OBJECT_KIND_OTHER:
		break;
	}
	definition->is_loaded = false;
	identity->delivered = contender;
	identity->has_delivery = true;
}

static void withdraw_delivery(struct precedence *precedence, struct identity *identity)
{
	const struct object_sink *sink = &precedence->sink;
	struct endpoint_slices none = {0};

	switch (identity->kind) {
	case OBJECT_KIND_SERVICE:
		sink->service_removed(sink->owner, identity->namespace_name, identity->name);
		break;
	case OBJECT_KIND_ENDPOINT_SLICE:
	case OBJECT_KIND_ENDPOINTS:
		deliver_slices(precedence, identity, &none);
		break;
	case OBJECT_KIND_NODE:
		sink->node_removed(sink->owner, identity->name);
		break;
	case OBJECT_KIND_OTHER:
		break;
	}
	identity->has_delivery = false;
}

static bool is_partly_used(const struct identity *identity)
{
	const struct contender *first = identity->contenders;

	return first && first->definition.is_partial;
}

/* @reason is taken over; NULL if all is well. The sink hears of changes only. */
static void complain(struct precedence *precedence, struct identity *identity, char *reason)
{
	const struct rejection rejection = {
		.kind = object_kind_name(identity->kind),
		.namespace_name = identity->namespace_name,
		.name = identity->name,
		.reason = reason,
		.is_partial = is_partly_used(identity),
	};

	if (!string_equal(identity->complaint, reason))
		precedence->sink.rejected(precedence->sink.owner, &rejection);
	free(identity->complaint);
	identity->complaint = reason;
}

static char *find_complaint(const struct identity *identity)
{
	const struct contender *first = identity->contenders, *second = first ? first->next : NULL;

	if (!first)
		return NULL;
	if (first->definition.problem)
		return string_printf("%s: %s", first->list->path, first->definition.problem);
	if (!second)
		return NULL;
	if (first->list == second->list)
		return string_printf("is defined twice in %s; the first definition applies",
				     first->list->path);
	return string_printf("is also defined in %s; the definition in %s applies",
			     second->list->path, first->list->path);
}

static void settle(struct precedence *precedence, struct identity *identity,
		   void (*reread)(void *owner, const char *path), void *owner)
{
	struct contender *contender;

	complain(precedence, identity, find_complaint(identity));
	contender = identity->contenders;
	if (!contender) {
		if (identity->has_delivery)
			withdraw_delivery(precedence, identity);
		forget(precedence, identity);
		return;
	}
	if (contender->definition.is_loaded)
		deliver(precedence, identity, contender);
	/* Whoever has been handed on and is not in force would have nothing to take over with. */
	DL_FOREACH(identity->contenders, contender)
	if (!contender->definition.is_loaded && contender != identity->delivered &&
	    (!contender->definition.problem || contender->definition.is_partial))
		reread(owner, contender->list->path);
}

bool precedence_settle(struct precedence *precedence, size_t count,
		       void (*reread)(void *owner, const char *path), void *owner)
{
	for (; count && precedence->touched; count--) {
		struct identity *identity = precedence->touched;

		precedence->touched = identity->next_touched;
		identity->is_touched = false;
		settle(precedence, identity, reread, owner);
	}
	return !precedence->touched;
}
