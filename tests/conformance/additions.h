/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFORMANCE_ADDITIONS_H
#define CONFORMANCE_ADDITIONS_H

#include "comparison.h"
#include "text_lines.h"

/*
 * What we have beside all that kube-proxy has, so that clients see what the Service API promises:
 * sets with their members, chains, jumps, rules. The intended difference api-semantics.
 */

/** additions_take_rules() - take additions out of the rules of a table of one family */
void additions_take_rules(struct comparison *comparison, struct text_lines *actual,
			  const char *table, bool is_ipv6);

/**
 * additions_take_deprecation() - take the word "deprecated" off IPv6 addresses, which all need it
 * @actual:  as programmed_state_addresses() gives them
 */
void additions_take_deprecation(struct comparison *comparison, struct text_lines *actual);

/** additions_take_sets() - take additions out of lines "create SET ..." or "add SET ..." */
void additions_take_sets(struct comparison *comparison, struct text_lines *actual);

#endif
