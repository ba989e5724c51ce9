/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "duration.h"

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
	*ret = total;
	return true;
}
