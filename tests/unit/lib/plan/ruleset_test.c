/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan/ruleset.h"

#include "rules_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

static void test_options(void **state)
{
	static const struct {
		const char *what;
		struct ruleset_options options;
		const char *prefix;
		const char *rule;
	} cases[] = {
		{"a pod prefix",
		 {.family = AF_INET6, .detection = LOCAL_DETECTION_PREFIX},
		 "fd00:10:244::/56",
		 "-A KUBE-CLUSTER-IP ! -s fd00:10:244::/56 -j KUBE-MARK-MASQ\n"},
		{"no pod prefix in this family",
		 {.family = AF_INET6, .detection = LOCAL_DETECTION_PREFIX},
		 NULL,
		 "-A KUBE-CLUSTER-IP -m set --match-set KUBE-6-CLUSTER-IP src,dst -j KUBE-MARK-MASQ\n"},
		{"no way to tell pods",
		 {.family = AF_INET},
		 NULL,
		 "-A KUBE-CLUSTER-IP -m set --match-set KUBE-CLUSTER-IP src,dst -j KUBE-MARK-MASQ\n"},
		{"a bridge",
		 {.family = AF_INET, .detection = LOCAL_DETECTION_BRIDGE, .pod_interface = "cbr0"},
		 NULL,
		 "-A KUBE-CLUSTER-IP ! -i cbr0 -j KUBE-MARK-MASQ\n"},
		{"interfaces with a prefix",
		 {.family = AF_INET,
		  .detection = LOCAL_DETECTION_INTERFACE_PREFIX,
		  .pod_interface = "cali"},
		 NULL,
		 "-A KUBE-CLUSTER-IP ! -i cali+ -j KUBE-MARK-MASQ\n"},
		{"everything masqueraded",
		 {.family = AF_INET, .detection = LOCAL_DETECTION_PREFIX, .masquerade_all = true},
		 "10.244.0.0/16",
		 "-A KUBE-CLUSTER-IP -j KUBE-MARK-MASQ\n"},
		{"another mark bit",
		 {.family = AF_INET, .masquerade_mark = 1 << 5},
		 NULL,
		 "-A KUBE-POSTROUTING -j MARK --set-xmark 0x20/0x0\n"},
		{"an old iptables",
		 {.family = AF_INET},
		 NULL,
		 "-A KUBE-POSTROUTING -m comment --comment \"kubernetes service traffic requiring "
		 "SNAT\" -j MASQUERADE\n"},
		{"IPv6 rejects with its own message",
		 {.family = AF_INET6},
		 NULL,
		 "-A KUBE-IPVS-REFUSE -p tcp -j REJECT --reject-with tcp-reset\n-A KUBE-IPVS-REFUSE -j REJECT --reject-with icmp6-port-unreachable\n"},
		{"what comes in for a NodePort is accepted",
		 {.family = AF_INET},
		 NULL,
		 "-A KUBE-IPVS-ACCEPT -p tcp -m set --match-set KUBE-NODE-PORT-IP dst -m set "
		 "--match-set KUBE-NODE-PORT-TCP dst -j ACCEPT\n"},
		{"after all rules of others",
		 {.family = AF_INET},
		 NULL,
		 "-A INPUT -m conntrack ! --ctstate ESTABLISHED -m comment --comment \"kubernetes ipvs services\" -j KUBE-IPVS-ACCEPT\n"},
		{"no VIP is a source",
		 {.family = AF_INET6, .has_random_fully = true},
		 NULL,
		 "-A KUBE-POSTROUTING -m set --match-set KUBE-6-IPVS-IPS src -j MASQUERADE "
		 "--random-fully\n"},
		{"packets of the node and of pods are marked by a set",
		 {.family = AF_INET6,
		  .detection = LOCAL_DETECTION_PREFIX,
		  .has_in_cluster = true,
		  .marks = {0x60000000, 0x1fff0000}},
		 "fd00:10:244::/56",
		 "-A KUBE-IPVS-MARK -j SET --map-set KUBE-6-IN-CLUSTER dst,dst --map-mark\n-A KUBE-IPVS-MARK-POD -s fd00:10:244::/56 -j SET --map-set KUBE-6-IN-CLUSTER dst,dst --map-mark\n"},
		{"the mark ends with IPVS, and the node is masqueraded",
		 {.family = AF_INET,
		  .masquerade_mark = 0x4000,
		  .has_in_cluster = true,
		  .marks = {0x300, 0xf000000}},
		 NULL,
		 "-A KUBE-IPVS-UNMARK -m addrtype --src-type LOCAL -m conntrack --ctstate NEW -j MARK --set-xmark 0x4000/0xffffffff\n-A KUBE-IPVS-UNMARK -m mark --mark 0x100/0xf0fffdff -j MARK --set-xmark 0x0/0xffffffff\n"},
		{"the valid bit is set in chains that kube-proxy would empty, of the node",
		 {.family = AF_INET, .has_in_cluster = true, .marks = {0x60000000, 0x1fff0000}},
		 NULL,
		 "-A KUBE-SERVICES -m mark --mark 0x20000000/0xe000ffff -j MARK --set-xmark "
		 "0x40000000/0x40000000\n-A KUBE-SERVICES -s 127.0.0.0/8 -j RETURN\n"},
		{"the valid bit is set in chains that kube-proxy would empty, of pods",
		 {.family = AF_INET, .has_in_cluster = true, .marks = {0x60000000, 0x1fff0000}},
		 NULL,
		 "-A KUBE-IPVS-FILTER -m mark --mark 0x20000000/0xe000ffff -j MARK --set-xmark "
		 "0x40000000/0x40000000\n"},
		{"whom nobody on this node serves is dropped",
		 {.family = AF_INET, .has_in_cluster = true, .marks = {0x60000000, 0x1fff0000}},
		 NULL,
		 "-A KUBE-IPVS-NO-ENDPOINT -m set ! --match-set KUBE-NO-LOCAL-ENDPOINT dst,dst -j KUBE-IPVS-REFUSE\n-A KUBE-IPVS-NO-ENDPOINT -m mark ! --mark 0x60000000/0xe000ffff -j DROP\n"},
		{"only what would be refused is asked whether it is a health check",
		 {.family = AF_INET6},
		 NULL,
		 "-A KUBE-IPVS-FILTER -m set --match-set KUBE-6-LOAD-BALANCER-HEALTH dst,dst -g KUBE-NODE-PORT\n-A KUBE-IPVS-FILTER -m conntrack --ctstate NEW -j KUBE-IPVS-REFUSE\n"},
		{"what IPVS sends on loses its mark, and nothing else is asked for more",
		 {.family = AF_INET, .has_in_cluster = true, .marks = {0x300, 0xf000000}},
		 NULL,
		 "-I OUTPUT -m mark --mark 0x100/0xf0fffdff -m comment --comment \"kubernetes "
		 "ipvs clients in the cluster\" -j KUBE-IPVS-UNMARK\n"},
		{"known connections are forwarded before any other question",
		 {.family = AF_INET},
		 NULL,
		 "-I FORWARD -m comment --comment \"kube-proxy firewall rules\" -j "
		 "KUBE-PROXY-FIREWALL\n-I FORWARD -m conntrack --ctstate RELATED,ESTABLISHED "
		 "-m comment --comment \"kubernetes forwarding conntrack rule\" -j ACCEPT\n"},
		{"what is for no address of this machine leaves first",
		 {.family = AF_INET},
		 NULL,
		 "-A KUBE-SERVICES -m addrtype ! --dst-type LOCAL -j RETURN\n"
		 "-A KUBE-SERVICES -s 127.0.0.0/8 -j RETURN\n"},
		{"ClusterIPs leave before other sets are asked",
		 {.family = AF_INET},
		 NULL,
		 "-A KUBE-IPVS-FILTER -m set --match-set KUBE-NO-ENDPOINT dst,dst -j "
		 "KUBE-IPVS-NO-ENDPOINT\n"
		 "-A KUBE-IPVS-FILTER -m set --match-set KUBE-CLUSTER-IP dst,dst -j RETURN\n"
		 "-A KUBE-IPVS-FILTER -j KUBE-PROXY-FIREWALL\n"
		 "-A KUBE-IPVS-FILTER -m set ! --match-set KUBE-IPVS-IPS dst -g "
		 "KUBE-NODE-PORT\n"},
		{"what leaves the filter goes on in INPUT",
		 {.family = AF_INET},
		 NULL,
		 "-A KUBE-IPVS-INPUT -g KUBE-IPVS-FILTER\n"},
		{"source ranges decide on each datagram",
		 {.family = AF_INET, .has_in_cluster = true, .marks = {0x60000000, 0x1fff0000}},
		 NULL,
		 "-A KUBE-IPVS-FILTER -p udp -m conntrack --ctstate RELATED,ESTABLISHED -g "
		 "KUBE-PROXY-FIREWALL\n"},
		{"of known flows the answers are not marked",
		 {.family = AF_INET, .has_in_cluster = true, .marks = {0x60000000, 0x1fff0000}},
		 NULL,
		 "-A PREROUTING -p udp -m conntrack --ctstate RELATED,ESTABLISHED --ctdir "
		 "ORIGINAL -m comment --comment \"kubernetes ipvs clients in the cluster\" -j "
		 "KUBE-IPVS-MARK-POD\n"},
		{"of the node's connections those to source ranges alone are looked at",
		 {.family = AF_INET6},
		 NULL,
		 "-I OUTPUT -m conntrack ! --ctstate RELATED,ESTABLISHED -m set --match-set "
		 "KUBE-6-LOAD-BALANCER-FW dst,dst -m comment --comment \"kubernetes ipvs access "
		 "filter\" -j KUBE-IPVS-OUT-FILTER\n"},
		{"no VIP has NodePorts",
		 {.family = AF_INET6},
		 NULL,
		 "-A KUBE-SERVICES -m set ! --match-set KUBE-6-IPVS-IPS dst -j KUBE-NODE-PORT\n"},
		{"IPv6 has one loopback address",
		 {.family = AF_INET6},
		 NULL,
		 "-A KUBE-SERVICES -s ::1/128 -j RETURN\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ruleset_options options = cases[i].options;
		auto_free(ruleset) struct ruleset *ruleset = NULL;
		auto_memory char *restore = NULL;
		auto_memory char *what = NULL;

		print_message("%s\n", cases[i].what);
		if (cases[i].prefix)
			assert_true(address_parse_prefix(cases[i].prefix, &options.pod_prefix));
		ruleset = ruleset_new(&options);
		assert_true(ruleset_difference(ruleset, "", &restore, &what));
		assert_non_null(strstr(restore, cases[i].rule));
	}
}

#define ACCEPT_JUMP                                                  \
	"-m conntrack ! --ctstate ESTABLISHED -m comment --comment " \
	"\"kubernetes ipvs services\" -j KUBE-IPVS-ACCEPT"

static void test_difference(void **state)
{
	static const struct {
		const char *what;
		const char *edit; /* given to the model before the comparison */
		const char *difference;
	} cases[] = {
		{"agreement", "", NULL},
		{"a rule of others in a built-in chain",
		 "*filter\n-I INPUT -j DOCKER-USER\n-A FORWARD -s 10.0.0.0/8 -j ACCEPT\nCOMMIT\n",
		 NULL},
		{"a jump of others into our chain",
		 "*nat\n-A POSTROUTING -s 10.0.0.0/8 -j KUBE-MARK-MASQ\nCOMMIT\n", NULL},
		{"kubelet's chain", "*mangle\n:KUBE-KUBELET-CANARY - [0:0]\nCOMMIT\n", NULL},
		{"an emptied chain", "*nat\n:KUBE-SERVICES - [0:0]\nCOMMIT\n",
		 "chain KUBE-SERVICES of table nat"},
		{"an extra rule in our chain",
		 "*filter\n-A KUBE-PROXY-FIREWALL -s 1.2.3.4/32 -j ACCEPT\nCOMMIT\n",
		 "chain KUBE-PROXY-FIREWALL of table filter"},
		{"rules of kube-proxy that we replace",
		 "*filter\n-A KUBE-IPVS-OUT-FILTER -s 203.0.113.10/32 -m ipvs --vproto 6 --vaddr "
		 "203.0.113.10 --vport 80 -j DROP\nCOMMIT\n",
		 "chain KUBE-IPVS-OUT-FILTER of table filter"},
		{"a swapped pair of rules",
		 "*filter\n:KUBE-FORWARD - [0:0]\n"
		 "-A KUBE-FORWARD -m comment --comment \"kubernetes forwarding conntrack rule\" "
		 "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
		 "-A KUBE-FORWARD -m comment --comment \"kubernetes forwarding rules\" -m mark "
		 "--mark 0x4000/0x4000 -j ACCEPT\nCOMMIT\n",
		 "chain KUBE-FORWARD of table filter"},
		{"a lost jump",
		 "*nat\n-D PREROUTING -m comment --comment \"kubernetes service portals\" "
		 "-j KUBE-SERVICES\nCOMMIT\n",
		 "jumps in chain PREROUTING of table nat"},
		{"a doubled jump",
		 "*nat\n-A OUTPUT -m comment --comment \"kubernetes service portals\" "
		 "-j KUBE-SERVICES\nCOMMIT\n",
		 "jumps in chain OUTPUT of table nat"},
		{"a doubled jump before another",
		 "*filter\n-I INPUT -m comment --comment \"kube-proxy firewall rules\" "
		 "-j KUBE-PROXY-FIREWALL\nCOMMIT\n",
		 "jumps in chain INPUT of table filter"},
		{"jumps in an order that lets marked packets past the firewall",
		 "*filter\n-D FORWARD -m comment --comment \"kubernetes forwarding rules\" "
		 "-j KUBE-FORWARD\n-I FORWARD -m comment --comment \"kubernetes forwarding rules\" "
		 "-j KUBE-FORWARD\nCOMMIT\n",
		 "jumps in chain FORWARD of table filter"},
		{"the jump that others precede",
		 "*filter\n-A INPUT -j REJECT\n-D INPUT " ACCEPT_JUMP "\n-A INPUT " ACCEPT_JUMP
		 "\nCOMMIT\n",
		 NULL},
		{"the last jump in front",
		 "*filter\n-D INPUT " ACCEPT_JUMP "\n-I INPUT " ACCEPT_JUMP "\nCOMMIT\n",
		 "jumps in chain INPUT of table filter"},
		{"kube-proxy's jumps of all packets",
		 "*filter\n-I INPUT -m comment --comment \"kubernetes ipvs access filter\" "
		 "-j KUBE-IPVS-FILTER\n-I OUTPUT -m comment --comment \"kubernetes ipvs access "
		 "filter\" -j KUBE-IPVS-OUT-FILTER\nCOMMIT\n",
		 "jumps in chain INPUT of table filter"},
		{"one of ours under another condition",
		 "*filter\n-A INPUT -m comment --comment \"kubernetes ipvs services\" "
		 "-j KUBE-IPVS-ACCEPT\nCOMMIT\n",
		 "jumps in chain INPUT of table filter"},
		{"another mark",
		 "*nat\n:KUBE-MARK-MASQ - [0:0]\n-A KUBE-MARK-MASQ -j MARK --set-xmark "
		 "0x8000/0x8000\nCOMMIT\n",
		 "chain KUBE-MARK-MASQ of table nat"},
		{"the same in other words",
		 "*nat\n:KUBE-MARK-MASQ - [0:0]\n-A KUBE-MARK-MASQ -j MARK --set-xmark "
		 "0x00004000/0x00004000\nCOMMIT\n*filter\n:KUBE-FORWARD - [0:0]\n"
		 "-A KUBE-FORWARD -m mark --mark 0x20000000/0xa000ffff -j KUBE-IPVS-UNMARK\n"
		 "-A KUBE-FORWARD -m mark --mark 0x04000/0x04000 -m comment --comment "
		 "\"kubernetes forwarding rules\" -j ACCEPT\n"
		 "-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "
		 "\"kubernetes forwarding conntrack rule\" -j ACCEPT\nCOMMIT\n",
		 NULL},
	};
	auto_free(ruleset) struct ruleset *ruleset = rules_model_usual_ruleset();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rules_model model = {.count = 0};
		auto_memory char *what = NULL;

		print_message("%s\n", cases[i].what);
		rules_model_restore(&model, rules_model_builtin);
		assert_true(rules_model_repair(&model, ruleset, NULL));
		rules_model_restore(&model, cases[i].edit);
		assert_int_equal(rules_model_repair(&model, ruleset, &what),
				 cases[i].difference != NULL);
		if (cases[i].difference)
			assert_string_equal(what, cases[i].difference);
		assert_false(rules_model_repair(&model, ruleset, NULL));
		rules_model_clear(&model);
	}
}

