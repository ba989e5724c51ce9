/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/kernel/ipsets.h"
#include "lib/kernel/legacy_tables.h"
#include "lib/kernel/nftables.h"
#include "lib/kernel/rules.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "native_rule.h"
#include "witness.h"

/* With the variant of iptables that is in PATH. Every test has a network namespace of its own. */

/* What the last report said, and how many there were. */
static struct {
	int count;
	int code;
	bool is_changed;
	char what[100];
	char error[600];
	char unreadable[400];
} seen;

static void on_done(void *owner, const struct rules_report *report)
{
	assert_ptr_equal(owner, &seen);
	seen.count++;
	seen.code = report->code;
	seen.is_changed = report->is_changed;
	snprintf(seen.what, sizeof(seen.what), "%s", report->what);
	snprintf(seen.error, sizeof(seen.error), "%s", report->error->text);
	snprintf(seen.unreadable, sizeof(seen.unreadable), "%s", report->unreadable);
}

static int set_up(void **state)
{
	struct ipsets *ipsets = NULL;
	struct error err = {0};

	witness_enter_namespace(state);
	if (ipsets_open(&ipsets, &err) < 0 || ipsets_ensure(ipsets, &err) < 0)
		return -1;
	ipsets_close(ipsets);
	memset(&seen, 0, sizeof(seen));
	return 0;
}

static struct rules *open_rules(uint16_t family)
{
	struct rules *rules = NULL;
	struct error err = {0};

	if (rules_open(EV_DEFAULT, family, on_done, &seen, &rules, &err) < 0)
		fail_msg("%s", err.text);
	return rules;
}

static struct ruleset *ordinary_ruleset(uint16_t family)
{
	struct ruleset_options options = {.family = family,
					  .detection = LOCAL_DETECTION_PREFIX,
					  .masquerade_mark = 0x4000,
					  .has_random_fully = true,
					  .has_in_cluster = true,
					  .marks = {0x60000000, 0x1fff0000}};

	assert_true(address_parse_prefix(family == AF_INET ? "10.244.0.0/16" : "fd00:10:244::/56",
					 &options.pod_prefix));
	return ruleset_new(&options);
}

/* Run the loop until nothing is under way. */
static void finish(struct rules *rules)
{
	while (rules_is_busy(rules))
		ev_run(EV_DEFAULT, EVRUN_ONCE);
}

static void verify(struct rules *rules, const struct ruleset *ruleset)
{
	rules_verify(rules, ruleset);
	finish(rules);
	if (seen.code < 0)
		fail_msg("%s", seen.error);
}

#define KUBE_LINES(program)                                    \
	program "-save | sed -n 's/ *\\[[0-9]*:[0-9]*\\]$//; " \
		"/KUBE-\\|kubernetes forwarding conn/p'"

static void test_rules_are_written_once(void **state)
{
	static const uint16_t families[] = {AF_INET, AF_INET6};

	(void)state;
	for (size_t i = 0; i < COUNT(families); i++) {
		const char *lines =
			families[i] == AF_INET ? KUBE_LINES("iptables") : KUBE_LINES("ip6tables");
		struct rules *rules = open_rules(families[i]);
		auto_free(ruleset) struct ruleset *ruleset = ordinary_ruleset(families[i]);
		auto_memory char *first = NULL;
		char command[200];

		assert_true(rules_has_random_fully(rules));
		assert_string_equal(witness_read(lines), "");
		verify(rules, ruleset);
		assert_true(seen.is_changed);
		assert_string_equal(seen.what, "chain KUBE-FORWARD of table filter");
		first = string_dup(witness_read(lines));
		snprintf(command, sizeof(command), "%s | grep -c ^-A", lines);
		assert_int_equal(witness_number(command), ruleset_rule_count(ruleset));

		verify(rules, ruleset);
		assert_false(seen.is_changed);
		assert_string_equal(seen.what, "");
		assert_string_equal(witness_read(lines), first);
		rules_close(rules);
	}
}

