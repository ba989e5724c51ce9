/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_reconcile.h"

#include "ledger_claims.h"
#include "packed_member.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

/*
 * Draining. A destination that lost its endpoint gets weight 0: its TCP and SCTP connections may
 * end in peace, for as long as the options say, and it is removed when it has none. A UDP flow has
 * no end to wait for; its destination goes at once, so that the client's next packet finds another
 * one. An endpoint that returns meanwhile gets its weight back.
 *
 * A virtual server that nobody wants goes with all its connections, but for one case. One for
 * clients in the cluster whose address and port still have a virtual server for everybody drains
 * as a whole: its connections lead to endpoints that their clients may go on using, and what makes
 * new ones come, its member of the set of marks, goes before.
 */

/* @guard: of the list, without which nothing is added to the virtual server; 0: none */
static void emit_server(struct changes *changes, enum change_kind kind,
			const struct virtual_server *server, uint32_t guard)
{
	struct change *change = changes_add(changes, kind);

	change->server = *server;
	change->guard = guard;
}

static void emit_destination(struct changes *changes, enum change_kind kind,
			     const struct virtual_server_key *server,
			     const struct destination *destination, uint32_t guard)
{
	struct change *change = changes_add(changes, kind);

	change->destination.server = *server;
	change->destination.value = *destination;
	change->guard = guard;
}

/* @state: NULL = no destinations are wanted; @server: which of its servers; @guard: of the list */
struct wanted {
	const struct service_state *state;
	const struct wanted_server *server;
	uint32_t count;
	uint32_t guard;
};

/* What the winner wants; there is one. */
static struct wanted wanted_by(const struct claimant *winner, uint32_t guard)
{
	const struct service_state *state = winner->service->state;
	const struct wanted_server *server = &state->servers[winner->index];

	return (struct wanted){state, server, server->destination_count, guard};
}

static struct destination destination_of(const struct wanted *wanted, uint32_t index)
{
	return service_state_destination(wanted->state, wanted->server, index);
}

static bool destinations_agree(const struct server_entry *entry, const struct wanted *wanted)
{
	if (entry->destination_count != wanted->count || entry->draining)
		return false;
	for (uint32_t i = 0; i < wanted->count; i++) {
		struct destination destination = destination_of(wanted, i);

		if (memcmp(&entry->destinations[i].destination, &destination,
			   sizeof(destination)) != 0)
			return false;
	}
	return true;
}

static void begin_draining(const struct ledger *ledger, struct held_destination *leaving,
			   uint64_t now)
{
	/* Rounded up: a connection that is promised its time gets all of it. */
	uint64_t deadline = (now + ledger->options.drain_milliseconds + 999) / 1000 + 1;
	uint64_t seconds = deadline - (now / 1000 + 1);

	leaving->drain_deadline = deadline < UINT32_MAX ? (uint32_t)deadline : UINT32_MAX;
	leaving->drain_seconds =
		seconds < DRAIN_SECONDS_UNKNOWN ? (uint16_t)seconds : DRAIN_SECONDS_UNKNOWN;
}

/*
 * A destination that is not wanted. Of a virtual server that nobody wants the endpoint is still
 * there, and so UDP flows may stay with it as well.
 */
static bool keep_leaving(struct ledger *ledger, const struct server_entry *entry,
			 struct held_destination *leaving, uint64_t now, struct changes *changes)
{
	if (entry->held.key.protocol == IPPROTO_UDP && entry->claimant_count) {
		emit_destination(changes, CHANGE_KIND_DESTINATION_REMOVE, &entry->held.key,
				 &leaving->destination, 0);
		return false;
	}
	if (leaving->destination.weight != 0) {
		leaving->destination.weight = 0;
		emit_destination(changes, CHANGE_KIND_DESTINATION_EDIT, &entry->held.key,
				 &leaving->destination, 0);
	}
	if (!leaving->drain_deadline)
		begin_draining(ledger, leaving, now);
	return true;
}

/*
 * Round robin, and every scheduler that goes by load, begin with the destination that was added
 * last. In the order of addresses that would be the same one on all nodes, which gets the first
 * request of each. Where a client's hash selects, nodes have to agree on the order instead.
 */
static bool is_order_free(const struct virtual_server *server)
{
	static const char *const hashing[] = {"sh", "dh", "mh"};

	for (size_t i = 0; i < COUNT(hashing); i++)
		if (strcmp(server->scheduler, hashing[i]) == 0)
			return false;
	return true;
}

