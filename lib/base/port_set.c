/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "port_set.h"

#include "memory.h"

#include <ctype.h>
#include <stdlib.h>

#define PORT_MAX 65535U

static void add(struct port_set *set, unsigned int first, unsigned int last)
{
	for (unsigned int port = first; port <= last && port <= PORT_MAX; port++)
		set->words[port / 64] |= 1ULL << (port % 64);
}

static bool has(const struct port_set *set, unsigned int port)
{
	return set->words[port / 64] >> (port % 64) & 1;
}

/* Return: whether a number was there; @text is what follows it then */
static bool parse_port(const char **text, unsigned int *ret)
{
	unsigned long value;
	char *end;

	if (!isdigit((unsigned char)**text))
		return false;
	value = strtoul(*text, &end, 10);
	*text = end;
	*ret = (unsigned int)value;
	return value <= PORT_MAX;
}

bool port_set_parse(struct port_set *set, const char *text)
{
	unsigned int first, last;

	while (*text) {
		if (!parse_port(&text, &first))
			return false;
		last = first;
		if (*text == '-' || isspace((unsigned char)*text)) {
			text++;
			if (!parse_port(&text, &last))
				return false;
		}
		add(set, first, last);
		if (*text && *text++ != ',')
			return false;
	}
	return true;
}

struct port_range port_set_overlap(const struct port_set *a, const struct port_set *except,
				   struct port_range range)
{
	struct port_range overlap = {0};

	for (unsigned int port = range.first; port <= range.last && port <= PORT_MAX; port++) {
		bool is_in = has(a, port) && !has(except, port);

		if (!is_in && overlap.first)
			break;
		if (is_in && !overlap.first)
			overlap.first = port;
		if (is_in)
			overlap.last = port;
	}
	return overlap;
}

void port_set_add(struct port_set *set, struct port_range range)
{
	if (range.first)
		add(set, range.first, range.last);
}

bool port_set_includes(const struct port_set *set, struct port_range range)
{
	for (unsigned int port = range.first; range.first && port <= range.last; port++)
		if (!has(set, port))
			return false;
	return true;
}

char *port_set_text(const struct port_set *set)
{
	static const struct port_set none;
	char *text = string_dup("");
	struct port_range next = {0, 0};

	for (;;) {
		struct port_range rest = {next.last + 1, PORT_MAX};
		char *longer;

		next = port_set_overlap(set, &none, rest);
		if (!next.first)
			return text;
		longer = next.first == next.last
				 ? string_printf("%s%s%u", text, *text ? "," : "", next.first)
				 : string_printf("%s%s%u-%u", text, *text ? "," : "", next.first,
						 next.last);
		free(text);
		text = longer;
	}
}
