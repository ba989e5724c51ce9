/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Whether the files of packaging/ fit together, and fit the program. The argument is the top
 * directory. */

#include "agent/http/proxy_metrics.h"
#include "agent/settings/kube_proxy_config.h"
#include "lib/source/yaml_tree.h"

#include "tests/unit/agent/agent_fixture.h"

#include <ctype.h>
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#define IMAGE "ipvsagent:" IPVSAGENT_VERSION

static const char *top;

static char *read_file(const char *name)
{
	auto_memory char *path = string_printf("%s/packaging/%s", top, name);
	FILE *file = fopen(path, "re");
	char *text;
	size_t size;

	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	text = memory_allocate(1 << 16);
	size = fread(text, 1, (1 << 16) - 1, file);
	assert_true(feof(file));
	fclose(file);
	text[size] = '\0';
	return text;
}

/* All documents of a file, as an array for the caller. */
static json_t *read_documents(const char *name)
{
	auto_memory char *text = read_file(name);
	auto_free(yaml_tree) struct yaml_tree *tree = yaml_tree_new(text, strlen(text));
	json_t *documents = json_array(), *document;
	struct error err = {0};
	int r;

	while ((r = yaml_tree_next(tree, &document, NULL, &err)) == 1)
		json_array_append_new(documents, document);
	if (r < 0)
		fail_msg("%s: %s", name, err.text);
	return documents;
}

/* What a path such as "spec.ports.0.name" leads to; fails without it. */
static json_t *find(json_t *json, const char *path)
{
	const char *at = path;

	while (*at) {
		size_t length = strcspn(at, ".");
		auto_memory char *name = string_printf("%.*s", (int)length, at);

		json = json_is_array(json) ? json_array_get(json, (size_t)atoi(name))
					   : json_object_get(json, name);
		if (!json)
			fail_msg("no %s", path);
		at += length + (at[length] == '.');
	}
	return json;
}

static void assert_value(json_t *json, const char *path, const char *expected)
{
	const json_t *value = find(json, path);
	auto_memory char *text = json_is_string(value)
					 ? string_dup(json_string_value(value))
					 : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	print_message("%s\n", path);
	assert_string_equal(text, expected);
}

static void test_daemon_set(void **state)
{
	json_t *documents = read_documents("kubernetes/kube-proxy/daemon-set.yaml");

	(void)state;
	assert_int_equal(json_array_size(documents), 1);
	assert_value(documents, "0.kind", "DaemonSet");
	assert_value(documents, "0.metadata.name", "kube-proxy");
	assert_value(documents, "0.metadata.namespace", "kube-system");
	assert_value(documents, "0.spec.template.spec.hostNetwork", "true");
	assert_value(documents, "0.spec.template.spec.serviceAccountName", "kube-proxy");
	assert_value(documents, "0.spec.template.spec.volumes.0.configMap.name", "kube-proxy");
	assert_value(documents, "0.spec.template.spec.containers.0.image", IMAGE);
	assert_value(documents, "0.spec.template.spec.containers.0.securityContext.privileged",
		     "true");
	assert_value(documents, "0.spec.template.spec.containers.0.command",
		     "[\"/usr/local/bin/kube-proxy\",\"--config=/var/lib/kube-proxy/config.conf\","
		     "\"--hostname-override=$(NODE_NAME)\"]");
	assert_value(documents, "0.spec.template.spec.containers.0.livenessProbe.httpGet",
		     "{\"path\":\"/livez\",\"port\":10256}");
	assert_value(documents, "0.spec.template.spec.containers.0.volumeMounts.0",
		     "{\"mountPath\":\"/var/lib/kube-proxy\",\"name\":\"kube-proxy\"}");
	json_decref(documents);
}

