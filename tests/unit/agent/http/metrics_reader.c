/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "metrics_reader.h"

#include "lib/base/memory.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct reader {
	char family[128];
	char type[16];
	char seen[16384]; /* names of all families so far, each between spaces */
	double bucket;	  /* count of the last bucket */
	double bound;
	size_t samples;
};

static size_t name_length(const char *text)
{
	size_t length = 0;

	while (isalnum((unsigned char)text[length]) || text[length] == '_' || text[length] == ':')
		length++;
	return length;
}

static void read_family(struct reader *reader, const char *line, const char *next)
{
	auto_memory char *word = NULL;

	assert_int_equal(sscanf(line, "# HELP %127s", reader->family), 1);
	assert_int_equal(name_length(reader->family), strlen(reader->family));
	word = string_printf(" %s ", reader->family);
	assert_null(strstr(reader->seen, word));
	strcat(reader->seen, word);
	word[strlen(word) - 1] = '\0';
	assert_int_equal(strncmp(next, "# TYPE", 6), 0);
	assert_int_equal(strncmp(next + 6, word, strlen(word)), 0);
	assert_int_equal(sscanf(next + 6 + strlen(word), " %15s", reader->type), 1);
	reader->samples = 0;
	reader->bucket = 0;
	reader->bound = -1;
}

/* After the name: LABELS is {a="b",...}; returns what follows them. */
static const char *skip_labels(const char *at)
{
	if (*at++ != '{')
		return at - 1;
	for (;;) {
		size_t length = name_length(at);

		assert_true(length > 0);
		at += length;
		assert_int_equal(strncmp(at, "=\"", 2), 0);
		for (at += 2; *at != '"'; at++) {
			assert_true(*at && *at != '\n');
			at += *at == '\\';
		}
		if (*++at == '}')
			return at + 1;
		assert_int_equal(*at++, ',');
	}
}

static void read_bucket(struct reader *reader, const char *line, double count)
{
	const char *le = strstr(line, "le=\"");
	double bound;

	assert_non_null(le);
	bound = strtod(le + 4, NULL);
	assert_true(bound > reader->bound);
	assert_true(count >= reader->bucket);
	reader->bound = bound;
	reader->bucket = count;
}

/* The last line of a histogram, after which one with other labels may follow. */
static void read_count(struct reader *reader, double count)
{
	assert_true(count == reader->bucket && isinf(reader->bound));
	reader->bucket = 0;
	reader->bound = -1;
}

static void read_sample(struct reader *reader, const char *line, bool is_openmetrics)
{
	size_t family = strlen(reader->family), length = name_length(line);
	const char *suffix = line + family, *number = skip_labels(line + length);
	size_t suffix_length = length - family;
	char *end;
	double value;

	assert_int_equal(strncmp(line, reader->family, family), 0);
	assert_int_equal(*number++, ' ');
	value = strtod(number, &end);
	assert_true(end > number && *end == '\n');
	reader->samples++;
	if (strcmp(reader->type, "histogram") == 0) {
		if (strncmp(suffix, "_bucket", 7) == 0)
			read_bucket(reader, line, value);
		else if (strncmp(suffix, "_count", 6) == 0)
			read_count(reader, value);
		else
			assert_int_equal(strncmp(suffix, "_sum", 4), 0);
		return;
	}
	if (strcmp(reader->type, "counter") == 0 && is_openmetrics) {
		assert_int_equal(suffix_length, 6);
		assert_int_equal(strncmp(suffix, "_total", 6), 0);
		return;
	}
	assert_int_equal(suffix_length, 0);
	if (strcmp(reader->type, "counter") == 0)
		assert_string_equal(reader->family + family - 6, "_total");
	else
		assert_string_equal(reader->type, "gauge");
}

void metrics_reader_assert(const char *text, bool is_openmetrics)
{
	auto_memory struct reader *reader = memory_allocate(sizeof(*reader));
	const char *line = text, *next;
	size_t families = 0;

	for (; *line; line = next) {
		next = strchr(line, '\n');
		assert_non_null(next);
		next++;
		if (strcmp(line, "# EOF\n") == 0) {
			assert_true(is_openmetrics);
			return;
		}
		if (strncmp(line, "# HELP ", 7) == 0) {
			assert_true(!families++ || reader->samples);
			read_family(reader, line, next);
			next = strchr(next, '\n') + 1;
		} else {
			read_sample(reader, line, is_openmetrics);
		}
	}
	assert_false(is_openmetrics);
	assert_true(families > 30);
}