/* Who drops what comes in by policy may drop packets of known connections. */
static void test_policy_drop(void **state)
{
	static const char jump[] = "-A INPUT -m conntrack --ctstate ESTABLISHED -m comment "
				   "--comment \"kubernetes ipvs services\" -j KUBE-IPVS-ACCEPT\n";
	auto_free(ruleset) struct ruleset *ruleset = rules_model_usual_ruleset();
	auto_memory char *open = NULL, *closed = NULL, *what = NULL;

	(void)state;
	assert_true(ruleset_difference(ruleset, "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n", &open,
				       &what));
	assert_null(strstr(open, jump));
	free(take(&what));
	assert_true(ruleset_difference(ruleset, "*filter\n:INPUT DROP [0:0]\nCOMMIT\n", &closed,
				       &what));
	assert_non_null(strstr(closed, jump));
}

static void test_repair_touches_what_differs_only(void **state)
{
	auto_free(ruleset) struct ruleset *ruleset = rules_model_usual_ruleset();
	struct rules_model model = {.count = 0};
	auto_memory char *saved = NULL;
	auto_memory char *restore = NULL;
	auto_memory char *what = NULL;

	(void)state;
	rules_model_restore(&model, rules_model_builtin);
	assert_true(rules_model_repair(&model, ruleset, NULL));
	rules_model_restore(&model, "*nat\n:KUBE-MARK-MASQ - [0:0]\nCOMMIT\n");
	saved = rules_model_save(&model);
	assert_true(ruleset_difference(ruleset, saved, &restore, &what));
	assert_string_equal(restore, "*nat\n:KUBE-MARK-MASQ - [0:0]\n"
				     "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000\n"
				     "COMMIT\n");
	rules_model_clear(&model);
}

