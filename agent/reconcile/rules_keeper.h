/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_RULES_KEEPER_H
#define AGENT_RULES_KEEPER_H

#include "lib/base/error.h"
#include "lib/base/ip_family.h"
#include "lib/plan/ruleset.h"

#include <ev.h>
#include <stdbool.h>

/**
 * struct rules_keeper - the fixed iptables rules of both families, kept as they should be
 *
 * A failure is logged and tried again with growing delays. A host without IPv6 has no IPv6 rules.
 * Where the rules that mark packets of clients in the cluster were never accepted, and those
 * without them are, this does without, and tries them again now and then.
 */
struct rules_keeper;

/**
 * rules_keeper_new()
 * @on_report:  after each look at the rules of @family: whether those of all families are known
 *              to be in place, and what is wrong ("" if nothing); with rules in place that is
 *              rules_keeper_unreadable()
 * Return: 0; -ENOENT if iptables-restore or iptables-save is not in PATH
 */
int rules_keeper_new(struct ev_loop *loop,
		     void (*on_report)(void *owner, enum ip_family family, bool is_in_place,
				       const char *error),
		     void *owner, struct rules_keeper **ret, struct error *err);
void rules_keeper_free(struct rules_keeper *keeper);

/**
 * rules_keeper_set() - what the rules depend on; if that is new, verify
 * @options:  of IPv4 and IPv6 (in this order), copied; has_random_fully and family are filled in
 *            here
 */
void rules_keeper_set(struct rules_keeper *keeper, const struct ruleset_options options[2]);

/**
 * rules_keeper_set_absent() - whether IPv6 is turned off on this host; at first it is not
 *
 * The rules of an absent family are neither read nor written, and are not waited for; a report about
 * the others may follow at once. When it is back, they are verified, and not in place until then.
 */
void rules_keeper_set_absent(struct rules_keeper *keeper, uint16_t family, bool is_absent);

/** rules_keeper_does_mark() - whether the rules mark packets as @options say; false: they are not
 *  accepted here, @ret_reason is what was said about them */
bool rules_keeper_does_mark(const struct rules_keeper *keeper, const char **ret_reason);

/** rules_keeper_options() - what the rules of @family are made from; @ret borrows from the keeper;
 *  Return: false if none are kept, or they are not known yet */
bool rules_keeper_options(const struct rules_keeper *keeper, enum ip_family family,
			  struct ruleset_options *ret);

/** rules_keeper_take_news() - what made the last report write the rules of @family; NULL if it did not,
 *  or this was asked before; the caller frees it */
char *rules_keeper_take_news(struct rules_keeper *keeper, enum ip_family family);

/** rules_keeper_clash() - a rule of others that is about our marks, with its family; "" if there is
 *  none; valid until the next report */
const char *rules_keeper_clash(const struct rules_keeper *keeper);

/** rules_keeper_verify() - compare with what the kernel has, write what differs */
void rules_keeper_verify(struct rules_keeper *keeper);

/**
 * rules_keeper_changed() - somebody may have taken rules of ours away: verify soon
 * @family:  AF_INET, AF_INET6
 * @writer:  who it was, for a log line; "" if that is not known
 *
 * Bursts are gathered, for a tenth of a second, and looks are half a second apart. Rules that had to
 * be repaired three times within a minute wait for the next repair, from 10 s on ever longer: another
 * program wants other rules, and we would only take turns. What could not be read or written waits for
 * its retry, or for rules_keeper_verify().
 */
void rules_keeper_changed(struct rules_keeper *keeper, uint16_t family, const char *writer);

/** rules_keeper_unreadable() - tables that iptables cannot show, why, and what to do; "" if there are
 *  none; valid until the next report. What is in them counts as in place, since it is not known. */
const char *rules_keeper_unreadable(const struct rules_keeper *keeper);

/** rules_keeper_is_legacy() - whether iptables is of the legacy variant, as far as is known */
bool rules_keeper_is_legacy(const struct rules_keeper *keeper);

/** rules_keeper_repaired() - how often rules were found altered and written again */
unsigned long rules_keeper_repaired(const struct rules_keeper *keeper);

/** rules_keeper_failed() - how often the rules of @family could not be read or written */
unsigned long rules_keeper_failed(const struct rules_keeper *keeper, enum ip_family family);

/** rules_keeper_families() - those that have rules here and are not absent; bits */
unsigned int rules_keeper_families(const struct rules_keeper *keeper);

/** rules_keeper_in_place() - of these, those whose rules are known to be in place; bits */
unsigned int rules_keeper_in_place(const struct rules_keeper *keeper);

#endif
