/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settings_file.h"

#include "lib/source/yaml_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define SIZE_LIMIT (1U << 20)
#define TWICE	   "specified more than once; the last value applies"

static const struct setting *find_setting(const struct settings_file *file, const char *field)
{
	for (size_t i = 0; i < setting_count; i++)
		if (string_equal(file->field(&settings[i]), field))
			return &settings[i];
	return NULL;
}

/* Whether @field has fields of its own. */
static bool is_section(const struct settings_file *file, const char *field)
{
	size_t length = strlen(field);

	for (size_t i = 0; i < setting_count; i++) {
		const char *name = file->field(&settings[i]);

		if (name && strncmp(name, field, length) == 0 && name[length] == '.')
			return true;
	}
	return false;
}

static bool is_zero(const json_t *value)
{
	const char *text = json_string_value(value);

	if (text)
		return !*text || strcmp(text, "0") == 0 || strcmp(text, "0s") == 0;
	return json_is_null(value) || json_is_false(value) ||
	       (json_is_number(value) && json_number_value(value) == 0) ||
	       (json_is_array(value) && !json_array_size(value)) ||
	       (json_is_object(value) && !json_object_size(value));
}

static void note_ignored(struct options *options, const struct setting *setting,
			 const json_t *value)
{
	json_t *standard = json_loads(setting->default_json, JSON_DECODE_ANY, NULL);

	if (!is_zero(value) && !json_equal(value, standard))
		options_note(options, false, setting->field, setting->ignored);
	json_decref(standard);
}

/* About one without effect whose value is kept all the same, to be written and shown. */
static void note_kept(struct options *options, const struct setting *setting)
{
	auto_free(options) struct options *defaults = options_new();

	if (!setting_is_equal(setting, options, defaults))
		options_note(options, false, setting->field, setting->ignored);
}

static int set_value(struct options *options, const struct setting *setting, const char *text,
		     struct error *err)
{
	return setting->kind->set(setting, options, text, err);
}

static int set_text(struct options *options, const struct setting *setting, const json_t *value,
		    struct error *err)
{
	const char *text = json_string_value(value);

	if (!text)
		return error_set(err, -EINVAL, "not a string");
	return *text ? set_value(options, setting, text, err) : 0;
}

static int set_version(struct options *options, const struct setting *setting, const json_t *value,
		       struct error *err)
{
	auto_memory char *text = NULL;

	if (!json_is_real(value))
		return set_text(options, setting, value, err);
	text = string_printf("%g", json_real_value(value));
	return set_value(options, setting, text, err);
}

static int set_duration(struct options *options, const struct setting *setting, const json_t *value,
			struct error *err)
{
	const char *text = json_string_value(value);

	if (!text)
		return error_set(err, -EINVAL,
				 "not a quoted duration with a unit, such as \"30s\"");
	return set_value(options, setting, text, err);
}

static int set_switch(struct options *options, const struct setting *setting, const json_t *value,
		      struct error *err)
{
	if (!json_is_boolean(value))
		return error_set(err, -EINVAL, "not a boolean");
	return set_value(options, setting, json_is_true(value) ? "true" : "false", err);
}

static int set_number(struct options *options, const struct setting *setting, const json_t *value,
		      struct error *err)
{
	auto_memory char *text = NULL;

	if (!(setting->kind->form == SETTING_FORM_REAL ? json_is_number(value)
						       : json_is_integer(value)))
		return error_set(err, -EINVAL, "not a number");
	text = json_is_integer(value)
		       ? string_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value))
		       : string_printf("%.17g", json_real_value(value));
	return set_value(options, setting, text, err);
}

static int set_list(struct options *options, const struct setting *setting, const json_t *value,
		    struct error *err)
{
	const json_t *element;
	size_t i;

	if (!json_is_array(value))
		return error_set(err, -EINVAL, "not a list");
	json_array_foreach (value, i, element) {
		const char *text = json_string_value(element);
		int r = text ? set_value(options, setting, text, err)
			     : error_set(err, -EINVAL, "not a string");

		if (r < 0)
			return error_wrap(err, r, "element %zu", i + 1);
	}
	return 0;
}

static int set_map(struct options *options, const struct setting *setting, const json_t *value,
		   struct error *err)
{
	auto_memory char *text = string_dup("");
	const char *name;
	json_t *element;

