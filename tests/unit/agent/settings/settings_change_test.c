/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/settings/command_line.h"
#include "agent/settings/settings_change.h"

#include "agent/settings/setting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ARGUMENT_LIMIT 32

static struct options *parsed(const char *line)
{
	auto_memory char *copy = string_printf("run%s%s", *line ? " " : "", line);
	char *argv[ARGUMENT_LIMIT + 1], *rest = copy;
	struct options *options = options_new();
	struct error err = {0};
	int argc = 0;

	while (argc < ARGUMENT_LIMIT && (argv[argc] = strsep(&rest, " ")))
		argc++;
	argv[argc] = NULL;
	if (command_line_parse(options, OPTION_SCOPE_RUN, argc, argv, &err) < 0)
		fail_msg("%s: %s", line, err.text);
	return options;
}

static void each_difference_is_named(void **state)
{
	static const struct {
		const char *before, *after, *applied, *waiting;
	} rows[] = {
		{"", "", "", ""},
		{"", "--ipvs-scheduler wrr", "ipvs.scheduler", ""},
		{"--ipvs-scheduler rr", "", "", ""},
		{"--ipvs-tcp-timeout 20m", "--ipvs-tcp-timeout 20m --ipvs-udp-timeout 1m",
		 "ipvs.udpTimeout", ""},
		{"--nodeport-addresses 10.0.0.0/8", "--nodeport-addresses primary",
		 "nodePortAddresses", ""},
		{"--cluster-cidr 10.0.0.0/8", "--detect-local-mode NodeCIDR",
		 "clusterCIDR, detectLocalMode", ""},
		{"--drain-timeout 1m", "--drain-timeout 2m", "drainTimeout", ""},
		{"", "--former-vip-timeout 0s", "formerVIPTimeout", ""},
		{"--hostname-override a", "--hostname-override b", "", "hostnameOverride"},
		{"", "--socket /s --service-metrics 3 -v 4", "serviceMetrics, logging.verbosity",
		 "socket"},
		{"--manifests a", "--manifests a --manifests b", "", "manifests"},
		{"", "--list-page-size 9 --list-compression --streaming-lists=false", "",
		 "listPageSize, listCompression, streamingLists"},
		{"--kubeconfig /a --healthz-bind-address 127.0.0.1:1",
		 "--kubeconfig /b --healthz-bind-address 127.0.0.1:2", "healthzBindAddress",
		 "clientConnection.kubeconfig"},
		{"", "--kube-proxy-compat 1.32", "", "kubeProxyCompat"},
		{"", "--bind-address-hard-fail", "", "bindAddressHardFail"},
		{"--feature-gates A=true", "--feature-gates A=false", "featureGates", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_free(options) struct options *before = parsed(rows[i].before);
		auto_free(options) struct options *after = parsed(rows[i].after);
		auto_memory char *applied = NULL, *waiting = NULL;
		struct settings_change change;

		print_message("%s: %s\n", rows[i].before, rows[i].after);
		settings_change_make(before, after, &change);
		applied = string_list_join(&change.applied);
		waiting = string_list_join(&change.waiting);
		settings_change_clear(&change);
		assert_string_equal(applied, rows[i].applied);
		assert_string_equal(waiting, rows[i].waiting);
	}
}

static void what_takes_a_restart_stays_as_it_is(void **state)
{
	auto_free(options) struct options *current =
		parsed("--manifests a --hostname-override one --service-metrics 3");
	auto_free(options) struct options *next = parsed("--manifests b --manifests c "
							 "--hostname-override two "
							 "--ipvs-scheduler lc");
	struct settings_change change;

	(void)state;
	settings_change_make(current, next, &change);
	settings_change_clear(&change);
	options_exchange(current, next);
	assert_int_equal(current->manifests.count, 1);
	assert_string_equal(current->manifests.items[0], "a");
	assert_string_equal(current->node_name, "one");
	assert_int_equal(current->service_metrics, 0);
	assert_string_equal(current->desired.scheduler, "lc");
	assert_int_equal(next->manifests.count, 2);
}

static void what_is_exchanged_has_one_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *setting = &settings[i];

		if (!(setting->bits & SETTING_RESTART) && !setting->own_field)
			continue;
		print_message("%s\n", setting_name(setting));
		assert_true(setting->kind->size > 0);
		assert_non_null(setting->kind->get);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_difference_is_named),
		cmocka_unit_test(what_takes_a_restart_stays_as_it_is),
		cmocka_unit_test(what_is_exchanged_has_one_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
