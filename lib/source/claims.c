/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "claims.h"

#include <string.h>
#include <uthash.h>
#include <utlist.h>

struct claim {
	struct definition definition;
	struct claim_list *list;
	struct identity *identity;
	struct claim *prev;
	struct claim *next;
};

/* @definitions: of those from @count on no claims have been made yet; NULL when all are. */
struct claim_list {
	char *path;
	struct claim *claims;
	struct definition *definitions;
	size_t count;
	size_t definition_count;
};

/*
 * An object, whoever defines it. @claims are in the order of precedence; @delivered is the one
 * whose object the sink has, or NULL if that is gone or there was none. @slice_names are the
 * slices that the sink has for this EndpointSlice or Endpoints.
 */
struct identity {
	UT_hash_handle hh;
	enum object_kind kind;
	const char *namespace_name;
	const char *name;
	struct claim *claims;
	struct claim *delivered;
	bool has_delivery;
	char **slice_names;
	size_t slice_count;
	char *complaint;
	bool is_touched;
	struct identity *next_touched;
	char key[];
};

struct claims {
	struct object_sink sink;
	struct identity *identities;
	struct identity *touched;
	struct identity *last_touched;
};

struct claims *claims_new(const struct object_sink *sink)
{
	struct claims *claims = memory_allocate(sizeof(*claims));

	claims->sink = *sink;
	return claims;
}

static void forget_slice_names(struct identity *identity)
{
	for (size_t i = 0; i < identity->slice_count; i++)
		free(identity->slice_names[i]);
	free(identity->slice_names);
	identity->slice_names = NULL;
	identity->slice_count = 0;
}

static void forget(struct claims *claims, struct identity *identity)
{
	HASH_DEL(claims->identities, identity);
	forget_slice_names(identity);
	free(identity->complaint);
	free(identity);
}

void claims_free(struct claims *claims)
{
	struct identity *identity, *next;

	if (!claims)
		return;
	HASH_ITER (hh, claims->identities, identity, next)
		forget(claims, identity);
	free(claims);
}

static struct identity *find_or_add(struct claims *claims, const struct definition *definition)
{
	auto_memory char *key = memory_format("%d/%s/%s", (int)definition->kind,
					      definition->namespace_name, definition->name);
	size_t length = strlen(key), size, namespace_name, name;
	struct identity *identity;

	HASH_FIND(hh, claims->identities, key, length, identity);
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
	HASH_ADD_KEYPTR(hh, claims->identities, identity->key, length, identity);
	return identity;
}

static void touch(struct claims *claims, struct identity *identity)
{
	if (identity->is_touched)
		return;
	identity->is_touched = true;
	identity->next_touched = NULL;
	if (claims->touched)
		claims->last_touched->next_touched = identity;
	else
		claims->touched = identity;
	claims->last_touched = identity;
}

static int compare_claims(const struct claim *a, const struct claim *b)
{
	int order = strcmp(a->list->path, b->list->path);

	/* In one file they are elements of one array, in the order of their appearance. */
	return order ? order : (a > b) - (a < b);
}

struct claim_list *claims_begin(const char *path, struct definition *definitions, size_t count)
{
	struct claim_list *list = memory_allocate(sizeof(*list));

	list->path = memory_text(path);
	list->claims = memory_array(count, sizeof(*list->claims));
	list->definitions = definitions;
	list->definition_count = count;
	return list;
}

bool claims_add(struct claims *claims, struct claim_list *list, size_t count)
{
	for (size_t i = 0; i < count && list->count < list->definition_count; i++) {
		struct claim *claim = &list->claims[list->count];

		claim->definition = list->definitions[list->count++];
		claim->list = list;
		claim->identity = find_or_add(claims, &claim->definition);
		/* Which the identity has, too. */
		free(take(&claim->definition.namespace_name));
		free(take(&claim->definition.name));
		DL_INSERT_INORDER(claim->identity->claims, claim, compare_claims);
		touch(claims, claim->identity);
	}
	if (list->count < list->definition_count)
		return false;
	free(take(&list->definitions));
	return true;
}

