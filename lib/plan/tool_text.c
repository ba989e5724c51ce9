/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tool_text.h"

#include "lib/base/memory.h"

#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <string.h>

static const char *protocol_option(uint16_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "-t";
	case IPPROTO_UDP:
		return "-u";
	case IPPROTO_SCTP:
		return "--sctp-service";
	default:
		return "?";
	}
}

const char *tool_text_key(const struct virtual_server_key *key, char buffer[2 * ADDRESS_TEXT_SIZE])
{
	const size_t size = 2 * ADDRESS_TEXT_SIZE;
	char address[ADDRESS_TEXT_SIZE];

	if (key->firewall_mark)
		snprintf(buffer, size, "-f %u%s", key->firewall_mark,
			 key->address.family == AF_INET6 ? " -6" : "");
	else
		snprintf(buffer, size, "%s %s", protocol_option(key->protocol),
			 address_port_text(&key->address, key->port, address));
	return buffer;
}

static void write_netmask(FILE *stream, const struct virtual_server *server)
{
	bool is_ipv6 = server->key.address.family == AF_INET6;
	uint32_t mask = server->netmask;

	if (mask == (is_ipv6 ? 128 : 0xffffffff))
		return;
	if (is_ipv6)
		fprintf(stream, " -M %u", mask);
	else
		fprintf(stream, " -M %u.%u.%u.%u", mask >> 24, mask >> 16 & 255, mask >> 8 & 255,
			mask & 255);
}

static void write_flags(FILE *stream, const struct virtual_server *server)
{
	static const struct {
		const char *scheduler;
		uint32_t flag;
		const char *name;
	} named[] = {
		{"sh", IP_VS_SVC_F_SCHED_SH_FALLBACK, "sh-fallback"},
		{"sh", IP_VS_SVC_F_SCHED_SH_PORT, "sh-port"},
		{"mh", IP_VS_SVC_F_SCHED1, "mh-fallback"},
		{"mh", IP_VS_SVC_F_SCHED2, "mh-port"},
	};
	const char *separator = " -b ";

	for (size_t i = 0; i < COUNT(named); i++) {
		if (strcmp(server->scheduler, named[i].scheduler) != 0 ||
		    !(server->flags & named[i].flag))
			continue;
		fprintf(stream, "%s%s", separator, named[i].name);
		separator = ",";
	}
}

void tool_text_server(FILE *stream, const char *key, const struct virtual_server *server)
{
	fprintf(stream, "-A %s -s %s", key, server->scheduler);
	if (server->persistence_seconds) {
		fprintf(stream, " -p %u", server->persistence_seconds);
		write_netmask(stream, server);
	}
	write_flags(stream, server);
	fputc('\n', stream);
}

static const char *forwarding_option(uint32_t method)
{
	switch (method & IP_VS_CONN_F_FWD_MASK) {
	case IP_VS_CONN_F_MASQ:
		return "-m";
	case IP_VS_CONN_F_TUNNEL:
		return "-i";
	case IP_VS_CONN_F_DROUTE:
		return "-g";
	default:
		return "?";
	}
}

void tool_text_destination(FILE *stream, const char *key, const struct destination *destination,
			   uint32_t forwarding_method)
{
	char address[ADDRESS_TEXT_SIZE];

	fprintf(stream, "-a %s -r %s %s -w %u\n", key,
		address_port_text(&destination->address, destination->port, address),
		forwarding_option(forwarding_method), destination->weight);
}

void tool_text_set(FILE *stream, enum set_kind kind, uint16_t family)
{
	enum set_type type = set_kind_type(kind);

	fprintf(stream, "create %s %s ", set_kind_name(kind, family), set_type_name(type));
	if (type == SET_TYPE_BITMAP_PORT)
		fputs("range 0-65535", stream);
	else
		fprintf(stream, "family %s", family == AF_INET6 ? "inet6" : "inet");
}

void tool_text_member(FILE *stream, const struct set_member *member, uint32_t mark)
{
	char element[3 * ADDRESS_TEXT_SIZE];

	fprintf(stream, "add %s %s", set_kind_name((enum set_kind)member->kind, member->family),
		set_member_text(member, element));
	if (mark)
		fprintf(stream, " skbmark 0x%x", mark);
	fputc('\n', stream);
}

void tool_text_address(FILE *stream, const struct address *address, const char *interface)
{
	bool is_ipv6 = address->family == AF_INET6;
	char text[ADDRESS_TEXT_SIZE];

	fprintf(stream, "address add %s/%u dev %s%s\n", address_text(address, text),
		is_ipv6 ? 128U : 32U, interface, is_ipv6 ? " preferred_lft 0" : "");
}
