/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_LEDGER_OBSERVE_H
#define PLAN_LEDGER_OBSERVE_H

#include "changes.h"

struct ledger;
struct server_entry;

/*
 * Observation: what the kernel really holds. Between _begin and _end for one facility, every
 * object found there is reported; what is held but was not seen, and what differs, is drift.
 *
 * An observation goes in slices, and changes may be emitted and carried out between two of them. So
 * whatever is written meanwhile counts as seen. The first observation of a facility only teaches:
 * nobody has changed anything behind our back yet.
 */

void ledger_observe_begin(struct ledger *ledger, enum facility facility);

/** ledger_observe_server() - Return: whether it is the first word of it in this observation */
bool ledger_observe_server(struct ledger *ledger, const struct virtual_server *server);

/** ledger_observe_is_first() - whether @facility has never been observed to the end */
bool ledger_observe_is_first(const struct ledger *ledger, enum facility facility);

/**
 * ledger_observe_untold_servers() - those that the ledger expects and has not been told of: takes
 * for held, or, as long as that is not known, are named by members of sets
 * @ret: their keys, to be freed
 *
 * When everything was told they are gone, unless the dump left them out. Return: how many
 */
size_t ledger_observe_untold_servers(const struct ledger *ledger, struct virtual_server_key **ret);

/** ledger_observe_destinations() - all destinations of one server at once, in any order */
void ledger_observe_destinations(struct ledger *ledger, const struct virtual_server_key *server,
				 const struct destination_usage *usages, size_t count);
void ledger_observe_member(struct ledger *ledger, const struct set_member *member);
void ledger_observe_address(struct ledger *ledger, const struct address *address);

/**
 * ledger_observe_end() - compare with what should be
 * @changes:  the repairs are appended
 * Return: how many objects differed from what the ledger believed; 0 on the first observation
 */
size_t ledger_observe_end(struct ledger *ledger, enum facility facility, uint64_t now,
			  struct changes *changes);

/**
 * ledger_observe_ownership_includes() - whether a virtual server that no Service ever claimed may
 * be taken for a leftover of ours
 *
 * It is if the dummy interface has its address, or if a set names it (as a NodePort, external or
 * load balancer IP), or did when the kernel was observed first. Those in ledger.excluded, and those
 * by firewall mark, are not.
 */
bool ledger_observe_ownership_includes(const struct ledger *ledger,
				       const struct server_entry *entry);

#endif
