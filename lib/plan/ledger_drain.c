/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_internal.h"

#include <string.h>
#include <utlist.h>

uint32_t ledger_server_draining_count(const struct server_entry *entry)
{
	return entry->draining ? entry->draining->count : 0;
}

void ledger_server_set_draining(struct ledger *ledger, struct server_entry *entry, uint32_t count)
{
	struct draining *draining = entry->draining;

	ledger->draining_count += count;
	ledger->draining_count -= ledger_server_draining_count(entry);
	if (count && !draining) {
		draining = entry->draining = memory_allocate(sizeof(*draining));
		draining->server = entry;
		DL_APPEND2(ledger->draining, draining, previous, next);
	}
	if (draining)
		draining->count = count;
	if (!count && draining) {
		DL_DELETE2(ledger->draining, draining, previous, next);
		free(take(&entry->draining));
	}
}

uint32_t ledger_drain_deadline(const struct ledger *ledger, uint64_t now)
{
	/* Rounded up: a connection that is promised its time gets all of it. */
	uint64_t deadline = (now + ledger->options.drain_milliseconds + 999) / 1000 + 1;

	return deadline < UINT32_MAX ? (uint32_t)deadline : UINT32_MAX;
}

void ledger_each_draining(struct ledger *ledger,
			  void (*visit)(void *user, const struct virtual_server_key *server),
			  void *user)
{
	struct draining *draining, *next;

	DL_FOREACH_SAFE2(ledger->draining, draining, next, next)
	{
		visit(user, &draining->server->held.key);
	}
}

static int compare_usages(const void *a, const void *b)
{
	const struct destination_usage *left = a, *right = b;

	return destination_compare(&left->destination, &right->destination);
}

struct destination_usage *ledger_sorted_usages(const struct destination_usage *usages, size_t count)
{
	struct destination_usage *sorted = memory_array(count, sizeof(*sorted));

	if (count)
		memcpy(sorted, usages, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_usages);
	return sorted;
}

/* @sorted: as of ledger_sorted_usages() */
static const struct destination_usage *find_usage(const struct destination_usage *sorted,
						  size_t count,
						  const struct destination *destination)
{
	const struct destination_usage wanted = {.destination = *destination};

	return bsearch(&wanted, sorted, count, sizeof(*sorted), compare_usages);
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
static void drain_retired(struct server_entry *entry, const struct destination_usage *sorted,
			  size_t count, uint64_t now, struct changes *changes)
{
	if (!entry->is_held)
		return;
	for (uint32_t i = 0; i < entry->destination_count; i++) {
		const struct held_destination *held = &entry->destinations[i];

		if (!held->drain_deadline ||
		    !is_drained(held, find_usage(sorted, count, &held->destination), now))
			return;
	}
	ledger_server_remove(entry, changes);
}

static void emit_removal(struct changes *changes, const struct virtual_server_key *server,
			 const struct destination *destination)
{
	struct change *change = changes_add(changes, CHANGE_KIND_DESTINATION_REMOVE);

	change->destination.server = *server;
	change->destination.value = *destination;
}

void ledger_drain(struct ledger *ledger, const struct virtual_server_key *server,
		  const struct destination_usage *usages, size_t count, uint64_t now,
		  struct changes *changes)
{
	struct server_entry *entry = ledger_server_find(ledger, server);
	auto_memory struct destination_usage *sorted = NULL;
	uint32_t used = 0;

	/* What is not settled may want its destinations back. */
	if (!entry || entry->is_touched)
		return;
	ledger_server_unfold(entry);
	sorted = ledger_sorted_usages(usages, count);
	if (!entry->claimant_count) {
		drain_retired(entry, sorted, count, now, changes);
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
				emit_removal(changes, server, &held->destination);
				continue;
			}
		}
		entry->destinations[used++] = *held;
	}
	ledger_server_set_destinations(ledger, entry, entry->destinations, used);
	ledger_server_fold(entry);
}
