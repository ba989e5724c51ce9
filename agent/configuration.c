/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "configuration.h"

#include "../lib/source/yaml_tree.h"
#include "setting.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define API_VERSION	"kubeproxy.config.k8s.io/v1alpha1"
#define KIND		"KubeProxyConfiguration"
#define SIZE_LIMIT	(1U << 20)
#define UNKNOWN		"not a field of a KubeProxyConfiguration, passed over"
#define TWICE		"there more than once, the last one counts"
#define FIELD_PATH_SIZE 128

static const struct setting *find_setting(const char *field)
{
	for (size_t i = 0; i < setting_count; i++)
		if (memory_text_is_equal(settings[i].field, field))
			return &settings[i];
	return NULL;
}

/* Whether @field has fields of its own. */
static bool is_section(const char *field)
{
	size_t length = strlen(field);

	for (size_t i = 0; i < setting_count; i++)
		if (settings[i].field && strncmp(settings[i].field, field, length) == 0 &&
		    settings[i].field[length] == '.')
			return true;
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
	json_t *standard = json_loads(setting->standard, JSON_DECODE_ANY, NULL);

	if (!is_zero(value) && !json_equal(value, standard))
		options_note(options, false, setting->field, setting->ignored);
	json_decref(standard);
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
		return error_set(err, -EINVAL, "not a text");
	return *text ? set_value(options, setting, text, err) : 0;
}

static int set_duration(struct options *options, const struct setting *setting, const json_t *value,
			struct error *err)
{
	const char *text = json_string_value(value);

	if (!text)
		return error_set(err, -EINVAL, "not a duration in quotes or with its unit");
	return set_value(options, setting, text, err);
}

static int set_switch(struct options *options, const struct setting *setting, const json_t *value,
		      struct error *err)
{
	if (!json_is_boolean(value))
		return error_set(err, -EINVAL, "neither true nor false");
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
		       ? memory_format("%" JSON_INTEGER_FORMAT, json_integer_value(value))
		       : memory_format("%.17g", json_real_value(value));
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
			     : error_set(err, -EINVAL, "not a text");

		if (r < 0)
			return error_wrap(err, r, "element %zu", i + 1);
	}
	return 0;
}

static int set_map(struct options *options, const struct setting *setting, const json_t *value,
		   struct error *err)
{
	auto_memory char *text = memory_text("");
	const char *name;
	json_t *element;

	if (!json_is_object(value))
		return error_set(err, -EINVAL, "not a mapping");
	json_object_foreach ((json_t *)value, name, element) {
		char *longer;

		if (!json_is_boolean(element))
			return error_set(err, -EINVAL, "%s: neither true nor false", name);
		longer = memory_format("%s%s%s=%s", text, *text ? "," : "", name,
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
	case SETTING_FORM_MAP:
		return set_map(options, setting, value, err);
	}
	return -EINVAL;
}

/* @section: where @object is, "" or "ipvs." */
static int read_section(struct options *options, const char *section, const json_t *object,
			struct error *err)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)object, name, value) {
		auto_memory char *field = memory_format("%s%s", section, name);
		const struct setting *setting = find_setting(field);
		int r = 0;

		if (setting && setting->kind) {
			r = set_field(options, setting, value, err);
		} else if (setting) {
			note_ignored(options, setting, value);
		} else if (is_section(field) && json_is_object(value)) {
			auto_memory char *inner = memory_format("%s.", field);

			r = read_section(options, inner, value, err);
			if (r < 0)
				return r;
		} else if (is_section(field)) {
			if (!json_is_null(value))
				r = error_set(err, -EINVAL, "not a mapping");
		} else if (strcmp(field, "apiVersion") != 0 && strcmp(field, "kind") != 0) {
			options_note(options, true, field, UNKNOWN);
		}
		if (r < 0)
			return error_wrap(err, r, "%s", field);
	}
	return 0;
}

static int check_type(const json_t *tree, struct error *err)
{
	const char *version = json_string_value(json_object_get(tree, "apiVersion"));
	const char *kind = json_string_value(json_object_get(tree, "kind"));

	if (!json_is_object(tree))
		return error_set(err, -EINVAL, "not a " KIND);
	if (!kind || strcmp(kind, KIND) != 0)
		return error_set(err, -EINVAL, "kind: \"%s\", where " KIND " is needed",
				 kind ? kind : "");
	if (!version || strcmp(version, API_VERSION) != 0)
		return error_set(err, -EINVAL,
				 "apiVersion: \"%s\", where " API_VERSION " is needed",
				 version ? version : "");
	return 0;
}

