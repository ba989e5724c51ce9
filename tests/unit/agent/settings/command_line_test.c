/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/settings/command_line.h"
#include "agent/settings/kube_proxy_config.h"
#include "agent/settings/setting.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define ARGUMENT_COUNT 32

/* @line is a command line, whose words have one blank between them. */
static int parse(enum option_scope scope, const char *line, struct options **ret, struct error *err)
{
	auto_memory char *copy = string_dup(line);
	char *argv[ARGUMENT_COUNT + 1] = {copy}, *rest = copy;
	int argc = 0;

	while (argc < ARGUMENT_COUNT && (argv[argc] = strsep(&rest, " ")))
		argc++;
	argv[argc] = NULL;
	*ret = options_new();
	return command_line_parse(*ret, scope, argc, argv, err);
}

static struct options *parsed(const char *line)
{
	struct options *options;
	struct error err = {0};

	if (parse(OPTION_SCOPE_RUN, line, &options, &err) < 0)
		fail_msg("%s: %s", line, err.text);
	return options;
}

static void marks_leave_the_masquerade_bit_out(void **state)
{
	static const struct {
		const char *line;
		struct mark_range range;
	} rows[] = {
		{"run", {0x60000000, 0x1fff007e}},
		{"run --iptables-masquerade-bit 0", {0x60000000, 0x1fff007e}},
		{"run --iptables-masquerade-bit 5", {0x60000000, 0x1fff005e}},
		{"run --iptables-masquerade-bit 16", {0x60000000, 0x1ffe007e}},
		{"run --iptables-masquerade-bit 29", {0x50000000, 0x0fff007e}},
		{"run --iptables-masquerade-bit 30", {0x30000000, 0x0fff007e}},
		{"run --iptables-masquerade-bit 31", {0x60000000, 0x1fff007e}},
		{"run --iptables-masquerade-bit 5 --in-cluster-mark-mask 0", {0x60000000, 0}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_free(options) struct options *options = parsed(rows[i].line);

		print_message("%s\n", rows[i].line);
		assert_int_equal(options->in_cluster_marks.base, rows[i].range.base);
		assert_int_equal(options->in_cluster_marks.mask, rows[i].range.mask);
	}
}

/* The value of a KubeProxyConfiguration's field, as JSON. */
static char *field_text(const struct options *options, const char *field)
{
	json_t *root = kube_proxy_config_json(options), *value = root;
	auto_memory char *copy = string_dup(field);
	char *rest = copy, *name;
	char *text;

	while ((name = strsep(&rest, ".")))
		value = json_object_get(value, name);
	text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS | JSON_COMPACT)
		     : string_dup("absent");
	json_decref(root);
	return text;
}

static char *notes_text(const struct options *options)
{
	char *text = string_dup("");

	for (size_t i = 0; i < options->note_count; i++) {
		const struct option_note *note = &options->notes[i];
		char *longer =
			string_printf("%s%s%s: %s", text, i ? "; " : "", note->names, note->reason);

		free(text);
		text = longer;
	}
	return text;
}

