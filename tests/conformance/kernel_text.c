/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel_text.h"

#include "lib/plan/service_state.h"
#include "lib/plan/tool_text.h"
#include "text_lines.h"

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

/* What stands for a virtual server; one for clients in the cluster has no mark in the fake kernel. */
static const char *server_text(const struct virtual_server_key *key,
			       char buffer[2 * ADDRESS_TEXT_SIZE])
{
	struct set_member member;
	char element[3 * ADDRESS_TEXT_SIZE];

	if (key->client_scope != CLIENT_SCOPE_IN_CLUSTER)
		return tool_text_key(key, buffer);
	member = service_state_member(key, SET_KIND_IN_CLUSTER);
	snprintf(buffer, 2 * ADDRESS_TEXT_SIZE, "in-cluster %s", set_member_text(&member, element));
	return buffer;
}

char *kernel_text_servers(const struct fake_kernel *kernel)
{
	char *text, key[2 * ADDRESS_TEXT_SIZE];
	size_t size;
	FILE *stream = open_text(&text, &size);

	for (size_t i = 0; i < kernel->server_count; i++) {
		const struct fake_server *server = &kernel->servers[i];

		server_text(&server->server.key, key);
		tool_text_server(stream, key, &server->server);
		for (size_t d = 0; d < server->destination_count; d++) {
			const struct destination_usage *usage = &server->destinations[d];

			tool_text_destination(stream, key, &usage->destination,
					      usage->forwarding_method);
		}
	}
	fclose(stream);
	return text;
}

char *kernel_text_members(const struct fake_kernel *kernel)
{
	char *text;
	size_t size;
	FILE *stream = open_text(&text, &size);

	for (size_t i = 0; i < kernel->member_count; i++)
		tool_text_member(stream, &kernel->members[i], 0);
	fclose(stream);
	return text;
}

char *kernel_text_sets(void)
{
	static const uint16_t families[] = {AF_INET, AF_INET6};
	char *text;
	size_t size;
	FILE *stream = open_text(&text, &size);

	for (size_t i = 0; i < COUNT(families) * SET_KIND_COUNT; i++) {
		tool_text_set(stream, (enum set_kind)(i % SET_KIND_COUNT),
			      families[i / SET_KIND_COUNT]);
		fputc('\n', stream);
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
	auto_memory char *restore = ruleset_text(ruleset);
	auto_free(text_lines) struct text_lines *lines = text_lines_new(restore);

	return restored_text(lines, table);
}
