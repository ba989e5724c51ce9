/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_config.h"

#include "kube_text.h"
#include "lib/source/json_value.h"
#include "lib/source/object_field.h"
#include "lib/source/yaml_tree.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A kubeconfig; relative paths in it start at its directory. */
struct file {
	char *path;
	char *directory;
	json_t *tree;
};

struct files {
	struct file *items;
	size_t count;
};

/* For complaints about what none of them has. */
static const char *first_path(const struct files *files)
{
	return files->count ? files->items[0].path : "";
}

typedef int section_reader(struct kube_config *config, const struct file *file,
			   const struct object_field *section, struct error *err);

static void free_config_file(struct kube_config_file *file)
{
	kube_text_erase(file->content);
	free(file->path);
}

static void free_exec(struct kube_config_exec *exec)
{
	if (!exec)
		return;
	for (size_t i = 0; i < exec->argument_count; i++)
		free(exec->arguments[i]);
	for (size_t i = 0; i < exec->environment_count; i++)
		kube_text_erase(exec->environment[i]);
	free(exec->arguments);
	free(exec->environment);
	free(exec->api_version);
	free(exec->install_hint);
	free(exec);
}

void kube_config_free(struct kube_config *config)
{
	if (!config)
		return;
	free(config->origin);
	free(config->server);
	free(config->tls_server_name);
	kube_text_erase(config->proxy);
	free_config_file(&config->authority);
	free_config_file(&config->certificate);
	free_config_file(&config->key);
	kube_text_erase(config->token);
	free(config->token_path);
	kube_text_erase(config->user);
	kube_text_erase(config->password);
	free_exec(config->exec);
	free(config);
}

static void clear_files(struct files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->items[i].path);
		free(files->items[i].directory);
		json_decref(files->items[i].tree);
	}
	free(files->items);
}

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return string_dup(".");
	return slash == path ? string_dup("/") : string_printf("%.*s", (int)(slash - path), path);
}

static int read_path(const struct object_field *section, const char *name, const struct file *file,
		     char **ret, struct error *err)
{
	struct object_field field = object_field_get(section, name);
	const char *text = "";
	int r = object_field_text(&field, &text, err);

	if (r < 0 || !*text)
		return r;
	*ret = *text == '/' ? string_dup(text) : string_printf("%s/%s", file->directory, text);
	return 0;
}

/* PATH_NAME names a file, PATH_NAME-data has its content in base64. */
static int read_file_or_data(const struct object_field *section, const char *path_name,
			     const char *data_name, const struct file *file,
			     struct kube_config_file *ret, struct error *err)
{
	struct object_field data = object_field_get(section, data_name);
	const char *text = "";
	int r = object_field_text(&data, &text, err);

	if (r >= 0)
		r = read_path(section, path_name, file, &ret->path, err);
	if (r < 0 || !*text)
		return r;
	if (kube_text_decode_base64(text, &ret->content, NULL) < 0)
		return object_field_error(&data, err, "not base64");
	return 0;
}

static int read_cluster(struct kube_config *config, const struct file *file,
			const struct object_field *cluster, struct error *err)
{
	struct object_field insecure = object_field_get(cluster, "insecure-skip-tls-verify");
	int r = object_field_copy_text(cluster, "server", &config->server, err);

	if (r >= 0)
		r = object_field_copy_text(cluster, "tls-server-name", &config->tls_server_name,
					   err);
	if (r >= 0)
		r = object_field_copy_text(cluster, "proxy-url", &config->proxy, err);
	if (r >= 0)
		r = object_field_boolean(&insecure, &config->is_insecure, err);
	if (r >= 0)
		r = read_file_or_data(cluster, "certificate-authority",
				      "certificate-authority-data", file, &config->authority, err);
	if (r < 0)
		return r;
	if (config->is_insecure && (config->authority.content || config->authority.path))
		return object_field_error(&insecure, err,
					  "cannot be used together with a certificate authority");
	return 0;
}

