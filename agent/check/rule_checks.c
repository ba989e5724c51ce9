/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"

#include "iptables_variant.h"
#include "lib/kernel/legacy_tables.h"
#include "lib/kernel/nftables.h"

#include <errno.h>
#include <sys/socket.h>

static const struct family {
	uint16_t family;
	const char *word, *save, *restore;
} families[] = {
	{AF_INET, "ip", "iptables-save", "iptables-restore"},
	{AF_INET6, "ip6", "ip6tables-save", "ip6tables-restore"},
};

static const char *const tables[] = {"filter", "mangle", "nat"};

/* A host without IPv6 needs no ip6tables. */
static void report_program(const struct family *family, const char *program, int code,
			   const struct error *err, struct findings *findings)
{
	if (code == -ENOENT && family->family == AF_INET6)
		findings_add(findings, SEVERITY_WARNING, "install iptables if the cluster has IPv6",
			     "there is no %s in PATH: no IPv6 Service is served", program);
	else if (code == -ENOENT)
		findings_add(findings, SEVERITY_ERROR, "install iptables", "there is no %s in PATH",
			     program);
	else
		findings_add(findings, SEVERITY_ERROR, "", "%s", err->text);
}

/* Return: whether both programs work; @ret is the variant of the first then */
static bool ask_programs(const struct family *family, enum iptables_variant *ret,
			 struct findings *findings)
{
	struct error err = {0};
	enum iptables_variant restore = IPTABLES_VARIANT_NFT;
	int r = iptables_variant_ask(family->save, ret, &err);

	if (r < 0) {
		report_program(family, family->save, r, &err, findings);
		return false;
	}
	r = iptables_variant_ask(family->restore, &restore, &err);
	if (r < 0) {
		report_program(family, family->restore, r, &err, findings);
		return false;
	}
	if (restore != *ret)
		findings_add(findings, SEVERITY_ERROR,
			     "choose one variant for all programs, as with update-alternatives(1)",
			     "%s and %s are of different variants of iptables", family->save,
			     family->restore);
	return restore == *ret;
}

static void look_at_legacy(const struct family *family, struct findings *findings)
{
	struct legacy_chain chain;
	struct error err = {0};
	int r = legacy_tables_find(family->family, &chain, &err);

	if (r < 0)
		findings_add(findings, SEVERITY_WARNING, "run as root", "%s", err.text);
	if (r > 0)
		findings_add(
			findings, SEVERITY_WARNING,
			"let all programs on this host use one variant; restart the node to remove the rules of the other",
			"the legacy variant of iptables has chain %s in table %s of %s, which the "
			"iptables in PATH (nf_tables) does not show: the kernel applies the rules of both",
			chain.name, chain.table, family->word);
}

static void look_at_nft(const struct family *family, struct findings *findings)
{
	for (size_t i = 0; i < COUNT(tables); i++) {
		struct nftables_view view = {0};

		if (nftables_look(family->family, tables[i], &view, NULL) < 0 ||
		    !view.has_our_chains)
			continue;
		findings_add(
			findings, SEVERITY_WARNING,
			"let all programs on this host use one variant; restart the node to remove the rules of the other",
			"the nf_tables variant of iptables has KUBE- chains in table %s of %s, which the "
			"iptables in PATH (legacy) does not show: the kernel applies the rules of both",
			tables[i], family->word);
		return;
	}
}

void programs_check(const struct options *options, struct findings *findings)
{
	(void)options;
	for (size_t i = 0; i < COUNT(families); i++) {
		enum iptables_variant variant = IPTABLES_VARIANT_NFT;

		if (!ask_programs(&families[i], &variant, findings))
			continue;
		if (variant == IPTABLES_VARIANT_NFT)
			look_at_legacy(&families[i], findings);
		else
			look_at_nft(&families[i], findings);
	}
}

void tables_check(const struct options *options, struct findings *findings)
{
	(void)options;
	for (size_t i = 0; i < COUNT(families) * COUNT(tables); i++) {
		const struct family *family = &families[i / COUNT(tables)];
		const char *table = tables[i % COUNT(tables)];
		struct nftables_view view = {0};

		if (nftables_look(family->family, table, &view, NULL) < 0 || !*view.native)
			continue;
		findings_add(
			findings, SEVERITY_WARNING, "move the rule to an nftables table of its own",
			"table %s of %s has a native nftables rule, %s: iptables cannot show the table, "
			"and the agent neither verifies nor writes it",
			table, family->word, view.native);
	}
}
