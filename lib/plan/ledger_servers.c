/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

struct server_entry *ledger_server_find(const struct ledger *ledger,
					const struct virtual_server_key *key)
{
	struct server_entry *entry;

	HASH_FIND(hh, ledger->servers, key, sizeof(*key), entry);
	return entry;
}

struct server_entry *ledger_server_get(struct ledger *ledger, const struct virtual_server_key *key)
{
	struct server_entry *entry;
	unsigned int hash;

	HASH_VALUE(key, sizeof(*key), hash);
	HASH_FIND_BYHASHVALUE(hh, ledger->servers, key, sizeof(*key), hash, entry);
	if (!entry) {
		entry = memory_allocate(sizeof(*entry));
		entry->held.key = *key;
		HASH_ADD_BYHASHVALUE(hh, ledger->servers, held.key, sizeof(entry->held.key), hash,
				     entry);
	}
	return entry;
}

static bool is_older(const struct service_entry *a, const struct service_entry *b)
{
	if (a->created != b->created)
		return a->created < b->created;
	return strcmp(a->key, b->key) < 0;
}

const struct claimant *ledger_server_claimants(const struct server_entry *entry)
{
	return entry->claimant_count < 2 ? &entry->claimant : entry->claimants;
}

static void forget_claimants(struct server_entry *entry)
{
	if (entry->claimant_count > 1)
		free(entry->claimants);
}

void ledger_server_add_claimant(struct ledger *ledger, struct server_entry *entry,
				struct claimant claimant)
{
	size_t count = entry->claimant_count + 1U;
	struct claimant *claimants;

	if (count == 1) {
		entry->claimant = claimant;
		ledger->held_servers += entry->is_held;
		ledger->held_destinations += entry->destination_count;
	} else {
		claimants = memory_array(count, sizeof(*claimants));
		memcpy(claimants, ledger_server_claimants(entry), (count - 1) * sizeof(*claimants));
		claimants[count - 1] = claimant;
		forget_claimants(entry);
		entry->claimants = claimants;
	}
	entry->claimant_count = (uint32_t)count;
}

void ledger_server_remove_claimant(struct ledger *ledger, struct server_entry *entry,
				   const struct service_entry *service)
{
	struct claimant *claimants = entry->claimants;
	uint32_t i = 0;

	if (entry->claimant_count > 1) {
		while (claimants[i].service != service)
			i++;
		claimants[i] = claimants[entry->claimant_count - 1];
		if (entry->claimant_count == 2) {
			entry->claimant = claimants[0];
			free(claimants);
		}
	}
	entry->claimant_count--;
	if (!entry->claimant_count) {
		ledger->held_servers -= entry->is_held;
		ledger->held_destinations -= entry->destination_count;
	}
}

void ledger_server_set_held(struct ledger *ledger, struct server_entry *entry, bool is_held)
{
	if (entry->claimant_count) {
		ledger->held_servers += is_held;
		ledger->held_servers -= entry->is_held;
	}
	entry->is_held = is_held;
}

const struct claimant *ledger_server_winner(const struct server_entry *entry)
{
	const struct claimant *claimants = ledger_server_claimants(entry), *winner = NULL;

	for (uint32_t i = 0; i < entry->claimant_count; i++)
		if (!winner || is_older(claimants[i].service, winner->service))
			winner = &claimants[i];
	return winner;
}

void ledger_server_set_destinations(struct ledger *ledger, struct server_entry *entry,
				    struct held_destination *destinations, uint32_t count)
{
	uint32_t draining = 0;

	for (uint32_t i = 0; i < count; i++)
		draining += destinations[i].drain_deadline != 0;
	ledger_server_set_draining(ledger, entry, draining);

	entry->is_folded = false;
	if (destinations != entry->destinations)
		free(entry->destinations);
	entry->destinations = destinations;
	if (entry->claimant_count) {
		ledger->held_destinations += count;
		ledger->held_destinations -= entry->destination_count;
	}
	entry->destination_count = count;
}

void ledger_server_forget_destinations(struct ledger *ledger, struct server_entry *entry)
{
	ledger_server_set_destinations(ledger, entry, NULL, 0);
}

void ledger_server_touch(struct ledger *ledger, struct server_entry *entry)
{
	if (entry->is_touched)
		return;
	ledger->touched_servers =
		memory_grow(ledger->touched_servers, ledger->touched_server_count,
			    &ledger->touched_server_capacity, sizeof(*ledger->touched_servers));
	ledger->touched_servers[ledger->touched_server_count++] = entry;
	ledger->unsettled_count++;
	entry->is_touched = true;
}

void ledger_server_drop(struct ledger *ledger, struct server_entry *entry)
{
	if (entry->is_touched || entry->is_leaving)
		return;
	ledger_server_forget_destinations(ledger, entry);
	ledger_contest_end(ledger, entry);
	ledger_unfail(ledger, entry->failure);
	HASH_DEL(ledger->servers, entry);
	forget_claimants(entry);
	free(entry);
}

