/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is taken away: all of ours by cleanup, or what kube-proxy does not have where it goes on. */
#include "lib/plan/ruleset.h"

#include "rules_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

static void test_removal(void **state)
{
	static const struct {
		const char *what;
		const char *edit;
		const char *left; /* lines with KUBE- that remain */
	} cases[] = {
		{"everything of ours", "", ""},
		{"chains of kubelet stay", "*nat\n:KUBE-KUBELET-CANARY - [0:0]\nCOMMIT\n",
		 ":KUBE-KUBELET-CANARY - [12:3456]\n"},
		{"a network plugin uses KUBE-MARK-MASQ",
		 "*nat\n:CNI-HOSTPORT-SETMARK - [0:0]\n-A CNI-HOSTPORT-SETMARK -j KUBE-MARK-MASQ\n"
		 "COMMIT\n",
		 ":KUBE-MARK-MASQ - [12:3456]\n"
		 "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000\n"
		 "-A CNI-HOSTPORT-SETMARK -j KUBE-MARK-MASQ\n"},
		{"a jump of others keeps an empty chain",
		 "*filter\n-A FORWARD -i eth9 -j KUBE-FORWARD\nCOMMIT\n",
		 ":KUBE-FORWARD - [12:3456]\n-A FORWARD -i eth9 -j KUBE-FORWARD\n"},
		{"a jump that is there twice",
		 "*nat\n-A OUTPUT -m comment --comment \"kubernetes service portals\" "
		 "-j KUBE-SERVICES\nCOMMIT\n",
		 ""},
	};
	auto_free(ruleset) struct ruleset *ruleset = rules_model_usual_ruleset();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rules_model model = {.count = 0};
		auto_memory char *before = NULL;
		auto_memory char *after = NULL;
		auto_memory char *removal = NULL;
		char left[1024] = "", *rest, *line;

		print_message("%s\n", cases[i].what);
		rules_model_restore(&model, rules_model_builtin);
		assert_true(rules_model_repair(&model, ruleset, NULL));
		rules_model_restore(&model, cases[i].edit);
		before = rules_model_save(&model);
		removal = ruleset_removal(before);
		assert_non_null(removal);
		rules_model_restore(&model, removal);

		after = rules_model_save(&model);
		rest = after;
		while ((line = strsep(&rest, "\n"))) {
			if (!strstr(line, "KUBE-"))
				continue;
			strcat(left, line);
			strcat(left, "\n");
		}
		assert_string_equal(left, cases[i].left);
		rules_model_clear(&model);
	}
	assert_null(ruleset_removal(rules_model_builtin));
	assert_null(ruleset_removal(""));
}

/* Options that decide about rules of kube-proxy's as well; a prefix, and the rest. */
static const struct {
	const char *what;
	const char *prefix;
	struct ruleset_options options;
} ways_of_use[] = {
	{"a pod prefix",
	 "10.244.0.0/16",
	 {.family = AF_INET, .detection = LOCAL_DETECTION_PREFIX, .masquerade_mark = 0x4000}},
	{"a pod prefix of IPv6",
	 "fd00:10:244::/56",
	 {.family = AF_INET6,
	  .detection = LOCAL_DETECTION_PREFIX,
	  .masquerade_mark = 0x4000,
	  .has_random_fully = true}},
	{"no way to tell pods", NULL, {.family = AF_INET, .masquerade_mark = 0x4000}},
	{"a bridge",
	 NULL,
	 {.family = AF_INET,
	  .detection = LOCAL_DETECTION_BRIDGE,
	  .pod_interface = "cbr0",
	  .masquerade_mark = 0x4000}},
	{"interfaces with a prefix, and another mark",
	 NULL,
	 {.family = AF_INET6,
	  .detection = LOCAL_DETECTION_INTERFACE_PREFIX,
	  .pod_interface = "cali",
	  .masquerade_mark = 0x20}},
	{"everything masqueraded",
	 NULL,
	 {.family = AF_INET, .masquerade_mark = 0x4000, .masquerade_all = true}},
};

static bool keep_for_kube_proxy(struct rules_model *model, uint16_t family)
{
	auto_memory char *saved = rules_model_save(model);
	auto_memory char *restore = ruleset_kube_proxy_restore(family, saved);

	if (restore)
		rules_model_restore(model, restore);
	return restore;
}

