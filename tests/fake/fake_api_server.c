/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An API server for tests, as a program that files control:
 *
 *   fake_api_server --directory DIRECTORY [--port PORT] [--bookmark-seconds SECONDS]
 *
 * DIRECTORY/objects   manifests, Lists included; the server has what they say
 * DIRECTORY/tokens    "TOKEN USER" per line; without the file tokens do not count
 * DIRECTORY/users     who may do what a proxy may, one per line; without the file everybody
 * DIRECTORY/faults    what goes wrong, see api_faults.h
 * DIRECTORY/compact   when it appears, the server forgets its history and removes the file
 * DIRECTORY/tls       server.crt, server.key and, for client certificates, ca.crt; without it the
 *                     server speaks plain HTTP
 * DIRECTORY/version   the latest resourceVersion, kept for the next start
 *
 * The first line of its output is "listening on PORT"; then come the requests and created events.
 */
#include "api_server.h"
#include "lib/base/memory.h"
#include "lib/source/yaml_tree.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_LIMIT ((size_t)256 << 20)

static char *read_file(const char *directory, const char *name)
{
	auto_memory char *path = string_printf("%s/%s", directory, name);
	FILE *stream = fopen(path, "r");
	struct stat status;
	char *text;

	if (!stream)
		return NULL;
	if (fstat(fileno(stream), &status) < 0 || (size_t)status.st_size > FILE_LIMIT) {
		fclose(stream);
		return NULL;
	}
	text = memory_allocate((size_t)status.st_size + 1);
	text[fread(text, 1, (size_t)status.st_size, stream)] = '\0';
	fclose(stream);
	return text;
}

/* @line: where in file @name the document begins, which is an object, a List of them, or nothing */
static void load_document(struct api_store *store, json_t *document, const char *name, size_t line)
{
	json_t *items = json_object_get(document, "items"), *item;
	size_t i;

	json_array_foreach (items, i, item)
		load_document(store, item, name, line);
	if (!items && !json_is_null(document) && !api_store_set(store, document))
		fprintf(stderr, "%s, line %zu: the server keeps no such object\n", name, line);
}

/* Return: whether there was one more document */
static int next_json(const char **text, json_t **ret, struct error *err)
{
	json_error_t problem;

	*text += strspn(*text, " \t\r\n");
	if (!**text)
		return 0;
	*ret = json_loads(*text, JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, &problem);
	if (!*ret)
		return error_set(err, -EINVAL, "%s", problem.text);
	*text += problem.position;
	return 1;
}

/* Return: false if the file cannot be read as a whole */
static bool load_manifest(struct api_store *store, const char *directory, const char *name)
{
	size_t length = strlen(name);
	bool is_json = length > 5 && strcmp(name + length - 5, ".json") == 0;
	auto_memory char *text = read_file(directory, name);
	const char *rest = text;
	struct yaml_tree *yaml;
	struct error err = {0};
	json_t *document;
	size_t line = 0;
	int r;

	if (!text)
		return false;
	yaml = yaml_tree_new(text, strlen(text));
	while ((r = is_json ? next_json(&rest, &document, &err)
			    : yaml_tree_next(yaml, &document, &line, &err)) > 0) {
		load_document(store, document, name, line);
		json_decref(document);
	}
	yaml_tree_free(yaml);
	if (r < 0)
		fprintf(stderr, "%s: %s\n", name, err.text);
	return r == 0;
}

static void load_objects(struct api_server *server, const char *directory)
{
	auto_memory char *path = string_printf("%s/objects", directory);
	struct api_store *store = api_server_lock(server);
	DIR *stream = opendir(path);
	struct dirent *entry;
	bool is_whole = stream;

	while (stream && (entry = readdir(stream)))
		if (entry->d_name[0] != '.')
			is_whole &= load_manifest(store, path, entry->d_name);
	if (stream)
		closedir(stream);
	if (is_whole)
		api_store_keep(store);
	api_server_unlock(server);
}

static void save_version(struct api_server *server, const char *directory)
{
	static long saved = -1;
	long version = api_store_version(api_server_lock(server));
	auto_memory char *path = string_printf("%s/version", directory);
	FILE *stream;

	api_server_unlock(server);
	if (version == saved)
		return;
	stream = fopen(path, "w");
	if (!stream)
		return;
	fprintf(stream, "%ld\n", version);
	fclose(stream);
	saved = version;
}

static void load_all(struct api_server *server, const char *directory)
{
	auto_memory char *tokens = read_file(directory, "tokens");
	auto_memory char *users = read_file(directory, "users");
	auto_memory char *faults = read_file(directory, "faults");
	auto_memory char *compact = string_printf("%s/compact", directory);

	api_server_set_tokens(server, tokens);
	api_server_set_users(server, users);
	api_server_set_faults(server, faults ? faults : "");
	load_objects(server, directory);
	if (unlink(compact) == 0)
		api_server_compact(server);
	save_version(server, directory);
}

static int watch(const char *directory)
{
	auto_memory char *objects = string_printf("%s/objects", directory);
	uint32_t events = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE;
	int descriptor = inotify_init1(IN_CLOEXEC);

	if (descriptor < 0 || inotify_add_watch(descriptor, directory, events) < 0 ||
	    inotify_add_watch(descriptor, objects, events) < 0) {
		fprintf(stderr, "%s: %s\n", objects, strerror(errno));
		return -1;
	}
	return descriptor;
}

static long first_version(const char *directory)
{
	auto_memory char *text = read_file(directory, "version");

	return text ? strtol(text, NULL, 10) : 1000;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"directory", required_argument, NULL, 'd'},
						{"port", required_argument, NULL, 'p'},
						{"bookmark-seconds", required_argument, NULL, 'b'},
						{0}};
	struct api_server_options server_options = {.log = stdout};
	char *certificate, *key, *authority, events[65536];
	const char *directory = NULL;
	struct api_server *server;
	int letter, descriptor;

	while ((letter = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (letter == 'd')
			directory = optarg;
		else if (letter == 'p')
			server_options.port = (unsigned int)strtoul(optarg, NULL, 10);
		else if (letter == 'b')
			server_options.bookmark_seconds = strtod(optarg, NULL);
		else
			return 2;
	}
	if (!directory) {
		fprintf(stderr, "usage: %s --directory DIRECTORY [--port PORT]\n", argv[0]);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	descriptor = watch(directory);
	if (descriptor < 0)
		return 1;
	server_options.certificate = certificate = read_file(directory, "tls/server.crt");
	server_options.key = key = read_file(directory, "tls/server.key");
	server_options.client_authority = authority = read_file(directory, "tls/ca.crt");
	server_options.first_version = first_version(directory);
	server = api_server_new(&server_options);
	load_all(server, directory);
	/* As after any restart: what happened before is not in the watch cache. */
	api_server_compact(server);
	if (!api_server_listen(server, &server_options)) {
		fprintf(stderr, "cannot listen on port %u\n", server_options.port);
		return 1;
	}
	printf("listening on %u\n", api_server_port(server));
	fflush(stdout);
	while (read(descriptor, events, sizeof(events)) > 0)
		load_all(server, directory);
	api_server_free(server);
	free(certificate);
	free(key);
	free(authority);
	return 0;
}
