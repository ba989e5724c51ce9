/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_drain.h"

#include "ledger_reconcile.h"

#include <utlist.h>

size_t ledger_drain_count(const struct ledger *ledger)
{
	return ledger->servers.draining_count;
}

void ledger_drain_each(struct ledger *ledger,
		       void (*visit)(void *owner, const struct virtual_server_key *server),
		       void *owner)
{
	struct draining *draining, *next;

	DL_FOREACH_SAFE2(ledger->servers.draining, draining, next, next)
	{
		visit(owner, &draining->server->held.key);
	}
}

static uint64_t draining_since(const struct held_destination *held)
{
	if (held->drain_seconds == DRAIN_SECONDS_UNKNOWN)
		return 0;
	return ((uint64_t)held->drain_deadline - 1 - held->drain_seconds) * 1000;
}

void ledger_drain_each_destination(const struct ledger *ledger,
				   const struct virtual_server_key *server,
				   void (*visit)(void *owner, const struct destination *destination,
						 uint64_t since),
				   void *owner)
{
	const struct server_entry *entry = ledger_servers_find(&ledger->servers, server);

	if (!entry || !entry->draining)
		return;
	for (uint32_t i = 0; i < entry->destination_count; i++)
		if (entry->destinations[i].drain_deadline)
			visit(owner, &entry->destinations[i].destination,
			      draining_since(&entry->destinations[i]));
}

/* @sorted: as of destination_usages_sorted() */
static const struct destination_usage *find_usage(const struct destination_usage *sorted,
						  size_t count,
						  const struct destination *destination)
{
	size_t low = 0;

	while (count) {
		size_t half = count / 2;
		int order = destination_compare(&sorted[low + half].destination, destination);

		if (order == 0)
			return &sorted[low + half];
		if (order < 0) {
			low += half + 1;
			count -= half + 1;
		} else {
			count = half;
		}
	}
	return NULL;
}

/* Whether a draining destination has no connection left, or had its time. */
static bool is_drained(const struct held_destination *held, const struct destination_usage *usage,
		       uint64_t now)
{
	return !usage || usage->active_connections + usage->inactive_connections == 0 ||
	       now / 1000 + 1 >= held->drain_deadline;
}

/*
 * A virtual server that nobody wants goes as a whole: that an endpoint left would not be true, and
 * would cost flows that it has through the virtual server for everybody.
 */
static void drain_retired(struct ledger *ledger, struct server_entry *entry,
			  const struct destination_usage *sorted, size_t count, uint64_t now,
			  struct changes *changes)
{
	if (entry->state != SERVER_STATE_HELD)
		return;
	for (uint32_t i = 0; i < entry->destination_count; i++) {
		const struct held_destination *held = &entry->destinations[i];

		if (!held->drain_deadline ||
		    !is_drained(held, find_usage(sorted, count, &held->destination), now))
			return;
	}
	ledger_reconcile_remove_server(ledger, entry, changes);
}

void ledger_drain_server(struct ledger *ledger, const struct virtual_server_key *server,
			 const struct destination_usage *usages, size_t count, uint64_t now,
			 struct changes *changes)
{
	struct server_entry *entry = ledger_servers_find(&ledger->servers, server);
	auto_memory struct destination_usage *sorted = NULL;
	uint32_t used = 0;

	/* What is not settled may want its destinations back. */
	if (!entry || entry->is_dirty)
		return;
	sorted = destination_usages_sorted(usages, count);
	if (!entry->claimant_count) {
		drain_retired(ledger, entry, sorted, count, now, changes);
		return;
	}
	for (uint32_t i = 0; i < entry->destination_count; i++) {
		struct held_destination *held = &entry->destinations[i];
		const struct destination_usage *usage;

		if (held->drain_deadline) {
			usage = find_usage(sorted, count, &held->destination);
			if (!usage)
				continue;
			if (is_drained(held, usage, now)) {
				ledger_reconcile_remove_destination(server, &held->destination,
								    changes);
				continue;
			}
		}
		entry->destinations[used++] = *held;
	}
	ledger_servers_set_destinations(&ledger->servers, entry, entry->destinations, used);
}