	if (!json_is_object(value))
		return error_set(err, -EINVAL, "not a mapping");
	json_object_foreach ((json_t *)value, name, element) {
		char *longer;

		if (!json_is_boolean(element))
			return error_set(err, -EINVAL, "%s: not a boolean", name);
		longer = string_printf("%s%s%s=%s", text, *text ? "," : "", name,
				       json_is_true(element) ? "true" : "false");
		free(text);
		text = longer;
	}
	return *text ? set_value(options, setting, text, err) : 0;
}

static int set_field(struct options *options, const struct setting *setting, const json_t *value,
		     struct error *err)
{
	if (json_is_null(value) || (setting->bits & SETTING_ZERO_DEFAULT && is_zero(value)))
		return 0;
	switch (setting->kind->form) {
	case SETTING_FORM_TEXT:
		return set_text(options, setting, value, err);
	case SETTING_FORM_DURATION:
		return set_duration(options, setting, value, err);
	case SETTING_FORM_SWITCH:
		return set_switch(options, setting, value, err);
	case SETTING_FORM_INTEGER:
	case SETTING_FORM_REAL:
		return set_number(options, setting, value, err);
	case SETTING_FORM_LIST:
		return set_list(options, setting, value, err);
	case SETTING_FORM_VERSION:
		return set_version(options, setting, value, err);
	case SETTING_FORM_MAP:
		return set_map(options, setting, value, err);
	}
	return -EINVAL;
}

/* @section: where @object is, "" or "ipvs." */
static int take_section(struct options *options, const struct settings_file *file,
			const char *section, const json_t *object, struct error *err)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)object, name, value) {
		auto_memory char *field = string_printf("%s%s", section, name);
		const struct setting *setting = find_setting(file, field);
		int r = 0;

		if (setting && setting->kind) {
			r = set_field(options, setting, value, err);
			if (r >= 0 && setting->ignored)
				note_kept(options, setting);
		} else if (setting) {
			note_ignored(options, setting, value);
		} else if (is_section(file, field) && json_is_object(value)) {
			auto_memory char *inner = string_printf("%s.", field);

			r = take_section(options, file, inner, value, err);
			if (r < 0)
				return r;
		} else if (is_section(file, field)) {
			if (!json_is_null(value))
				r = error_set(err, -EINVAL, "not a mapping");
		} else {
			r = file->on_unknown(options, field, err);
		}
		if (r < 0)
			return error_wrap(err, r, "%s", field);
	}
	return 0;
}

static int read_all(int fd, char *buffer, size_t *size, struct error *err)
{
	while (*size <= SIZE_LIMIT) {
		ssize_t part = read(fd, buffer + *size, SIZE_LIMIT + 1 - *size);

		if (part < 0)
			return error_set(err, -errno, "%s", strerror(errno));
		if (part == 0)
			return 0;
		*size += (size_t)part;
	}
	return error_set(err, -EFBIG, "larger than 1 MiB");
}

int settings_file_parse(struct options *options, const struct settings_file *file, const char *text,
			size_t size, struct error *err)
{
	auto_free(yaml_tree) struct yaml_tree *reader = yaml_tree_new(text, size);
	json_t *tree = NULL, *repeated = json_array();
	const json_t *key;
	size_t i;
	int r;

	if (!file->is_strict)
		yaml_tree_allow_repeated(reader, repeated);
	r = yaml_tree_next(reader, &tree, NULL, err);
	if (r == 0 && file->is_strict)
		tree = json_object();
	else if (r == 0)
		r = error_set(err, -EINVAL, "empty; a %s is required", file->what);
	if (r >= 0 && !json_is_object(tree))
		r = error_set(err, -EINVAL, "not a %s", file->what);
	if (r >= 0 && file->on_tree)
		r = file->on_tree(options, tree, err);
	if (r >= 0)
		r = take_section(options, file, "", tree, err);
	json_array_foreach (repeated, i, key) {
		options_note(options, true, json_string_value(key), TWICE);
	}
	json_decref(repeated);
	json_decref(tree);
	return r < 0 ? r : 0;
}

int settings_file_read(struct options *options, const struct settings_file *file, const char *path,
		       struct error *err)
{
	auto_memory char *buffer = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size = 0;
	int r;

	if (fd < 0)
		return error_set(err, -errno, "%s: %s", path, strerror(errno));
	buffer = memory_allocate(SIZE_LIMIT + 2);
	r = read_all(fd, buffer, &size, err);
	close(fd);
	if (r >= 0)
		r = settings_file_parse(options, file, buffer, size, err);
	return r < 0 ? error_wrap(err, r, "%s", path) : 0;
}