static void assert_nothing_own(const struct rules_model *model)
{
	static const char *const names[] = {
		"KUBE-IPVS-ACCEPT",
		"KUBE-IPVS-INPUT",
		"KUBE-IPVS-NO-ENDPOINT",
		"KUBE-IPVS-REFUSE",
		"UNMARK",
		"KUBE-IPVS-MARK",
		"KUBE-CLUSTER-IP -",
		"KUBE-EXTERNAL-IP -",
		"IN-CLUSTER",
		"NO-ENDPOINT",
		"NODE-PORT-IP",
		"*mangle\n-A",
		"IPVS-IPS src",
	};
	auto_memory char *saved = rules_model_save(model);

	for (size_t i = 0; i < COUNT(names); i++)
		if (strstr(saved, names[i]))
			fail_msg("%s in:\n%s", names[i], saved);
}

static void test_what_kube_proxy_has_takes_the_place_of_ours(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ways_of_use); i++) {
		struct ruleset_options options = ways_of_use[i].options;
		auto_free(ruleset) struct ruleset *ours = NULL, *kube_proxy = NULL;
		struct rules_model model = {.count = 0};

		print_message("%s\n", ways_of_use[i].what);
		if (ways_of_use[i].prefix)
			assert_true(
				address_parse_prefix(ways_of_use[i].prefix, &options.pod_prefix));
		options.has_in_cluster = true;
		options.marks = (struct mark_range){0x60000000, 0x1fff0000};
		ours = ruleset_new(&options);
		options.is_kube_proxy = true;
		kube_proxy = ruleset_new(&options);

		rules_model_restore(&model, rules_model_builtin);
		assert_true(rules_model_repair(&model, ours, NULL));
		assert_true(keep_for_kube_proxy(&model, options.family));
		assert_nothing_own(&model);
		assert_false(keep_for_kube_proxy(&model, options.family));

		assert_false(rules_model_repair(&model, kube_proxy, NULL));
		assert_true(rules_model_repair(&model, ours, NULL));
		assert_false(rules_model_repair(&model, ours, NULL));
		rules_model_clear(&model);
	}
}

#define OUT_FILTER                                                                                    \
	"-A KUBE-IPVS-OUT-FILTER -s 203.0.113.10/32 -m ipvs --vproto 6 --vaddr 203.0.113.10 --vport " \
	"80 -j DROP"

/* It empties its chains, ensures its jumps, and leaves what is ours alone. */
static void take_over(struct rules_model *model)
{
	rules_model_restore(
		model,
		"*nat\n:KUBE-SERVICES - [0:0]\n:KUBE-LOAD-BALANCER - [0:0]\n:KUBE-POSTROUTING - [0:0]\n"
		"-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT\nCOMMIT\n"
		"*filter\n:KUBE-FORWARD - [0:0]\n:KUBE-IPVS-FILTER - [0:0]\n"
		":KUBE-IPVS-OUT-FILTER - [0:0]\n"
		"-I INPUT -m comment --comment \"kubernetes health check rules\" -j KUBE-NODE-PORT\n"
		"-I INPUT -m comment --comment \"kubernetes ipvs access filter\" -j KUBE-IPVS-FILTER\n" OUT_FILTER
		"\nCOMMIT\n");
}

static void test_rules_of_kube_proxy_stay(void **state)
{
	auto_free(ruleset) struct ruleset *ours = rules_model_usual_ruleset();
	struct rules_model model = {.count = 0};
	auto_memory char *saved = NULL, *empty = NULL;

	(void)state;
	empty = ruleset_kube_proxy_restore(AF_INET, rules_model_builtin);
	assert_null(empty);
	rules_model_restore(&model, rules_model_builtin);
	assert_true(rules_model_repair(&model, ours, NULL));
	take_over(&model);
	assert_true(keep_for_kube_proxy(&model, AF_INET));
	assert_nothing_own(&model);
	saved = rules_model_save(&model);
	assert_non_null(strstr(saved, OUT_FILTER));
	assert_non_null(strstr(saved, "-A INPUT -m comment --comment \"kubernetes ipvs access "
				      "filter\" -j KUBE-IPVS-FILTER\n"));
	assert_non_null(strstr(saved, "-A INPUT -m comment --comment \"kubernetes health check "
				      "rules\" -j KUBE-NODE-PORT\n"));
	assert_non_null(strstr(saved, "-A FORWARD -m comment --comment \"kubernetes forwarding "
				      "rules\" -j KUBE-FORWARD\n"));
	assert_null(strstr(saved, "-A FORWARD -m conntrack"));
	assert_false(keep_for_kube_proxy(&model, AF_INET));
	rules_model_clear(&model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_removal),
		cmocka_unit_test(test_what_kube_proxy_has_takes_the_place_of_ours),
		cmocka_unit_test(test_rules_of_kube_proxy_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
