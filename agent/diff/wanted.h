/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_WANTED_H
#define AGENT_WANTED_H

#include "lib/base/error.h"
#include "lib/base/ip_family.h"
#include "lib/plan/ledger.h"
#include "lib/plan/ruleset.h"

#include <jansson.h>

/**
 * struct wanted - what a running agent wants, but for its Services
 * @node, @source:  its node, and where its objects come from
 * @is_settled:     everything that it wants is planned
 * @marks:          the range of its firewall marks
 * @excluded:       --ipvs-exclude-cidrs
 * @rules:          what its rules are made from, for families of @has_rules
 */
struct wanted {
	char *node;
	char *source;
	bool is_settled;
	struct mark_range marks;
	struct prefix *excluded;
	size_t excluded_count;
	struct ruleset_options rules[IP_FAMILY_COUNT];
	char *interfaces[IP_FAMILY_COUNT];
	bool has_rules[IP_FAMILY_COUNT];
};

/**
 * wanted_read() - @answer: the agent's to the request "wanted"
 * Return: 0; -EPROTO if it is not of this release
 */
int wanted_read(const json_t *answer, struct wanted *ret, struct error *err);
void wanted_clear(struct wanted *wanted);

/** wanted_replace() - the Services of the answer want what it says from now on, and the VIPs of
 *  deleted ones are wanted, too; to be settled
 *  Return: 0; -EPROTO */
int wanted_replace(const json_t *answer, struct ledger *ledger, struct error *err);

#endif
