/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "metrics.h"

#include "lib/base/memory.h"
#include "lib/base/text_stream.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <uthash.h>

/* Room for the text of any double. */
#define NUMBER_TEXT_SIZE 32

/* Whole numbers up to here have an exact double. */
#define EXACT_MAX 9007199254740992.0

/**
 * struct sample
 * @number:  of a histogram the sum of all values
 * @counts:  of a histogram: values per bucket, the infinite one last; not cumulated
 * @labels:  as written between the braces, which makes it the identity too
 */
struct sample {
	UT_hash_handle hh;
	double number;
	uint64_t *counts;
	char labels[];
};

struct metric {
	const struct metric_description *description;
	struct sample *samples;
	bool is_sorted;
};

struct metrics {
	struct metric **items; /* by name */
	size_t count, capacity;
};

struct metrics *metrics_new(void)
{
	return memory_allocate(sizeof(struct metrics));
}

void metrics_free(struct metrics *metrics)
{
	if (!metrics)
		return;
	for (size_t i = 0; i < metrics->count; i++) {
		metric_clear(metrics->items[i]);
		free(metrics->items[i]);
	}
	free(metrics->items);
	free(metrics);
}

static void drop_sample(struct metric *metric, struct sample *sample)
{
	HASH_DEL(metric->samples, sample);
	free(sample->counts);
	free(sample);
}

void metric_clear(struct metric *metric)
{
	struct sample *sample, *next;

	HASH_ITER (hh, metric->samples, sample, next) {
		drop_sample(metric, sample);
	}
}

static void write_escaped(FILE *stream, const char *text, bool has_quotes)
{
	for (; *text; text++) {
		if (*text == '\\' || (has_quotes && *text == '"'))
			fprintf(stream, "\\%c", *text);
		else if (*text == '\n')
			fputs("\\n", stream);
		else
			fputc((unsigned char)*text < 0x80 ? *text : '?', stream);
	}
}

/* Each byte of a value may need a second one. */
static size_t labels_size(const char *names, const char *const *values)
{
	size_t size = 1;

	for (size_t i = 0; names && *names; i++) {
		size_t length = strcspn(names, ",");

		size += length + 2 * strlen(values[i]) + strlen(",=\"\"");
		names += length + (names[length] == ',');
	}
	return size;
}

static char *put_escaped(char *at, const char *value)
{
	for (; *value; value++) {
		if (*value == '\\' || *value == '"' || *value == '\n')
			*at++ = '\\';
		*at++ = (char)(*value == '\n' ? 'n' : (unsigned char)*value < 0x80 ? *value : '?');
	}
	return at;
}

static char *labels_text(const char *names, const char *const *values)
{
	char *text = memory_allocate(labels_size(names, values)), *at = text;

	for (size_t i = 0; names && *names; i++) {
		size_t length = strcspn(names, ",");

		if (i)
			*at++ = ',';
		at = (char *)memcpy(at, names, length) + length;
		*at++ = '=';
		*at++ = '"';
		at = put_escaped(at, values[i]);
		*at++ = '"';
		names += length + (names[length] == ',');
	}
	return text;
}

static struct sample *find_sample(struct metric *metric, const char *const *values)
{
	const struct metric_description *description = metric->description;
	auto_memory char *labels = NULL;
	struct sample *sample;
	size_t size;

	if (!description->labels && metric->samples)
		return metric->samples;
	labels = labels_text(description->labels, values);
	size = strlen(labels) + 1;

	HASH_FIND_STR(metric->samples, labels, sample);
	if (sample)
		return sample;
	sample = memory_allocate(sizeof(*sample) + size);
	memcpy(sample->labels, labels, size);
	if (description->type == METRIC_TYPE_HISTOGRAM)
		sample->counts = memory_array(description->bound_count + 1, sizeof(uint64_t));
	HASH_ADD_STR(metric->samples, labels, sample);
	metric->is_sorted = false;
	return sample;
}

struct metric *metrics_add(struct metrics *metrics, const struct metric_description *description)
{
	struct metric *metric = memory_allocate(sizeof(*metric));
	size_t at = metrics->count;

