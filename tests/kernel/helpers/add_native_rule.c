/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does what `nft add rule ip TABLE CHAIN masquerade` does: a rule that iptables cannot show. */
#include "tests/kernel/backends/native_rule.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	if (argc != 3) {
		fputs("usage: add_native_rule TABLE CHAIN\n", stderr);
		return 2;
	}
	native_rule_add(argv[1], argv[2]);
	return 0;
}
