/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tokens and credential plugins that are exchanged, expire and fail while objects are followed. */
#include "kube_source_fixture.h"

#include "lib/base/descriptor_limit.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOFT_LIMIT 200

static char directory[] = "/tmp/kube_source_credentials_test.XXXXXX";

static char *write_file(const char *name, const char *text)
{
	char *path = string_printf("%s/%s", directory, name);
	FILE *stream = fopen(path, "w");

	assert_non_null(stream);
	fputs(text, stream);
	fclose(stream);
	return path;
}

#define KUBECONFIG(user)                                                                   \
	"{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}], "     \
	"clusters: [{name: k, cluster: {server: \"http://h\"}}], users: [{name: u, user: " \
	"{" user "}}]}"

/* A token that is exchanged, at first too early for the file. */
static void test_token(void **state)
{
	auto_memory char *config = write_file("config", KUBECONFIG("tokenFile: token"));
	auto_memory char *token = write_file("token", "secret-1\n");
	struct fixture fixture;

	(void)state;
	prepare(&fixture, "");
	api_server_set_tokens(fixture.server, "secret-1 proxy\n");
	api_server_set_users(fixture.server, "proxy\n");
	fill(&fixture, 0);
	open_with(&fixture, config);
	await(&fixture, "synced");
	assert_string_equal(fixture.reports, "");

	api_server_set_tokens(fixture.server, "secret-2 proxy\n");
	api_server_set_faults(fixture.server, "* * reset");
	await(&fixture, "trying");
	api_server_set_faults(fixture.server, "");
	await(&fixture, "status 401: Unauthorized");
	free(write_file("token", "secret-2"));
	await(&fixture, "works again");
	assert_null(strstr(fixture.reports, "secret"));
	unlink(token);
	unlink(config);
	clean_up(&fixture);
}

#define PLUGIN(expiry)                                                                    \
	"#!/bin/sh\n"                                                                     \
	"echo run >>$0.log\n"                                                             \
	"[ \"$COLOR\" = blue ] && [ -n \"$KUBERNETES_EXEC_INFO\" ] || exit 3\n"           \
	"[ $(ulimit -n) = $FILES ] || exit 4\n"                                           \
	"echo '{\"kind\": \"ExecCredential\", \"apiVersion\": "                           \
	"\"client.authentication.k8s.io/v1\", \"status\": {\"token\": \"secret-'$(wc -l " \
	"<$0.log)'\", "                                                                   \
	"\"expirationTimestamp\": \"" expiry "\"}}'\n"

/* The plugin finds in $FILES how many it may have open: as many as this program at its start. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;
	char text[32];

	assert_return_code(getrlimit(RLIMIT_NOFILE, &limit), errno);
	assert_true(limit.rlim_max > SOFT_LIMIT);
	limit.rlim_cur = SOFT_LIMIT;
	assert_return_code(setrlimit(RLIMIT_NOFILE, &limit), errno);
	snprintf(text, sizeof(text), "%d", SOFT_LIMIT);
	setenv("FILES", text, 1);
	assert_int_equal(descriptor_limit_raise(), limit.rlim_max);
}

/* The paths of a plugin that notes in @log how often it ran, and of a kubeconfig that names it. */
struct plugin {
	char *config, *program, *log;
};

static void write_plugin(struct plugin *plugin, const char *program)
{
	plugin->config = write_file(
		"config", KUBECONFIG("exec: {apiVersion: client.authentication.k8s.io/v1, "
				     "command: ./plugin, env: [{name: COLOR, value: blue}]}"));
	plugin->program = write_file("plugin", program);
	plugin->log = write_file("plugin.log", "");
	assert_int_equal(chmod(plugin->program, 0700), 0);
}

static void remove_file(char *path)
{
	unlink(path);
	free(path);
}

static void remove_plugin(struct plugin *plugin)
{
	remove_file(plugin->config);
	remove_file(plugin->program);
	remove_file(plugin->log);
}

/* A plugin is asked once, and again when what it gave is refused. */
static void test_plugin(void **state)
{
	struct plugin plugin;
	struct fixture fixture;
	char *requests;

	(void)state;
	prepare(&fixture, "");
	write_plugin(&plugin, PLUGIN("2100-01-01T00:00:00Z"));
	api_server_set_tokens(fixture.server, "secret-1 first\n");
	fill(&fixture, 0);
	open_with(&fixture, plugin.config);
	await(&fixture, "synced");
	requests = api_server_requests(fixture.server);
	assert_non_null(strstr(requests, "first stream"));
	assert_null(strstr(requests, "anonymous"));
	free(requests);

	api_server_set_tokens(fixture.server, "secret-2 second\n");
	api_server_set_faults(fixture.server, "* * reset");
	await(&fixture, "trying");
	api_server_set_faults(fixture.server, "");
	await(&fixture, "works again");
	requests = api_server_requests(fixture.server);
	assert_non_null(strstr(requests, "second watch"));
	free(requests);
	remove_plugin(&plugin);
	clean_up(&fixture);
}

static size_t line_count(const char *path)
{
	FILE *stream = fopen(path, "r");
	size_t count = 0;
	int c;

	assert_non_null(stream);
	while ((c = fgetc(stream)) != EOF)
		count += c == '\n';
	fclose(stream);
	return count;
}

/* What a plugin gives is used for a while, however early it expires, and then asked for again. */
static void test_plugin_and_expiry(void **state)
{
	struct plugin plugin;
	struct fixture fixture;
	char *requests;

	(void)state;
	prepare(&fixture, "");
	write_plugin(&plugin, PLUGIN("2000-01-01T00:00:00Z"));
	api_server_set_tokens(fixture.server, "secret-1 first\nsecret-2 second\nsecret-3 second\n"
					      "secret-4 second\n");
	fill(&fixture, 0);
	open_with(&fixture, plugin.config);
	await(&fixture, "synced");
	assert_int_equal(line_count(plugin.log), 1);

	sleep(6);
	api_server_set_faults(fixture.server, "* * reset");
	await(&fixture, "trying");
	api_server_set_faults(fixture.server, "");
	await(&fixture, "works again");
	requests = api_server_requests(fixture.server);
	assert_non_null(strstr(requests, "second watch"));
	free(requests);
	remove_plugin(&plugin);
	clean_up(&fixture);
}

static void test_plugin_that_fails(void **state)
{
	auto_memory char *config = write_file(
		"config", KUBECONFIG("exec: {apiVersion: client.authentication.k8s.io/v1, "
				     "command: /no/such/plugin, installHint: \"get it\"}"));
	struct fixture fixture;

	(void)state;
	prepare(&fixture, "");
	open_with(&fixture, config);
	await(&fixture, "credential plugin /no/such/plugin: No such file or directory; get it");
	unlink(config);
	clean_up(&fixture);
}

static int set_up_group(void **state)
{
	(void)state;
	prepare_environment();
	raise_descriptor_limit();
	return mkdtemp(directory) ? 0 : -1;
}

static int clean_up_group(void **state)
{
	(void)state;
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_token),
		cmocka_unit_test(test_plugin),
		cmocka_unit_test(test_plugin_and_expiry),
		cmocka_unit_test(test_plugin_that_fails),
	};

	return cmocka_run_group_tests(tests, set_up_group, clean_up_group);
}