/* A name without a slash is looked up in PATH, any other is relative to the kubeconfig. */
static int read_command(struct kube_config_exec *exec, const struct file *file,
			const struct object_field *section, struct error *err)
{
	struct object_field command = object_field_get(section, "command");
	struct object_field list = object_field_get(section, "args");
	const char *text = "";
	size_t count = 0;
	int r = object_field_text(&command, &text, err);

	if (r >= 0 && !*text)
		return object_field_error(&command, err, "missing");
	if (r >= 0)
		r = object_field_list(&list, &count, err);
	if (r < 0)
		return r;
	exec->arguments = memory_array(count + 2, sizeof(*exec->arguments));
	exec->arguments[exec->argument_count++] =
		*text == '/' || !strchr(text, '/') ? string_dup(text)
						   : string_printf("%s/%s", file->directory, text);
	for (size_t i = 0; i < count; i++) {
		struct object_field argument = object_field_at(&list, i);

		text = "";
		r = object_field_text(&argument, &text, err);
		if (r < 0)
			return r;
		exec->arguments[exec->argument_count++] = string_dup(text);
	}
	return 0;
}

static int read_environment(struct kube_config_exec *exec, const struct object_field *section,
			    struct error *err)
{
	struct object_field list = object_field_get(section, "env");
	size_t count = 0;
	int r = object_field_list(&list, &count, err);

	if (r < 0 || count == 0)
		return r;
	exec->environment = memory_array(count, sizeof(*exec->environment));
	for (size_t i = 0; i < count; i++) {
		struct object_field entry = object_field_at(&list, i);
		struct object_field name = object_field_get(&entry, "name");
		struct object_field value = object_field_get(&entry, "value");
		const char *name_text = "", *value_text = "";

		r = object_field_object(&entry, err);
		if (r >= 0)
			r = object_field_text(&name, &name_text, err);
		if (r >= 0)
			r = object_field_text(&value, &value_text, err);
		if (r < 0)
			return r;
		if (!*name_text || strchr(name_text, '='))
			return object_field_error(&name, err,
						  "not the name of an environment variable");
		exec->environment[exec->environment_count++] =
			string_printf("%s=%s", name_text, value_text);
	}
	return 0;
}

static int read_exec(struct kube_config *config, const struct file *file,
		     const struct object_field *user, struct error *err)
{
	struct object_field section = object_field_get(user, "exec");
	struct object_field version = object_field_get(&section, "apiVersion");
	struct object_field mode = object_field_get(&section, "interactiveMode");
	struct object_field gives_cluster = object_field_get(&section, "provideClusterInfo");
	const char *mode_text = "";
	int r = object_field_object(&section, err);

	if (r < 0 || !object_field_is_present(&section))
		return r;
	config->exec = memory_allocate(sizeof(*config->exec));
	r = object_field_copy_text(&section, "apiVersion", &config->exec->api_version, err);
	if (r >= 0 &&
	    (!config->exec->api_version ||
	     (strcmp(config->exec->api_version, "client.authentication.k8s.io/v1") != 0 &&
	      strcmp(config->exec->api_version, "client.authentication.k8s.io/v1beta1") != 0)))
		return object_field_error(&version, err,
					  "not client.authentication.k8s.io/v1 or v1beta1");
	if (r >= 0)
		r = object_field_text(&mode, &mode_text, err);
	if (r >= 0 && strcmp(mode_text, "Always") == 0)
		return object_field_error(&mode, err, "interactive plugins are not supported");
	if (r >= 0)
		r = object_field_boolean(&gives_cluster, &config->exec->gives_cluster, err);
	if (r >= 0)
		r = object_field_copy_text(&section, "installHint", &config->exec->install_hint,
					   err);
	if (r >= 0)
		r = read_command(config->exec, file, &section, err);
	if (r >= 0)
		r = read_environment(config->exec, &section, err);
	return r;
}

static int refuse(const struct object_field *user, const char *name, const char *reason,
		  struct error *err)
{
	struct object_field field = object_field_get(user, name);

	return object_field_is_present(&field) ? object_field_error(&field, err, "%s", reason) : 0;
}

static int read_user(struct kube_config *config, const struct file *file,
		     const struct object_field *user, struct error *err)
{
	int r = refuse(user, "auth-provider", "not supported; use a credential plugin (exec)", err);

	if (r >= 0)
		r = refuse(user, "as", "impersonation is not supported", err);
	if (r >= 0)
		r = read_file_or_data(user, "client-certificate", "client-certificate-data", file,
				      &config->certificate, err);
	if (r >= 0)
		r = read_file_or_data(user, "client-key", "client-key-data", file, &config->key,
				      err);
	if (r >= 0)
		r = object_field_copy_text(user, "token", &config->token, err);
	if (r >= 0)
		r = read_path(user, "tokenFile", file, &config->token_path, err);
	if (r >= 0)
		r = object_field_copy_text(user, "username", &config->user, err);
	if (r >= 0)
		r = object_field_copy_text(user, "password", &config->password, err);
	if (r >= 0)
		r = read_exec(config, file, user, err);
	if (r < 0)
		return r;
	if ((config->certificate.content || config->certificate.path) !=
	    (config->key.content || config->key.path))
		return object_field_error(user, err,
					  "client-certificate and client-key must be set together");
	return 0;
}