static void test_jumps_are_where_kube_proxy_puts_them(void **state)
{
	struct rules *rules = open_rules(AF_INET);
	auto_free(ruleset) struct ruleset *ruleset = ordinary_ruleset(AF_INET);

	(void)state;
	witness_run("iptables -A INPUT -s 9.9.9.9 -j DROP");
	witness_run("iptables -A FORWARD -s 9.9.9.9 -j DROP");
	witness_run("iptables -t nat -A POSTROUTING -s 9.9.9.9 -j ACCEPT");
	verify(rules, ruleset);
	assert_string_equal(witness_read("iptables -S INPUT | sed 's/.* -j/-j/'"),
			    "-P INPUT ACCEPT\n-j KUBE-IPVS-INPUT\n-j KUBE-IPVS-INPUT\n"
			    "-j DROP\n-j KUBE-IPVS-ACCEPT\n");
	assert_string_equal(
		witness_read("iptables -S FORWARD | sed 's/.* -j/-j/'"),
		"-P FORWARD ACCEPT\n-j ACCEPT\n-j KUBE-PROXY-FIREWALL\n-j KUBE-FORWARD\n-j DROP\n");
	assert_string_equal(witness_read("iptables -t nat -S POSTROUTING | sed 's/.* -j/-j/'"),
			    "-P POSTROUTING ACCEPT\n-j KUBE-POSTROUTING\n-j ACCEPT\n");
	assert_string_equal(
		witness_read("iptables -t nat -S KUBE-SERVICES | head -n 5"),
		"-N KUBE-SERVICES\n"
		"-A KUBE-SERVICES -m addrtype ! --dst-type LOCAL -j RETURN\n"
		"-A KUBE-SERVICES -m mark --mark 0x20000000/0xe000ffff -j MARK --set-xmark "
		"0x40000000/0x40000000\n"
		"-A KUBE-SERVICES -s 127.0.0.0/8 -j RETURN\n"
		"-A KUBE-SERVICES -m comment --comment \"Kubernetes service cluster ip + port for "
		"masquerade purpose\" -m set --match-set KUBE-CLUSTER-IP dst,dst -j "
		"KUBE-CLUSTER-IP\n");
	rules_close(rules);
}

static void test_damage_is_repaired(void **state)
{
	static const struct {
		const char *what;
		const char *command;
		const char *difference;
	} cases[] = {
		{"a flushed chain", "iptables -t nat -F KUBE-SERVICES",
		 "chain KUBE-SERVICES of table nat"},
		{"a lost rule", "iptables -D KUBE-SOURCE-RANGES-FIREWALL -j DROP",
		 "chain KUBE-SOURCE-RANGES-FIREWALL of table filter"},
		{"an extra rule", "iptables -I KUBE-PROXY-FIREWALL -s 1.2.3.4 -j ACCEPT",
		 "chain KUBE-PROXY-FIREWALL of table filter"},
		{"all jumps of a chain lost", "iptables -F INPUT",
		 "jumps in chain INPUT of table filter"},
		{"a whole table flushed", "iptables -t nat -F",
		 "chain KUBE-CLUSTER-IP of table nat"},
		{"a table flushed and its chains deleted",
		 "iptables -t nat -F && iptables -t nat -X", "chain KUBE-CLUSTER-IP of table nat"},
		{"marked packets let past the firewall",
		 "iptables -I FORWARD -m comment --comment 'kubernetes forwarding rules' "
		 "-j KUBE-FORWARD",
		 "jumps in chain FORWARD of table filter"},
	};
	struct rules *rules = open_rules(AF_INET);
	auto_free(ruleset) struct ruleset *ruleset = ordinary_ruleset(AF_INET);
	auto_memory char *whole = NULL;

	(void)state;
	verify(rules, ruleset);
	whole = string_dup(witness_read(KUBE_LINES("iptables") " | LC_ALL=C sort"));
	for (size_t i = 0; i < COUNT(cases); i++) {
		print_message("%s\n", cases[i].what);
		witness_run(cases[i].command);
		verify(rules, ruleset);
		assert_true(seen.is_changed);
		assert_string_equal(seen.what, cases[i].difference);
		assert_string_equal(witness_read(KUBE_LINES("iptables") " | LC_ALL=C sort"), whole);
		verify(rules, ruleset);
		assert_false(seen.is_changed);
	}
	rules_close(rules);
}

