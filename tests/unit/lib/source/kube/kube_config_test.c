/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kubeconfigs as they come, and what is said of those that cannot be used. */
#include "lib/source/kube/kube_config.h"
#include "lib/source/kube/kube_text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[] = "/tmp/kube_config_test.XXXXXX";

static char *write_file(const char *name, const char *text)
{
	char *path = string_printf("%s/%s", directory, name);
	FILE *stream = fopen(path, "w");

	assert_non_null(stream);
	fputs(text, stream);
	fclose(stream);
	return path;
}

static void add(char *text, size_t size, const char *name, const char *value)
{
	size_t used = strlen(text);

	if (value)
		snprintf(text + used, size - used, "%s%s=%s", used ? " " : "", name, value);
}

/* Everything in one line; the directory of the test is written as DIR. */
static char *config_text(const struct kube_config *config)
{
	char text[2000] = "", *place;

	add(text, sizeof(text), "server", config->server);
	add(text, sizeof(text), "name", config->tls_server_name);
	add(text, sizeof(text), "proxy", config->proxy);
	add(text, sizeof(text), "ca", config->authority.content);
	add(text, sizeof(text), "ca-file", config->authority.path);
	add(text, sizeof(text), "certificate", config->certificate.content);
	add(text, sizeof(text), "certificate-file", config->certificate.path);
	add(text, sizeof(text), "key", config->key.content);
	add(text, sizeof(text), "key-file", config->key.path);
	add(text, sizeof(text), "token", config->token);
	add(text, sizeof(text), "token-file", config->token_path);
	add(text, sizeof(text), "user", config->user);
	add(text, sizeof(text), "password", config->password);
	if (config->is_insecure)
		add(text, sizeof(text), "insecure", "yes");
	for (size_t i = 0; config->exec && i < config->exec->argument_count; i++)
		add(text, sizeof(text), "exec", config->exec->arguments[i]);
	for (size_t i = 0; config->exec && i < config->exec->environment_count; i++)
		add(text, sizeof(text), "env", config->exec->environment[i]);
	while ((place = strstr(text, directory))) {
		memmove(place + 3, place + strlen(directory),
			strlen(place + strlen(directory)) + 1);
		memcpy(place, "DIR", 3);
	}
	return string_dup(text);
}

#define HEAD		"{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}], "
#define CLUSTER(fields) HEAD "clusters: [{name: k, cluster: {" fields "}}], users: [{name: u}]}"
#define USER(fields)                                                                         \
	HEAD "clusters: [{name: k, cluster: {server: \"https://h:1\"}}], users: [{name: u, " \
	     "user: {" fields "}}]}"