/* The patch finds its container by name, and takes the volumes that the base has. */
static void test_init_only(void **state)
{
	static const char *const containers = "0.spec.template.spec.containers.0";
	static const char *const init = "0.spec.template.spec.initContainers.0";
	json_t *base = read_documents("kubernetes/kube-proxy/daemon-set.yaml");
	json_t *patch = read_documents("kubernetes/init-only/daemon-set.yaml");
	json_t *kustomization = read_documents("kubernetes/init-only/kustomization.yaml");
	json_t *prepare = find(patch, init), *proxy = find(base, containers);

	(void)state;
	assert_value(kustomization, "0.resources", "[\"../kube-proxy\"]");
	assert_value(kustomization, "0.patches", "[{\"path\":\"daemon-set.yaml\"}]");
	assert_true(json_equal(find(patch, "0.metadata.name"), find(base, "0.metadata.name")));
	assert_true(json_equal(find(find(patch, containers), "name"), find(proxy, "name")));
	assert_true(json_equal(find(prepare, "image"), find(proxy, "image")));
	assert_true(json_equal(find(prepare, "env"), find(proxy, "env")));
	assert_true(json_equal(find(prepare, "volumeMounts.0"), find(proxy, "volumeMounts.0")));
	assert_true(json_equal(find(prepare, "volumeMounts.1"), find(proxy, "volumeMounts.2")));
	json_array_append_new(find(proxy, "command"), json_string("--init-only"));
	assert_true(json_equal(find(prepare, "command"), find(proxy, "command")));
	assert_value(prepare, "securityContext", "{\"privileged\":true}");
	assert_value(find(patch, containers), "securityContext.privileged", "false");
	assert_value(find(patch, containers), "securityContext.capabilities.drop", "[\"ALL\"]");
	assert_value(find(patch, containers), "securityContext.capabilities.add",
		     "[\"NET_ADMIN\",\"NET_RAW\"]");
	json_decref(base);
	json_decref(patch);
	json_decref(kustomization);
}

/* An init container cleans up, and the pod's own then has nothing to do; on every node, as the proxy. */
static void assert_cleans_up(const char *directory, const char *arguments)
{
	auto_memory char *set_name = string_printf("kubernetes/%s/daemon-set.yaml", directory);
	json_t *proxy = read_documents("kubernetes/kube-proxy/daemon-set.yaml");
	json_t *cleanup = read_documents(set_name);
	json_t *init = find(cleanup, "0.spec.template.spec.initContainers.0");
	json_t *container = find(cleanup, "0.spec.template.spec.containers.0");
	const char *const same[] = {
		"0.spec.template.spec.hostNetwork", "0.spec.template.spec.tolerations",
		"0.spec.template.spec.nodeSelector", "0.spec.template.spec.priorityClassName"};

	assert_value(cleanup, "0.kind", "DaemonSet");
	assert_value(cleanup, "0.metadata.namespace", "kube-system");
	for (size_t i = 0; i < COUNT(same); i++)
		assert_true(json_equal(find(cleanup, same[i]), find(proxy, same[i])));
	assert_true(json_equal(find(cleanup, "0.spec.selector.matchLabels"),
			       find(cleanup, "0.spec.template.metadata.labels")));
	assert_false(json_equal(find(cleanup, "0.spec.selector"), find(proxy, "0.spec.selector")));
	assert_value(init, "image", IMAGE);
	assert_value(init, "command", arguments);
	assert_value(init, "securityContext.privileged", "true");
	assert_value(init, "volumeMounts.0",
		     "{\"mountPath\":\"/run/xtables.lock\",\"name\":\"xtables-lock\"}");
	assert_value(container, "image", IMAGE);
	assert_value(container, "securityContext.capabilities.drop", "[\"ALL\"]");
	json_decref(proxy);
	json_decref(cleanup);
}

static void test_cleanup(void **state)
{
	json_t *kustomization = read_documents("kubernetes/cleanup/kustomization.yaml");

	(void)state;
	assert_value(kustomization, "0.resources", "[\"daemon-set.yaml\"]");
	assert_cleans_up("cleanup", "[\"/usr/local/bin/ipvsagent\",\"cleanup\"]");
	json_decref(kustomization);
	kustomization = read_documents("kubernetes/cleanup-for-kube-proxy/kustomization.yaml");
	assert_value(kustomization, "0.resources", "[\"../cleanup\"]");
	assert_value(kustomization, "0.patches.0.path", "daemon-set.yaml");
	json_decref(kustomization);
}