static void add_all_destinations(struct ledger *ledger, struct server_entry *entry,
				 const struct wanted *wanted, struct changes *changes)
{
	struct held_destination *added = memory_array(wanted->count, sizeof(*added));
	uint32_t first = 0;

	if (ledger->options.order_seed && is_order_free(&entry->held))
		first = ((entry->hh.hashv ^ ledger->options.order_seed) * 2654435761U >> 8) %
			wanted->count;
	for (uint32_t i = 0; i < wanted->count; i++)
		added[i].destination = destination_of(wanted, i);
	for (uint32_t i = 0; i < wanted->count; i++)
		emit_destination(changes, CHANGE_KIND_DESTINATION_ADD, &entry->held.key,
				 &added[(first + i) % wanted->count].destination, wanted->guard);
	ledger_servers_set_destinations(&ledger->servers, entry, added, wanted->count);
}

/* Walks what is held and what is wanted, both sorted, side by side. */
static void reconcile_destinations(struct ledger *ledger, struct server_entry *entry,
				   const struct wanted *wanted, uint64_t now,
				   struct changes *changes)
{
	struct held_destination *merged;
	uint32_t h = 0, w = 0, used = 0;

	if (destinations_agree(entry, wanted))
		return;
	if (!entry->destination_count && wanted->count) {
		add_all_destinations(ledger, entry, wanted, changes);
		return;
	}
	merged = memory_array(entry->destination_count + (size_t)wanted->count, sizeof(*merged));
	while (h < entry->destination_count || w < wanted->count) {
		struct held_destination *held = &entry->destinations[h];
		struct destination next;
		int order;

		if (w < wanted->count)
			next = destination_of(wanted, w);
		if (h == entry->destination_count)
			order = 1;
		else if (w == wanted->count)
			order = -1;
		else
			order = destination_compare(&held->destination, &next);

		if (order < 0) {
			if (keep_leaving(ledger, entry, held, now, changes))
				merged[used++] = *held;
			h++;
			continue;
		}
		if (order > 0)
			emit_destination(changes, CHANGE_KIND_DESTINATION_ADD, &entry->held.key,
					 &next, wanted->guard);
		else if (held->destination.weight != next.weight)
			emit_destination(changes, CHANGE_KIND_DESTINATION_EDIT, &entry->held.key,
					 &next, 0);
		merged[used++].destination = next;
		w++;
		h += order == 0;
	}
	merged = memory_resize(merged, used, sizeof(*merged));
	ledger_servers_set_destinations(&ledger->servers, entry, merged, used);
}

static void drop_element(struct ledger *ledger, struct element_entry *entry,
			 const struct set_member *value)
{
	if (entry->is_dirty)
		return;
	ledger_failures_remove(&ledger->failures,
			       ledger_failures_of_element(&ledger->failures, value));
	ledger_elements_drop(&ledger->elements, entry);
}

static bool is_restricted(const struct ledger *ledger, const struct set_member *source)
{
	struct virtual_server_key key = service_state_server_of(source);
	struct set_member member = service_state_member(&key, SET_KIND_LOAD_BALANCER_FIREWALL);
	const struct element_entry *entry = ledger_elements_find(&ledger->elements, &member);

	return entry && entry->claims;
}

void ledger_reconcile_element(struct ledger *ledger, struct element_entry *entry,
			      struct changes *changes)
{
	struct set_member value = packed_member_value(entry->value);
	bool is_address = value.kind == ELEMENT_KIND_ADDRESS;
	bool is_wanted = entry->claims > 0;
	struct change *change;

	if (is_wanted == entry->is_held) {
		if (!is_wanted)
			drop_element(ledger, entry, &value);
		return;
	}
	if (is_wanted)
		change = changes_add(changes,
				     is_address ? CHANGE_KIND_ADDRESS_ADD : CHANGE_KIND_MEMBER_ADD);
	else
		change = changes_add(changes, is_address ? CHANGE_KIND_ADDRESS_REMOVE
							 : CHANGE_KIND_MEMBER_REMOVE);
	if (is_address)
		change->address = value.address;
	else
		change->member = value;
	if (!is_wanted && set_kind_is_allowed_source(value.kind))
		change->is_unrestricted = !is_restricted(ledger, &value);
	if (is_wanted && value.kind == SET_KIND_LOAD_BALANCER_FIREWALL)
		entry->guard = changes_begin_guard(changes, change);
	ledger_elements_set_held(&ledger->elements, entry, is_wanted);
	entry->seen = ledger->generation;
}

/*
 * Nothing is added to a virtual server without the member that restricts it to its source ranges:
 * if that waits for another try, it gets it now, and if it is in the same list, it is the guard of
 * whatever is added.
 */
static uint32_t reconcile_restriction(struct ledger *ledger, const struct virtual_server_key *key,
				      struct changes *changes)
{
	struct set_member value = service_state_member(key, SET_KIND_LOAD_BALANCER_FIREWALL);
	struct element_entry *entry = ledger_elements_find(&ledger->elements, &value);
	struct failure *failure;