static void emit_server(struct changes *changes, enum change_kind kind,
			const struct virtual_server *server)
{
	changes_add(changes, kind)->server = *server;
}

static void emit_destination(struct changes *changes, enum change_kind kind,
			     const struct virtual_server_key *server,
			     const struct destination *destination)
{
	struct change *change = changes_add(changes, kind);

	change->destination.server = *server;
	change->destination.value = *destination;
}

/* @state: NULL = no destinations are wanted; @server: which of its servers */
struct wanted {
	const struct service_state *state;
	const struct wanted_server *server;
	uint32_t count;
};

/* What the winner wants; there is one. */
static struct wanted wanted_by(const struct claimant *winner)
{
	const struct service_state *state = winner->service->state;
	const struct wanted_server *server = &state->servers[winner->index];

	return (struct wanted){state, server, server->destination_count};
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

void ledger_server_unfold(struct server_entry *entry)
{
	struct wanted wanted;

	if (!entry->is_folded)
		return;
	wanted = wanted_by(ledger_server_winner(entry));
	entry->destinations = memory_array(wanted.count, sizeof(*entry->destinations));
	for (uint32_t i = 0; i < wanted.count; i++)
		entry->destinations[i].destination = destination_of(&wanted, i);
	entry->is_folded = false;
}

void ledger_server_fold(struct server_entry *entry)
{
	struct wanted wanted;

	if (!entry->is_held || !entry->claimant_count || entry->is_folded)
		return;
	wanted = wanted_by(ledger_server_winner(entry));
	if (!destinations_agree(entry, &wanted))
		return;
	free(take(&entry->destinations));
	entry->is_folded = true;
}

/*
 * A destination whose endpoint went away: with TCP and SCTP its connections may still end in
 * peace, so it drains; a UDP flow has no end to wait for. If it is the virtual server that nobody
 * wants, the endpoint is still there, and so flows may stay with it as well.
 */
static bool keep_leaving(struct ledger *ledger, const struct server_entry *entry,
			 struct held_destination *leaving, uint64_t now, struct changes *changes)
{
	if (entry->held.key.protocol == IPPROTO_UDP && entry->claimant_count) {
		emit_destination(changes, CHANGE_KIND_DESTINATION_REMOVE, &entry->held.key,
				 &leaving->destination);
		return false;
	}
	if (leaving->destination.weight != 0) {
		leaving->destination.weight = 0;
		emit_destination(changes, CHANGE_KIND_DESTINATION_EDIT, &entry->held.key,
				 &leaving->destination);
	}
	if (!leaving->drain_deadline)
		leaving->drain_deadline = ledger_drain_deadline(ledger, now);
	return true;
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
					 &next);
		else if (held->destination.weight != next.weight)
			emit_destination(changes, CHANGE_KIND_DESTINATION_EDIT, &entry->held.key,
					 &next);
		merged[used++].destination = next;
		w++;
		h += order == 0;
	}
	merged = memory_resize(merged, used, sizeof(*merged));
	ledger_server_set_destinations(ledger, entry, merged, used);
}

/*
 * Nothing is added to a virtual server while the member that restricts it to its source ranges
 * waits for another try: that comes now, and kernel_apply() refuses the server with it.
 */
static void reconcile_restriction(struct ledger *ledger, const struct virtual_server_key *key,
				  struct changes *changes)
{
	struct set_member value = ledger_unit_of_server(key, SET_KIND_LOAD_BALANCER_FIREWALL);
	struct unit_entry *unit = ledger_unit_find(ledger, &value);

	if (!unit || !unit->claims || unit->is_held)
		return;
	if (unit->failure)
		unit->failure->is_trying = true;
	ledger_unit_reconcile(ledger, unit, changes);
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
	return ledger_server_find(ledger, &key);
}

/* Whatever they are in the kernel, they are not what anybody wants. */
static void forget_attributes(struct server_entry *entry)
{
	memset(entry->held.scheduler, 0, sizeof(entry->held.scheduler));
}

void ledger_server_remove(struct server_entry *entry, struct changes *changes)
{
	/* Its destinations stay known until the report says that it is gone. */
	emit_server(changes, CHANGE_KIND_SERVER_REMOVE, &entry->held);
	entry->is_held = false;
	entry->is_leaving = true;
}

/* One that the kernel refused may be there all the same: what got lost may be its answer. */
static void remove_unknown(struct server_entry *entry, struct changes *changes)
{
	forget_attributes(entry);
	ledger_server_remove(entry, changes);
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
		ledger_server_remove(entry, changes);
	if (dependent && dependent->is_held && !dependent->claimant_count)
		ledger_server_remove(dependent, changes);
}

void ledger_server_reconcile(struct ledger *ledger, struct server_entry *entry, uint64_t now,
			     struct changes *changes)
{
	const struct claimant *winner = ledger_server_winner(entry);
	const struct virtual_server *server;
	struct wanted wanted;

