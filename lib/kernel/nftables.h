/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_NFTABLES_H
#define KERNEL_NFTABLES_H

#include "lib/base/error.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * What iptables of the nft variant keeps in the kernel, as nftables sees it: who changes it, and
 * what iptables-save cannot show. Protocol: <linux/netfilter/nf_tables.h>.
 */

/**
 * struct nftables_monitor - hears of changes that may have taken rules of ours away or call for others
 *
 * That is: in the tables filter, mangle and nat of IPv4 and IPv6, a table or a chain that goes, a
 * rule that goes from a KUBE-* chain or a built-in one, a rule that comes to a KUBE-* chain, the
 * policy of a built-in chain. What network plugins do in chains of their own is not told.
 */
struct nftables_monitor;

/** nftables_monitor_open() - -EPROTONOSUPPORT and the like on a kernel without nftables */
int nftables_monitor_open(struct nftables_monitor **ret, struct error *err);
void nftables_monitor_close(struct nftables_monitor *monitor);

/** nftables_monitor_descriptor() - becomes readable when anything in nftables changes */
int nftables_monitor_descriptor(const struct nftables_monitor *monitor);

/**
 * struct nftables_change - what was read
 * @is_relevant:  IPv4, IPv6: rules of ours may be gone, or others be needed
 * @writer:       the program that made the last such change, as "nft (process 4711)"; "" if not known
 */
struct nftables_change {
	bool is_relevant[2];
	char writer[48];
};

/**
 * nftables_monitor_read() - take what waits; never blocks
 *
 * Where notifications were lost both families are relevant. Return: 0, or a negative errno: it has
 * to be opened again
 */
int nftables_monitor_read(struct nftables_monitor *monitor, struct nftables_change *ret,
			  struct error *err);

/**
 * struct nftables_view - what a table of iptables looks like to nftables
 * @has_our_chains:  one whose name begins with "KUBE-"
 * @native:          the first rule that iptables cannot show, in words: "rule 7 of chain POSTROUTING
 *                   (masq)", with its handle; "" if none was found
 */
struct nftables_view {
	bool has_our_chains;
	char native[160];
};

/** nftables_look() - blocks, for as long as the kernel takes to list the table */
int nftables_look(uint16_t family, const char *table, struct nftables_view *ret, struct error *err);

/** struct nftables_chain - a chain of a table */
struct nftables_chain {
	char table[32];
	char name[64];
};

/**
 * nftables_find() - a chain of Kubernetes or of its network plugins, KUBE-* or CNI-*, in a table that
 *                   iptables has as well
 *
 * Return: 1 if there is one, in @ret; 0 if
 * not; or a negative errno: -EPROTONOSUPPORT and the like without nftables
 */
int nftables_find(uint16_t family, struct nftables_chain *ret, struct error *err);

#endif
