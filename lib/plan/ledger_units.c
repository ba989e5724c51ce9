/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_internal.h"

#include "packed_member.h"

#include <string.h>

struct unit_entry *ledger_unit_find(const struct ledger *ledger, const struct set_member *value)
{
	struct packed_member packed = packed_member_of(value);
	struct unit_entry *unit;

	HASH_FIND(hh, ledger->units[value->kind], packed.bytes, packed.length, unit);
	return unit;
}

struct unit_entry *ledger_unit_get(struct ledger *ledger, const struct set_member *value)
{
	struct packed_member packed = packed_member_of(value);
	struct unit_entry *unit;
	unsigned int hash;

	HASH_VALUE(packed.bytes, packed.length, hash);
	HASH_FIND_BYHASHVALUE(hh, ledger->units[value->kind], packed.bytes, packed.length, hash,
			      unit);
	if (!unit) {
		unit = memory_allocate(offsetof(struct unit_entry, value) + packed.length);
		memcpy(unit->value, packed.bytes, packed.length);
		HASH_ADD_KEYPTR_BYHASHVALUE(hh, ledger->units[value->kind], unit->value,
					    packed.length, hash, unit);
	}
	return unit;
}

struct set_member ledger_unit_of_address(const struct address *address)
{
	struct set_member value;

	memset(&value, 0, sizeof(value));
	value.kind = UNIT_KIND_ADDRESS;
	value.family = (uint8_t)address->family;
	value.address = *address;
	return value;
}

struct set_member ledger_unit_of_server(const struct virtual_server_key *key, enum set_kind kind)
{
	struct set_member value;

	memset(&value, 0, sizeof(value));
	value.kind = (uint8_t)kind;
	value.family = (uint8_t)key->address.family;
	value.protocol = (uint8_t)key->protocol;
	value.port = key->port;
	value.address = key->address;
	return value;
}

void ledger_unit_set_held(struct ledger *ledger, struct unit_entry *unit, bool is_held)
{
	bool is_address = packed_member_value(unit->value).kind == UNIT_KIND_ADDRESS;
	size_t *count = is_address ? &ledger->held_addresses : &ledger->held_members;

	*count += is_held;
	*count -= unit->is_held;
	unit->is_held = is_held;
}

void ledger_unit_touch(struct ledger *ledger, struct unit_entry *unit)
{
	if (unit->is_touched)
		return;
	ledger->touched_units =
		memory_grow(ledger->touched_units, ledger->touched_unit_count,
			    &ledger->touched_unit_capacity, sizeof(*ledger->touched_units));
	ledger->touched_units[ledger->touched_unit_count++] = unit;
	ledger->unsettled_count++;
	unit->is_touched = true;
}

void ledger_unit_drop(struct ledger *ledger, struct unit_entry *unit)
{
	if (unit->is_touched)
		return;
	ledger_unfail(ledger, unit->failure);
	HASH_DEL(ledger->units[packed_member_value(unit->value).kind], unit);
	free(unit);
}

void ledger_unit_reconcile(struct ledger *ledger, struct unit_entry *unit, struct changes *changes)
{
	struct set_member value = packed_member_value(unit->value);
	bool is_address = value.kind == UNIT_KIND_ADDRESS;
	bool is_wanted = unit->claims > 0;
	struct change *change;

	if (is_wanted == unit->is_held) {
		if (!is_wanted)
			ledger_unit_drop(ledger, unit);
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
	ledger_unit_set_held(ledger, unit, is_wanted);
	unit->seen = ledger->generation;
}

void ledger_unit_removed(struct ledger *ledger, const struct change *change)
{
	bool is_address = change_facility(change->kind) == FACILITY_LINK;
	struct set_member value =
		is_address ? ledger_unit_of_address(&change->address) : change->member;
	struct unit_entry *unit = ledger_unit_find(ledger, &value);

	if (unit && !unit->is_held && !unit->claims)
		ledger_unit_drop(ledger, unit);
}

void ledger_unit_failed(struct ledger *ledger, const struct change *change, uint64_t now)
{
	bool is_address = change_facility(change->kind) == FACILITY_LINK;
	struct set_member value =
		is_address ? ledger_unit_of_address(&change->address) : change->member;
	struct unit_entry *unit = ledger_unit_get(ledger, &value);

	ledger_unit_set_held(ledger, unit,
			     change->kind == CHANGE_KIND_ADDRESS_REMOVE ||
				     change->kind == CHANGE_KIND_MEMBER_REMOVE);
	ledger_fail(ledger, NULL, unit, change->result, now);
}