	ledger_server_unfold(entry);
	entry->is_suspect = false;
	if (!winner) {
		if (entry->is_held)
			retire(ledger, entry, now, changes);
		else if (entry->failure && !entry->is_leaving)
			remove_unknown(entry, changes);
		else
			ledger_server_drop(ledger, entry);
		return;
	}

	reconcile_restriction(ledger, &entry->held.key, changes);
	wanted = wanted_by(winner);
	server = &wanted.server->server;
	if (!entry->is_held) {
		emit_server(changes, CHANGE_KIND_SERVER_ADD, server);
		ledger_server_forget_destinations(ledger, entry);
		entry->seen = ledger->generation;
	} else if (!virtual_server_is_equal(&entry->held, server)) {
		emit_server(changes, CHANGE_KIND_SERVER_EDIT, server);
	}
	entry->held = *server;
	ledger_server_set_held(ledger, entry, true);
	reconcile_destinations(ledger, entry, &wanted, now, changes);
	ledger_server_fold(entry);
}

static uint32_t find_destination(const struct server_entry *entry,
				 const struct destination *destination, bool *is_found)
{
	uint32_t low = 0, high = entry->destination_count;

	*is_found = false;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order =
			destination_compare(&entry->destinations[middle].destination, destination);

		if (order == 0) {
			*is_found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void remove_at(struct ledger *ledger, struct server_entry *entry, uint32_t position)
{
	struct held_destination *destinations = entry->destinations;
	uint32_t rest = entry->destination_count - position - 1;

	memmove(destinations + position, destinations + position + 1, rest * sizeof(*destinations));
	ledger_server_set_destinations(ledger, entry, destinations, entry->destination_count - 1);
}

static void insert_at(struct ledger *ledger, struct server_entry *entry, uint32_t position,
		      const struct held_destination *destination)
{
	uint32_t count = entry->destination_count;
	struct held_destination *grown = memory_array(count + 1U, sizeof(*grown));

	if (count) {
		memcpy(grown, entry->destinations, position * sizeof(*grown));
		memcpy(grown + position + 1, entry->destinations + position,
		       (count - position) * sizeof(*grown));
	}
	grown[position] = *destination;
	ledger_server_set_destinations(ledger, entry, grown, count + 1);
}

static void destination_failed(struct ledger *ledger, struct server_entry *entry,
			       const struct change *change, uint64_t now)
{
	struct held_destination returning = {.destination = change->destination.value};
	bool is_found;
	uint32_t position = find_destination(entry, &change->destination.value, &is_found);

	if (change->kind == CHANGE_KIND_DESTINATION_REMOVE) {
		/* It is still there: drain it again, so that its removal is tried again. */
		if (!is_found) {
			returning.destination.weight = WEIGHT_UNKNOWN;
			returning.drain_deadline = (uint32_t)(now / 1000 + 1);
			insert_at(ledger, entry, position, &returning);
		}
	} else if (is_found && change->kind == CHANGE_KIND_DESTINATION_ADD) {
		remove_at(ledger, entry, position);
	} else if (is_found) {
		entry->destinations[position].destination.weight = WEIGHT_UNKNOWN;
	}
	if (change->result == -ESRCH && entry->is_held) {
		/* The virtual server itself is gone: start over with it. */
		ledger_server_set_held(ledger, entry, false);
		ledger_server_forget_destinations(ledger, entry);
	}
}

void ledger_server_removed(struct ledger *ledger, const struct virtual_server_key *key)
{
	struct server_entry *entry = ledger_server_find(ledger, key);

	if (!entry)
		return;
	entry->is_leaving = false;
	if (!entry->is_held && !entry->claimant_count)
		ledger_server_drop(ledger, entry);
}

void ledger_server_failed(struct ledger *ledger, const struct change *change, uint64_t now)
{
	bool is_destination = change->kind == CHANGE_KIND_DESTINATION_ADD ||
			      change->kind == CHANGE_KIND_DESTINATION_EDIT ||
			      change->kind == CHANGE_KIND_DESTINATION_REMOVE;
	struct server_entry *entry;

	if (is_destination) {
		entry = ledger_server_find(ledger, &change->destination.server);
		if (!entry)
			return;
		ledger_server_unfold(entry);
		destination_failed(ledger, entry, change, now);
	} else {
		entry = ledger_server_get(ledger, &change->server.key);
		entry->is_leaving = false;
		ledger_server_unfold(entry);
		if (change->kind == CHANGE_KIND_SERVER_ADD || change->result == -ESRCH) {
			ledger_server_set_held(ledger, entry, false);
			ledger_server_forget_destinations(ledger, entry);
		} else {
			ledger_server_set_held(ledger, entry, true);
			if (change->kind == CHANGE_KIND_SERVER_EDIT)
				forget_attributes(entry);
		}
	}
	ledger_fail(ledger, entry, NULL, change->result, now);
}