static const struct {
	const char *what, *text, *master, *wanted; /* "!..." is an error */
} rows[] = {
	{"a server", CLUSTER("server: \"https://h:6443/\""), NULL, "server=https://h:6443"},
	{"a server behind a path", CLUSTER("server: \"https://h/k8s/\""), NULL,
	 "server=https://h/k8s"},
	{"a master in its place", CLUSTER("server: \"https://h\""), "http://m:8080",
	 "server=http://m:8080"},
	{"no scheme", CLUSTER("server: \"h:8080\""), NULL, "server=http://h:8080"},
	{"no scheme, but TLS", CLUSTER("server: h, certificate-authority: ca"), NULL,
	 "server=https://h ca-file=DIR/ca"},
	{"an IPv6 server", CLUSTER("server: \"https://[fd00::1]:6443\""), NULL,
	 "server=https://[fd00::1]:6443"},
	{"another scheme", CLUSTER("server: \"ftp://h\""), NULL,
	 "!the server URL must start with http:// or https://"},
	{"no host", CLUSTER("server: \"https://\""), NULL, "!must be a host"},
	{"a password in the URL", CLUSTER("server: \"https://u:secret@h\""), NULL,
	 "!must be a host"},
	{"no server", CLUSTER(""), NULL, "!cluster.server: missing"},
	{"names and proxies",
	 CLUSTER("server: \"https://h\", tls-server-name: inner, proxy-url: \"http://p:3128\""),
	 NULL, "server=https://h name=inner proxy=http://p:3128"},
	{"an authority in a file",
	 CLUSTER("server: \"https://h\", certificate-authority: pki/ca.crt"), NULL,
	 "server=https://h ca-file=DIR/pki/ca.crt"},
	{"an authority as data, which comes first",
	 CLUSTER("server: \"https://h\", certificate-authority: /x, certificate-authority-data: "
		 "Q0E="),
	 NULL, "server=https://h ca=CA ca-file=/x"},
	{"no base64", CLUSTER("server: \"https://h\", certificate-authority-data: \"secret!\""),
	 NULL, "!clusters[0].cluster.certificate-authority-data: not base64"},
	{"no check", CLUSTER("server: \"https://h\", insecure-skip-tls-verify: true"), NULL,
	 "server=https://h insecure=yes"},
	{"no check and an authority",
	 CLUSTER("server: \"https://h\", insecure-skip-tls-verify: true, "
		 "certificate-authority-data: Q0E="),
	 NULL, "!insecure-skip-tls-verify: cannot be used together"},
	{"a certificate", USER("client-certificate-data: Q0VSVA==, client-key: k.pem"), NULL,
	 "server=https://h:1 certificate=CERT key-file=DIR/k.pem"},
	{"a certificate without its key", USER("client-certificate-data: Q0VSVA=="), NULL,
	 "!users[0].user: client-certificate and client-key must be set together"},
	{"a token", USER("token: t"), NULL, "server=https://h:1 token=t"},
	{"a token in a file", USER("tokenFile: /run/token"), NULL,
	 "server=https://h:1 token-file=/run/token"},
	{"a password", USER("username: me, password: p"), NULL,
	 "server=https://h:1 user=me password=p"},
	{"a plugin",
	 USER("exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, args: [eks, "
	      "get-token], env: [{name: A, value: b}]}"),
	 NULL, "server=https://h:1 exec=aws exec=eks exec=get-token env=A=b"},
	{"a plugin beside the kubeconfig",
	 USER("exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: bin/x}"), NULL,
	 "server=https://h:1 exec=DIR/bin/x"},
	{"a plugin of an old version",
	 USER("exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}"), NULL,
	 "!users[0].user.exec.apiVersion: not client"},
	{"a plugin without a command", USER("exec: {apiVersion: client.authentication.k8s.io/v1}"),
	 NULL, "!users[0].user.exec.command: missing"},
	{"a plugin that asks",
	 USER("exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: "
	      "Always}"),
	 NULL, "!users[0].user.exec.interactiveMode: interactive"},
	{"an old way of login", USER("auth-provider: {name: gcp}"), NULL,
	 "!users[0].user.auth-provider: not supported"},
	{"somebody else", USER("as: root"), NULL, "!users[0].user.as: impersonation"},
	{"no current context", "{contexts: [], clusters: []}", NULL, "!current-context: missing"},
	{"an unknown context", "{current-context: x, contexts: []}", NULL,
	 "!contexts: no entry named \"x\""},
	{"several contexts",
	 "{current-context: b, contexts: [{name: a, context: {cluster: k}}, {name: b, context: "
	 "{cluster: l}}], "
	 "clusters: [{name: k, cluster: {server: \"http://k\"}}, {name: l, cluster: {server: "
	 "\"http://l\"}}]}",
	 NULL, "server=http://l"},
	{"not a map", "- a", NULL, "!not a kubeconfig"},
	{"empty", "", NULL, "!empty"},
	{"broken", "{", NULL, "!line "},
	{"a list that is none", "{current-context: a, contexts: 5}", NULL, "!contexts: not a list"},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_memory char *path = write_file("config", rows[i].text);
		struct kube_config *config = NULL;
		struct error err = {0};
		int r = kube_config_load(
			&(struct kube_config_place){.kubeconfig = path, .master = rows[i].master},
			&config, &err);

		print_message("%s\n", rows[i].what);
		if (r < 0) {
			assert_int_equal(rows[i].wanted[0], '!');
			assert_non_null(strstr(err.text, rows[i].wanted + 1));
			assert_non_null(strstr(err.text, path));
			assert_null(strstr(err.text, "secret"));
			assert_null(config);
		} else {
			auto_memory char *text = config_text(config);

			assert_string_equal(text, rows[i].wanted);
			kube_config_free(config);
		}
	}
}