/* Whatever is lost, doubled or moved, one repair makes it whole and rules of others survive. */
static void test_random_damage_is_repaired(void **state)
{
	auto_free(ruleset) struct ruleset *ruleset = rules_model_usual_ruleset();
	uint32_t random = 1;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct rules_model model = {.count = 0};
		auto_memory char *saved = NULL;

		rules_model_restore(&model, rules_model_builtin);
		assert_true(rules_model_repair(&model, ruleset, NULL));
		rules_model_restore(&model,
				    "*filter\n-I INPUT -j OTHERS\n-A INPUT -j OTHERS\nCOMMIT\n"
				    "*nat\n-I OUTPUT -d 9.9.9.9/32 -j ACCEPT\nCOMMIT\n");
		for (int i = 0; i < 1 + round % 7; i++) {
			size_t at;

			random = random * 1103515245 + 12345;
			at = (random >> 8) % model.count;
			if (!model.lines[at].rule || !strstr(model.lines[at].rule, "KUBE-"))
				continue;
			if (random & 0x80) {
				rules_model_delete(&model, at);
			} else {
				struct rules_model_line line = model.lines[at];
				size_t count;

				at = rules_model_find(&model, line.table, line.chain, &count);
				rules_model_insert(&model, at + 1 + random % count, line.table,
						   line.chain, line.rule);
			}
		}
		rules_model_repair(&model, ruleset, NULL);
		assert_false(rules_model_repair(&model, ruleset, NULL));
		saved = rules_model_save(&model);
		assert_non_null(strstr(saved, "-A INPUT -j OTHERS\n"));
		assert_non_null(
			strstr(strstr(saved, "-A INPUT -j OTHERS\n") + 1, "-A INPUT -j OTHERS\n"));
		assert_non_null(strstr(saved, "-A OUTPUT -d 9.9.9.9/32 -j ACCEPT\n"));
		rules_model_clear(&model);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_difference),
		cmocka_unit_test(test_policy_drop),
		cmocka_unit_test(test_repair_touches_what_differs_only),
		cmocka_unit_test(test_random_damage_is_repaired),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