	if (!entry || !entry->claims)
		return 0;
	if (!entry->is_held) {
		failure = ledger_failures_of_element(&ledger->failures, &value);
		if (failure)
			ledger_failures_try(&ledger->failures, failure);
		ledger_reconcile_element(ledger, entry, changes);
	}
	return entry->guard;
}

/* The virtual server for the other client_scope of an address and port; NULL: there is none. */
static struct server_entry *counterpart(const struct ledger *ledger,
					const struct server_entry *entry,
					enum client_scope client_scope)
{
	struct virtual_server_key key = entry->held.key;

	if (key.client_scope == client_scope)
		return NULL;
	key.client_scope = (uint16_t)client_scope;
	return ledger_servers_find(&ledger->servers, &key);
}

/* Whatever they are in the kernel, they are not what anybody wants. */
static void forget_attributes(struct server_entry *entry)
{
	memset(entry->held.scheduler, 0, sizeof(entry->held.scheduler));
}

void ledger_reconcile_drop_server(struct ledger *ledger, struct server_entry *entry)
{
	if (entry->is_dirty || entry->state == SERVER_STATE_LEAVING)
		return;
	ledger_failures_remove(&ledger->failures,
			       ledger_failures_of_server(&ledger->failures, &entry->held.key));
	ledger_servers_drop(&ledger->servers, entry);
}

void ledger_reconcile_remove_server(struct ledger *ledger, struct server_entry *entry,
				    struct changes *changes)
{
	emit_server(changes, CHANGE_KIND_SERVER_REMOVE, &entry->held, 0);
	ledger_servers_set_state(&ledger->servers, entry, SERVER_STATE_LEAVING);
}

void ledger_reconcile_remove_destination(const struct virtual_server_key *server,
					 const struct destination *destination,
					 struct changes *changes)
{
	emit_destination(changes, CHANGE_KIND_DESTINATION_REMOVE, server, destination, 0);
}

/* One that the kernel refused may be there all the same: what got lost may be its answer. */
static void remove_unknown(struct ledger *ledger, struct server_entry *entry,
			   struct changes *changes)
{
	forget_attributes(entry);
	ledger_reconcile_remove_server(ledger, entry, changes);
}

/*
 * Nobody wants the virtual server. One for clients in the cluster gets no new connections without
 * its set member; as long as there is another one for everybody, those that it has may go on.
 */
static void retire(struct ledger *ledger, struct server_entry *entry, uint64_t now,
		   struct changes *changes)
{
	static const struct wanted nothing;
	struct server_entry *successor = counterpart(ledger, entry, CLIENT_SCOPE_ANY);
	struct server_entry *dependent = counterpart(ledger, entry, CLIENT_SCOPE_IN_CLUSTER);

	if (successor && successor->claimant_count)
		reconcile_destinations(ledger, entry, &nothing, now, changes);
	if (!successor || !successor->claimant_count || !entry->destination_count)
		ledger_reconcile_remove_server(ledger, entry, changes);
	if (dependent && dependent->state == SERVER_STATE_HELD && !dependent->claimant_count)
		ledger_reconcile_remove_server(ledger, dependent, changes);
}

static void reconcile_unclaimed(struct ledger *ledger, struct server_entry *entry, uint64_t now,
				struct changes *changes)
{
	switch (entry->state) {
	case SERVER_STATE_HELD:
		retire(ledger, entry, now, changes);
		break;
	case SERVER_STATE_ABSENT:
		if (ledger_failures_of_server(&ledger->failures, &entry->held.key))
			remove_unknown(ledger, entry, changes);
		else
			ledger_reconcile_drop_server(ledger, entry);
		break;
	case SERVER_STATE_LEAVING:
		break;
	}
}

void ledger_reconcile_server(struct ledger *ledger, struct server_entry *entry, uint64_t now,
			     struct changes *changes)
{
	const struct claimant *winner = ledger_claims_winner(entry);
	const struct virtual_server *server;
	struct wanted wanted;

	entry->is_suspect = false;
	if (!winner) {
		reconcile_unclaimed(ledger, entry, now, changes);
		return;
	}

	wanted = wanted_by(winner, reconcile_restriction(ledger, &entry->held.key, changes));
	server = &wanted.server->server;
	if (entry->state != SERVER_STATE_HELD) {
		emit_server(changes, CHANGE_KIND_SERVER_ADD, server, wanted.guard);
		ledger_servers_set_destinations(&ledger->servers, entry, NULL, 0);
		entry->seen = ledger->generation;
	} else if (!virtual_server_is_equal(&entry->held, server)) {
		emit_server(changes, CHANGE_KIND_SERVER_EDIT, server, wanted.guard);
	}
	entry->held = *server;
	ledger_servers_set_state(&ledger->servers, entry, SERVER_STATE_HELD);
	reconcile_destinations(ledger, entry, &wanted, now, changes);
}