static void test_several_files(void **state)
{
	auto_memory char *first = write_file(
		"first",
		"{current-context: \"\", clusters: [{name: k, cluster: {server: \"http://1\"}}]}");
	auto_memory char *second = write_file(
		"second", "{current-context: c, contexts: [{name: c, context: {cluster: k}}], "
			  "clusters: [{name: k, cluster: {server: \"http://2\"}}]}");
	auto_memory char *paths = string_printf("/no/such/file:%s:%s", first, second);
	struct kube_config *config = NULL;
	struct error err = {0};

	(void)state;
	setenv("KUBECONFIG", paths, 1);
	assert_int_equal(kube_config_load(&(struct kube_config_place){0}, &config, &err), 0);
	assert_string_equal(config->server, "http://1");
	kube_config_free(config);
	setenv("KUBECONFIG", "/no/such/file", 1);
	assert_int_equal(kube_config_load(&(struct kube_config_place){0}, &config, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/no/such/file"));
	unsetenv("KUBECONFIG");
}

static void test_in_cluster(void **state)
{
	const struct kube_config_place place = {.service_account = "/var/run/account"};
	struct kube_config *config = NULL;
	struct error err = {0};
	auto_memory char *text = NULL;

	(void)state;
	assert_int_equal(kube_config_load(&place, &config, &err), -EINVAL);
	assert_non_null(strstr(err.text, "no API server"));
	setenv("KUBERNETES_SERVICE_HOST", "fd00:96::1", 1);
	setenv("KUBERNETES_SERVICE_PORT", "443", 1);
	assert_int_equal(kube_config_load(&place, &config, &err), 0);
	text = config_text(config);
	assert_string_equal(text, "server=https://[fd00:96::1]:443 ca-file=/var/run/account/ca.crt "
				  "token-file=/var/run/account/token");
	kube_config_free(config);
	unsetenv("KUBERNETES_SERVICE_HOST");
}

static void test_texts(void **state)
{
	static const struct {
		const char *encoded, *decoded;
	} cases[] = {
		{"", ""},
		{"QQ==", "A"},
		{"QUI=", "AB"},
		{"QUJD", "ABC"},
		{"QU\nJD\n", "ABC"},
		{"QQ", NULL},
		{"Q===", NULL},
		{"QQ=A", NULL},
		{"A*==", NULL},
		{"QUJDQQ==QQ==", NULL},
		{"AAAA", NULL},
	};
	auto_memory char *escaped = kube_text_escape("a-b_c.d~e/f&g=\xff");

	(void)state;
	assert_string_equal(escaped, "a-b_c.d~e%2Ff%26g%3D%FF");
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *decoded = NULL;
		int r = kube_text_decode_base64(cases[i].encoded, &decoded, NULL);

		assert_int_equal(r < 0, !cases[i].decoded);
		if (r < 0)
			continue;
		assert_string_equal(decoded, cases[i].decoded);
		free(decoded);
	}
	for (size_t length = 0; length < 50; length++) {
		char plain[51] = "", *decoded = NULL;
		auto_memory char *encoded = NULL;

		for (size_t i = 0; i < length; i++)
			plain[i] = (char)(1 + (i * 37 + length * 11) % 255);
		encoded = kube_text_encode_base64(plain);
		assert_int_equal(kube_text_decode_base64(encoded, &decoded, NULL), 0);
		assert_string_equal(decoded, plain);
		free(decoded);
	}
}

static int set_up(void **state)
{
	(void)state;
	unsetenv("KUBECONFIG");
	unsetenv("KUBERNETES_SERVICE_HOST");
	return mkdtemp(directory) ? 0 : -1;
}

static int clean_up(void **state)
{
	static const char *const names[] = {"config", "first", "second"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		auto_memory char *path = string_printf("%s/%s", directory, names[i]);

		unlink(path);
	}
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_several_files),
		cmocka_unit_test(test_in_cluster),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, set_up, clean_up);
}
