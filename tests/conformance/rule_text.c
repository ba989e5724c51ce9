/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rule_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The longest name that a set can have */
#define SET_NAME_LENGTH 31

char *rule_with_set_names(const char *line, bool is_ipv6)
{
	char *text;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		abort();
	while (*line) {
		char name[2 * SET_NAME_LENGTH];
		const char *set = strstr(line, "SET(");

		if (!set) {
			fputs(line, stream);
			break;
		}
		snprintf(name, sizeof(name), "KUBE-%s%.*s", is_ipv6 ? "6-" : "",
			 (int)strcspn(set + 4, ")"), set + 4);
		fprintf(stream, "%.*s%.*s", (int)(set - line), line, SET_NAME_LENGTH, name);
		line = strchr(set, ')') + 1;
	}
	fclose(stream);
	return text;
}
