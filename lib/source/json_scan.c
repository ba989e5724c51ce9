/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_scan.h"

#include <string.h>

bool json_scan_is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

const char *json_scan_blanks(const char *at, const char *end)
{
	while (at < end && json_scan_is_blank(*at))
		at++;
	return at;
}

/* Return: whether an odd number of backslashes ends at @stop */
static bool ends_escaped(const char *begin, const char *stop)
{
	size_t backslashes = 0;

	while (stop > begin && *--stop == '\\')
		backslashes++;
	return backslashes % 2;
}

const char *json_scan_string(struct json_scan *scan, const char *at, const char *end)
{
	/* The byte behind a backslash at the end of the part before. */
	if (scan->is_escaped && at < end) {
		scan->is_escaped = false;
		at++;
	}
	while (at < end) {
		const char *quote = memchr(at, '"', (size_t)(end - at));

		if (!quote) {
			scan->is_escaped = ends_escaped(at, end);
			return end;
		}
		if (!ends_escaped(at, quote)) {
			scan->is_in_string = false;
			return quote + 1;
		}
		at = quote + 1;
	}
	return end;
}

const char *json_scan_brackets(struct json_scan *scan, size_t depth, const char *at,
			       const char *end)
{
	while (at < end) {
		char c;

		if (scan->is_in_string) {
			at = json_scan_string(scan, at, end);
			continue;
		}
		c = *at++;
		if (c == '"')
			scan->is_in_string = true;
		else if (c == '{' || c == '[')
			scan->depth++;
		else if ((c == '}' || c == ']') && --scan->depth == depth)
			return at;
	}
	return end;
}

const char *json_scan_text(const char *at, const char *end)
{
	struct json_scan scan = {.is_in_string = true};

	at = json_scan_string(&scan, at + 1, end);
	return scan.is_in_string ? NULL : at;
}

const char *json_scan_value(const char *at, const char *end)
{
	struct json_scan scan = {0};

	if (at == end)
		return NULL;
	if (*at == '"')
		return json_scan_text(at, end);
	if (*at == '{' || *at == '[') {
		at = json_scan_brackets(&scan, 0, at, end);
		return scan.depth || scan.is_in_string ? NULL : at;
	}
	while (at < end && !json_scan_is_blank(*at) && !strchr(",]}", *at))
		at++;
	return at < end ? at : NULL;
}