static void test_rules_of_others_stay(void **state)
{
	struct rules *rules = open_rules(AF_INET);
	auto_free(ruleset) struct ruleset *ruleset = ordinary_ruleset(AF_INET);

	(void)state;
	witness_run("iptables -N OTHERS");
	witness_run("iptables -A OTHERS -p tcp --dport 22 -m comment --comment \"a 'b' c\" -j LOG");
	witness_run("iptables -A INPUT -j OTHERS");
	witness_run("iptables -t nat -A OUTPUT -d 9.9.9.9 -j DNAT --to-destination 8.8.8.8");
	verify(rules, ruleset);
	witness_run("iptables -t nat -F KUBE-SERVICES");
	witness_run("iptables -D INPUT 1");
	verify(rules, ruleset);
	assert_string_equal(
		witness_read(
			"iptables-save | grep -v 'KUBE-\\|kubernetes forw' | grep ^-A | LC_ALL=C sort"),
		"-A INPUT -j OTHERS\n"
		"-A OTHERS -p tcp -m tcp --dport 22 -m comment --comment \"a \\'b\\' "
		"c\" -j LOG\n"
		"-A OUTPUT -d 9.9.9.9/32 -j DNAT --to-destination 8.8.8.8\n");

	rules_remove(rules);
	finish(rules);
	assert_int_equal(seen.code, 0);
	assert_true(seen.is_changed);
	assert_string_equal(witness_read(KUBE_LINES("iptables")), "");
	assert_int_equal(witness_number("iptables-save | grep -c ^-A"), 3);

	rules_remove(rules);
	finish(rules);
	assert_int_equal(seen.code, 0);
	assert_false(seen.is_changed);
	rules_close(rules);
}

static void test_removal_leaves_what_others_use(void **state)
{
	struct rules *rules = open_rules(AF_INET);
	auto_free(ruleset) struct ruleset *ruleset = ordinary_ruleset(AF_INET);

	(void)state;
	verify(rules, ruleset);
	witness_run("iptables -t nat -N CNI-SETMARK");
	witness_run("iptables -t nat -A CNI-SETMARK -j KUBE-MARK-MASQ");
	witness_run("iptables -A FORWARD -i eth9 -j KUBE-FORWARD");
	rules_remove(rules);
	finish(rules);
	if (seen.code < 0)
		fail_msg("%s", seen.error);
	assert_string_equal(witness_read(KUBE_LINES("iptables") " | LC_ALL=C sort"),
			    "-A CNI-SETMARK -j KUBE-MARK-MASQ\n"
			    "-A FORWARD -i eth9 -j KUBE-FORWARD\n"
			    "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000\n"
			    ":KUBE-FORWARD -\n"
			    ":KUBE-MARK-MASQ -\n");
	/* Nothing holds on to our sets. */
	witness_run("ipset destroy");
	rules_close(rules);
}

static void test_a_refused_rule_is_named(void **state)
{
	struct rules *rules = open_rules(AF_INET);
	auto_free(ruleset) struct ruleset *ruleset = ordinary_ruleset(AF_INET);

	(void)state;
	witness_run("ipset destroy KUBE-HEALTH-CHECK-NODE-PORT");
	rules_verify(rules, ruleset);
	finish(rules);
	print_message("%s\n", seen.error);
	assert_true(seen.code < 0);
	assert_false(seen.is_changed);
	assert_non_null(strstr(seen.error, "iptables-restore failed with status"));
	assert_non_null(strstr(seen.error, "KUBE-HEALTH-CHECK-NODE-PORT"));
	assert_string_equal(witness_read("iptables-save -t filter | sed -n '/KUBE-/p'"), "");

	/* Once the cause is gone it works. */
	witness_run("ipset create KUBE-HEALTH-CHECK-NODE-PORT bitmap:port range 0-65535");
	verify(rules, ruleset);
	assert_true(seen.is_changed);
	rules_close(rules);
}

static void test_the_lock_is_waited_for(void **state)
{
	struct rules *rules = open_rules(AF_INET);
	auto_free(ruleset) struct ruleset *ruleset = ordinary_ruleset(AF_INET);
	char command[200];
	char lock[] = "/tmp/xtables.lock.XXXXXX";
	int descriptor = mkstemp(lock);

	(void)state;
	assert_true(descriptor >= 0);
	close(descriptor);
	setenv("XTABLES_LOCKFILE", lock, 1);
	snprintf(command, sizeof(command), "flock %s sleep 2 >/dev/null 2>&1 &", lock);
	witness_run(command);
	verify(rules, ruleset);
	assert_true(seen.is_changed);
	rules_close(rules);
	unsetenv("XTABLES_LOCKFILE");
	unlink(lock);
}