static void test_rbac(void **state)
{
	json_t *documents = read_documents("kubernetes/kube-proxy/rbac.yaml");
	json_t *kustomization = read_documents("kubernetes/kube-proxy/kustomization.yaml");

	(void)state;
	assert_value(kustomization, "0.resources",
		     "[\"rbac.yaml\",\"config-map.yaml\",\"daemon-set.yaml\"]");
	assert_value(documents, "0.kind", "ServiceAccount");
	assert_value(documents, "1.kind", "ClusterRoleBinding");
	assert_value(documents, "1.roleRef.name", "system:node-proxier");
	assert_value(documents, "1.subjects.0.name", "kube-proxy");
	assert_value(documents, "2.kind", "Role");
	assert_value(documents, "3.kind", "RoleBinding");
	assert_value(documents, "3.roleRef.name", "kube-proxy");
	assert_int_equal(json_array_size(documents), 4);
	json_decref(documents);
	json_decref(kustomization);
}

/* The program reads what kubeadm writes without a complaint, and takes nothing but its defaults. */
static void test_config_map(void **state)
{
	json_t *documents = read_documents("kubernetes/kube-proxy/config-map.yaml");
	auto_free(options) struct options *options = options_new();
	char path[] = "/tmp/packaging-test-XXXXXX";
	struct error err = {0};
	json_t *defaults, *taken;
	int fd = mkstemp(path);
	const char *text =
		json_string_value(json_object_get(find(documents, "0.data"), "config.conf"));

	(void)state;
	assert_value(documents, "0.metadata.name", "kube-proxy");
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_int_equal(kube_proxy_config_read(options, path, &err), 0);
	unlink(path);
	for (size_t i = 0; i < options->note_count; i++)
		fail_msg("%s: %s", options->notes[i].names, options->notes[i].reason);
	assert_string_equal(options->client.kubeconfig, "/var/lib/kube-proxy/kubeconfig.conf");
	assert_non_null(json_object_get(find(documents, "0.data"), "kubeconfig.conf"));

	taken = kube_proxy_config_json(options);
	json_object_set_new(json_object_get(taken, "clientConnection"), "kubeconfig",
			    json_string(""));
	json_object_set_new(taken, "clusterCIDR", json_string(""));
	options_free(options);
	options = options_new();
	defaults = kube_proxy_config_json(options);
	assert_true(json_equal(taken, defaults));
	json_decref(taken);
	json_decref(defaults);
	json_decref(documents);
}

static void test_container(void **state)
{
	auto_memory char *text = read_file("container/Containerfile");

	(void)state;
	assert_non_null(strstr(text, " /usr/local/bin/ipvsagent\n"));
	assert_non_null(strstr(text, "ln -s ipvsagent /usr/local/bin/kube-proxy\n"));
	assert_non_null(strstr(text, "-t " IMAGE " "));
}

static void test_unit(void **state)
{
	auto_memory char *text = read_file("systemd/ipvsagent.service");

	(void)state;
	assert_non_null(strstr(text, "\nType=notify\n"));
	assert_non_null(strstr(text, "\nWatchdogSec=60\n"));
	assert_non_null(strstr(text, "\nRestart=always\n"));
}

/* The package is of this version, and installs files that exist. */
static void test_debian(void **state)
{
	auto_memory char *changelog = read_file("debian/changelog");
	auto_memory char *install = read_file("debian/ipvsagent.install");
	auto_memory char *examples = read_file("debian/ipvsagent.examples");
	auto_memory char *lines = string_printf("%s%s", install, examples);
	char *rest = lines, *line;
	size_t count = 0;

	(void)state;
	assert_int_equal(strncmp(changelog, "ipvsagent (" IPVSAGENT_VERSION "-",
				 strlen("ipvsagent (" IPVSAGENT_VERSION "-")),
			 0);
	while ((line = strsep(&rest, "\n")) && rest) {
		auto_memory char *path =
			string_printf("%s/%.*s", top, (int)strcspn(line, " "), line);

		if (access(path, R_OK) != 0)
			fail_msg("%s: %s", path, strerror(errno));
		count++;
	}
	assert_int_equal(count, 5);
}

