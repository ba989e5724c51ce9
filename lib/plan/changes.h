/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_CHANGES_H
#define PLAN_CHANGES_H

#include "lib/base/memory.h"
#include "proxy_state.h"

#include <stdbool.h>
#include <stddef.h>

/** enum change_kind - what to do; changes_sort() knows the order in which it is safe */
enum change_kind {
	CHANGE_KIND_MEMBER_ADD,
	CHANGE_KIND_SERVER_ADD,
	CHANGE_KIND_SERVER_EDIT,
	CHANGE_KIND_DESTINATION_ADD,
	CHANGE_KIND_DESTINATION_EDIT,
	CHANGE_KIND_ADDRESS_ADD,
	CHANGE_KIND_ADDRESS_REMOVE,
	CHANGE_KIND_DESTINATION_REMOVE,
	CHANGE_KIND_SERVER_REMOVE,
	CHANGE_KIND_MEMBER_REMOVE,
};
#define CHANGE_KIND_COUNT (CHANGE_KIND_MEMBER_REMOVE + 1)

enum facility { FACILITY_IPSET, FACILITY_IPVS, FACILITY_LINK };
#define FACILITY_COUNT (FACILITY_LINK + 1)

/**
 * struct change - one kernel operation
 * @is_guard:     others of the list may depend on it: @guard is its number. It comes before them.
 * @is_unrestricted: MEMBER_REMOVE of an allowed source: its virtual server is restricted no more, and
 *                so it goes after the restriction
 * @guard:        0, or the number of the guard without which this must not be carried out: where
 *                that failed, the result is -ECANCELED
 * @result:       0, or a negative errno once it was applied; meaningless before
 * @server:       SERVER_*
 * @destination:  DESTINATION_*: which destination of which virtual server
 * @member:       MEMBER_*
 * @address:      ADDRESS_*: on the dummy interface
 */
struct change {
	enum change_kind kind;
	bool is_guard;
	bool is_unrestricted;
	uint32_t guard;
	int result;
	union {
		struct virtual_server server;
		struct {
			struct virtual_server_key server;
			struct destination value;
		} destination;
		struct set_member member;
		struct address address;
	};
};

/**
 * enum change_cause - why a list of changes came to be
 *   PLAN   Services, endpoints, the node or the settings changed
 *   DRIFT  another program changed what the kernel holds
 *   DRAIN  destinations without an endpoint lost their connections, or their time was over
 *   RETRY  what failed before is tried again
 *   SWEEP  nobody wants it, and it was there before the agent
 */
enum change_cause {
	CHANGE_CAUSE_PLAN,
	CHANGE_CAUSE_DRIFT,
	CHANGE_CAUSE_DRAIN,
	CHANGE_CAUSE_RETRY,
	CHANGE_CAUSE_SWEEP,
};

/**
 * struct changes - a list of them; public to read, filled by changes_add()
 * @cause:  for whoever hears of them; set by who fills the list
 * @spare:  where the next sorting puts them: a list is sorted again and again, and new memory each
 *          time would cost more than the sorting
 * @sorting:  by changes_sort_step(), while @is_sorting
 * @has_failed:  of @guard_count guards, by their number less 1; NULL: none has failed
 */
struct changes {
	struct change *items, *spare;
	size_t count;
	size_t capacity, spare_capacity;
	struct changes_sorting *sorting;
	bool *has_failed;
	uint32_t guard_count;
	enum change_cause cause;
	bool is_sorting;
};

struct changes *changes_new(void);
void changes_free(struct changes *changes);
AUTO_FREE_DEFINE(changes);

/** changes_clear() - forget the items, keep the memory */
void changes_clear(struct changes *changes);

/** changes_add() - append a zeroed change of @kind; the pointer is valid until the next one */
struct change *changes_add(struct changes *changes, enum change_kind kind);

/**
 * changes_begin_guard() - others may depend on @change, the one that was added last
 * Return: its number, for their @guard
 */
uint32_t changes_begin_guard(struct changes *changes, struct change *change);

/** changes_note_guards() - those from @first to before @end were applied, and have their results */
void changes_note_guards(struct changes *changes, size_t first, size_t end);

/** changes_is_barred() - the guard of @change has failed */
bool changes_is_barred(const struct changes *changes, const struct change *change);

/**
 * changes_sort() - into an order that is safe wherever it is cut; stable
 *
 * Restrictions and masquerading exist before anything forwards, a virtual server before its
 * destinations, all of them before the address that makes the VIP answer; removal in reverse.
 * Members that allow a source or exempt from masquerading go before new destinations come, and
 * exemptions come after old destinations went. Where source ranges begin or end, nobody whom they allow
 * is refused meanwhile. Members of one step are sorted by their set.
 */
void changes_sort(struct changes *changes);

/**
 * changes_sort_step() - the same in steps; nothing is added meanwhile
 * @budget:  so many changes at most are moved; what was used is taken off
 * Return: whether they are sorted
 */
bool changes_sort_step(struct changes *changes, size_t *budget);

enum facility change_facility(enum change_kind kind);

/** facility_name() - "ipset", "ipvs", "link" */
const char *facility_name(enum facility facility);

/** change_text() - "adding 10.244.1.7:8080 to 10.96.0.10:53/UDP", for messages */
const char *change_text(const struct change *change, char buffer[6 * ADDRESS_TEXT_SIZE]);

#endif
