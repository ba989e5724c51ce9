/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_internal.h"

#include <linux/ip_vs.h>
#include <string.h>

/* Where the kernel refused a change it is unknown what there is: that is nobody else's doing. */
static void observe_end_servers(struct ledger *ledger, uint64_t now, struct changes *changes)
{
	struct server_entry *entry, *next;

	HASH_ITER (hh, ledger->servers, entry, next) {
		bool is_claimed = entry->claimant_count > 0;

		if (entry->is_held && entry->seen != ledger->generation) {
			ledger_server_set_held(ledger, entry, false);
			entry->is_suspect = true;
			ledger->drift += is_claimed && !entry->failure;
			ledger_server_forget_destinations(ledger, entry);
		}
		if (!ledger->is_observed[FACILITY_IPVS])
			entry->was_ours = ledger_ownership_includes(ledger, entry);
		if (!ledger->is_observed[FACILITY_IPVS] || !entry->is_suspect)
			continue;
		if (is_claimed)
			ledger_server_reconcile(ledger, entry, now, changes);
		else if (!entry->is_held)
			ledger_server_drop(ledger, entry);
		else if (ledger->is_sweeping && ledger_ownership_includes(ledger, entry)) {
			ledger->drift += !entry->failure;
			ledger_server_reconcile(ledger, entry, now, changes);
		}
	}
}

static void observe_end_unit(struct ledger *ledger, struct unit_entry *unit, bool is_observed,
			     struct changes *changes)
{
	if (unit->is_held && unit->seen != ledger->generation) {
		ledger_unit_set_held(ledger, unit, false);
		ledger->drift += unit->claims > 0;
	}
	if (!is_observed)
		return;
	/* One that waits for its retry keeps waiting. */
	if (unit->failure && unit->is_held != (unit->claims > 0))
		return;
	if (unit->claims || !unit->is_held) {
		ledger_unit_reconcile(ledger, unit, changes);
	} else if (ledger->is_sweeping) {
		ledger->drift++;
		ledger_unit_reconcile(ledger, unit, changes);
	}
}

static void observe_end_units(struct ledger *ledger, enum facility facility,
			      struct changes *changes)
{
	bool is_observed = ledger->is_observed[facility];
	struct unit_entry *unit, *next;

	for (size_t kind = 0; kind < UNIT_KIND_COUNT; kind++) {
		if ((kind == UNIT_KIND_ADDRESS) != (facility == FACILITY_LINK))
			continue;
		HASH_ITER (hh, ledger->units[kind], unit, next) {
			observe_end_unit(ledger, unit, is_observed, changes);
		}
	}
}

void ledger_observe_begin(struct ledger *ledger, enum facility facility)
{
	(void)facility;
	ledger->generation++;
	ledger->drift = 0;
}

size_t ledger_observe_end(struct ledger *ledger, enum facility facility, uint64_t now,
			  struct changes *changes)
{
	bool is_first = !ledger->is_observed[facility];

	if (facility == FACILITY_IPVS)
		observe_end_servers(ledger, now, changes);
	else
		observe_end_units(ledger, facility, changes);
	ledger->is_observed[facility] = true;
	return is_first ? 0 : ledger->drift;
}

void ledger_observe_server(struct ledger *ledger, const struct virtual_server *server)
{
	struct server_entry *entry = ledger_server_get(ledger, &server->key);
	bool is_unknown;

	entry->seen = ledger->generation;
	if (entry->is_held && virtual_server_is_equal(&entry->held, server))
		return;
	/* What is left by an edit that the kernel refused, of one that nobody wants any more. */
	is_unknown = entry->is_held && !entry->claimant_count && !*entry->held.scheduler;
	entry->held = *server;
	if (is_unknown)
		return;
	ledger_server_set_held(ledger, entry, true);
	entry->is_suspect = true;
	ledger->drift += entry->claimant_count > 0 && !entry->failure;
}

/* Of those that begin to drain the reconciliation knows whether they are ours. */
static void keep_drain_deadlines(const struct server_entry *entry, struct held_destination *actual,
				 size_t count)
{
	uint32_t h = 0;

	for (size_t i = 0; i < count; i++) {
		int order = -1;

		while (h < entry->destination_count) {
			order = destination_compare(&entry->destinations[h].destination,
						    &actual[i].destination);
			if (order >= 0)
				break;
			h++;
		}
		if (order == 0)
			actual[i].drain_deadline = entry->destinations[h].drain_deadline;
	}
}

void ledger_observe_destinations(struct ledger *ledger, const struct virtual_server_key *server,
				 const struct destination_usage *usages, size_t count)
{
	struct server_entry *entry = ledger_server_find(ledger, server);
	auto_memory struct destination_usage *sorted = NULL;
	struct held_destination *actual;
	bool is_same;

	if (!entry || !entry->is_held)
		return;
	ledger_server_unfold(entry);
	sorted = ledger_sorted_usages(usages, count);
	actual = memory_array(count, sizeof(*actual));
	is_same = count == entry->destination_count;
	for (size_t i = 0; i < count; i++) {
		actual[i].destination = sorted[i].destination;
		if (sorted[i].forwarding_method != IP_VS_CONN_F_MASQ)
			actual[i].destination.weight = WEIGHT_UNKNOWN;
		if (is_same && memcmp(&actual[i].destination, &entry->destinations[i].destination,
				      sizeof(actual[i].destination)) != 0)
			is_same = false;
	}
	if (is_same) {
		free(actual);
		ledger_server_fold(entry);
		return;
	}
	keep_drain_deadlines(entry, actual, count);
	ledger_server_set_destinations(ledger, entry, actual, (uint32_t)count);
	entry->is_suspect = true;
	ledger->drift += entry->claimant_count > 0 && !entry->failure;
}

static void observe_unit(struct ledger *ledger, const struct set_member *value)
{
	struct unit_entry *unit = ledger_unit_get(ledger, value);

	ledger_unit_set_held(ledger, unit, true);
	unit->seen = ledger->generation;
}

void ledger_observe_member(struct ledger *ledger, const struct set_member *member)
{
	observe_unit(ledger, member);
}

void ledger_observe_address(struct ledger *ledger, const struct address *address)
{
	struct set_member value = ledger_unit_of_address(address);

	observe_unit(ledger, &value);
}
