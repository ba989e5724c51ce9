/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan_text.h"

#include "lib/plan/tool_text.h"

#include <linux/ip_vs.h>
#include <sys/socket.h>

static void write_set(const struct plan_result *result, enum set_kind kind, uint16_t family,
		      FILE *stream)
{
	size_t count;

	planned_state_members(result->state, kind, family, &count);
	tool_text_set(stream, kind, family);
	if (set_kind_type(kind) != SET_TYPE_BITMAP_PORT)
		fprintf(stream, " hashsize %u maxelem %u", SET_DEFAULT_HASH_SIZE,
			planned_state_capacity(count));
	if (set_kind_has_marks(kind))
		fputs(" skbinfo", stream);
	fputc('\n', stream);
}

static void write_sets(const struct plan_result *result, FILE *stream)
{
	static const uint16_t families[] = {AF_INET, AF_INET6};

	for (size_t i = 0; i < COUNT(families) * SET_KIND_COUNT; i++)
		write_set(result, (enum set_kind)(i % SET_KIND_COUNT), families[i / SET_KIND_COUNT],
			  stream);
	for (size_t i = 0; i < result->state->member_count; i++)
		tool_text_member(stream, &result->state->members[i],
				 plan_result_mark(result, &result->state->members[i]));
}

static void write_servers(const struct plan_result *result, FILE *stream)
{
	for (size_t i = 0; i < result->state->server_count; i++) {
		const struct planned_server *planned = &result->state->servers[i];
		struct virtual_server_key key = plan_result_key(result, &planned->server);
		char text[2 * ADDRESS_TEXT_SIZE];

		tool_text_key(&key, text);
		tool_text_server(stream, text, &planned->server);
		for (size_t d = 0; d < planned->destination_count; d++)
			tool_text_destination(stream, text, &planned->destinations[d],
					      IP_VS_CONN_F_MASQ);
	}
}

static void write_addresses(const struct plan_result *result, FILE *stream)
{
	fputs("link add " DUMMY_INTERFACE " type dummy\n", stream);
	for (size_t i = 0; i < result->state->address_count; i++)
		tool_text_address(stream, &result->state->addresses[i], DUMMY_INTERFACE);
}

static void write_part(const struct plan_result *result, enum plan_part part, FILE *stream)
{
	switch (part) {
	case PLAN_PART_ALL:
		break;
	case PLAN_PART_IPSET:
		write_sets(result, stream);
		break;
	case PLAN_PART_IPTABLES:
		fputs(result->rules[0], stream);
		break;
	case PLAN_PART_IP6TABLES:
		fputs(result->rules[1], stream);
		break;
	case PLAN_PART_IPVS:
		write_servers(result, stream);
		break;
	case PLAN_PART_ADDRESSES:
		write_addresses(result, stream);
		break;
	}
}

void plan_text_write(const struct plan_result *result, enum plan_part part, FILE *stream)
{
	static const struct {
		enum plan_part part;
		const char *command;
	} parts[] = {
		{PLAN_PART_IPSET, "ipset restore"},
		{PLAN_PART_IPTABLES, "iptables-restore --noflush"},
		{PLAN_PART_IP6TABLES, "ip6tables-restore --noflush"},
		{PLAN_PART_IPVS, "ipvsadm-restore"},
		{PLAN_PART_ADDRESSES, "ip -batch -"},
	};

	if (part != PLAN_PART_ALL)
		write_part(result, part, stream);
	for (size_t i = 0; part == PLAN_PART_ALL && i < COUNT(parts); i++) {
		fprintf(stream, "%s# %s: %s\n", i ? "\n" : "", plan_part_name(parts[i].part),
			parts[i].command);
		write_part(result, parts[i].part, stream);
	}
}
