/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "other_variant.h"

#include "lib/kernel/legacy_tables.h"
#include "lib/kernel/nftables.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* By which kubelet tells other programs its variant: kubernetes/enhancements, KEP-3178. */
static bool is_hint(const char *chain)
{
	return strcmp(chain, "KUBE-IPTABLES-HINT") == 0 ||
	       strcmp(chain, "KUBE-KUBELET-CANARY") == 0;
}

static const char *variant_name(enum iptables_variant variant)
{
	return variant == IPTABLES_VARIANT_NFT ? "nf_tables" : "legacy";
}

static void write_text(uint16_t family, enum iptables_variant used, const char *table,
		       const char *chain, char text[OTHER_VARIANT_TEXT_SIZE])
{
	enum iptables_variant other =
		used == IPTABLES_VARIANT_NFT ? IPTABLES_VARIANT_LEGACY : IPTABLES_VARIANT_NFT;

	snprintf(
		text, OTHER_VARIANT_TEXT_SIZE,
		"the %s variant of iptables has chain %.64s in table %.32s of %s, which the iptables "
		"in PATH (%s) does not show: the kernel applies the rules of both%s",
		variant_name(other), chain, table, family == AF_INET ? "ip" : "ip6",
		variant_name(used), is_hint(chain) ? ", and the kubelet uses the other one" : "");
}

int other_variant_find(uint16_t family, enum iptables_variant used,
		       char text[OTHER_VARIANT_TEXT_SIZE], struct error *err)
{
	struct legacy_chain legacy;
	struct nftables_chain nft;
	int r;

	text[0] = '\0';
	if (used == IPTABLES_VARIANT_NFT) {
		r = legacy_tables_find(family, &legacy, err);
		if (r > 0)
			write_text(family, used, legacy.table, legacy.name, text);
	} else {
		r = nftables_find(family, &nft, err);
		if (r > 0)
			write_text(family, used, nft.table, nft.name, text);
	}
	/* A kernel without nftables says so in several ways. */
	return r == -EPERM || r == -EACCES ? r : 0;
}