static void test_calls_while_busy_are_remembered(void **state)
{
	struct rules *rules = open_rules(AF_INET);
	auto_free(ruleset) struct ruleset *ruleset = ordinary_ruleset(AF_INET);

	(void)state;
	rules_verify(rules, ruleset);
	assert_true(rules_is_busy(rules));
	rules_verify(rules, ruleset);
	rules_verify(rules, ruleset);
	assert_int_equal(seen.count, 0);
	finish(rules);
	assert_int_equal(seen.count, 2);
	assert_false(seen.is_changed);

	rules_verify(rules, ruleset);
	rules_remove(rules);
	finish(rules);
	assert_int_equal(seen.count, 4);
	assert_true(seen.is_changed);
	assert_string_equal(witness_read(KUBE_LINES("iptables")), "");
	rules_close(rules);
}

static void test_closing_while_busy(void **state)
{
	struct rules *rules = open_rules(AF_INET);
	auto_free(ruleset) struct ruleset *ruleset = ordinary_ruleset(AF_INET);

	(void)state;
	rules_verify(rules, ruleset);
	rules_close(rules);
	ev_run(EV_DEFAULT, EVRUN_NOWAIT);
	assert_int_equal(seen.count, 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
	assert_int_equal(errno, ECHILD);
}

static void test_iptables_is_missing(void **state)
{
	auto_memory char *path = string_dup(getenv("PATH"));
	struct rules *rules = NULL;
	struct error err = {0};

	(void)state;
	setenv("PATH", "/nowhere:/proc", 1);
	assert_int_equal(rules_open(EV_DEFAULT, AF_INET6, on_done, &seen, &rules, &err), -ENOENT);
	assert_string_equal(err.text, "ip6tables-save is not in PATH; install iptables");
	setenv("PATH", path, 1);

	/* It can vanish later, too. */
	rules = open_rules(AF_INET);
	setenv("PATH", "/nowhere", 1);
	assert_false(rules_has_random_fully(rules));
	rules_verify(rules, NULL);
	assert_int_equal(seen.count, 0);
	finish(rules);
	setenv("PATH", path, 1);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.code, -ENOENT);
	assert_string_equal(seen.error, "starting iptables-save: No such file or directory");
	rules_close(rules);
}

/* The test kernel has no nftables for iptables, and the legacy variant no such rules. */
static bool is_nft(void)
{
	return strstr(witness_read("iptables --version"), "nf_tables");
}

static void test_a_table_that_cannot_be_shown_is_not_written(void **state)
{
	struct rules *rules;
	auto_free(ruleset) struct ruleset *ruleset = NULL;
	size_t before;

	(void)state;
	if (!is_nft())
		skip();
	rules = open_rules(AF_INET);
	ruleset = ordinary_ruleset(AF_INET);

	/* There is nothing of ours in it, as nftables shows: so it gets all. */
	witness_run("iptables -t nat -A POSTROUTING -s 9.9.9.9 -j ACCEPT");
	native_rule_add("nat", "POSTROUTING");
	assert_non_null(strstr(witness_read("iptables-save"), "Table `nat' is incompatible"));
	verify(rules, ruleset);
	assert_true(seen.is_changed);
	assert_string_equal(seen.unreadable, "");
	before = native_rule_count("nat");
	assert_in_range(before, 10, 1000);

	/* Then nobody knows what it lacks. */
	for (int i = 0; i < 3; i++) {
		verify(rules, ruleset);
		assert_false(seen.is_changed);
		assert_non_null(strstr(seen.unreadable, "table nat cannot be shown"));
		assert_non_null(strstr(seen.unreadable, "of chain POSTROUTING (masq)"));
	}
	assert_int_equal(native_rule_count("nat"), before);

	/* The other tables go on being looked after. */
	witness_run("iptables -F KUBE-FORWARD");
	verify(rules, ruleset);
	assert_true(seen.is_changed);
	assert_int_equal(native_rule_count("nat"), before);

	/* Their removal leaves the table, and says so. */
	rules_remove(rules);
	finish(rules);
	assert_non_null(strstr(seen.unreadable, "table nat"));
	assert_int_equal(native_rule_count("nat"), before);
	rules_close(rules);
}

static struct nftables_change heard(struct nftables_monitor *monitor)
{
	struct nftables_change change;
	struct error err = {0};

	if (nftables_monitor_read(monitor, &change, &err) < 0)
		fail_msg("%s", err.text);
	return change;
}

