/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/explain/rule_walk.h"
#include "lib/plan/ruleset.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct address address_of(const char *text)
{
	struct address address;

	assert_true(address_parse(text, &address));
	return address;
}

static bool is_local(const void *owner, const struct address *address)
{
	struct address local = address_of(owner);

	return address_is_equal(&local, address);
}

/* Every rule that there can be, and no more chains than have rules. */
static void test_all_rules_are_understood(void **state)
{
	static const enum local_detection detections[] = {
		LOCAL_DETECTION_NONE, LOCAL_DETECTION_PREFIX, LOCAL_DETECTION_BRIDGE,
		LOCAL_DETECTION_INTERFACE_PREFIX};

	(void)state;
	for (unsigned int i = 0; i < 2 * COUNT(detections) * 8; i++) {
		struct ruleset_options options = {
			.family = i & 1 ? AF_INET6 : AF_INET,
			.detection = detections[i / 2 % COUNT(detections)],
			.pod_interface = "cni0",
			.masquerade_mark = 0x4000,
			.masquerade_all = i & 8,
			.has_random_fully = i & 16,
			.has_in_cluster = i & 32,
			.marks = {0x60000000, 0x1fff0000},
		};
		auto_free(ruleset) struct ruleset *ruleset = NULL;
		auto_free(rule_book) struct rule_book *book = NULL;
		auto_memory char *text = NULL;
		struct error err = {0};
		size_t count = 0;

		assert_true(address_parse_prefix(i & 1 ? "fd00::/56" : "10.244.0.0/16",
						 &options.pod_prefix));
		ruleset = ruleset_new(&options);
		text = ruleset_text(ruleset);
		if (rule_book_new(text, options.family, &book, &err) < 0)
			fail_msg("%s", err.text);
		for (size_t c = 0; c < book->count; c++)
			count += book->chains[c].count;
		assert_int_equal(count, ruleset_rule_count(ruleset));
	}
}

static void test_not_understood(void **state)
{
	static const char *const rules[] = {
		"-A INPUT -p icmp -j DROP",
		"-A INPUT -m limit --limit 5/min -j DROP",
		"-A INPUT -m set --match-set OTHER dst -j DROP",
		"-A INPUT -m set --match-set KUBE-CLUSTER-IP dst,src -j DROP",
		"-A INPUT -m mark --mark 1 -j DROP",
		"-A INPUT -s nowhere -j DROP",
		"-A INPUT -m addrtype --dst-type BROADCAST -j DROP",
		"-A INPUT -m comment --comment \"no target\"",
		"-A INPUT -j",
		"-A INPUT -g DROP",
		"-A",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rules); i++) {
		auto_memory char *text = string_printf("*filter\n%s\nCOMMIT\n", rules[i]);
		struct rule_book *book;
		struct error err = {0};

		print_message("%s\n", rules[i]);
		assert_int_equal(rule_book_new(text, AF_INET, &book, &err), -EINVAL);
		assert_non_null(strstr(err.text, rules[i]));
	}
}

#define TEXT(rules) "*filter\n" rules "COMMIT\n"

