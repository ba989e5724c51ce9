/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/settings/command_line.h"
#include "agent/settings/kube_proxy_config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define HEAD "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n"

static char *write_file(const char *text)
{
	char *path = string_dup("/tmp/configuration-test.XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

/* With the file's name taken out of errors. */
static int read_text(struct options *options, const char *text, struct error *err)
{
	auto_memory char *path = write_file(text);
	char *argv[] = {(char[]){"run"}, (char[]){"--config"}, path, NULL};
	int r = command_line_parse(options, OPTION_SCOPE_RUN, 3, argv, err);

	unlink(path);
	if (r < 0 && strncmp(err->text, path, strlen(path)) == 0)
		memmove(err->text, err->text + strlen(path) + strlen(": "),
			strlen(err->text + strlen(path) + strlen(": ")) + 1);
	return r;
}

static struct options *options_from(const char *text)
{
	struct options *options = options_new();
	struct error err = {0};

	if (read_text(options, text, &err) < 0)
		fail_msg("%s", err.text);
	return options;
}

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
			string_printf("%s%s%s%s: %s", text, i ? "; " : "",
				      note->is_warning ? "! " : "", note->names, note->reason);

		free(text);
		text = longer;
	}
	return text;
}

static void each_field_is_taken(void **state)
{
	static const struct {
		const char *yaml, *field, *value;
	} rows[] = {
		{"hostnameOverride: node1", "hostnameOverride", "\"node1\""},
		{"bindAddress: 10.0.0.1", "bindAddress", "\"10.0.0.1\""},
		{"bindAddress: '::'", "healthzBindAddress", "\"[::]:10256\""},
		{"bindAddress: '::'", "metricsBindAddress", "\"[::1]:10249\""},
		{"bindAddress: '::'\nmetricsBindAddress: 127.0.0.1", "metricsBindAddress",
		 "\"127.0.0.1:10249\""},
		{"bindAddressHardFail: true", "bindAddressHardFail", "true"},
		{"healthzBindAddress: 127.0.0.1", "healthzBindAddress", "\"127.0.0.1:10256\""},
		{"metricsBindAddress: 0.0.0.0:10249", "metricsBindAddress", "\"0.0.0.0:10249\""},
		{"clusterCIDR: 10.244.0.0/16,fd00::/56", "clusterCIDR",
		 "\"10.244.0.0/16,fd00::/56\""},
		{"detectLocalMode: BridgeInterface\ndetectLocal: {bridgeInterface: cbr0}",
		 "detectLocalMode", "\"BridgeInterface\""},
		{"detectLocalMode: InterfaceNamePrefix\ndetectLocal: {interfaceNamePrefix: cali}",
		 "detectLocal.interfaceNamePrefix", "\"cali\""},
		{"nodePortAddresses: [primary]", "nodePortAddresses", "[\"primary\"]"},
		{"nodePortAddresses: [10.0.0.0/8, 'fd00::/8']", "nodePortAddresses",
		 "[\"10.0.0.0/8\",\"fd00::/8\"]"},
		{"mode: ipvs", "mode", "\"ipvs\""},
		{"ipvs: {scheduler: mh}", "ipvs.scheduler", "\"mh\""},
		{"ipvs: {excludeCIDRs: [10.0.0.0/8]}", "ipvs.excludeCIDRs", "[\"10.0.0.0/8\"]"},
		{"ipvs: {strictARP: true}", "ipvs.strictARP", "true"},
		{"ipvs: {tcpTimeout: 20m}", "ipvs.tcpTimeout", "\"20m0s\""},
		{"ipvs: {tcpFinTimeout: 45s}", "ipvs.tcpFinTimeout", "\"45s\""},
		{"ipvs: {udpTimeout: 1m10s}", "ipvs.udpTimeout", "\"1m10s\""},
		{"ipvs: {syncPeriod: 10s, minSyncPeriod: 5s}", "ipvs.minSyncPeriod", "\"5s\""},
		{"iptables: {masqueradeAll: true}", "iptables.masqueradeAll", "true"},
		{"iptables: {masqueradeBit: 0}", "iptables.masqueradeBit", "0"},
		{"conntrack: {maxPerCore: 0}", "conntrack.maxPerCore", "0"},
		{"conntrack: {min: 0}", "conntrack.min", "0"},
		{"conntrack: {tcpEstablishedTimeout: 0s}", "conntrack.tcpEstablishedTimeout",
		 "\"0s\""},
		{"conntrack: {tcpCloseWaitTimeout: 2h}", "conntrack.tcpCloseWaitTimeout",
		 "\"2h0m0s\""},
		{"conntrack: {tcpBeLiberal: true}", "conntrack.tcpBeLiberal", "true"},
		{"conntrack: {udpTimeout: 3s}", "conntrack.udpTimeout", "\"3s\""},
		{"conntrack: {udpStreamTimeout: 4s}", "conntrack.udpStreamTimeout", "\"4s\""},
		{"oomScoreAdj: 0", "oomScoreAdj", "0"},
		{"configSyncPeriod: 1m", "configSyncPeriod", "\"1m0s\""},
		{"clientConnection: {kubeconfig: /k}", "clientConnection.kubeconfig", "\"/k\""},
		{"clientConnection: {qps: 0.5}", "clientConnection.qps", "0.5"},
		{"clientConnection: {burst: 3}", "clientConnection.burst", "3"},
		{"clientConnection: {contentType: a/b}", "clientConnection.contentType", "\"a/b\""},
		{"clientConnection: {acceptContentTypes: c/d}",
		 "clientConnection.acceptContentTypes", "\"c/d\""},
		{"featureGates: {A: true, B: false}", "featureGates", "{\"A\":true,\"B\":false}"},
		{"logging: {verbosity: 4}", "logging.verbosity", "4"},
		{"logging: {format: json}", "logging.format", "\"json\""},
		{"logging: {format: ''}", "logging.format", "\"text\""},
		{"enableProfiling: true", "enableProfiling", "true"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_memory char *text = string_printf(HEAD "%s\n", rows[i].yaml);
		auto_free(options) struct options *options = NULL;
		auto_memory char *value = NULL;

		print_message("%s\n", rows[i].yaml);
		options = options_from(text);
		value = field_text(options, rows[i].field);
		assert_string_equal(value, rows[i].value);
	}
}

/* As kubeadm 1.32 writes it: everything that nobody set is zero, null or empty. */
static const char kubeadm[] = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\n"
			      "bindAddress: 0.0.0.0\n"
			      "bindAddressHardFail: false\n"
			      "clientConnection:\n"
			      "  acceptContentTypes: \"\"\n"
			      "  burst: 0\n"
			      "  contentType: \"\"\n"
			      "  kubeconfig: /var/lib/kube-proxy/kubeconfig.conf\n"
			      "  qps: 0\n"
			      "clusterCIDR: 10.244.0.0/16\n"
			      "configSyncPeriod: 0s\n"
			      "conntrack:\n"
			      "  maxPerCore: null\n"
			      "  min: null\n"
			      "  tcpBeLiberal: false\n"
			      "  tcpCloseWaitTimeout: null\n"
			      "  tcpEstablishedTimeout: null\n"
			      "  udpStreamTimeout: 0s\n"
			      "  udpTimeout: 0s\n"
			      "detectLocal:\n"
			      "  bridgeInterface: \"\"\n"
			      "  interfaceNamePrefix: \"\"\n"
			      "detectLocalMode: \"\"\n"
			      "enableProfiling: false\n"
			      "healthzBindAddress: \"\"\n"
			      "hostnameOverride: \"\"\n"
			      "iptables:\n"
			      "  localhostNodePorts: null\n"
			      "  masqueradeAll: false\n"
			      "  masqueradeBit: null\n"
			      "  minSyncPeriod: 0s\n"
			      "  syncPeriod: 0s\n"
			      "ipvs:\n"
			      "  excludeCIDRs: null\n"
			      "  minSyncPeriod: 0s\n"
			      "  scheduler: \"\"\n"
			      "  strictARP: false\n"
			      "  syncPeriod: 0s\n"
			      "  tcpFinTimeout: 0s\n"
			      "  tcpTimeout: 0s\n"
			      "  udpTimeout: 0s\n"
			      "kind: KubeProxyConfiguration\n"
			      "logging:\n"
			      "  flushFrequency: 0\n"
			      "  options:\n"
			      "    json:\n"
			      "      infoBufferSize: \"0\"\n"
			      "    text:\n"
			      "      infoBufferSize: \"0\"\n"
			      "  verbosity: 0\n"
			      "metricsBindAddress: \"\"\n"
			      "mode: ipvs\n"
			      "nftables:\n"
			      "  masqueradeAll: false\n"
			      "  masqueradeBit: null\n"
			      "  minSyncPeriod: 0s\n"
			      "  syncPeriod: 0s\n"
			      "nodePortAddresses: null\n"
			      "oomScoreAdj: null\n"
			      "portRange: \"\"\n"
			      "showHiddenMetricsForVersion: \"\"\n"
			      "winkernel:\n"
			      "  enableDSR: false\n"
			      "  forwardHealthCheckVip: false\n"
			      "  networkName: \"\"\n"
			      "  rootHnsEndpointName: \"\"\n"
			      "  sourceVip: \"\"\n";

static void zeros_of_kubeadm_are_defaults(void **state)
{
	auto_free(options) struct options *options = options_from(kubeadm);
	auto_free(options) struct options *defaults = options_from(HEAD);
	json_t *actual = kube_proxy_config_json(options),
	       *expected = kube_proxy_config_json(defaults);

	(void)state;
	json_object_set_new(expected, "clusterCIDR", json_string("10.244.0.0/16"));
	json_object_set_new(json_object_get(expected, "clientConnection"), "kubeconfig",
			    json_string("/var/lib/kube-proxy/kubeconfig.conf"));
	assert_true(json_equal(actual, expected));
	assert_int_equal(options->note_count, 0);
	json_decref(actual);
	json_decref(expected);
}

static void what_has_no_effect_or_no_meaning_is_noted(void **state)
{
	static const struct {
		const char *what, *yaml, *notes;
	} rows[] = {
		{"the default value of an ignored field is not noted",
		 "iptables: {syncPeriod: 30s}", ""},
		{"another value of an ignored field is noted",
		 "iptables: {syncPeriod: 10s, localhostNodePorts: false}",
		 "iptables.syncPeriod: ignored; it applies to kube-proxy's iptables mode"},
		{"the default values of ignored fields that are kept are not noted",
		 "configSyncPeriod: 15m\nclientConnection: {acceptContentTypes: '', contentType: "
		 "application/vnd.kubernetes.protobuf}",
		 ""},
		{"settings of other modes", "nftables: {masqueradeBit: 3}\nportRange: 1-2",
		 "nftables.masqueradeBit: ignored; it applies to kube-proxy's nftables mode; portRange: ignored; it applied to kube-proxy's userspace mode"},
		{"unknown fields, at any depth", "foo: {a: 1}\nipvs: {bar: 1, scheduler: lc}",
		 "! foo, ipvs.bar: not a field of KubeProxyConfiguration; ignored"},
		{"names are case-sensitive", "Mode: ipvs",
		 "! Mode: not a field of KubeProxyConfiguration; ignored"},
		{"repeated fields", "oomScoreAdj: 1\noomScoreAdj: 2",
		 "! oomScoreAdj (line 4): specified more than once; the last value applies"},
		{"feature gates", "featureGates: {A: true}",
		 "featureGates: ignored but for AllowServiceExternalIPs, the only feature gate that applies to the agent"},
		{"the feature gate that ends kube-proxy's IPVS mode",
		 "featureGates: {KubeProxyIPVS: false, AllowServiceExternalIPs: false}",
		 "! featureGates: KubeProxyIPVS=false disables the IPVS mode of kube-proxy; the agent runs all the same"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_memory char *text = string_printf(HEAD "%s\n", rows[i].yaml);
		auto_free(options) struct options *options = options_from(text);
		auto_memory char *notes = notes_text(options);

		print_message("%s\n", rows[i].what);
		assert_string_equal(notes, rows[i].notes);
	}
}

static void the_last_of_repeated_fields_counts(void **state)
{
	auto_free(options) struct options *options =
		options_from(HEAD "oomScoreAdj: 1\noomScoreAdj: 2\n");

	(void)state;
	assert_int_equal(options->oom_score_adj, 2);
}

static void what_is_wrong_is_named_with_its_field(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{"", "empty; a KubeProxyConfiguration is required"},
		{"[]", "not a KubeProxyConfiguration"},
		{"kind: Pod\napiVersion: v1\n", "kind: \"Pod\" is not KubeProxyConfiguration"},
		{"kind: KubeProxyConfiguration\n",
		 "apiVersion: \"\" is not kubeproxy.config.k8s.io/v1alpha1"},
		{HEAD "mode: nftables\n",
		 "mode: \"nftables\" is not supported; the only mode is ipvs"},
		{HEAD "mode: 1\n", "mode: not a string"},
		{HEAD "ipvs: []\n", "ipvs: not a mapping"},
		{HEAD "ipvs: {tcpTimeout: 5}\n",
		 "ipvs.tcpTimeout: not a quoted duration with a unit, such as \"30s\""},
		{HEAD "ipvs: {tcpTimeout: -5s}\n",
		 "ipvs.tcpTimeout: \"-5s\" is not a duration such as 30s or 1m10s"},
		{HEAD "ipvs: {strictARP: 'true'}\n", "ipvs.strictARP: not a boolean"},
		{HEAD "ipvs: {excludeCIDRs: 10.0.0.0/8}\n", "ipvs.excludeCIDRs: not a list"},
		{HEAD "ipvs: {excludeCIDRs: [10.0.0.0/8, 7]}\n",
		 "ipvs.excludeCIDRs: element 2: not a string"},
		{HEAD "nodePortAddresses: [x]\n", "nodePortAddresses: element 1: \"x\" is not a "
						  "CIDR such as 10.0.0.0/8"},
		{HEAD "oomScoreAdj: 1.5\n", "oomScoreAdj: not a number"},
		{HEAD "oomScoreAdj: 1001\n",
		 "oomScoreAdj: \"1001\" is not a number from -1000 to 1000"},
		{HEAD "logging: {format: xml}\n", "logging.format: \"xml\" is not text or json"},
		{HEAD "conntrack: {min: -1}\n",
		 "conntrack.min: \"-1\" is not a number from 0 to 2147483647"},
		{HEAD "clusterCIDR: 10.0.0.0\n",
		 "clusterCIDR: \"10.0.0.0\" is not a CIDR such as 10.0.0.0/8"},
		{HEAD "featureGates: {A: 1}\n", "featureGates: A: not a boolean"},
		{HEAD "bindAddress: nowhere\n", "bindAddress: \"nowhere\" is not an IP address"},
		{HEAD "a: [\n", "line 4, column 1: did not find expected node content, "
				"while parsing a flow node"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_free(options) struct options *options = options_new();
		struct error err = {0};

		print_message("%s\n", rows[i].error);
		assert_int_equal(read_text(options, rows[i].text, &err), -EINVAL);
		assert_string_equal(err.text, rows[i].error);
	}
}

static void what_is_written_reads_the_same(void **state)
{
	auto_free(options) struct options *options = options_from(
		HEAD "hostnameOverride: \"a: \\\"b\\\" #c\"\n"
		     "nodePortAddresses: [10.0.0.0/8, 11.0.0.0/8]\n"
		     "ipvs: {scheduler: lc, tcpTimeout: 90s, excludeCIDRs: ['fd00::/8']}\n"
		     "featureGates: {A: true}\n"
		     "clientConnection: {qps: 2.5}\n");
	auto_memory char *path = write_file("");
	auto_free(options) struct options *again = options_new();
	json_t *first, *second;
	struct error err = {0};

	(void)state;
	assert_int_equal(kube_proxy_config_write(options, path, &err), 0);
	if (kube_proxy_config_read(again, path, &err) < 0)
		fail_msg("%s", err.text);
	first = kube_proxy_config_json(options);
	second = kube_proxy_config_json(again);
	assert_true(json_equal(first, second));
	json_decref(first);
	json_decref(second);
	unlink(path);
	assert_int_equal(kube_proxy_config_write(options, "/nonexistent/x", &err), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_field_is_taken),
		cmocka_unit_test(zeros_of_kubeadm_are_defaults),
		cmocka_unit_test(what_has_no_effect_or_no_meaning_is_noted),
		cmocka_unit_test(the_last_of_repeated_fields_counts),
		cmocka_unit_test(what_is_wrong_is_named_with_its_field),
		cmocka_unit_test(what_is_written_reads_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
