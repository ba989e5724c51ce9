/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_RESTORE_OUTLINE_H
#define PLAN_RESTORE_OUTLINE_H

/**
 * enum restore_part - what an input for iptables-restore does with a chain
 *   REMOVED  it goes
 *   WRITTEN  it gets other rules, or none
 *   JUMPS    rules are inserted or deleted, and the others stay
 */
enum restore_part { RESTORE_PART_REMOVED, RESTORE_PART_WRITTEN, RESTORE_PART_JUMPS };

/**
 * restore_outline_each() - which chains an input for iptables-restore is about
 * @text:    as ruleset_difference(), ruleset_removal() and others write it
 * @visit:   once for each chain of each table
 */
void restore_outline_each(const char *text,
			  void (*visit)(void *owner, const char *table, const char *chain,
					enum restore_part part),
			  void *owner);

/** restore_outline_text() - "jumps in chain OUTPUT of table nat"; the caller frees it */
char *restore_outline_text(const char *table, const char *chain, enum restore_part part);

#endif
