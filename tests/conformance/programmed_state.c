/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "programmed_state.h"

#include "lib/base/address.h"
#include "text_lines.h"

#include <stdio.h>
#include <string.h>

#define DEPRECATED " deprecated"

static FILE *open_text(char **text, size_t *size)
{
	FILE *stream = open_memstream(text, size);

	if (!stream)
		abort();
	return stream;
}

char *programmed_state_rules(const char *saved, const char *table)
{
	auto_free(text_lines) struct text_lines *lines = text_lines_new(saved);
	bool is_in_table = false;
	char *text;
	size_t size;
	FILE *stream = open_text(&text, &size);

	for (size_t i = 0; i < lines->count; i++) {
		const char *line = lines->items[i];

		if (*line == '*')
			is_in_table = strcmp(line + 1, table) == 0;
		else if (is_in_table && text_begins_with(line, ":KUBE-"))
			fprintf(stream, "%.*s -\n", (int)strcspn(line, " "), line);
		else if (is_in_table &&
			 (text_begins_with(line, "-A KUBE-") ||
			  (text_begins_with(line, "-A ") && strstr(line, " -j KUBE-"))))
			fprintf(stream, "%s\n", line);
	}
	fclose(stream);
	return text;
}

char *programmed_state_members(const char *saved)
{
	auto_free(text_lines) struct text_lines *lines = text_lines_new(saved);
	char *text;
	size_t size;
	FILE *stream = open_text(&text, &size);

	for (size_t i = 0; i < lines->count; i++)
		if (text_begins_with(lines->items[i], "add "))
			fprintf(stream, "%s\n", lines->items[i]);
	fclose(stream);
	return text;
}

char *programmed_state_sets(const char *saved)
{
	auto_free(text_lines) struct text_lines *lines = text_lines_new(saved);
	char *text;
	size_t size;
	FILE *stream = open_text(&text, &size);

	for (size_t i = 0; i < lines->count; i++) {
		const char *line = lines->items[i];
		const char *initval = strstr(line, " initval ");

		if (!text_begins_with(line, "create "))
			continue;
		if (!initval) {
			fprintf(stream, "%s\n", line);
			continue;
		}
		fprintf(stream, "%.*s", (int)(initval - line), line);
		initval += strlen(" initval ");
		fprintf(stream, "%s\n", initval + strcspn(initval, " "));
	}
	fclose(stream);
	return text;
}

char *programmed_state_addresses(const char *shown)
{
	auto_free(text_lines) struct text_lines *lines = text_lines_new(shown);
	char *text;
	size_t size;
	FILE *stream = open_text(&text, &size);

	for (size_t i = 0; i < lines->count; i++) {
		const char *line = lines->items[i];
		char flags[128], family[8], address[ADDRESS_TEXT_SIZE], scope[16];

		if (sscanf(line, "%*d: kube-ipvs0: <%127[^>]>", flags) == 1)
			fprintf(stream, "link <%s>\n", flags);
		else if (sscanf(line, " %7[inet6] %63s scope %15s", family, address, scope) == 3)
			fprintf(stream, "%s %s scope %s%s\n", family, address, scope,
				strstr(line, " deprecated ") ? DEPRECATED : "");
	}
	fclose(stream);
	return text;
}

/* "-A -t 10.96.0.1:443 ...", "-a --sctp-service [fd00::1]:80 ..." */
static bool find_address(const char *line, char ret[ADDRESS_TEXT_SIZE])
{
	return sscanf(line, "-%*[Aa] -%*[^ ] [%63[^]]]:", ret) == 1 ||
	       sscanf(line, "-%*[Aa] -%*[^ ] %63[0-9.]:", ret) == 1;
}

static bool is_bound(const struct text_lines *addresses, const char *address)
{
	auto_memory char *ipv4 = string_printf("inet %s/32 scope global", address);
	auto_memory char *ipv6 = string_printf("inet6 %s/128 scope global", address);
	auto_memory char *deprecated = string_printf("%s%s", ipv6, DEPRECATED);

	return text_lines_has(addresses, ipv4) || text_lines_has(addresses, ipv6) ||
	       text_lines_has(addresses, deprecated);
}

char *programmed_state_strangers(const char *servers, const char *shown)
{
	auto_memory char *bound = programmed_state_addresses(shown);
	auto_free(text_lines) struct text_lines *addresses = text_lines_new(bound);
	auto_free(text_lines) struct text_lines *lines = text_lines_new(servers);
	char *text;
	size_t size;
	FILE *stream = open_text(&text, &size);

	for (size_t i = 0; i < lines->count; i++) {
		char address[ADDRESS_TEXT_SIZE];

		if (find_address(lines->items[i], address) && !is_bound(addresses, address))
			fprintf(stream, "%s\n", lines->items[i]);
	}
	fclose(stream);
	return text;
}
