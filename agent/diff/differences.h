/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_DIFFERENCES_H
#define AGENT_DIFFERENCES_H

#include "agent/status/server_listing.h"
#include "lib/plan/ledger.h"

/**
 * struct difference - an object that the kernel holds otherwise than it is wanted
 * @kind:    "virtualServer", "destination", "setMember", "address" or "rules"
 * @object:  which one, for people
 * @kernel:  how the kernel holds it; "" = not at all
 * @wanted:  how it is wanted; "" = not at all
 */
struct difference {
	const char *kind;
	char *object;
	char *kernel;
	char *wanted;
};

/** struct draining - a destination without an endpoint that keeps its connections for a while */
struct draining {
	char *object;
	uint32_t active_connections, inactive_connections;
};

/** struct differences - public to read; the first @mark_count are of differences_add_marks() */
struct differences {
	struct difference *items;
	struct draining *draining;
	size_t count, capacity, mark_count, draining_count, draining_capacity;
};

struct differences *differences_new(void);
void differences_free(struct differences *differences);
AUTO_FREE_DEFINE(differences);

/**
 * differences_add_changes() - what a restart of the agent would do
 * @changes:  sorted
 * @listing:  the kernel's virtual servers as they were before
 */
void differences_add_changes(struct differences *differences, const struct changes *changes,
			     const struct server_listing *listing);

/** differences_add_marks() - before all others: members of the kernel's sets that have another mark than is wanted
 *  @repairs:  of ipsets_plan_repairs() */
void differences_add_marks(struct differences *differences, const struct changes *repairs);

/** differences_add_rules() - @restore: as of struct rules_look */
void differences_add_rules(struct differences *differences, uint16_t family, const char *restore);

/** differences_add_draining() - no differences, but of interest beside them */
void differences_add_draining(struct differences *differences, struct ledger *ledger,
			      const struct server_listing *listing);

/** differences_keep() - those only that @others have as well, in the same state */
void differences_keep(struct differences *differences, const struct differences *others);

#endif
