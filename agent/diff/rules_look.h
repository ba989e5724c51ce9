/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_RULES_LOOK_H
#define AGENT_RULES_LOOK_H

#include "lib/base/error.h"
#include "lib/plan/ruleset.h"

/**
 * struct rules_look - how the iptables rules of one family compare with what they should be
 * @restore:     the input for iptables-restore that would make them so; "" if they are
 * @unreadable:  tables that could not be compared, and why; "" if there are none
 */
struct rules_look {
	char *restore;
	char *unreadable;
};

/**
 * rules_look_take() - read and compare; nothing is written
 * @options:  what they should be; has_random_fully is found out if @asks_random_fully
 *
 * Blocks. Return: 0; -ENOENT without iptables; another negative errno
 */
int rules_look_take(const struct ruleset_options *options, bool asks_random_fully,
		    struct rules_look *ret, struct error *err);
void rules_look_clear(struct rules_look *look);

#endif
