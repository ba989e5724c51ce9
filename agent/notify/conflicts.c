/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conflicts.h"

#include "lib/base/log.h"
#include "lib/objects/service_key.h"
#include "lib/plan/address_owner.h"
#include "lib/plan/ledger_conflicts.h"

#include <stdio.h>
#include <string.h>
#include <uthash.h>

/* Of a Service, in one message. */
#define ADDRESSES_NAMED 10

/*
 * Rivalries about so many virtual servers are told of; of more, status tells. To look at a hundred
 * thousand takes longer than a turn of the loop may.
 */
#define RIVALRIES_MAX 1000

/* @server: the first of them; @count: how many of the winner's the loser goes without */
struct rivalry {
	char *loser, *winner;
	struct virtual_server_key server;
	size_t count;
};

struct rivalries {
	struct rivalry *items; /* sorted by loser and winner, once they are complete */
	size_t count, capacity;
};

/* What a Service wants and does not get bound; @text names the addresses. */
struct refusal {
	UT_hash_handle hh;
	char *text;
	char key[];
};

struct conflicts {
	const struct store *store;
	struct events *events;
	struct rivalries rivalries;
	struct refusal *refusals;
	uint64_t version; /* ledger_conflicts_version() of @rivalries */
};

/* A Service, as it is referred to in an event; @object points into the rest. */
struct reference {
	char uid[OBJECT_UID_TEXT_SIZE];
	char *namespace_name;
	struct kube_event_object object;
};

static void refer(const struct store *store, const char *key, struct reference *ret)
{
	struct service_view view;

	ret->uid[0] = '\0';
	if (store_find(store, key, &view) && view.service)
		object_uid_text(&view.service->uid, ret->uid);
	ret->namespace_name = service_key_namespace(key);
	ret->object = (struct kube_event_object){.kind = "Service",
						 .namespace_name = ret->namespace_name,
						 .name = service_key_name(key),
						 .uid = ret->uid};
}

static int compare_rivals(const struct rivalry *a, const struct rivalry *b)
{
	int order = strcmp(a->loser, b->loser);

	return order ? order : strcmp(a->winner, b->winner);
}

/* Which of its servers stands for a rivalry must not change from one look to the next. */
static int compare_rivalries(const void *a, const void *b)
{
	const struct rivalry *left = a, *right = b;
	int order = compare_rivals(left, right);

	return order ? order : memcmp(&left->server, &right->server, sizeof(left->server));
}

static void release(struct rivalry *rivalry)
{
	free(rivalry->loser);
	free(rivalry->winner);
}

static void clear(struct rivalries *rivalries)
{
	for (size_t i = 0; i < rivalries->count; i++)
		release(&rivalries->items[i]);
	free(rivalries->items);
	*rivalries = (struct rivalries){0};
}

static void add_rivalry(void *owner, const struct ledger_conflict *conflict)
{
	struct rivalries *rivalries = owner;

	rivalries->items = memory_grow(rivalries->items, rivalries->count, &rivalries->capacity,
				       sizeof(*rivalries->items));
	rivalries->items[rivalries->count++] =
		(struct rivalry){.loser = string_dup(conflict->loser),
				 .winner = string_dup(conflict->winner),
				 .server = *conflict->server,
				 .count = 1};
}

/* Sorts them, and makes one of those between the same two Services. */
static void gather(struct rivalries *rivalries)
{
	size_t used = 0;

	if (rivalries->count)
		qsort(rivalries->items, rivalries->count, sizeof(*rivalries->items),
		      compare_rivalries);
	for (size_t i = 0; i < rivalries->count; i++) {
		struct rivalry *item = &rivalries->items[i];

		if (used && compare_rivals(&rivalries->items[used - 1], item) == 0) {
			rivalries->items[used - 1].count++;
			release(item);
		} else {
			rivalries->items[used++] = *item;
		}
	}
	rivalries->count = used;
}

static void tell_begin(const struct conflicts *conflicts, const struct rivalry *rivalry)
{
	char server[2 * ADDRESS_TEXT_SIZE], more[40] = "";
	struct reference loser, winner;

	virtual_server_key_text(&rivalry->server, server);
	if (rivalry->count > 1)
		snprintf(more, sizeof(more), " and %zu more", rivalry->count - 1);
	log_about(LOG_LEVEL_WARNING, "Service", rivalry->loser,
		  "waiting for Service %s to release %s%s", rivalry->winner, server, more);
	refer(conflicts->store, rivalry->loser, &loser);
	refer(conflicts->store, rivalry->winner, &winner);
	events_emit_about(conflicts->events, EVENT_KIND_SERVICE_CONFLICT, &loser.object,
			  &winner.object, "waiting for Service %s to release %s%s", rivalry->winner,
			  server, more);
	free(loser.namespace_name);
	free(winner.namespace_name);
}

/* Walks what was and what is, both sorted, side by side. */
static void tell_differences(const struct conflicts *conflicts, const struct rivalries *before,
			     const struct rivalries *after)
{
	size_t b = 0, a = 0;

	while (b < before->count || a < after->count) {
		int order;

		if (b == before->count)
			order = 1;
		else if (a == after->count)
			order = -1;
		else
			order = compare_rivals(&before->items[b], &after->items[a]);
		if (order < 0)
			log_about(LOG_LEVEL_INFO, "Service", before->items[b].loser,
				  "no longer conflicts with Service %s", before->items[b].winner);
		if (order > 0)
			tell_begin(conflicts, &after->items[a]);
		b += order <= 0;
		a += order >= 0;
	}
}