static void each_flag_sets_its_field(void **state)
{
	static const struct {
		const char *flags, *field, *value;
	} rows[] = {
		{"--hostname-override Node1", "hostnameOverride", "\"Node1\""},
		{"--hostname-override=", "hostnameOverride", "\"\""},
		{"--bind-address fd77::10", "bindAddress", "\"fd77::10\""},
		{"--kubeconfig /etc/k.conf", "clientConnection.kubeconfig", "\"/etc/k.conf\""},
		{"--kube-api-qps 0.5", "clientConnection.qps", "0.5"},
		{"--kube-api-burst 50", "clientConnection.burst", "50"},
		{"--kube-api-content-type x/y", "clientConnection.contentType", "\"x/y\""},
		{"--config-sync-period 1m", "configSyncPeriod", "\"1m0s\""},
		{"--cluster-cidr 10.0.0.0/8,fd00::/56", "clusterCIDR", "\"10.0.0.0/8,fd00::/56\""},
		{"--cluster_cidr 10.0.0.0/8", "clusterCIDR", "\"10.0.0.0/8\""},
		{"--cluster-cidr 10.0.0.0/8 --cluster-cidr 11.0.0.0/8", "clusterCIDR",
		 "\"11.0.0.0/8\""},
		{"--detect-local-mode NodeCIDR", "detectLocalMode", "\"NodeCIDR\""},
		{"--detect-local-mode=", "detectLocalMode", "\"ClusterCIDR\""},
		{"--pod-bridge-interface cbr0", "detectLocal.bridgeInterface", "\"cbr0\""},
		{"--pod-interface-name-prefix cali", "detectLocal.interfaceNamePrefix", "\"cali\""},
		{"--nodeport-addresses primary", "nodePortAddresses", "[\"primary\"]"},
		{"--nodeport-addresses all,10.0.0.0/8,localhost,primary", "nodePortAddresses",
		 "[\"10.0.0.0/8\",\"primary\",\"localhost\",\"all\"]"},
		{"--nodeport-addresses 10.0.0.0/8,11.0.0.0/8", "nodePortAddresses",
		 "[\"10.0.0.0/8\",\"11.0.0.0/8\"]"},
		{"--nodeport-addresses 10.0.0.0/8 --nodeport-addresses 11.0.0.0/8",
		 "nodePortAddresses", "[\"10.0.0.0/8\",\"11.0.0.0/8\"]"},
		{"--proxy-mode ipvs", "mode", "\"ipvs\""},
		{"--proxy-mode=", "mode", "\"ipvs\""},
		{"--ipvs-scheduler lc", "ipvs.scheduler", "\"lc\""},
		{"--ipvs-scheduler=", "ipvs.scheduler", "\"rr\""},
		{"--ipvs-exclude-cidrs 203.0.113.0/24", "ipvs.excludeCIDRs",
		 "[\"203.0.113.0/24\"]"},
		{"--ipvs-strict-arp", "ipvs.strictARP", "true"},
		{"--ipvs-strict-arp=true", "ipvs.strictARP", "true"},
		{"--ipvs-strict-arp=1", "ipvs.strictARP", "true"},
		{"--ipvs-strict-arp --ipvs-strict-arp=F", "ipvs.strictARP", "false"},
		{"--ipvs-tcp-timeout 20m", "ipvs.tcpTimeout", "\"20m0s\""},
		{"--ipvs-tcpfin-timeout 45s", "ipvs.tcpFinTimeout", "\"45s\""},
		{"--ipvs-udp-timeout 1m10s", "ipvs.udpTimeout", "\"1m10s\""},
		{"--ipvs-sync-period 10s", "ipvs.syncPeriod", "\"10s\""},
		{"--ipvs-min-sync-period 100ms", "ipvs.minSyncPeriod", "\"100ms\""},
		{"--masquerade-all", "iptables.masqueradeAll", "true"},
		{"--iptables-masquerade-bit 5", "iptables.masqueradeBit", "5"},
		{"--conntrack-max-per-core 0", "conntrack.maxPerCore", "0"},
		{"--conntrack-min 10", "conntrack.min", "10"},
		{"--conntrack-tcp-timeout-established 2h", "conntrack.tcpEstablishedTimeout",
		 "\"2h0m0s\""},
		{"--conntrack-tcp-timeout-close-wait 0", "conntrack.tcpCloseWaitTimeout", "\"0s\""},
		{"--conntrack-tcp-be-liberal", "conntrack.tcpBeLiberal", "true"},
		{"--conntrack-udp-timeout 30s", "conntrack.udpTimeout", "\"30s\""},
		{"--conntrack-udp-timeout-stream 5m", "conntrack.udpStreamTimeout", "\"5m0s\""},
		{"--oom-score-adj -1000", "oomScoreAdj", "-1000"},
		{"--healthz-bind-address 127.0.0.1:1", "healthzBindAddress", "\"127.0.0.1:1\""},
		{"--healthz-bind-address 127.0.0.1", "healthzBindAddress", "\"127.0.0.1:10256\""},
		{"--healthz-bind-address ::", "healthzBindAddress", "\"[::]:10256\""},
		{"--healthz-bind-address [::1]:77", "healthzBindAddress", "\"[::1]:77\""},
		{"--healthz-bind-address=", "healthzBindAddress", "\"\""},
		{"--healthz-port 0", "healthzBindAddress", "\"\""},
		{"--healthz-port 7 --healthz-bind-address 127.0.0.1", "healthzBindAddress",
		 "\"127.0.0.1:7\""},
		{"--metrics-bind-address 0.0.0.0:9", "metricsBindAddress", "\"0.0.0.0:9\""},
		{"--metrics-port=0", "metricsBindAddress", "\"\""},
		{"--bind-address-hard-fail", "bindAddressHardFail", "true"},
		{"--v=4", "logging.verbosity", "4"},
		{"-v=4", "logging.verbosity", "4"},
		{"-v4", "logging.verbosity", "4"},
		{"-v 4", "logging.verbosity", "4"},
		{"--feature-gates A=true,B=false", "featureGates", "{\"A\":true,\"B\":false}"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_memory char *line = string_printf("run %s", rows[i].flags);
		auto_free(options) struct options *options = NULL;
		auto_memory char *value = NULL;

		print_message("%s\n", rows[i].flags);
		options = parsed(line);
		value = field_text(options, rows[i].field);
		assert_string_equal(value, rows[i].value);
	}
}

static void flags_without_field(void **state)
{
	auto_free(options) struct options *options =
		parsed("run --manifests a --manifests=b --socket /s --drain-timeout 2m "
		       "--reserve-node-ports 30000-32767 --suspend-estimation --sloppy-sctp=true "
		       "--affinity-scheduler inherit --master https://m --cleanup --init-only "
		       "--write-config-to f left over");

	(void)state;
	assert_int_equal(options->manifests.count, 2);
	assert_string_equal(options->manifests.items[0], "a");
	assert_string_equal(options->manifests.items[1], "b");
	assert_string_equal(options->socket_path, "/s");
	assert_true(options->drain_timeout == 120);
	assert_int_equal(options->reserved_node_ports.first, 30000);
	assert_int_equal(options->reserved_node_ports.last, 32767);
	assert_true(options->suspend_estimation);
	assert_true(options->sloppy_sctp);
	assert_string_equal(options->desired.affinity_scheduler, "inherit");
	assert_string_equal(options->client.master, "https://m");
	assert_true(options->cleanup);
	assert_true(options->init_only);
	assert_string_equal(options->write_to, "f");
	assert_int_equal(options->arguments.count, 2);
	assert_string_equal(options->arguments.items[0], "left");
	assert_string_equal(options->arguments.items[1], "over");
	assert_int_equal(options->note_count, 0);
}

static void defaults_are_those_of_kube_proxy(void **state)
{
	auto_free(options) struct options *options = parsed("run");

	(void)state;
	assert_string_equal(options->desired.scheduler, "rr");
	assert_string_equal(options->desired.affinity_scheduler, "sh");
	assert_int_equal(options->bind_address.family, AF_INET);
	assert_true(address_is_unspecified(&options->bind_address));
	assert_int_equal(options->healthz.port, 10256);
	assert_int_equal(options->metrics.port, 10249);
	assert_true(address_is_loopback(&options->metrics.address));
	assert_int_equal(options->conntrack.max_per_core, 32768);
	assert_int_equal(options->conntrack.min, 131072);
	assert_int_equal(options->conntrack.tcp_established_timeout, 86400);
	assert_int_equal(options->conntrack.tcp_close_wait_timeout, 3600);
	assert_int_equal(options->oom_score_adj, -999);
	assert_true(options->config_sync_period == 900);
	assert_true(options->sync_period == 30);
	assert_true(options->min_sync_period == 0);
	assert_int_equal(options->masquerade_bit, 14);
}

static void what_is_wrong_is_named(void **state)
{
	static const struct {
		enum option_scope scope;
		const char *line, *error;
	} rows[] = {
		{OPTION_SCOPE_RUN, "run --nonsense", "unknown flag --nonsense"},
		{OPTION_SCOPE_RUN, "run --cluster-cidr", "--cluster-cidr requires a value"},
		{OPTION_SCOPE_STATUS, "status --cluster-cidr 10.0.0.0/8",
		 "status: unknown flag --cluster-cidr"},
		{OPTION_SCOPE_RUN, "run --manifests=", "--manifests: must not be empty"},
		{OPTION_SCOPE_RUN, "run --cluster-cidr 10.0.0.1",
		 "--cluster-cidr: \"10.0.0.1\" is not a CIDR such as 10.0.0.0/8"},
		{OPTION_SCOPE_RUN, "run --cluster-cidr 10.0.0.0/8,11.0.0.0/8",
		 "--cluster-cidr: more than one CIDR of an IP family"},
		{OPTION_SCOPE_RUN, "run --nodeport-addresses primary,secondary",
		 "--nodeport-addresses: \"secondary\" is not a CIDR such as 10.0.0.0/8"},
		{OPTION_SCOPE_RUN, "run --proxy-mode iptables",
		 "--proxy-mode: \"iptables\" is not supported; the only mode is ipvs"},
		{OPTION_SCOPE_RUN, "run --iptables-masquerade-bit 32",
		 "--iptables-masquerade-bit: \"32\" is not a number from 0 to 31"},
		{OPTION_SCOPE_RUN, "run --reserve-node-ports 30000",
		 "--reserve-node-ports: \"30000\" is not a range of ports such as 30000-32767"},
		{OPTION_SCOPE_RUN, "run --reserve-node-ports 0-1",
		 "--reserve-node-ports: \"0-1\" is not a range of ports such as 30000-32767"},
		{OPTION_SCOPE_RUN, "run --reserve-node-ports 2-1",
		 "--reserve-node-ports: \"2-1\" is not a range of ports such as 30000-32767"},
		{OPTION_SCOPE_RUN, "run --reserve-node-ports 1-65536",
		 "--reserve-node-ports: \"1-65536\" is not a range of ports such as 30000-32767"},
		{OPTION_SCOPE_RUN, "run --reserve-node-ports 1-2,3",
		 "--reserve-node-ports: \"1-2,3\" is not a range of ports such as 30000-32767"},
		{OPTION_SCOPE_RUN, "run --oom-score-adj -1001",
		 "--oom-score-adj: \"-1001\" is not a number from -1000 to 1000"},
		{OPTION_SCOPE_RUN, "run --ipvs-sync-period 0",
		 "--ipvs-sync-period: must be greater than 0"},
		{OPTION_SCOPE_RUN, "run --ipvs-min-sync-period 31s",
		 "--ipvs-min-sync-period must not be longer than --ipvs-sync-period"},
		{OPTION_SCOPE_RUN, "run --ipvs-udp-timeout 5",
		 "--ipvs-udp-timeout: \"5\" is not a duration such as 30s or 1m10s"},
		{OPTION_SCOPE_RUN, "run --ipvs-udp-timeout 577h",
		 "--ipvs-udp-timeout: 577h is longer than 24 days"},
		{OPTION_SCOPE_RUN, "run --masquerade-all=maybe",
		 "--masquerade-all: \"maybe\" is not a boolean (true or false)"},
		{OPTION_SCOPE_RUN, "run --ipvs-scheduler 0123456789abcdef",
		 "--ipvs-scheduler: \"0123456789abcdef\" is not the name of an IPVS scheduler"},
		{OPTION_SCOPE_RUN, "run --healthz-bind-address [::1",
		 "--healthz-bind-address: \"[::1\" is not ADDRESS, ADDRESS:PORT or, for IPv6, [ADDRESS]:PORT"},
		{OPTION_SCOPE_RUN, "run --metrics-bind-address 127.0.0.1:70000",
		 "--metrics-bind-address: \"127.0.0.1:70000\" is not ADDRESS, ADDRESS:PORT or, for IPv6, [ADDRESS]:PORT"},
		{OPTION_SCOPE_RUN, "run --feature-gates A",
		 "--feature-gates: \"A\" is not NAME=true,NAME=false,..."},
		{OPTION_SCOPE_RUN, "run --detect-local-mode BridgeInterface",
		 "--detect-local-mode BridgeInterface requires --pod-bridge-interface"},
		{OPTION_SCOPE_STATUS, "status --output yaml",
		 "--output: \"yaml\" is not wide or json"},
		{OPTION_SCOPE_CLEANUP, "cleanup -o json", "--output requires --dry-run"},
		{OPTION_SCOPE_CLEANUP, "cleanup --dry-run -o yaml",
		 "--output: \"yaml\" is not text or json; use json, which is YAML as well"},
		{OPTION_SCOPE_DIFF, "diff -o yaml",
		 "--output: \"yaml\" is not text or json; use json, which is YAML as well"},
		{OPTION_SCOPE_DIFF, "diff --part ipvs", "diff: unknown flag --part"},
		{OPTION_SCOPE_PLAN, "plan", "missing -f PATH, a file or directory of manifests"},
		{OPTION_SCOPE_PLAN, "plan -f", "-f requires a value"},
		{OPTION_SCOPE_PLAN, "plan -f x -o yaml",
		 "--output: \"yaml\" is not text or json; use json, which is YAML as well"},
		{OPTION_SCOPE_PLAN, "plan -f x -o wide", "--output: \"wide\" is not text or json"},
		{OPTION_SCOPE_PLAN, "plan -f x --part nat",
		 "--part: \"nat\" is not all, ipset, iptables, ip6tables, ipvs or addresses"},
		{OPTION_SCOPE_PLAN, "plan -f x --part ipvs -o json",
		 "--part applies to text, not to -o json"},
		{OPTION_SCOPE_PLAN, "plan -f x --node-addresses 10.0.0.1,10.0.0.0/8",
		 "--node-addresses: \"10.0.0.0/8\" is not an IP address"},
		{OPTION_SCOPE_PLAN, "plan -f x --socket /x", "plan: unknown flag --socket"},
		{OPTION_SCOPE_EXPLAIN, "explain -o yaml",
		 "--output: \"yaml\" is not text or json; use json, which is YAML as well"},
		{OPTION_SCOPE_EXPLAIN, "explain -f x --part ipvs", "explain: unknown flag --part"},
		{OPTION_SCOPE_EXPLAIN, "explain -w", "explain: unknown flag --watch"},
		{OPTION_SCOPE_RUN, "run -f x", "unknown flag -f"},
		{OPTION_SCOPE_RUN, "run --part ipvs", "run: unknown flag --part"},
		{OPTION_SCOPE_RUN, "run --config /nonexistent",
		 "/nonexistent: No such file or directory"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_free(options) struct options *options = NULL;
		struct error err = {0};

		print_message("%s\n", rows[i].line);
		assert_true(parse(rows[i].scope, rows[i].line, &options, &err) < 0);
		assert_string_equal(err.text, rows[i].error);
	}
}

/* Nobody has to change a kube-proxy command line; what does not apply is said once per reason. */
static void every_flag_without_effect_is_noted(void **state)
{
	auto_free(options) struct options *options =
		parsed("run --iptables-sync-period 1s --iptables-min-sync-period=1s "
		       "--vmodule a=1 --enable-dsr "
		       "--config-sync-period 1m");
	auto_memory char *notes = notes_text(options);

	(void)state;
	assert_string_equal(
		notes,
		"--iptables-sync-period, --iptables-min-sync-period: "
		"ignored; it applies to kube-proxy's iptables mode; "
		"--vmodule: ignored; log lines go to standard error, unbuffered; "
		"--enable-dsr: ignored; it applies to kube-proxy on Windows; "
		"--config-sync-period: ignored; ipvs.syncPeriod sets how often everything is verified");
}

/* Source: `kube-proxy --help` of 1.32, for Linux, and its two hidden deprecated flags. */
static void all_flags_of_kube_proxy_are_known(void **state)
{
	static const char *const names[] = {
		"bind-address",
		"bind-address-hard-fail",
		"boot-id-file",
		"cleanup",
		"cluster-cidr",
		"config",
		"config-sync-period",
		"conntrack-max-per-core",
		"conntrack-min",
		"conntrack-tcp-be-liberal",
		"conntrack-tcp-timeout-close-wait",
		"conntrack-tcp-timeout-established",
		"conntrack-udp-timeout",
		"conntrack-udp-timeout-stream",
		"detect-local-mode",
		"feature-gates",
		"healthz-bind-address",
		"healthz-port",
		"help",
		"hostname-override",
		"init-only",
		"iptables-localhost-nodeports",
		"iptables-masquerade-bit",
		"iptables-min-sync-period",
		"iptables-sync-period",
		"ipvs-exclude-cidrs",
		"ipvs-min-sync-period",
		"ipvs-scheduler",
		"ipvs-strict-arp",
		"ipvs-sync-period",
		"ipvs-tcp-timeout",
		"ipvs-tcpfin-timeout",
		"ipvs-udp-timeout",
		"kube-api-burst",
		"kube-api-content-type",
		"kube-api-qps",
		"kubeconfig",
		"log-flush-frequency",
		"log-json-info-buffer-size",
		"log-json-split-stream",
		"log-text-info-buffer-size",
		"log-text-split-stream",
		"logging-format",
		"machine-id-file",
		"masquerade-all",
		"master",
		"metrics-bind-address",
		"metrics-port",
		"nodeport-addresses",
		"oom-score-adj",
		"pod-bridge-interface",
		"pod-interface-name-prefix",
		"profiling",
		"proxy-mode",
		"show-hidden-metrics-for-version",
		"v",
		"version",
		"vmodule",
		"write-config-to",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		bool is_known = false;

		for (size_t s = 0; s < setting_count; s++)
			is_known |= string_equal(settings[s].flag, names[i]) &&
				    settings[s].scope & OPTION_SCOPE_RUN;
		if (!is_known)
			fail_msg("--%s is not known", names[i]);
	}
}

static void every_setting_without_effect_has_a_default_to_write(void **state)
{
	(void)state;
	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *setting = &settings[i];

		assert_true(setting->flag || setting->field);
		assert_true(setting->kind || setting->ignored);
		if (setting->field && setting->ignored) {
			json_t *value = json_loads(setting->default_json, JSON_DECODE_ANY, NULL);

			assert_non_null(value);
			json_decref(value);
		}
		if (setting->field && setting->kind)
			assert_non_null(setting->kind->get);
	}
}

static char *write_file(const char *text)
{
	char *path = string_dup("/tmp/options-test.XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

static void the_file_of_config_decides_over_most_flags(void **state)
{
	auto_memory char *path = write_file("apiVersion: kubeproxy.config.k8s.io/v1alpha1\n"
					    "kind: KubeProxyConfiguration\n"
					    "hostnameOverride: from-file\n"
					    "logging: {verbosity: 1}\n"
					    "ipvs: {scheduler: lc}\n");
	auto_memory char *line =
		string_printf("run --ipvs-scheduler wrr --config %s --hostname-override Flag "
			      "--healthz-port 0 -v 5 --master https://m --drain-timeout 1s "
			      "--ipvs-exclude-cidrs 10.0.0.0/8",
			      path);
	auto_free(options) struct options *options = parsed(line);
	auto_memory char *notes = notes_text(options);
	struct options *refused;
	struct error err = {0};

	(void)state;
	assert_string_equal(options->desired.scheduler, "lc");
	assert_int_equal(options->excluded.count, 0);
	assert_string_equal(options->node_name, "Flag");
	assert_int_equal(options->verbosity, 5);
	assert_int_equal(options->healthz.port, 10256);
	assert_string_equal(options->client.master, "https://m");
	assert_true(options->drain_timeout == 1);
	assert_string_equal(notes, "--ipvs-scheduler, --ipvs-exclude-cidrs: "
				   "ignored; the file given with --config overrides it");
	assert_true(options->notes[0].is_warning);

	/* What is passed over has to be right all the same. */
	free(line);
	line = string_printf("run --config %s --ipvs-sync-period x", path);
	assert_int_equal(parse(OPTION_SCOPE_RUN, line, &refused, &err), -EINVAL);
	options_free(refused);
	unlink(path);
}

static void a_plan_has_the_settings_that_matter(void **state)
{
	auto_free(options) struct options *options = NULL;
	struct error err = {0};

	(void)state;
	if (parse(OPTION_SCOPE_PLAN,
		  "plan -f a.yaml --manifests b --node-name Node1 --node-addresses 10.0.0.1,fd00::1 "
		  "--part ip6tables --ipvs-scheduler lc --in-cluster-mark-mask 0",
		  &options, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(options->manifests.count, 2);
	assert_string_equal(options->manifests.items[0], "a.yaml");
	assert_string_equal(options->manifests.items[1], "b");
	assert_string_equal(options->node_name, "Node1");
	assert_int_equal(options->node_addresses.count, 2);
	assert_int_equal(options->node_addresses.items[1].family, AF_INET6);
	assert_int_equal(options->part, PLAN_PART_IP6TABLES);
	assert_string_equal(options->desired.scheduler, "lc");
	assert_int_equal(options->in_cluster_marks.mask, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_flag_sets_its_field),
		cmocka_unit_test(flags_without_field),
		cmocka_unit_test(defaults_are_those_of_kube_proxy),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(a_plan_has_the_settings_that_matter),
		cmocka_unit_test(every_flag_without_effect_is_noted),
		cmocka_unit_test(all_flags_of_kube_proxy_are_known),
		cmocka_unit_test(every_setting_without_effect_has_a_default_to_write),
		cmocka_unit_test(marks_leave_the_masquerade_bit_out),
		cmocka_unit_test(the_file_of_config_decides_over_most_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