static void test_nftables_tells_who_changes_what_concerns_us(void **state)
{
	static const struct {
		const char *what, *command;
		bool is_relevant[2];
	} rows[] = {
		{"a chain of ours is flushed", "iptables -t nat -F KUBE-SERVICES", {true, false}},
		{"the same of IPv6", "ip6tables -t nat -F KUBE-SERVICES", {false, true}},
		{"a jump goes", "iptables -D FORWARD 1", {true, false}},
		{"a rule comes to a chain of ours",
		 "iptables -A KUBE-FORWARD -j ACCEPT",
		 {true, false}},
		{"chains of others are their affair",
		 "iptables -N X; iptables -A X -j ACCEPT; iptables -F X; iptables -X X",
		 {false, false}},
		{"a rule comes beside our jumps",
		 "iptables -A FORWARD -s 9.9.9.9 -j DROP",
		 {false, false}},
		{"a policy changes", "iptables -P INPUT DROP", {true, false}},
		{"a table is flushed", "iptables -t nat -F", {true, false}},
	};
	struct nftables_monitor *monitor = NULL;
	struct rules *both[2];
	struct error err = {0};

	(void)state;
	if (!is_nft())
		skip();
	for (int i = 0; i < 2; i++) {
		uint16_t family = i ? AF_INET6 : AF_INET;
		auto_free(ruleset) struct ruleset *ruleset = ordinary_ruleset(family);

		both[i] = open_rules(family);
		verify(both[i], ruleset);
		assert_false(rules_is_legacy(both[i]));
		rules_close(both[i]);
	}
	if (nftables_monitor_open(&monitor, &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct nftables_change change;

		print_message("%s\n", rows[i].what);
		witness_run(rows[i].command);
		change = heard(monitor);
		assert_int_equal(change.is_relevant[0], rows[i].is_relevant[0]);
		assert_int_equal(change.is_relevant[1], rows[i].is_relevant[1]);
		if (change.is_relevant[0] || change.is_relevant[1])
			assert_non_null(strstr(change.writer, "tables (process "));
	}
	nftables_monitor_close(monitor);
}

static void test_legacy_tables_tell_by_size_and_policy(void **state)
{
	static const uint16_t families[] = {AF_INET, AF_INET6};
	struct rules *rules;
	auto_free(ruleset) struct ruleset *ruleset = NULL;
	struct legacy_tables before, after;

	(void)state;
	if (is_nft())
		skip();
	rules = open_rules(AF_INET);
	ruleset = ordinary_ruleset(AF_INET);
	verify(rules, ruleset);
	verify(rules, ruleset);
	assert_true(rules_is_legacy(rules));
	assert_int_equal(legacy_tables_look(AF_INET, &before, NULL), 0);
	assert_int_equal(legacy_tables_look(AF_INET, &after, NULL), 0);
	assert_true(legacy_tables_is_equal(&before, &after));
	witness_run("iptables -t nat -F KUBE-SERVICES");
	assert_int_equal(legacy_tables_look(AF_INET, &after, NULL), 0);
	assert_false(legacy_tables_is_equal(&before, &after));
	for (size_t i = 0; i < COUNT(families); i++) {
		assert_int_equal(legacy_tables_look(families[i], &before, NULL), 0);
		witness_run("iptables -P INPUT DROP; ip6tables -P INPUT DROP");
		assert_int_equal(legacy_tables_look(families[i], &after, NULL), 0);
		assert_false(legacy_tables_is_equal(&before, &after));
		witness_run("iptables -P INPUT ACCEPT; ip6tables -P INPUT ACCEPT");
		assert_int_equal(legacy_tables_look(families[i], &after, NULL), 0);
		assert_true(legacy_tables_is_equal(&before, &after));
	}
	rules_close(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_rules_are_written_once, set_up),
		cmocka_unit_test_setup(test_jumps_are_where_kube_proxy_puts_them, set_up),
		cmocka_unit_test_setup(test_damage_is_repaired, set_up),
		cmocka_unit_test_setup(test_rules_of_others_stay, set_up),
		cmocka_unit_test_setup(test_removal_leaves_what_others_use, set_up),
		cmocka_unit_test_setup(test_a_refused_rule_is_named, set_up),
		cmocka_unit_test_setup(test_the_lock_is_waited_for, set_up),
		cmocka_unit_test_setup(test_calls_while_busy_are_remembered, set_up),
		cmocka_unit_test_setup(test_closing_while_busy, set_up),
		cmocka_unit_test_setup(test_a_table_that_cannot_be_shown_is_not_written, set_up),
		cmocka_unit_test_setup(test_nftables_tells_who_changes_what_concerns_us, set_up),
		cmocka_unit_test_setup(test_legacy_tables_tell_by_size_and_policy, set_up),
		cmocka_unit_test_setup(test_iptables_is_missing, set_up),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