/* Finds the entry of @list called @name in the first file that has it. */
static int read_named(const struct files *files, const char *list_name, const char *name,
		      const char *section_name, section_reader *read, struct kube_config *config,
		      struct error *err)
{
	for (size_t i = 0; i < files->count; i++) {
		const struct file *file = &files->items[i];
		struct object_field root = object_field_root(json_value_of(file->tree));
		struct object_field list = object_field_get(&root, list_name);
		size_t count = 0;
		int r = object_field_list(&list, &count, err);

		for (size_t j = 0; r >= 0 && j < count; j++) {
			struct object_field entry = object_field_at(&list, j);
			struct object_field entry_name = object_field_get(&entry, "name");
			struct object_field section = object_field_get(&entry, section_name);
			const char *text = "";

			r = object_field_text(&entry_name, &text, err);
			if (r < 0 || strcmp(text, name) != 0)
				continue;
			r = object_field_object(&section, err);
			if (r >= 0)
				r = read(config, file, &section, err);
			return r < 0 ? error_wrap(err, r, "kubeconfig %s", file->path) : 0;
		}
		if (r < 0)
			return error_wrap(err, r, "kubeconfig %s", file->path);
	}
	return error_set(err, -EINVAL, "kubeconfig %s: %s: no entry named \"%.100s\"",
			 first_path(files), list_name, name);
}

static int read_current_name(const struct files *files, const char **ret, struct error *err)
{
	for (size_t i = 0; i < files->count; i++) {
		struct object_field root = object_field_root(json_value_of(files->items[i].tree));
		struct object_field current = object_field_get(&root, "current-context");
		const char *name = "";
		int r = object_field_text(&current, &name, err);

		if (r < 0)
			return error_wrap(err, r, "kubeconfig %s", files->items[i].path);
		if (*name) {
			*ret = name;
			return 0;
		}
	}
	return error_set(err, -EINVAL, "kubeconfig %s: current-context: missing",
			 first_path(files));
}

/* The names are kept in the fields until the entries themselves are read. */
static int read_context(struct kube_config *config, const struct file *file,
			const struct object_field *context, struct error *err)
{
	int r = object_field_copy_text(context, "cluster", &config->server, err);

	(void)file;
	if (r >= 0 && !config->server)
		return object_field_error(context, err, "names no cluster");
	return r < 0 ? r : object_field_copy_text(context, "user", &config->user, err);
}

static int read_files(const struct files *files, struct kube_config *config, struct error *err)
{
	auto_memory char *cluster = NULL;
	auto_memory char *user = NULL;
	const char *current = "";
	int r = read_current_name(files, &current, err);

	if (r >= 0)
		r = read_named(files, "contexts", current, "context", read_context, config, err);
	if (r < 0)
		return r;
	cluster = take(&config->server);
	user = take(&config->user);
	r = read_named(files, "clusters", cluster, "cluster", read_cluster, config, err);
	if (r >= 0 && user)
		r = read_named(files, "users", user, "user", read_user, config, err);
	return r;
}

static int parse_file(const char *path, const char *text, json_t **ret, struct error *err)
{
	auto_free(yaml_tree) struct yaml_tree *reader = yaml_tree_new(text, strlen(text));
	json_t *tree = NULL;
	int r = yaml_tree_next(reader, &tree, NULL, err);

	if (r < 0)
		return error_wrap(err, r, "kubeconfig %s", path);
	if (!json_is_object(tree)) {
		json_decref(tree);
		return error_set(err, -EINVAL, "kubeconfig %s: %s", path,
				 r == 0 ? "empty" : "not a kubeconfig");
	}
	*ret = tree;
	return 0;
}

