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

/* So many Services with addresses of others are counted. */
#define REFUSALS_COUNTED 1000

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

/* An address that is of an endpoint of @service. */
struct claim {
	char *service;
	struct address address;
};

/*
 * Addresses that a Service wants and does not get bound.
 * @text:   names them
 * @count:  may be more than are named
 * @claims: those named that are of endpoints of other Services
 */
struct refusal {
	UT_hash_handle hh;
	UT_hash_handle claiming; /* among those with claims */
	char *text;
	size_t count;
	struct claim claims[ADDRESSES_NAMED];
	size_t claim_count;
	char key[];
};

struct conflicts {
	const struct store *store;
	struct events *events;
	struct rivalries rivalries;
	struct refusal *refusals, *claiming;
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
	events_emit_about(conflicts->events, EVENT_KIND_SERVICE_CONFLICT, &winner.object,
			  &loser.object, "Service %s claims %s%s as well, in vain", rivalry->loser,
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

static void append_text(struct refusal *refusal, const char *more)
{
	char *longer = string_printf("%s%s%s", refusal->text, *refusal->text ? "; " : "", more);

	free(refusal->text);
	refusal->text = longer;
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

/* Its own endpoints are no other Service's. */
static void add_claim(struct refusal *refusal, const struct conflicts *conflicts,
		      const struct node_view *node, const struct address *address)
{
	const char *key = NULL;

	if (address_owner_find(node, store_externals(conflicts->store), address) ==
	    ADDRESS_OWNER_ENDPOINT)
		key = store_endpoint_owner(conflicts->store, address);
	if (key && strcmp(key, refusal->key) != 0)
		refusal->claims[refusal->claim_count++] =
			(struct claim){.service = string_dup(key), .address = *address};
}

static void add_owned(struct refusal *refusal, const struct conflicts *conflicts,
		      const struct node_view *node, const struct address *addresses, size_t count,
		      const char *field)
{
	char address[ADDRESS_TEXT_SIZE];

	for (size_t i = 0; i < count; i++) {
		auto_memory char *owner = NULL, *part = NULL;

		if (!is_owned(conflicts, node, &addresses[i]) ||
		    refusal->count++ >= ADDRESSES_NAMED)
			continue;
		owner = owner_text(conflicts, node, &addresses[i]);
		part = string_printf("%s %s is an address of %s", field,
				     address_text(&addresses[i], address), owner);
		append_text(refusal, part);
		add_claim(refusal, conflicts, node, &addresses[i]);
	}
}

static void free_refusal(struct refusal *refusal)
{
	for (size_t i = 0; i < refusal->claim_count; i++)
		free(refusal->claims[i].service);
	free(refusal->text);
	free(refusal);
}

static void drop_refusal(struct conflicts *conflicts, struct refusal *refusal)
{
	HASH_DEL(conflicts->refusals, refusal);
	if (refusal->claim_count)
		HASH_DELETE(claiming, conflicts->claiming, refusal);
	free_refusal(refusal);
}

static void keep_refusal(struct conflicts *conflicts, struct refusal *refusal)
{
	size_t length = strlen(refusal->key);

	HASH_ADD(hh, conflicts->refusals, key, length, refusal);
	if (refusal->claim_count)
		HASH_ADD(claiming, conflicts->claiming, key, length, refusal);
}

/* Return: of what a Service, which may be gone, wants now; the text is empty if it may have all */
static struct refusal *new_refusal(const struct conflicts *conflicts,
				   const struct service_view *view, const struct node_view *node)
{
	const struct service *service = view->service;
	size_t size = strlen(view->key) + 1;
	struct refusal *refusal = memory_allocate(sizeof(*refusal) + size);
	auto_memory char *more = NULL;

	memcpy(refusal->key, view->key, size);
	refusal->text = string_dup("");
	if (!service || skip_reason_of(service) != SKIP_REASON_NONE)
		return refusal;
	add_owned(refusal, conflicts, node, service->external_ips, service->external_ip_count,
		  "external IP");
	add_owned(refusal, conflicts, node, service->load_balancer_ips,
		  service->load_balancer_ip_count, "load balancer IP");
	if (refusal->count > ADDRESSES_NAMED) {
		more = string_printf("and %zu more", refusal->count - ADDRESSES_NAMED);
		append_text(refusal, more);
	}
	return refusal;
}

/* The Service whose endpoint has the address is told, too. */
static void tell_claimed(const struct conflicts *conflicts, const struct reference *claimant,
			 const char *key, const struct claim *claim)
{
	char address[ADDRESS_TEXT_SIZE];
	struct reference service;

	refer(conflicts->store, claim->service, &service);
	events_emit_about(
		conflicts->events, EVENT_KIND_NODE_ADDRESS_CONFLICT, &service.object,
		&claimant->object,
		"%s, the address of an endpoint, is an external or load balancer IP of Service %s; it is not bound to the dummy interface, so its other ports still reach the endpoint",
		address_text(&claim->address, address), key);
	free(service.namespace_name);
}

static void tell_refusal(const struct conflicts *conflicts, const struct refusal *refusal)
{
	struct reference service;

	log_about(LOG_LEVEL_WARNING, "Service", refusal->key,
		  "%s; not binding it to the dummy interface", refusal->text);
	refer(conflicts->store, refusal->key, &service);
	events_emit_about(
		conflicts->events, EVENT_KIND_NODE_ADDRESS_CONFLICT, &service.object, NULL,
		"%s; it is not bound to the dummy interface, so its other ports still reach its owner",
		refusal->text);
	for (size_t i = 0; i < refusal->claim_count; i++)
		tell_claimed(conflicts, &service, refusal->key, &refusal->claims[i]);
	free(service.namespace_name);
}

void conflicts_planned(struct conflicts *conflicts, const struct service_view *view,
		       const struct node_view *node)
{
	const struct service *service = view->service;
	struct refusal *before, *now;

	HASH_FIND_STR(conflicts->refusals, view->key, before);
	if (!before &&
	    (!service || (!service->external_ip_count && !service->load_balancer_ip_count)))
		return;
	now = new_refusal(conflicts, view, node);
	if (strcmp(before ? before->text : "", now->text) == 0) {
		free_refusal(now);
		return;
	}
	if (before)
		drop_refusal(conflicts, before);
	if (*now->text) {
		tell_refusal(conflicts, now);
		keep_refusal(conflicts, now);
	} else {
		free_refusal(now);
		log_about(LOG_LEVEL_INFO, "Service", view->key,
			  "no longer uses an address of a node or pod");
	}
}

const char *conflict_side_name(enum conflict_side side)
{
	static const char *const names[] = {
		[CONFLICT_SIDE_WAITING] = "waiting",
		[CONFLICT_SIDE_CONTESTED] = "contested",
		[CONFLICT_SIDE_UNBOUND] = "unbound",
		[CONFLICT_SIDE_ENDPOINT] = "endpoint",
	};

	return names[side];
}

void conflicts_each(const struct conflicts *conflicts,
		    void (*visit)(void *owner, const char *service, enum conflict_side side,
				  size_t count),
		    void *owner)
{
	const struct refusal *refusal;
	size_t counted = 0;

	for (size_t i = 0; i < conflicts->rivalries.count; i++) {
		const struct rivalry *rivalry = &conflicts->rivalries.items[i];

		visit(owner, rivalry->loser, CONFLICT_SIDE_WAITING, rivalry->count);
		visit(owner, rivalry->winner, CONFLICT_SIDE_CONTESTED, rivalry->count);
	}
	for (refusal = conflicts->refusals; refusal && counted++ < REFUSALS_COUNTED;
	     refusal = refusal->hh.next) {
		visit(owner, refusal->key, CONFLICT_SIDE_UNBOUND, refusal->count);
		for (size_t i = 0; i < refusal->claim_count; i++)
			visit(owner, refusal->claims[i].service, CONFLICT_SIDE_ENDPOINT, 1);
	}
}

void conflicts_at_endpoints(const struct conflicts *conflicts, const char *service,
			    void (*visit)(void *owner, const struct address *address,
					  const char *claimant),
			    void *owner)
{
	const struct refusal *refusal;

	for (refusal = conflicts->claiming; refusal; refusal = refusal->claiming.next)
		for (size_t i = 0; i < refusal->claim_count; i++)
			if (strcmp(refusal->claims[i].service, service) == 0)
				visit(owner, &refusal->claims[i].address, refusal->key);
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