static void forget_server(struct ledger *ledger, struct server_entry *entry)
{
	ledger_servers_set_state(&ledger->servers, entry, SERVER_STATE_ABSENT);
	ledger_servers_set_destinations(&ledger->servers, entry, NULL, 0);
}

static void destination_failed(struct ledger *ledger, struct server_entry *entry,
			       const struct change *change, uint64_t now)
{
	struct held_destination returning = {.destination = change->destination.value};
	bool is_found;
	uint32_t position =
		ledger_servers_find_destination(entry, &change->destination.value, &is_found);

	if (change->kind == CHANGE_KIND_DESTINATION_REMOVE) {
		/* It is still there: drain it again, so that its removal is tried again. */
		if (!is_found) {
			returning.destination.weight = WEIGHT_UNKNOWN;
			returning.drain_deadline = (uint32_t)(now / 1000 + 1);
			ledger_servers_insert_destination(&ledger->servers, entry, position,
							  &returning);
		}
	} else if (is_found && change->kind == CHANGE_KIND_DESTINATION_ADD) {
		ledger_servers_remove_destination(&ledger->servers, entry, position);
	} else if (is_found) {
		entry->destinations[position].destination.weight = WEIGHT_UNKNOWN;
	}
	/* The virtual server itself is gone: start over with it. */
	if (change->result == -ESRCH && entry->state == SERVER_STATE_HELD)
		forget_server(ledger, entry);
}

static void server_failed(struct ledger *ledger, struct server_entry *entry,
			  const struct change *change)
{
	if (change->kind == CHANGE_KIND_SERVER_ADD || change->result == -ESRCH) {
		forget_server(ledger, entry);
		return;
	}
	ledger_servers_set_state(&ledger->servers, entry, SERVER_STATE_HELD);
	if (change->kind == CHANGE_KIND_SERVER_EDIT)
		forget_attributes(entry);
}

static bool is_of_destination(const struct change *change)
{
	return change->kind == CHANGE_KIND_DESTINATION_ADD ||
	       change->kind == CHANGE_KIND_DESTINATION_EDIT ||
	       change->kind == CHANGE_KIND_DESTINATION_REMOVE;
}

static void server_removed(struct ledger *ledger, struct server_entry *entry)
{
	if (entry->state == SERVER_STATE_LEAVING)
		ledger_servers_set_state(&ledger->servers, entry, SERVER_STATE_ABSENT);
	if (entry->state == SERVER_STATE_ABSENT && !entry->claimant_count)
		ledger_reconcile_drop_server(ledger, entry);
}

static void server_result(struct ledger *ledger, const struct change *change, uint64_t now)
{
	struct server_entry *entry;

	/* Most changes are of no further interest, and are many. */
	if (change->result >= 0 && change->kind != CHANGE_KIND_SERVER_REMOVE)
		return;
	entry = ledger_servers_find(&ledger->servers, is_of_destination(change)
							      ? &change->destination.server
							      : &change->server.key);
	if (!entry)
		return;
	if (change->result >= 0) {
		server_removed(ledger, entry);
		return;
	}
	if (is_of_destination(change))
		destination_failed(ledger, entry, change, now);
	else
		server_failed(ledger, entry, change);
	ledger_failures_add_server(&ledger->failures, &entry->held.key, change->result, now,
				   &ledger->options);
}

static void element_result(struct ledger *ledger, const struct change *change, uint64_t now)
{
	bool is_removal = change->kind == CHANGE_KIND_ADDRESS_REMOVE ||
			  change->kind == CHANGE_KIND_MEMBER_REMOVE;
	struct set_member value = change_facility(change->kind) == FACILITY_LINK
					  ? ledger_elements_of_address(&change->address)
					  : change->member;
	struct element_entry *entry;

	/* No Service wants them; the kernel layer plans them anew after each observation. */
	if (value.kind == SET_KIND_MARK_NAMES)
		return;
	if (change->result < 0) {
		entry = ledger_elements_get(&ledger->elements, &value);
		entry->guard = 0;
		ledger_elements_set_held(&ledger->elements, entry, is_removal);
		ledger_failures_add_element(&ledger->failures, &value, change->result, now,
					    &ledger->options);
		return;
	}
	if (!is_removal && !change->guard)
		return;
	entry = ledger_elements_find(&ledger->elements, &value);
	if (!entry)
		return;
	entry->guard = 0;
	/* What was removed is remembered until it is known to be gone, with the tries that failed.
	 */
	if (!entry->is_held && !entry->claims)
		drop_element(ledger, entry, &value);
}

void ledger_reconcile_result(struct ledger *ledger, const struct change *change, uint64_t now)
{
	if (change_facility(change->kind) == FACILITY_IPVS)
		server_result(ledger, change, now);
	else
		element_result(ledger, change, now);
}
