/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BACKENDS_NATIVE_RULE_H
#define BACKENDS_NATIVE_RULE_H

#include <stddef.h>

/** native_rule_add() - append to a chain of IPv4 what `nft add rule ip TABLE CHAIN masquerade` would:
 *  a rule that iptables cannot show */
void native_rule_add(const char *table, const char *chain);

/** native_rule_count() - the rules of a table of IPv4, of whatever kind, as nftables counts them */
size_t native_rule_count(const char *table);

#endif
