/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/settings/command_line.h"
#include "agent/settings/flag_values.h"

#include "lib/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ARGUMENT_LIMIT 32

/* @line: separated by blanks */
static char *text_of(const char *line)
{
	auto_free(options) struct options *options = options_new();
	auto_memory char *copy = string_dup(line);
	char *argv[ARGUMENT_LIMIT + 1] = {(char[]){"run"}}, *rest = copy;
	struct error err = {0};
	int argc = 1;

	while (argc < ARGUMENT_LIMIT && rest && *rest)
		argv[argc++] = strsep(&rest, " ");
	if (command_line_parse(options, OPTION_SCOPE_RUN, argc, argv, &err) < 0)
		fail_msg("%s: %s", line, err.text);
	return flag_values_text(options);
}

static void assert_line(const char *text, const char *expected)
{
	auto_memory char *line = string_printf("\n%s\n", expected);

	if (!strstr(text, line) && strncmp(text, line + 1, strlen(line) - 1) != 0)
		fail_msg("no %s in:\n%s", expected, text);
}

/* What kube-proxy 1.36.3 answers at /flagz, started with defaults, but for what is below. */
static void flags_of_kube_proxy_are_there(void **state)
{
	static const char *const recorded[] = {
		"bind-address=0.0.0.0",
		"bind-address-hard-fail=false",
		"boot-id-file=/proc/sys/kernel/random/boot_id",
		"cleanup=false",
		"cluster-cidr=",
		"config=kp9.yaml",
		"config-sync-period=15m0s",
		"conntrack-max-per-core=32768",
		"conntrack-min=131072",
		"conntrack-tcp-be-liberal=false",
		"conntrack-tcp-timeout-close-wait=1h0m0s",
		"conntrack-tcp-timeout-established=24h0m0s",
		"conntrack-udp-timeout=0s",
		"conntrack-udp-timeout-stream=0s",
		"detect-local-mode=",
		"feature-gates=",
		"healthz-bind-address=0.0.0.0:10256",
		"healthz-port=10256",
		"help=false",
		"hostname-override=",
		"init-only=false",
		"iptables-localhost-nodeports=true",
		"iptables-masquerade-bit=14",
		"iptables-min-sync-period=1s",
		"iptables-sync-period=30s",
		"ipvs-exclude-cidrs=[]",
		"ipvs-min-sync-period=1s",
		"ipvs-scheduler=",
		"ipvs-strict-arp=false",
		"ipvs-sync-period=30s",
		"ipvs-tcp-timeout=0s",
		"ipvs-tcpfin-timeout=0s",
		"ipvs-udp-timeout=0s",
		"kube-api-burst=10",
		"kube-api-content-type=application/vnd.kubernetes.protobuf",
		"kube-api-qps=5",
		"kubeconfig=",
		"log-flush-frequency=5s",
		"log-json-info-buffer-size=0",
		"log-json-split-stream=false",
		"log-text-info-buffer-size=0",
		"log-text-split-stream=false",
		"logging-format=text",
		"machine-id-file=/etc/machine-id,/var/lib/dbus/machine-id",
		"masquerade-all=false",
		"master=",
		"metrics-bind-address=127.0.0.1:10249",
		"metrics-port=10249",
		"nodeport-addresses=[]",
		"oom-score-adj=-999",
		"pod-bridge-interface=",
		"pod-interface-name-prefix=",
		"profiling=false",
		"proxy-mode=",
		"show-hidden-metrics-for-version=",
		"v=2",
		"version=false",
		"vmodule=",
		"write-config-to=",
	};
	static const struct {
		const char *recorded, *ours; /* the agent's default */
	} differences[] = {
		{"config=kp9.yaml", "config="},
		{"detect-local-mode=", "detect-local-mode=ClusterCIDR"},
		{"ipvs-min-sync-period=1s", "ipvs-min-sync-period=0s"},
		{"ipvs-scheduler=", "ipvs-scheduler=rr"},
		{"proxy-mode=", "proxy-mode=ipvs"},
	};
	auto_memory char *text = text_of("");
	size_t used = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(recorded); i++) {
		const char *expected = recorded[i];

		for (size_t d = 0; d < COUNT(differences); d++) {
			if (strcmp(differences[d].recorded, recorded[i]) != 0)
				continue;
			expected = differences[d].ours;
			used++;
		}
		assert_line(text, expected);
	}
	assert_int_equal(used, COUNT(differences));
}

static void values_are_as_given(void **state)
{
	auto_memory char *text =
		text_of("--cluster-cidr 10.0.0.0/8 --ipvs-exclude-cidrs 10.1.0.0/16,10.2.0.0/16 "
			"--ipvs-sync-period 90s --feature-gates A=true,B=false --masquerade-all "
			"--logging-format json --logging-format=text --profiling -v 4 "
			"--kube-proxy-compat 1.32");

	(void)state;
	assert_line(text, "cluster-cidr=10.0.0.0/8");
	assert_line(text, "ipvs-exclude-cidrs=[10.1.0.0/16,10.2.0.0/16]");
	assert_line(text, "ipvs-sync-period=1m30s");
	assert_line(text, "feature-gates=A=true,B=false");
	assert_line(text, "masquerade-all=true");
	assert_line(text, "logging-format=text");
	assert_line(text, "profiling=true");
	assert_line(text, "v=4");
	assert_line(text, "kube-proxy-compat=1.32");
}

/* Of files, only the name is a flag. */
static void files_do_not_count(void **state)
{
	char path[] = "/tmp/flag-values-test.XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");
	auto_memory char *line =
		string_printf("--config %s --cluster-cidr 10.9.0.0/16 --healthz-port 1", path);
	auto_memory char *config = string_printf("config=%s", path);
	auto_memory char *text = NULL;

	(void)state;
	assert_non_null(file);
	fputs("kind: KubeProxyConfiguration\napiVersion: kubeproxy.config.k8s.io/v1alpha1\n"
	      "clusterCIDR: 10.1.0.0/16\n",
	      file);
	fclose(file);
	text = text_of(line);
	remove(path);
	assert_line(text, config);
	assert_line(text, "cluster-cidr=10.9.0.0/16");
	assert_line(text, "healthz-port=1");
}

static void lines_are_in_order(void **state)
{
	auto_memory char *text = text_of(""), *before = string_dup("");

	(void)state;
	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		char *name;

		*end = '\0';
		name = string_printf("%.*s", (int)strcspn(line, "="), line);
		assert_true(strcmp(before, name) < 0);
		free(before);
		before = name;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flags_of_kube_proxy_are_there),
		cmocka_unit_test(values_are_as_given),
		cmocka_unit_test(files_do_not_count),
		cmocka_unit_test(lines_are_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