	metric->description = description;
	metrics->items = memory_grow(metrics->items, metrics->count, &metrics->capacity,
				     sizeof(struct metric *));
	while (at > 0 && strcmp(metrics->items[at - 1]->description->name, description->name) > 0)
		at--;
	memmove(metrics->items + at + 1, metrics->items + at,
		(metrics->count - at) * sizeof(struct metric *));
	metrics->items[at] = metric;
	metrics->count++;
	if (!description->labels)
		find_sample(metric, NULL);
	return metric;
}

void metric_remove(struct metric *metric, const char *const *values)
{
	auto_memory char *labels = labels_text(metric->description->labels, values);
	struct sample *sample;

	HASH_FIND_STR(metric->samples, labels, sample);
	if (sample)
		drop_sample(metric, sample);
}

void metric_set(struct metric *metric, const char *const *values, double number)
{
	find_sample(metric, values)->number = number;
}

void metric_increase(struct metric *metric, const char *const *values, double by)
{
	find_sample(metric, values)->number += by;
}

void metric_observe(struct metric *metric, const char *const *values, double value)
{
	const struct metric_description *description = metric->description;
	struct sample *sample = find_sample(metric, values);
	size_t bucket = 0;

	while (bucket < description->bound_count && value > description->bounds[bucket])
		bucket++;
	sample->counts[bucket]++;
	sample->number += value;
}

/* The shortest text that reads back as the same number; whole numbers without an exponent. */
static const char *number_text(double number, char buffer[NUMBER_TEXT_SIZE])
{
	if (isnan(number))
		return "NaN";
	if (isinf(number))
		return number > 0 ? "+Inf" : "-Inf";
	if (fabs(number) <= EXACT_MAX && trunc(number) == number) {
		snprintf(buffer, NUMBER_TEXT_SIZE, "%lld", (long long)number);
		return buffer;
	}
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(buffer, NUMBER_TEXT_SIZE, "%.*g", digits, number);
		if (strtod(buffer, NULL) == number)
			break;
	}
	return buffer;
}

/* What the lines of one family are written with. */
struct writer {
	FILE *stream;
	const char *name;
};

static void write_line(const struct writer *writer, const char *suffix, const char *labels,
		       const char *bound, double number)
{
	char buffer[NUMBER_TEXT_SIZE];
	FILE *stream = writer->stream;

	fputs_unlocked(writer->name, stream);
	fputs_unlocked(suffix, stream);
	if (*labels || bound) {
		fputs_unlocked("{", stream);
		fputs_unlocked(labels, stream);
		if (bound)
			fprintf(stream, "%sle=\"%s\"", *labels ? "," : "", bound);
		fputs_unlocked("}", stream);
	}
	fputs_unlocked(" ", stream);
	fputs_unlocked(number_text(number, buffer), stream);
	fputs_unlocked("\n", stream);
}

static void write_histogram(const struct writer *writer,
			    const struct metric_description *description,
			    const struct sample *sample)
{
	char buffer[NUMBER_TEXT_SIZE];
	uint64_t total = 0;

	for (size_t i = 0; i <= description->bound_count; i++) {
		double bound = i < description->bound_count ? description->bounds[i] : INFINITY;

		total += sample->counts[i];
		write_line(writer, "_bucket", sample->labels, number_text(bound, buffer),
			   (double)total);
	}
	write_line(writer, "_sum", sample->labels, NULL, sample->number);
	write_line(writer, "_count", sample->labels, NULL, (double)total);
}

static const char *type_name(enum metric_type type)
{
	switch (type) {
	case METRIC_TYPE_COUNTER:
		return "counter";
	case METRIC_TYPE_GAUGE:
		return "gauge";
	case METRIC_TYPE_HISTOGRAM:
		return "histogram";
	}
	return "unknown";
}

/* In OpenMetrics the name of a counter has no "_total", which its line has as a suffix. */
static int family_name_length(const struct metric_description *description,
			      enum metrics_format format)
{
	size_t length = strlen(description->name), suffix = strlen("_total");

	if (format == METRICS_FORMAT_OPENMETRICS && description->type == METRIC_TYPE_COUNTER &&
	    length > suffix && strcmp(description->name + length - suffix, "_total") == 0)
		length -= suffix;
	return (int)length;
}

