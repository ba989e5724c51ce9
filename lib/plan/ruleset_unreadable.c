/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ruleset.h"

#include <string.h>

/* As iptables-save of the nft variant, 1.8.2 and later, puts it in the place of the table. */
#define INCOMPATIBLE "# Table `%s' is incompatible"

/* Whether the text begins a table, and does not come to its end. */
static bool is_cut(const char *saved, const char *table)
{
	auto_memory char *begin = string_printf("*%s\n", table);
	const char *at = strstr(saved, begin), *next;

	while (at && at != saved && at[-1] != '\n')
		at = strstr(at + 1, begin);
	if (!at)
		return false;
	next = strstr(at, "\n*");
	at = strstr(at, "\nCOMMIT\n");
	return !at || (next && next < at);
}

const char *ruleset_table_name(enum ruleset_table table)
{
	switch (table) {
	case RULESET_TABLE_FILTER:
		return "filter";
	case RULESET_TABLE_MANGLE:
		return "mangle";
	case RULESET_TABLE_NAT:
		return "nat";
	}
	return "";
}

bool ruleset_is_unreadable(const char *saved, const char *table)
{
	auto_memory char *incompatible = string_printf(INCOMPATIBLE, table);

	return strstr(saved, incompatible) || is_cut(saved, table);
}
