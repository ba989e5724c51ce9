/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/settings/agent_config.h"
#include "agent/settings/command_line.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define FLAG_LIMIT 8

static char *write_file(const char *text)
{
	char *path = string_dup("/tmp/own-configuration-test.XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

/* @flags: separated by blanks, after --ipvsagent-config. The file's name is taken out of errors. */
static int parse(const char *text, const char *flags, struct options **ret, struct error *err)
{
	auto_memory char *path = write_file(text), *copy = string_dup(flags);
	char *argv[FLAG_LIMIT + 4] = {(char[]){"run"}, (char[]){"--ipvsagent-config"}, path};
	char *rest = copy;
	int argc = 3, r;

	while (rest && *rest && argc < FLAG_LIMIT + 3)
		argv[argc++] = strsep(&rest, " ");
	*ret = options_new();
	r = command_line_parse(*ret, OPTION_SCOPE_RUN, argc, argv, err);
	unlink(path);
	if (r < 0 && strncmp(err->text, path, strlen(path)) == 0)
		memmove(err->text, err->text + strlen(path) + 2,
			strlen(err->text + strlen(path) + 2) + 1);
	return r;
}

static struct options *parsed(const char *text, const char *flags)
{
	struct options *options;
	struct error err = {0};

	if (parse(text, flags, &options, &err) < 0)
		fail_msg("%s", err.text);
	return options;
}

static void each_field_is_taken(void **state)
{
	auto_free(options) struct options *options =
		parsed("affinityScheduler: inherit\n"
		       "allowedExternalIPs: [198.51.100.0/24]\n"
		       "allowedLoadBalancerIPs:\n"
		       "- 203.0.113.0/24\n"
		       "- 2001:db8::/32\n"
		       "strictSourceRanges: true\n"
		       "drainTimeout: 2m\n"
		       "serviceMetrics: 7\n"
		       "maxServiceObjects: 2000\n"
		       "maxServiceEndpoints: 200\n"
		       "maxNodeObjects: 3000\n"
		       "socket: /run/x\n"
		       "kubeProxyCompat: 1.32\n"
		       "otherNodes: watch\n"
		       "unprogrammedCIDRs: [10.97.0.0/16]\n"
		       "unboundCIDRs: [10.98.0.0/16, fd01::/64]\n"
		       "listPageSize: 9\n"
		       "listCompression: true\n"
		       "streamingLists: false\n"
		       "manifests: [/a, '/b,c']\n",
		       "");

	(void)state;
	assert_string_equal(options->desired.affinity_scheduler, "inherit");
	assert_int_equal(options->desired.allowed_external_ips.count, 1);
	assert_int_equal(options->desired.allowed_external_ips.items[0].length, 24);
	assert_int_equal(options->desired.allowed_load_balancer_ips.count, 2);
	assert_int_equal(options->desired.allowed_load_balancer_ips.items[1].length, 32);
	assert_true(options->desired.has_strict_ranges);
	assert_true(options->drain_timeout == 120);
	assert_int_equal(options->service_metrics, 7);
	assert_int_equal(options->other_nodes, KUBE_NODES_WATCHED);
	assert_int_equal(options->desired.opt_out.unprogrammed.count, 1);
	assert_int_equal(options->desired.opt_out.unbound.count, 2);
	assert_int_equal(options->desired.opt_out.unbound.items[1].length, 64);
	assert_int_equal(options->desired.objects_max, 2000);
	assert_int_equal(options->desired.endpoints_max, 200);
	assert_int_equal(options->desired.node_objects_max, 3000);
	assert_string_equal(options->socket_path, "/run/x");
	assert_int_equal(options->kube_proxy_compat, KUBE_PROXY_RELEASE_1_32);
	assert_int_equal(options->client.page_size, 9);
	assert_true(options->client.compression);
	assert_false(options->client.streaming_lists);
	assert_int_equal(options->manifests.count, 2);
	assert_string_equal(options->manifests.items[0], "/a");
	assert_string_equal(options->manifests.items[1], "/b,c");
	assert_int_equal(options->note_count, 0);
}

static void an_empty_file_sets_nothing(void **state)
{
	static const char *const texts[] = {"", "# nothing\n", "{}", "drainTimeout: null\n"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		auto_free(options) struct options *options = parsed(texts[i], "");

		assert_true(options->drain_timeout == 900);
		assert_string_equal(options->desired.affinity_scheduler, "sh");
		assert_int_equal(options->desired.objects_max, 250000);
		assert_int_equal(options->desired.endpoints_max, 10000);
		assert_int_equal(options->desired.node_objects_max, 2000000);
	}
}

static void flags_decide_over_the_file(void **state)
{
	auto_free(options) struct options *options =
		parsed("drainTimeout: 2m\nmanifests: [/a]\nserviceMetrics: 0\nsocket: /file\n",
		       "--drain-timeout 3m --manifests /b --manifests /c --service-metrics 3");

	(void)state;
	assert_true(options->drain_timeout == 180);
	assert_int_equal(options->manifests.count, 2);
	assert_string_equal(options->manifests.items[0], "/b");
	assert_string_equal(options->manifests.items[1], "/c");
	assert_int_equal(options->service_metrics, 3);
	assert_string_equal(options->socket_path, "/file");
	assert_int_equal(options->note_count, 1);
	assert_string_equal(options->notes[0].names, "drainTimeout, manifests");
	assert_string_equal(
		options->notes[0].reason,
		"ignored in the file given with --ipvsagent-config; the flag overrides it");
}

static void what_is_wrong_is_named_with_its_field(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{"[]", "not a mapping of settings"},
		{"drainTimeuot: 5m\n", "drainTimeuot: unknown field"},
		{"ipvs: {scheduler: lc}\n",
		 "ipvs: unknown field; it belongs in the KubeProxyConfiguration"},
		{"clusterCIDR: 10.0.0.0/8\n",
		 "clusterCIDR: unknown field; it belongs in the KubeProxyConfiguration"},
		{"apiVersion: v1\n", "apiVersion: unknown field"},
		{"kubeProxyCompat: '1.37'\n", "kubeProxyCompat: \"1.37\" is not 1.32 or 1.36"},
		{"kubeProxyCompat: 1.3\n", "kubeProxyCompat: \"1.3\" is not 1.32 or 1.36"},
		{"kubeProxyCompat: 1\n", "kubeProxyCompat: not a string"},
		{"drainTimeout: 5\n",
		 "drainTimeout: not a quoted duration with a unit, such as \"30s\""},
		{"drainTimeout: soon\n",
		 "drainTimeout: \"soon\" is not a duration such as 30s or 1m10s"},
		{"serviceMetrics: 1001\n",
		 "serviceMetrics: \"1001\" is not a number from 0 to 1000"},
		{"maxServiceObjects: 999\n",
		 "maxServiceObjects: \"999\" is not a number from 1000 to 10000000"},
		{"manifests: /a\n", "manifests: not a list"},
		{"otherNodes: some\n", "otherNodes: \"some\" is not list, watch or off"},
		{"unboundCIDRs: [10.0.0.1]\n",
		 "unboundCIDRs: element 1: \"10.0.0.1\" is not a CIDR such as 10.0.0.0/8"},
		{"manifests: ['']\n", "manifests: element 1: must not be empty"},
		{"affinityScheduler: 0123456789abcdef\n",
		 "affinityScheduler: \"0123456789abcdef\" is not the name of an IPVS scheduler"},
		{"socket: /a\nsocket: /b\n", "line 2, column 1: duplicate key \"socket\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_free(options) struct options *options = NULL;
		struct error err = {0};

		print_message("%s\n", rows[i].error);
		assert_int_equal(parse(rows[i].text, "", &options, &err), -EINVAL);
		assert_string_equal(err.text, rows[i].error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_field_is_taken),
		cmocka_unit_test(an_empty_file_sets_nothing),
		cmocka_unit_test(flags_decide_over_the_file),
		cmocka_unit_test(what_is_wrong_is_named_with_its_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
