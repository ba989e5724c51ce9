/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_RULES_H
#define KERNEL_RULES_H

#include "lib/base/error.h"
#include "lib/plan/ruleset.h"

#include <ev.h>
#include <stdbool.h>

/**
 * struct rules - keeps the fixed iptables rules of one family in place
 *
 * Starts {ip,ip6}tables-save and {ip,ip6}tables-restore as found in PATH (legacy or nft variant,
 * whatever the host uses), as children that the event loop watches. Their environment is PATH,
 * LC_ALL=C, and XTABLES_LOCKFILE if the agent has it.
 */
struct rules;

/**
 * struct rules_report - how a verification ended
 * @is_changed:   rules were missing or altered and have been written
 * @what:         what differed, for a log line; "" if nothing
 * @restore:      with rules_only_look(): the input for iptables-restore that would be written; ""
 *                if nothing
 * @clash:        a rule of others that is about the marks of ours, as ruleset_clash() says; NULL if
 *                there is none
 * @unreadable:   tables with chains of ours that iptables cannot show, and so were neither compared
 *                nor written, with the reason and what to do; "" if there are none
 * @code:         0, or negative errno; @error says why. Nothing else was touched then.
 */
struct rules_report {
	bool is_changed;
	const char *unreadable;
	const char *what;
	const char *restore;
	const char *clash;
	const struct error *error;
	int code;
};

/**
 * rules_open()
 * @loop:     the default loop, the only one on which libev can wait for children
 * @on_done:  called from the loop at the end of each run; it may close the rules
 * Return: 0; -ENOENT if iptables-save or iptables-restore is not in PATH
 */
int rules_open(struct ev_loop *loop, uint16_t family,
	       void (*on_done)(void *owner, const struct rules_report *report), void *owner,
	       struct rules **ret, struct error *err);

/** rules_only_look() - from now on nothing is written: the reports say what would be */
void rules_only_look(struct rules *rules);

/** rules_close() - kills a running child; on_done() is not called any more */
void rules_close(struct rules *rules);

/** rules_has_random_fully() - whether this iptables knows `MASQUERADE --random-fully`; starts
 *  `iptables-restore --test` once and waits for it (only at start) */
bool rules_has_random_fully(struct rules *rules);

/**
 * rules_verify() - read the rules, compare with @ruleset, write what differs
 * @ruleset:  must stay until on_done()
 *
 * Asynchronous. Of the calls while one is running the last is remembered, and run after it:
 * on_done() follows for each run. iptables-restore is
 * told to wait for the xtables lock (-w 5, with retries after that).
 */
void rules_verify(struct rules *rules, const struct ruleset *ruleset);

/** rules_remove() - remove our jumps and chains, but none from tables that are unreadable;
 *  asynchronous */
void rules_remove(struct rules *rules);

/** rules_keep_for_kube_proxy() - leave what kube-proxy has only: ruleset_kube_proxy_restore();
 *  asynchronous */
void rules_keep_for_kube_proxy(struct rules *rules);

bool rules_is_busy(const struct rules *rules);

/** rules_is_legacy() - whether the iptables-save that ran last is of the legacy variant */
bool rules_is_legacy(const struct rules *rules);

#endif