/* Every metric that a query names, for its first letters make it one of ours. */
static void assert_metrics_exist(const char *query, const char *metrics)
{
	static const char *const prefixes[] = {"ipvsagent_", "kubeproxy_", "process_",
					       "rest_client_"};

	for (const char *at = query; *at;) {
		size_t length = 0;

		while (isalnum((unsigned char)at[length]) || at[length] == '_')
			length++;
		for (size_t i = 0; i < COUNT(prefixes); i++) {
			auto_memory char *line = NULL;

			if (strncmp(at, prefixes[i], strlen(prefixes[i])) != 0)
				continue;
			line = string_printf("\n%.*s", (int)length, at);
			print_message("%s\n", line + 1);
			assert_non_null(strstr(metrics, line));
		}
		at += length ? length : 1;
	}
}

/* kube-proxy's metrics have the label ip_family or not, so that a query must add it up. */
static void assert_adds_up_families(const char *query)
{
	if (!strstr(query, "kubeproxy_") || strstr(query, "sum by (le) ("))
		return;
	fail_msg("%s depends on the label ip_family", query);
}

static char *metrics_of(struct fixture *fixture, enum kube_proxy_release release)
{
	auto_free(proxy_metrics) struct proxy_metrics *metrics = proxy_metrics_new(0, 0, release);
	char *text;

	proxy_metrics_slice_event(metrics, IP_FAMILY_ALL, true, 1, 1);
	proxy_metrics_passed(metrics, 0.1, 1);
	proxy_metrics_request(metrics, "200", "GET", "10.0.0.1:6443", 0.1);
	proxy_metrics_request(metrics, "201", "POST", "10.0.0.1:6443", 0.1);
	text = proxy_metrics_text(metrics,
				  &(struct proxy_metrics_sources){.status = &fixture->sources},
				  METRICS_FORMAT_TEXT);
	/* Without a kernel there are no sets, and without an API server no watches. */
	text = memory_resize(text, strlen(text) + 100, 1);
	return strcat(text, "ipvsagent_set_members\nipvsagent_set_capacity\n"
			    "ipvsagent_watch_current\n");
}

static void test_dashboard(void **state)
{
	auto_memory char *text = read_file("grafana/ipvsagent.json"), *of_1_36 = NULL,
			 *of_1_32 = NULL;
	json_t *dashboard = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	struct fixture fixture = {0};
	size_t panel_index, target_index, queries = 0;
	json_t *panel, *target;

	(void)state;
	fixture_set_up(&fixture);
	add_service(&fixture, "a/web ip=10.0.0.1 port=http:80/TCP");
	add_slice(&fixture, "a/web-1 service=web port=http:8080/TCP 10.1.0.1@n");
	program(&fixture);
	of_1_36 = metrics_of(&fixture, KUBE_PROXY_RELEASE_1_36);
	of_1_32 = metrics_of(&fixture, KUBE_PROXY_RELEASE_1_32);
	assert_non_null(dashboard);
	json_array_foreach (find(dashboard, "panels"), panel_index, panel) {
		json_array_foreach (find(panel, "targets"), target_index, target) {
			const char *query = json_string_value(find(target, "expr"));

			assert_metrics_exist(query, of_1_36);
			assert_metrics_exist(query, of_1_32);
			assert_adds_up_families(query);
			queries++;
		}
	}
	assert_true(queries > 10);
	json_decref(dashboard);
	fixture_tear_down(&fixture);
}

static void test_alerts(void **state)
{
	json_t *documents = read_documents("prometheus/ipvsagent-alerts.yaml"), *rule;
	auto_memory char *of_1_36 = NULL, *of_1_32 = NULL;
	struct fixture fixture = {0};
	size_t index;

	(void)state;
	fixture_set_up(&fixture);
	of_1_36 = metrics_of(&fixture, KUBE_PROXY_RELEASE_1_36);
	of_1_32 = metrics_of(&fixture, KUBE_PROXY_RELEASE_1_32);
	json_array_foreach (find(documents, "0.groups.0.rules"), index, rule) {
		const char *query = json_string_value(find(rule, "expr"));

		assert_metrics_exist(query, of_1_36);
		assert_metrics_exist(query, of_1_32);
	}
	assert_true(index > 10);
	json_decref(documents);
	fixture_tear_down(&fixture);
}