static int compare_samples(const struct sample *a, const struct sample *b)
{
	return strcmp(a->labels, b->labels);
}

static void write_metric(FILE *stream, struct metric *metric, enum metrics_format format)
{
	const struct metric_description *description = metric->description;
	struct writer writer = {.stream = stream, .name = description->name};
	int length = family_name_length(description, format);

	if (!metric->samples)
		return;
	if (!metric->is_sorted)
		HASH_SORT(metric->samples, compare_samples);
	metric->is_sorted = true;

	fprintf(stream, "# HELP %.*s ", length, description->name);
	write_escaped(stream, description->help, format == METRICS_FORMAT_OPENMETRICS);
	fprintf(stream, "\n# TYPE %.*s %s\n", length, description->name,
		type_name(description->type));
	for (struct sample *sample = metric->samples; sample; sample = sample->hh.next) {
		if (sample->counts)
			write_histogram(&writer, description, sample);
		else
			write_line(&writer, "", sample->labels, NULL, sample->number);
	}
}

char *metrics_text(struct metrics *metrics, enum metrics_format format)
{
	char *text;
	size_t size;
	FILE *stream = text_stream_open(&text, &size);

	for (size_t i = 0; i < metrics->count; i++)
		write_metric(stream, metrics->items[i], format);
	if (format == METRICS_FORMAT_OPENMETRICS)
		fputs("# EOF\n", stream);
	text_stream_close(stream);
	return text;
}

const char *metrics_content_type(enum metrics_format format)
{
	switch (format) {
	case METRICS_FORMAT_TEXT:
		return "text/plain; version=0.0.4; charset=utf-8";
	case METRICS_FORMAT_OPENMETRICS:
		return "application/openmetrics-text; version=1.0.0; charset=utf-8";
	}
	return "";
}

/* One media range of an Accept header. */
struct media_range {
	char type[64];
	char version[32];
	double quality;
};

static size_t skip_spaces(const char *text, size_t at, size_t end)
{
	while (at < end && (text[at] == ' ' || text[at] == '\t'))
		at++;
	return at;
}

/* One "name=value" between semicolons. */
static void read_parameter(struct media_range *range, const char *text, size_t length)
{
	char parameter[64], value[32];

	if (length >= sizeof(parameter))
		return;
	memcpy(parameter, text, length);
	parameter[length] = '\0';
	if (sscanf(parameter, "q=%31[0-9.]", value) == 1)
		range->quality = strtod(value, NULL);
	else if (sscanf(parameter, "version=%31[^ \"]", value) == 1 ||
		 sscanf(parameter, "version=\"%31[^\"]", value) == 1)
		snprintf(range->version, sizeof(range->version), "%s", value);
}

static void read_range(struct media_range *range, const char *text, size_t length)
{
	size_t at = skip_spaces(text, 0, length);
	size_t type = strcspn(text + at, "; \t,");

	memset(range, 0, sizeof(*range));
	range->quality = 1;
	if (type < sizeof(range->type))
		memcpy(range->type, text + at, type);
	for (at += type; at < length; at++) {
		size_t end = at;

		while (end < length && text[end] != ';')
			end++;
		at = skip_spaces(text, at, end);
		read_parameter(range, text + at, end - at);
		at = end;
	}
}

static bool is_known_version(const struct media_range *range, const char *version)
{
	return !*range->version || strcmp(range->version, version) == 0;
}

enum metrics_format metrics_format_accepted(const char *accept)
{
	double text = 0, openmetrics = 0;

	while (accept && *accept) {
		size_t length = strcspn(accept, ",");
		struct media_range range;

		read_range(&range, accept, length);
		if (strcasecmp(range.type, "application/openmetrics-text") == 0 &&
		    is_known_version(&range, "1.0.0") && range.quality > openmetrics)
			openmetrics = range.quality;
		if (strcasecmp(range.type, "text/plain") == 0 &&
		    is_known_version(&range, "0.0.4") && range.quality > text)
			text = range.quality;
		accept += length + (accept[length] == ',');
	}
	return openmetrics > 0 && openmetrics >= text ? METRICS_FORMAT_OPENMETRICS
						      : METRICS_FORMAT_TEXT;
}
