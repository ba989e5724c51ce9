/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel_text.h"

#include "text_lines.h"

#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static FILE *open_text(char **text, size_t *size)
{
	FILE *stream = open_memstream(text, size);

	if (!stream)
		abort();
	return stream;
}

/* "-t 10.96.0.10:80"; @buffer has room for the option besides */
static const char *server_text(const struct virtual_server_key *key,
			       char buffer[2 * ADDRESS_TEXT_SIZE])
{
	char address[ADDRESS_TEXT_SIZE], element[3 * ADDRESS_TEXT_SIZE];
	const char *option = "?";

	if (key->client_scope == CLIENT_SCOPE_IN_CLUSTER) {
		snprintf(
			buffer, 2 * ADDRESS_TEXT_SIZE, "in-cluster %s",
			set_member_text(&(struct set_member){.kind = SET_KIND_IN_CLUSTER,
							     .family = (uint8_t)key->address.family,
							     .protocol = (uint8_t)key->protocol,
							     .port = key->port,
							     .address = key->address},
					element));
		return buffer;
	}
	if (key->firewall_mark) {
		snprintf(buffer, 2 * ADDRESS_TEXT_SIZE, "-f %u%s", key->firewall_mark,
			 key->address.family == AF_INET6 ? " -6" : "");
		return buffer;
	}
	if (key->protocol == IPPROTO_TCP)
		option = "-t";
	if (key->protocol == IPPROTO_UDP)
		option = "-u";
	if (key->protocol == IPPROTO_SCTP)
		option = "--sctp-service";
	snprintf(buffer, 2 * ADDRESS_TEXT_SIZE, "%s %s", option,
		 address_port_text(&key->address, key->port, address));
	return buffer;
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

static void write_server(FILE *stream, const struct virtual_server *server)
{
	bool is_ipv6 = server->key.address.family == AF_INET6;
	char key[2 * ADDRESS_TEXT_SIZE];

	fprintf(stream, "-A %s -s %s", server_text(&server->key, key), server->scheduler);
	if (server->persistence_seconds) {
		fprintf(stream, " -p %u", server->persistence_seconds);
		if (server->netmask != (is_ipv6 ? 128 : 0xffffffff))
			fprintf(stream, " -M %x", server->netmask);
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

char *kernel_text_servers(const struct fake_kernel *kernel)
{
	char *text, key[2 * ADDRESS_TEXT_SIZE], address[ADDRESS_TEXT_SIZE];
	size_t size;
	FILE *stream = open_text(&text, &size);

	for (size_t i = 0; i < kernel->server_count; i++) {
		const struct fake_server *server = &kernel->servers[i];

		write_server(stream, &server->server);
		for (size_t d = 0; d < server->destination_count; d++) {
			const struct destination_usage *usage = &server->destinations[d];

			fprintf(stream, "-a %s -r %s %s -w %u\n",
				server_text(&server->server.key, key),
				address_port_text(&usage->destination.address,
						  usage->destination.port, address),
				forwarding_option(usage->forwarding_method),
				usage->destination.weight);
		}
	}
	fclose(stream);
	return text;
}

char *kernel_text_members(const struct fake_kernel *kernel)
{
	char *text, element[3 * ADDRESS_TEXT_SIZE];
	size_t size;
	FILE *stream = open_text(&text, &size);

	for (size_t i = 0; i < kernel->member_count; i++) {
		const struct set_member *member = &kernel->members[i];

		fprintf(stream, "add %s %s\n",
			set_kind_name((enum set_kind)member->kind, member->family),
			set_member_text(member, element));
	}
	fclose(stream);
	return text;
}

char *kernel_text_sets(void)
{
	static const struct {
		uint16_t family;
		const char *name;
	} families[] = {{AF_INET, "inet"}, {AF_INET6, "inet6"}};
	char *text;
	size_t size;
	FILE *stream = open_text(&text, &size);

	for (size_t i = 0; i < COUNT(families) * SET_KIND_COUNT; i++) {
		enum set_kind kind = (enum set_kind)(i % SET_KIND_COUNT);
		enum set_type type = set_kind_type(kind);
		const char *family = families[i / SET_KIND_COUNT].name;
		const char *name = set_kind_name(kind, families[i / SET_KIND_COUNT].family);

		if (type == SET_TYPE_BITMAP_PORT)
			fprintf(stream, "create %s %s range 0-65535\n", name, set_type_name(type));
		else
			fprintf(stream, "create %s %s family %s\n", name, set_type_name(type),
				family);
	}
	fclose(stream);
	return text;
}

char *kernel_text_addresses(const struct fake_kernel *kernel)
{
	char *text, address[ADDRESS_TEXT_SIZE];
	size_t size;
	FILE *stream = open_text(&text, &size);

	for (size_t i = 0; i < kernel->address_count; i++) {
		bool is_ipv6 = kernel->addresses[i].family == AF_INET6;

		fprintf(stream, "%s %s/%u scope global\n", is_ipv6 ? "inet6" : "inet",
			address_text(&kernel->addresses[i], address), is_ipv6 ? 128 : 32);
	}
	fclose(stream);
	return text;
}

/* Acts as iptables-restore does on a fresh node: -A appends, -I puts first. */
static char *restored_text(const struct text_lines *restore, const char *table)
{
	auto_free(text_lines) struct text_lines *jumps = text_lines_new(NULL);
	auto_free(text_lines) struct text_lines *rules = text_lines_new(NULL);
	bool is_in_table = false;
	char *text;
	size_t size;
	FILE *stream = open_text(&text, &size);

	for (size_t i = 0; i < restore->count; i++) {
		const char *line = restore->items[i];

		if (*line == '*')
			is_in_table = strcmp(line + 1, table) == 0;
		else if (is_in_table && *line == ':')
			fprintf(stream, ":%.*s -\n", (int)strcspn(line + 1, " "), line + 1);
		else if (is_in_table && text_begins_with(line, "-A "))
			text_lines_add(rules, string_dup(line));
		else if (is_in_table && text_begins_with(line, "-I "))
			text_lines_add(jumps, string_printf("-A %s", line + strlen("-I ")));
		else if (is_in_table && strcmp(line, "COMMIT") != 0)
			fprintf(stream, "unexpected on a fresh node: %s\n", line);
	}
	for (size_t i = jumps->count; i-- > 0;)
		fprintf(stream, "%s\n", jumps->items[i]);
	for (size_t i = 0; i < rules->count; i++)
		fprintf(stream, "%s\n", rules->items[i]);
	fclose(stream);
	return text;
}

char *kernel_text_rules(const struct ruleset *ruleset, const char *table)
{
	auto_memory char *restore = NULL;
	auto_memory char *what = NULL;
	auto_free(text_lines) struct text_lines *lines = NULL;

	ruleset_difference(ruleset, "", &restore, &what);
	lines = text_lines_new(restore);
	return restored_text(lines, table);
}
