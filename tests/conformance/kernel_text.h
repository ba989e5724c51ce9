/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFORMANCE_KERNEL_TEXT_H
#define CONFORMANCE_KERNEL_TEXT_H

#include "lib/plan/ruleset.h"
#include "tests/fake/fake_kernel.h"

/*
 * What would be in the kernel, in the words of the tools that the corpus was recorded with. Lines
 * are in no particular order unless said otherwise. Callers free the texts.
 */

/** kernel_text_servers() - `ipvsadm-save -n` */
char *kernel_text_servers(const struct fake_kernel *kernel);

/** kernel_text_members() - the `add` lines of `ipset save` */
char *kernel_text_members(const struct fake_kernel *kernel);

/** kernel_text_sets() - the `create` lines of `ipset save`, up to where sizes begin */
char *kernel_text_sets(void);

/** kernel_text_addresses() - addresses of the dummy interface, as addrs.txt has them */
char *kernel_text_addresses(const struct fake_kernel *kernel);

/**
 * kernel_text_rules() - one table as iptables-save prints it once @ruleset is in place
 * @table:  "nat", "filter", "mangle"
 *
 * Chains, jumps and rules as the expect/ files have them; rules in kernel order. "" if there is
 * nothing of ours in @table.
 */
char *kernel_text_rules(const struct ruleset *ruleset, const char *table);

#endif
