/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_LEGACY_TABLES_H
#define KERNEL_LEGACY_TABLES_H

#include "lib/base/error.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * struct legacy_table - how much is in a table of iptables; all 0 if there is none
 * @input_policy:  of filter, the verdict that the kernel has for what no rule of INPUT decides; 0 where
 *                 it was not read
 */
struct legacy_table {
	uint32_t entries;
	uint32_t bytes;
	int32_t input_policy;
};

/**
 * struct legacy_tables - filter, mangle and nat of a family, as the legacy iptables knows them
 *
 * Their size, and the policy of INPUT, tell nearly every change by others, with five system calls:
 * the legacy tables have neither notifications nor a generation.
 */
struct legacy_tables {
	struct legacy_table tables[3];
};

/**
 * legacy_tables_look()
 *
 * Only where the legacy iptables is used: to ask for a table makes the kernel create it.
 * Return: 0; or a negative errno, as -EPERM without CAP_NET_RAW
 */
int legacy_tables_look(uint16_t family, struct legacy_tables *ret, struct error *err);

/** struct legacy_chain - a chain of a table */
struct legacy_chain {
	char table[32];
	char name[32];
};

/**
 * legacy_tables_find() - a chain of Kubernetes or of its network plugins: KUBE-* or CNI-*
 *
 * Looks at tables that exist, and creates none. Return: 1 if there is one, in @ret; 0 if not; or a
 * negative errno
 */
int legacy_tables_find(uint16_t family, struct legacy_chain *ret, struct error *err);

bool legacy_tables_is_equal(const struct legacy_tables *a, const struct legacy_tables *b);

#endif