/*
 * What the dashboard "Kubernetes / Proxy" of kubernetes-mixin asks for (dashboards/proxy.libsonnet of
 * github.com/kubernetes-monitoring/kubernetes-mixin), without the labels of the cluster, the job and
 * the instance, which Prometheus adds. One more of its panels shows go_goroutines, which a program
 * without Go does not have.
 */
static const struct {
	const char *query;
	const char *sample; /* what it finds, up to the value of a label */
} mixin[] = {
	{"sum(rate(kubeproxy_sync_proxy_rules_duration_seconds_count[5m]))",
	 "kubeproxy_sync_proxy_rules_duration_seconds_count"},
	{"histogram_quantile(0.99,rate(kubeproxy_sync_proxy_rules_duration_seconds_bucket[5m]))",
	 "kubeproxy_sync_proxy_rules_duration_seconds_bucket{*le=\""},
	{"sum(rate(kubeproxy_network_programming_duration_seconds_count[5m]))",
	 "kubeproxy_network_programming_duration_seconds_count"},
	{"histogram_quantile(0.99, "
	 "sum(rate(kubeproxy_network_programming_duration_seconds_bucket[5m])) by (instance, le))",
	 "kubeproxy_network_programming_duration_seconds_bucket{*le=\""},
	{"label_values(kubeproxy_network_programming_duration_seconds_bucket, instance)",
	 "kubeproxy_network_programming_duration_seconds_bucket"},
	{"sum(rate(rest_client_requests_total{code=~\"2..\"}[5m]))",
	 "rest_client_requests_total{code=\"2"},
	{"histogram_quantile(0.99, "
	 "sum(rate(rest_client_request_duration_seconds_bucket{verb=\"POST\"}[5m])) by (verb, url, "
	 "le))",
	 "rest_client_request_duration_seconds_bucket{*verb=\"POST\",le=\""},
	{"histogram_quantile(0.99, "
	 "sum(rate(rest_client_request_duration_seconds_bucket{verb=\"GET\"}[5m])) by (verb, url, "
	 "le))",
	 "rest_client_request_duration_seconds_bucket{*verb=\"GET\",le=\""},
	{"process_resident_memory_bytes", "process_resident_memory_bytes "},
	{"rate(process_cpu_seconds_total[5m])", "process_cpu_seconds_total "},
};

static void assert_has_sample(const char *metrics, const char *sample)
{
	auto_memory char *pattern = string_printf("*\n%s*", sample);

	print_message("%s\n", sample);
	assert_int_equal(fnmatch(pattern, metrics, 0), 0);
}

static void test_dashboard_of_kube_proxy(void **state)
{
	static const enum kube_proxy_release releases[] = {KUBE_PROXY_RELEASE_1_36,
							   KUBE_PROXY_RELEASE_1_32};
	struct fixture fixture = {0};

	(void)state;
	fixture_set_up(&fixture);
	for (size_t i = 0; i < COUNT(releases); i++) {
		auto_memory char *metrics = metrics_of(&fixture, releases[i]);

		for (size_t j = 0; j < COUNT(mixin); j++) {
			assert_metrics_exist(mixin[j].query, metrics);
			assert_has_sample(metrics, mixin[j].sample);
		}
	}
	fixture_tear_down(&fixture);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_daemon_set),
		cmocka_unit_test(test_init_only),
		cmocka_unit_test(test_rbac),
		cmocka_unit_test(test_config_map),
		cmocka_unit_test(test_container),
		cmocka_unit_test(test_dashboard),
		cmocka_unit_test(test_alerts),
		cmocka_unit_test(test_debian),
		cmocka_unit_test(test_unit),
		cmocka_unit_test(test_cleanup),
		cmocka_unit_test(test_dashboard_of_kube_proxy),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: packaging_test TOP-DIRECTORY\n");
		return 2;
	}
	top = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