static int add_file(struct files *files, const char *path, struct error *err)
{
	char *text = NULL;
	json_t *tree = NULL;
	int r = kube_text_read(path, &text, err);

	if (r < 0)
		return error_wrap(err, r, "kubeconfig");
	r = parse_file(path, text, &tree, err);
	kube_text_erase(text);
	if (r < 0)
		return r;
	files->items = memory_resize(files->items, files->count + 1, sizeof(*files->items));
	files->items[files->count++] = (struct file){
		.path = string_dup(path), .directory = directory_of(path), .tree = tree};
	return 0;
}

static int load_kubeconfig(const char *path, struct kube_config *config, struct error *err)
{
	struct files files = {0};
	int r = add_file(&files, path, err);

	if (r >= 0)
		r = read_files(&files, config, err);
	clear_files(&files);
	config->origin = string_printf("kubeconfig %s", path);
	return r;
}

static int load_environment(const char *paths, struct kube_config *config, struct error *err)
{
	auto_memory char *copy = string_dup(paths);
	struct files files = {0};
	char *rest = NULL;
	int r = 0;

	for (char *path = strtok_r(copy, ":", &rest); path && r >= 0;
	     path = strtok_r(NULL, ":", &rest))
		if (access(path, F_OK) == 0)
			r = add_file(&files, path, err);
	if (r >= 0 && !files.count)
		r = error_set(err, -ENOENT, "KUBECONFIG=%s: no such file", paths);
	if (r >= 0)
		r = read_files(&files, config, err);
	clear_files(&files);
	config->origin = string_printf("kubeconfig %s", paths);
	return r;
}

static void load_service_account(const char *directory, const char *host,
				 struct kube_config *config)
{
	const char *port = getenv("KUBERNETES_SERVICE_PORT");
	bool is_ipv6 = strchr(host, ':');

	config->origin = string_dup("in-cluster configuration");
	config->server = string_printf("https://%s%s%s:%s", is_ipv6 ? "[" : "", host,
				       is_ipv6 ? "]" : "", port && *port ? port : "443");
	config->token_path = string_printf("%s/token", directory);
	config->authority.path = string_printf("%s/ca.crt", directory);
}

/* Without a scheme it is https if there is anything to protect, as for client-go. */
static int normalize_server(struct kube_config *config, struct error *err)
{
	bool has_tls = config->authority.content || config->authority.path ||
		       config->certificate.content || config->certificate.path ||
		       config->is_insecure;
	size_t length, scheme;

	if (!config->server)
		return error_set(err, -EINVAL, "%s: cluster.server: missing", config->origin);
	if (!strstr(config->server, "://")) {
		char *server =
			string_printf("%s%s", has_tls ? "https://" : "http://", config->server);

		free(config->server);
		config->server = server;
	}
	scheme = strncmp(config->server, "https://", 8) == 0 ? 8 : 7;
	if (scheme == 7 && strncmp(config->server, "http://", 7) != 0)
		return error_set(err, -EINVAL,
				 "%s: the server URL must start with http:// or https://",
				 config->origin);
	if (strpbrk(config->server, "@?# \t\r\n") || strchr("/:", config->server[scheme]))
		return error_set(err, -EINVAL,
				 "%s: the server URL must be a host with optional port and path",
				 config->origin);
	length = strlen(config->server);
	while (config->server[length - 1] == '/')
		config->server[--length] = '\0';
	return 0;
}

int kube_config_load(const struct kube_config_place *place, struct kube_config **ret,
		     struct error *err)
{
	auto_free(kube_config) struct kube_config *config = memory_allocate(sizeof(*config));
	const char *paths = getenv("KUBECONFIG"), *host = getenv("KUBERNETES_SERVICE_HOST");
	int r = 0;

	if (place->kubeconfig && *place->kubeconfig)
		r = load_kubeconfig(place->kubeconfig, config, err);
	else if (paths && *paths)
		r = load_environment(paths, config, err);
	else if (host && *host)
		load_service_account(place->service_account, host, config);
	else if (place->master && *place->master)
		config->origin = string_dup("--master");
	else
		r = error_set(
			err, -EINVAL,
			"no API server: set --kubeconfig or $KUBECONFIG, or run in a pod of the cluster");
	if (r < 0)
		return r;
	if (place->master && *place->master) {
		free(config->server);
		config->server = string_dup(place->master);
	}
	r = normalize_server(config, err);
	if (r < 0)
		return r;
	*ret = take(&config);
	return 0;
}