void conflicts_passed(struct conflicts *conflicts, const struct ledger *ledger)
{
	struct rivalries now = {0};

	if (conflicts->version == ledger_conflicts_version(ledger))
		return;
	conflicts->version = ledger_conflicts_version(ledger);
	ledger_conflicts_each(ledger, RIVALRIES_MAX, add_rivalry, &now);
	gather(&now);
	tell_differences(conflicts, &conflicts->rivalries, &now);
	clear(&conflicts->rivalries);
	conflicts->rivalries = now;
}

/* Addresses of nodes among those of a Service; @count may be more than @text names. */
struct owned {
	char *text;
	size_t count;
};

static void append_text(struct owned *owned, const char *more)
{
	char *longer = string_printf("%s%s%s", owned->text, *owned->text ? "; " : "", more);

	free(owned->text);
	owned->text = longer;
}

static bool is_owned(const struct conflicts *conflicts, const struct node_view *node,
		     const struct address *address)
{
	enum address_owner owner =
		address_owner_find(node, store_externals(conflicts->store), address);

	return owner != ADDRESS_OWNER_NONE && owner != ADDRESS_OWNER_UNCHECKED;
}

/* Return: "Node node2"; NULL if it is nobody else's, or that is not known yet */
static char *owner_text(const struct conflicts *conflicts, const struct node_view *node,
			const struct address *address)
{
	const char *name = address_owner_node(node, address);
	const char *key;

	switch (address_owner_find(node, store_externals(conflicts->store), address)) {
	case ADDRESS_OWNER_THIS_NODE:
		return string_dup(node->name);
	case ADDRESS_OWNER_OTHER_NODE:
		return *name ? string_printf("Node %s", name) : string_dup("another Node");
	case ADDRESS_OWNER_ENDPOINT:
		key = store_endpoint_owner(conflicts->store, address);
		return string_printf("an endpoint of Service %s", key ? key : "");
	case ADDRESS_OWNER_UNCHECKED:
	case ADDRESS_OWNER_NONE:
		break;
	}
	return NULL;
}

static void append_owned(struct owned *owned, const struct conflicts *conflicts,
			 const struct node_view *node, const struct address *addresses,
			 size_t count, const char *field)
{
	char address[ADDRESS_TEXT_SIZE];

	for (size_t i = 0; i < count; i++) {
		auto_memory char *owner = NULL, *part = NULL;

		if (!is_owned(conflicts, node, &addresses[i]) || owned->count++ >= ADDRESSES_NAMED)
			continue;
		owner = owner_text(conflicts, node, &addresses[i]);
		part = string_printf("%s %s is an address of %s", field,
				     address_text(&addresses[i], address), owner);
		append_text(owned, part);
	}
}

static char *refusal_text(const struct conflicts *conflicts, const struct service *service,
			  const struct node_view *node)
{
	struct owned owned = {.text = string_dup("")};
	auto_memory char *more = NULL;

	if (!service || skip_reason_of(service) != SKIP_REASON_NONE)
		return owned.text;
	append_owned(&owned, conflicts, node, service->external_ips, service->external_ip_count,
		     "external IP");
	append_owned(&owned, conflicts, node, service->load_balancer_ips,
		     service->load_balancer_ip_count, "load balancer IP");
	if (owned.count > ADDRESSES_NAMED) {
		more = string_printf("and %zu more", owned.count - ADDRESSES_NAMED);
		append_text(&owned, more);
	}
	return owned.text;
}

static void drop_refusal(struct conflicts *conflicts, struct refusal *refusal)
{
	HASH_DEL(conflicts->refusals, refusal);
	free(refusal->text);
	free(refusal);
}

static void tell_refusal(const struct conflicts *conflicts, const char *key, const char *text)
{
	struct reference service;

	log_about(LOG_LEVEL_WARNING, "Service", key, "%s; not binding it to the dummy interface",
		  text);
	refer(conflicts->store, key, &service);
	events_emit_about(
		conflicts->events, EVENT_KIND_NODE_ADDRESS_CONFLICT, &service.object, NULL,
		"%s; it is not bound to the dummy interface, so its other ports still reach its owner",
		text);
	free(service.namespace_name);
}

static void remember_refusal(struct conflicts *conflicts, const char *key, char *text)
{
	size_t size = strlen(key) + 1;
	struct refusal *refusal = memory_allocate(sizeof(*refusal) + size);

	memcpy(refusal->key, key, size);
	refusal->text = text;
	HASH_ADD_STR(conflicts->refusals, key, refusal);
}

void conflicts_planned(struct conflicts *conflicts, const struct service_view *view,
		       const struct node_view *node)
{
	const struct service *service = view->service;
	auto_memory char *text = NULL;
	struct refusal *refusal;

	HASH_FIND_STR(conflicts->refusals, view->key, refusal);
	if (!refusal &&
	    (!service || (!service->external_ip_count && !service->load_balancer_ip_count)))
		return;
	text = refusal_text(conflicts, service, node);
	if (refusal && strcmp(refusal->text, text) == 0)
		return;
	if (refusal)
		drop_refusal(conflicts, refusal);
	if (*text) {
		tell_refusal(conflicts, view->key, text);
		remember_refusal(conflicts, view->key, take(&text));
	} else if (refusal) {
		log_about(LOG_LEVEL_INFO, "Service", view->key,
			  "no longer uses an address of a node or pod");
	}
}

struct conflicts *conflicts_new(const struct store *store, struct events *events)
{
	struct conflicts *conflicts = memory_allocate(sizeof(*conflicts));

	conflicts->store = store;
	conflicts->events = events;
	return conflicts;
}

void conflicts_free(struct conflicts *conflicts)
{
	struct refusal *refusal, *next;

	if (!conflicts)
		return;
	HASH_ITER (hh, conflicts->refusals, refusal, next) {
		drop_refusal(conflicts, refusal);
	}
	clear(&conflicts->rivalries);
	free(conflicts);
}