/* Servers listen on IPv6 by default where the node's address is one. */
static void follow_bind_address(struct options *options, const json_t *tree)
{
	const char *text = json_string_value(json_object_get(tree, "bindAddress"));
	struct address address;

	if (!text || !address_parse(text, &address) || address.family != AF_INET6)
		return;
	address_parse("::", &options->healthz.address);
	address_parse("::1", &options->metrics.address);
}

static int read_text(struct options *options, const char *text, size_t size, struct error *err)
{
	auto_free(yaml_tree) struct yaml_tree *reader = yaml_tree_new(text, size);
	json_t *tree = NULL, *repeated = json_array();
	const json_t *key;
	size_t i;
	int r;

	yaml_tree_allow_repeated(reader, repeated);
	r = yaml_tree_next(reader, &tree, NULL, err);
	if (r == 0)
		r = error_set(err, -EINVAL, "empty, where a " KIND " is needed");
	if (r > 0)
		r = check_type(tree, err);
	if (r >= 0) {
		follow_bind_address(options, tree);
		r = read_section(options, "", tree, err);
	}
	json_array_foreach (repeated, i, key) {
		options_note(options, true, json_string_value(key), TWICE);
	}
	json_decref(repeated);
	json_decref(tree);
	return r < 0 ? r : 0;
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

int configuration_read(struct options *options, const char *path, struct error *err)
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
		r = read_text(options, buffer, size, err);
	return r < 0 ? error_wrap(err, r, "%s", path) : 0;
}

/* Puts @value, which is taken over, at @field of @root, making sections on the way. */
static void put_field(json_t *root, const char *field, json_t *value)
{
	char path[FIELD_PATH_SIZE];
	char *rest = path, *name;

	snprintf(path, sizeof(path), "%s", field);
	while ((name = strsep(&rest, ".")) && rest) {
		json_t *section = json_object_get(root, name);

		if (!section) {
			section = json_object();
			json_object_set_new(root, name, section);
		}
		root = section;
	}
	json_object_set_new(root, name, value);
}

json_t *configuration_json(const struct options *options)
{
	json_t *root = json_pack("{s:s, s:s}", "apiVersion", API_VERSION, "kind", KIND);

	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *setting = &settings[i];

		if (!setting->field)
			continue;
		put_field(root, setting->field,
			  setting->kind ? setting->kind->get(setting, options)
					: json_loads(setting->standard, JSON_DECODE_ANY, NULL));
	}
	return root;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void write_list(FILE *stream, const json_t *list, int depth)
{
	const json_t *element;
	size_t i;

	fputc('\n', stream);
	json_array_foreach (list, i, element) {
		fprintf(stream, "%*s- ", depth * 2, "");
		json_dumpf(element, stream, JSON_ENCODE_ANY);
		fputc('\n', stream);
	}
}

/* Scalars and empty collections are written as JSON, which is YAML as well. */
static void write_object(FILE *stream, const json_t *object, int depth)
{
	size_t count = json_object_size(object), used = 0;
	const char **names = memory_array(count, sizeof(*names));
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)object, name, value) {
		names[used++] = name;
	}
	qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 0; i < count; i++) {
		value = json_object_get(object, names[i]);
		fprintf(stream, "%*s%s:", depth * 2, "", names[i]);
		if (json_object_size(value)) {
			fputc('\n', stream);
			write_object(stream, value, depth + 1);
		} else if (json_array_size(value)) {
			write_list(stream, value, depth);
		} else {
			fputc(' ', stream);
			json_dumpf(value, stream, JSON_ENCODE_ANY);
			fputc('\n', stream);
		}
	}
	free(names);
}

int configuration_write(const struct options *options, const char *path, struct error *err)
{
	FILE *stream = fopen(path, "we");
	json_t *root;
	int r = 0;

	if (!stream)
		return error_set(err, -errno, "%s: %s", path, strerror(errno));
	root = configuration_json(options);
	write_object(stream, root, 0);
	json_decref(root);
	if (ferror(stream))
		r = -EIO;
	if (fclose(stream) != 0 && r == 0)
		r = -errno;
	return r < 0 ? error_set(err, r, "%s: %s", path, strerror(-r)) : 0;
}
