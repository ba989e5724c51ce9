/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "duration.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	double seconds;
} units[] = {
	{"ns", 1e-9}, {"us", 1e-6}, {"µs", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600},
};

/* The longest unit that @text begins with, so that "ms" is not taken for "m". */
static size_t match_unit(const char *text, double *seconds)
{
	size_t longest = 0;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t length = strlen(units[i].name);

		if (length > longest && strncmp(text, units[i].name, length) == 0) {
			longest = length;
			*seconds = units[i].seconds;
		}
	}
	return longest;
}

/* 292 years: what Go counts in nanoseconds. */
#define SECONDS_MAX 9223372036.0

bool duration_parse(const char *text, double *ret)
{
	double total = 0;

	if (strcmp(text, "0") == 0) {
		*ret = 0;
		return true;
	}
	if (!*text)
		return false;
	while (*text) {
		double number = 0, scale = 1, unit = 0;
		size_t digits = 0, length;

		for (; *text >= '0' && *text <= '9'; text++, digits++)
			number = number * 10 + (*text - '0');
		if (*text == '.')
			for (text++; *text >= '0' && *text <= '9'; text++, digits++)
				number += (*text - '0') * (scale /= 10);
		length = match_unit(text, &unit);
		if (!digits || !length)
			return false;
		text += length;
		total += number * unit;
	}
	if (total > SECONDS_MAX)
		return false;
	*ret = total;
	return true;
}

const char *duration_text(double seconds, char buffer[DURATION_TEXT_SIZE])
{
	unsigned long long total = (unsigned long long)(seconds * 1000 + 0.5);
	unsigned long long whole = total / 1000, hours = whole / 3600, minutes = whole / 60 % 60;
	char rest[24];

	if (total && total < 1000) {
		snprintf(buffer, DURATION_TEXT_SIZE, "%llums", total);
		return buffer;
	}
	if (total % 1000) {
		snprintf(rest, sizeof(rest), "%llu.%03llu", whole % 60, total % 1000);
		while (rest[strlen(rest) - 1] == '0')
			rest[strlen(rest) - 1] = '\0';
	} else {
		snprintf(rest, sizeof(rest), "%llu", whole % 60);
	}
	if (hours)
		snprintf(buffer, DURATION_TEXT_SIZE, "%lluh%llum%ss", hours, minutes, rest);
	else if (minutes)
		snprintf(buffer, DURATION_TEXT_SIZE, "%llum%ss", minutes, rest);
	else
		snprintf(buffer, DURATION_TEXT_SIZE, "%ss", rest);
	return buffer;
}
