/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flag_values.h"

#include "command_line.h"
#include "lib/base/text_stream.h"
#include "setting.h"

#include <stdio.h>
#include <string.h>

static void write_scalar(FILE *stream, const json_t *value)
{
	if (json_is_string(value))
		fputs(json_string_value(value), stream);
	else if (json_is_boolean(value))
		fputs(json_is_true(value) ? "true" : "false", stream);
	else if (json_is_number(value))
		fprintf(stream, "%.15g", json_number_value(value));
}

static void write_value(FILE *stream, const json_t *value)
{
	const char *name, *separator = "";
	const json_t *element;
	size_t i;

	if (json_is_array(value)) {
		fputc('[', stream);
		json_array_foreach (value, i, element) {
			fputs(i ? "," : "", stream);
			write_scalar(stream, element);
		}
		fputc(']', stream);
		return;
	}
	if (!json_is_object(value)) {
		write_scalar(stream, value);
		return;
	}
	json_object_foreach ((json_t *)value, name, element) {
		fprintf(stream, "%s%s=", separator, name);
		write_scalar(stream, element);
		separator = ",";
	}
}

/* One without effect: as it was given last, else its default. */
static void write_unused(FILE *stream, const struct setting *setting, const struct options *options)
{
	size_t length = strlen(setting->flag);
	json_t *value;

	for (size_t i = options->unused.count; i > 0; i--) {
		const char *item = options->unused.items[i - 1];

		if (strncmp(item, setting->flag, length) != 0 || item[length] != '=')
			continue;
		fputs(item + length + 1, stream);
		return;
	}
	value = setting->default_json ? json_loads(setting->default_json, JSON_DECODE_ANY, NULL)
				      : NULL;
	write_value(stream, value);
	json_decref(value);
}

static void write_flag(FILE *stream, const struct setting *setting, const struct options *options)
{
	json_t *value;

	fprintf(stream, "%s=", setting->flag);
	if (setting->kind) {
		value = setting->kind->get(setting, options);
		/* In files an empty list is null. */
		if (json_is_null(value) && setting->kind->form == SETTING_FORM_LIST)
			fputs("[]", stream);
		else
			write_value(stream, value);
		json_decref(value);
	} else {
		write_unused(stream, setting, options);
	}
	fputc('\n', stream);
}

static int compare_flags(const void *a, const void *b)
{
	const struct setting *first = *(const struct setting *const *)a;
	const struct setting *second = *(const struct setting *const *)b;

	return strcmp(first->flag, second->flag);
}

char *flag_values_text(const struct options *options)
{
	auto_free(options) struct options *flags = command_line_of_flags(options);
	auto_memory const struct setting **rows = memory_array(setting_count, sizeof(*rows));
	size_t count = 0, size;
	FILE *stream;
	char *text;

	for (size_t i = 0; i < setting_count; i++)
		if (settings[i].flag && settings[i].scope & options->scope)
			rows[count++] = &settings[i];
	qsort(rows, count, sizeof(*rows), compare_flags);
	stream = text_stream_open(&text, &size);
	for (size_t i = 0; i < count; i++)
		write_flag(stream, rows[i], flags);
	text_stream_close(stream);
	return text;
}
