/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"

#include "iptables_variant.h"
#include "lib/kernel/nftables.h"
#include "other_variant.h"

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

static void look_at_other(const struct family *family, enum iptables_variant used,
			  struct findings *findings)
{
	char text[OTHER_VARIANT_TEXT_SIZE];
	struct error err = {0};

	if (other_variant_find(family->family, used, text, &err) < 0)
		findings_add(findings, SEVERITY_WARNING, "run as root", "%s", err.text);
	if (*text)
		findings_add(
			findings, SEVERITY_WARNING,
			"let all programs on this host use one variant; restart the node to remove the rules of the other",
			"%s", text);
}

void programs_check(const struct options *options, struct findings *findings)
{
	(void)options;
	for (size_t i = 0; i < COUNT(families); i++) {
		enum iptables_variant variant = IPTABLES_VARIANT_NFT;

		if (!ask_programs(&families[i], &variant, findings))
			continue;
		look_at_other(&families[i], variant, findings);
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