/* A packet from 10.0.0.1 to port 80 of 10.0.0.2, which is local and in the set KUBE-CLUSTER-IP. */
static void test_walks(void **state)
{
	static const struct {
		const char *what, *rules;
		enum walk_end end;
		uint32_t mark;
	} rows[] = {
		{"nothing", "", WALK_END_PASS, 0},
		{"a rule", "-A INPUT -j DROP\n", WALK_END_DROP, 0},
		{"another chain", "-A X -j REJECT --reject-with tcp-reset\n-A INPUT -j X\n",
		 WALK_END_REJECT, 0},
		{"and back", "-A X -j RETURN\n-A X -j DROP\n-A INPUT -j X\n-A INPUT -j ACCEPT\n",
		 WALK_END_ACCEPT, 0},
		{"gone to, and not back to the chain that went",
		 "-A X -s 9.9.9.9/32 -j DROP\n-A Y -g X\n-A Y -j DROP\n-A INPUT -j Y\n"
		 "-A INPUT -j ACCEPT\n",
		 WALK_END_ACCEPT, 0},
		{"gone to, and decided there", "-A X -j DROP\n-A INPUT -g X\n-A INPUT -j ACCEPT\n",
		 WALK_END_DROP, 0},
		{"a chain that is not there", "-A INPUT -j X\n-A INPUT -j DROP\n", WALK_END_DROP,
		 0},
		{"inserted", "-A INPUT -j DROP\n-I INPUT -j ACCEPT\n", WALK_END_ACCEPT, 0},
		{"source", "-A INPUT -s 10.0.0.0/30 -j DROP\n", WALK_END_DROP, 0},
		{"another source", "-A INPUT ! -s 10.0.0.0/30 -j DROP\n", WALK_END_PASS, 0},
		{"protocol", "-A INPUT -p tcp -j DROP\n", WALK_END_DROP, 0},
		{"another protocol", "-A INPUT -p udp -j DROP\n", WALK_END_PASS, 0},
		{"interface", "-A INPUT -i cni0 -j DROP\n", WALK_END_PASS, 0},
		{"a new connection", "-A INPUT -m conntrack --ctstate NEW,RELATED -j DROP\n",
		 WALK_END_DROP, 0},
		{"not an open one", "-A INPUT -m conntrack ! --ctstate ESTABLISHED -j DROP\n",
		 WALK_END_DROP, 0},
		{"an open one", "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j DROP\n",
		 WALK_END_PASS, 0},
		{"to here", "-A INPUT -m addrtype --dst-type LOCAL -j DROP\n", WALK_END_DROP, 0},
		{"from here", "-A INPUT -m addrtype --src-type LOCAL -j DROP\n", WALK_END_PASS, 0},
		{"a set", "-A INPUT -m set --match-set KUBE-CLUSTER-IP dst,dst -j DROP\n",
		 WALK_END_DROP, 0},
		{"the source in a set",
		 "-A INPUT -m set --match-set KUBE-CLUSTER-IP src,dst -j DROP\n", WALK_END_PASS, 0},
		{"a range",
		 "-A INPUT -m set --match-set KUBE-LOAD-BALANCER-SOURCE-CIDR dst,dst,src "
		 "-j DROP\n",
		 WALK_END_DROP, 0},
		{"a port", "-A INPUT -m set --match-set KUBE-NODE-PORT-TCP dst -j DROP\n",
		 WALK_END_DROP, 0},
		{"two matches",
		 "-A INPUT -p tcp -m set ! --match-set KUBE-CLUSTER-IP dst,dst -j DROP\n",
		 WALK_END_PASS, 0},
		{"a mark",
		 "-A INPUT -j MARK --set-xmark 0x4000/0x4000\n"
		 "-A INPUT -m mark --mark 0x4000/0x4000 -j ACCEPT\n",
		 WALK_END_ACCEPT, 0x4000},
		{"a mark flipped",
		 "-A INPUT -j MARK --set-xmark 0x6000/0x2000\n"
		 "-A INPUT -j MARK --set-xmark 0x4000/0x0\n",
		 WALK_END_PASS, 0x2000},
		{"a mark of a set",
		 "-A INPUT -j SET --map-set KUBE-CLUSTER-IP dst,dst --map-mark\n", WALK_END_PASS,
		 7},
		{"none of another",
		 "-A INPUT -j SET --map-set KUBE-EXTERNAL-IP dst,dst --map-mark\n", WALK_END_PASS,
		 0},
	};
	const struct address vip = address_of("10.0.0.2");
	const struct set_member members[] = {
		{.kind = SET_KIND_CLUSTER_IP,
		 .family = AF_INET,
		 .protocol = IPPROTO_TCP,
		 .port = 80,
		 .address = vip},
		{.kind = SET_KIND_NODE_PORT_TCP, .family = AF_INET, .port = 80},
		{.kind = SET_KIND_LOAD_BALANCER_SOURCE_CIDR,
		 .family = AF_INET,
		 .protocol = IPPROTO_TCP,
		 .prefix_length = 30,
		 .port = 80,
		 .address = vip,
		 .source = address_of("10.0.0.0")},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_memory char *text = string_printf(TEXT("%s"), rows[i].rules);
		auto_free(rule_book) struct rule_book *book = NULL;
		struct packet packet = {.source = address_of("10.0.0.1"),
					.destination = vip,
					.port = 80,
					.protocol = IPPROTO_TCP};
		struct walk walk = {.count = 0};
		struct error err = {0};

		print_message("%s\n", rows[i].what);
		if (rule_book_new(text, AF_INET, &book, &err) < 0)
			fail_msg("%s", err.text);
		assert_int_equal(rule_walk(&(struct walk_facts){.book = book,
								.members = members,
								.member_count = COUNT(members),
								.member_mark = 7,
								.is_local = is_local,
								.owner = "10.0.0.2"},
					   "filter", "INPUT", &packet, &walk),
				 rows[i].end);
		assert_int_equal(packet.mark, rows[i].mark);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_rules_are_understood),
		cmocka_unit_test(test_not_understood),
		cmocka_unit_test(test_walks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
