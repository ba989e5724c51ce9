/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_proxy_config.h"

#include "settings_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define API_VERSION	"kubeproxy.config.k8s.io/v1alpha1"
#define KIND		"KubeProxyConfiguration"
#define UNKNOWN		"not a field of KubeProxyConfiguration; ignored"
#define FIELD_PATH_SIZE 128

static int check_type(const json_t *tree, struct error *err)
{
	const char *version = json_string_value(json_object_get(tree, "apiVersion"));
	const char *kind = json_string_value(json_object_get(tree, "kind"));

	if (!kind || strcmp(kind, KIND) != 0)
		return error_set(err, -EINVAL, "kind: \"%s\" is not " KIND, kind ? kind : "");
	if (!version || strcmp(version, API_VERSION) != 0)
		return error_set(err, -EINVAL, "apiVersion: \"%s\" is not " API_VERSION,
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

static int look_at_tree(struct options *options, const json_t *tree, struct error *err)
{
	int r = check_type(tree, err);

	if (r >= 0)
		follow_bind_address(options, tree);
	return r;
}

static const char *field_of(const struct setting *setting)
{
	return setting->field;
}

static int pass_over(struct options *options, const char *field, struct error *err)
{
	(void)err;
	if (strcmp(field, "apiVersion") != 0 && strcmp(field, "kind") != 0)
		options_note(options, true, field, UNKNOWN);
	return 0;
}

static const struct settings_file kube_proxy_file = {
	.what = KIND,
	.field = field_of,
	.on_tree = look_at_tree,
	.on_unknown = pass_over,
};

int kube_proxy_config_read(struct options *options, const char *path, struct error *err)
{
	return settings_file_read(options, &kube_proxy_file, path, err);
}

int kube_proxy_config_parse(struct options *options, const char *text, size_t size,
			    struct error *err)
{
	return settings_file_parse(options, &kube_proxy_file, text, size, err);
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

json_t *kube_proxy_config_json(const struct options *options)
{
	json_t *root = json_pack("{s:s, s:s}", "apiVersion", API_VERSION, "kind", KIND);

	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *setting = &settings[i];

		if (!setting->field)
			continue;
		put_field(root, setting->field,
			  setting->kind ? setting->kind->get(setting, options)
					: json_loads(setting->default_json, JSON_DECODE_ANY, NULL));
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

int kube_proxy_config_write(const struct options *options, const char *path, struct error *err)
{
	FILE *stream = fopen(path, "we");
	json_t *root;
	int r = 0;

	if (!stream)
		return error_set(err, -errno, "%s: %s", path, strerror(errno));
	root = kube_proxy_config_json(options);
	write_object(stream, root, 0);
	json_decref(root);
	if (ferror(stream))
		r = -EIO;
	if (fclose(stream) != 0 && r == 0)
		r = -errno;
	return r < 0 ? error_set(err, r, "%s: %s", path, strerror(-r)) : 0;
}