void claims_withdraw(struct claims *claims, struct claim_list *list)
{
	if (!list)
		return;
	for (size_t i = 0; i < list->count; i++) {
		struct claim *claim = &list->claims[i];

		DL_DELETE(claim->identity->claims, claim);
		if (claim->identity->delivered == claim)
			claim->identity->delivered = NULL;
		touch(claims, claim->identity);
		definition_clear(&claim->definition);
	}
	for (size_t i = list->count; i < list->definition_count; i++)
		definition_clear(&list->definitions[i]);
	free(list->definitions);
	free(list->claims);
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
static void deliver_slices(struct claims *claims, struct identity *identity,
			   struct endpoint_slices *slices)
{
	const struct object_sink *sink = &claims->sink;
	size_t count = slices->count;
	char **names = memory_array(count, sizeof(*names));

	for (size_t i = 0; i < identity->slice_count; i++)
		if (!has_slice(slices, identity->slice_names[i]))
			sink->endpoint_slice_removed(sink->owner, identity->namespace_name,
						     identity->slice_names[i]);
	forget_slice_names(identity);
	for (size_t i = 0; i < count; i++) {
		names[i] = memory_text(slices->slices[i]->name);
		sink->endpoint_slice_set(sink->owner, take(&slices->slices[i]));
	}
	endpoint_slices_clear(slices);
	identity->slice_names = names;
	identity->slice_count = count;
}

static void deliver(struct claims *claims, struct identity *identity, struct claim *claim)
{
	const struct object_sink *sink = &claims->sink;
	struct definition *definition = &claim->definition;

	switch (identity->kind) {
	case OBJECT_KIND_SERVICE:
		sink->service_set(sink->owner, take(&definition->service));
		break;
	case OBJECT_KIND_ENDPOINT_SLICE:
	case OBJECT_KIND_ENDPOINTS:
		deliver_slices(claims, identity, &definition->slices);
		break;
	case OBJECT_KIND_NODE:
		sink->node_set(sink->owner, take(&definition->node));
		break;
	case OBJECT_KIND_OTHER:
		break;
	}
	definition->is_loaded = false;
	identity->delivered = claim;
	identity->has_delivery = true;
}

static void withdraw_delivery(struct claims *claims, struct identity *identity)
{
	const struct object_sink *sink = &claims->sink;
	struct endpoint_slices none = {0};

	switch (identity->kind) {
	case OBJECT_KIND_SERVICE:
		sink->service_removed(sink->owner, identity->namespace_name, identity->name);
		break;
	case OBJECT_KIND_ENDPOINT_SLICE:
	case OBJECT_KIND_ENDPOINTS:
		deliver_slices(claims, identity, &none);
		break;
	case OBJECT_KIND_NODE:
		sink->node_removed(sink->owner, identity->name);
		break;
	case OBJECT_KIND_OTHER:
		break;
	}
	identity->has_delivery = false;
}

/* @reason is taken over; NULL if all is well. The sink hears of changes only. */
static void complain(struct claims *claims, struct identity *identity, char *reason)
{
	const struct rejection rejection = {
		.kind = object_kind_name(identity->kind),
		.namespace_name = identity->namespace_name,
		.name = identity->name,
		.reason = reason,
	};

	if (!memory_text_is_equal(identity->complaint, reason))
		claims->sink.rejected(claims->sink.owner, &rejection);
	free(identity->complaint);
	identity->complaint = reason;
}

static char *find_complaint(const struct identity *identity)
{
	const struct claim *first = identity->claims, *second = first ? first->next : NULL;

	if (!first)
		return NULL;
	if (first->definition.problem)
		return memory_format("%s: %s", first->list->path, first->definition.problem);
	if (!second)
		return NULL;
	if (first->list == second->list)
		return memory_format("is twice in %s; the first one counts", first->list->path);
	return memory_format("is also in %s; the one in %s counts", second->list->path,
			     first->list->path);
}

static void settle(struct claims *claims, struct identity *identity,
		   void (*reread)(void *owner, const char *path), void *owner)
{
	struct claim *claim;

	complain(claims, identity, find_complaint(identity));
	claim = identity->claims;
	if (!claim) {
		if (identity->has_delivery)
			withdraw_delivery(claims, identity);
		forget(claims, identity);
		return;
	}
	if (claim->definition.is_loaded)
		deliver(claims, identity, claim);
	/* Whoever has been handed on and is not in force would have nothing to take over with. */
	DL_FOREACH(identity->claims, claim)
	if (!claim->definition.is_loaded && !claim->definition.problem &&
	    claim != identity->delivered)
		reread(owner, claim->list->path);
}

bool claims_settle(struct claims *claims, size_t count,
		   void (*reread)(void *owner, const char *path), void *owner)
{
	for (; count && claims->touched; count--) {
		struct identity *identity = claims->touched;

		claims->touched = identity->next_touched;
		identity->is_touched = false;
		settle(claims, identity, reread, owner);
	}
	return !claims->touched;
}
