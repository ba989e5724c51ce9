/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "comparison.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ALL ~0U

/* One row: what kube-proxy has, what is there, and whether that passes. */
struct row {
	const char *what;
	const char *expected, *actual;
	const char *used;     /* names of the intended differences that were needed */
	const char *problems; /* "" = the comparison passes */
};

static void assert_outcome(struct comparison *comparison, const struct row *row)
{
	auto_memory char *used = difference_names(comparison_used(comparison));

	assert_string_equal(comparison_problems(comparison), row->problems);
	assert_string_equal(used, row->used);
}

static struct comparison *compare(const struct row *row, unsigned int allowed)
{
	struct comparison *comparison = comparison_new(allowed);

	print_message("%s\n", row->what);
	comparison_set_context(comparison, "row");
	return comparison;
}

static void test_lines(void **state)
{
	static const struct row rows[] = {
		{"order does not matter", "a\nb\n", "b\na\n", "", ""},
		{"nothing is nothing", "", NULL, "", ""},
		{"what is missing is a problem", "a\nb\n", "a\n", "", "row: x: missing: b\n"},
		{"an extra line is a problem", "a\n", "a\nb\n", "", "row: x: not expected: b\n"},
		{"a line that is there twice is a problem", "a\n", "a\na\n", "",
		 "row: x: not expected: a\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_free(comparison) struct comparison *comparison = compare(&rows[i], ALL);

		comparison_lines(comparison, "x", rows[i].expected, rows[i].actual);
		assert_outcome(comparison, &rows[i]);
	}
}

static void test_affinity_scheduler(void **state)
{
	static const struct row rows[] = {
		{"with affinity the scheduler is sh", "-A -t 10.0.0.1:80 -s rr -p 60\n",
		 "-A -t 10.0.0.1:80 -s sh -p 60 -b sh-fallback\n", "affinity-scheduler-sh", ""},
		{"with affinity other scheduler flags go",
		 "-A -t 10.0.0.1:80 -s mh -p 60 -b mh-port\n",
		 "-A -t 10.0.0.1:80 -s sh -p 60 -b sh-fallback\n", "affinity-scheduler-sh", ""},
		{"with affinity another scheduler is a problem", "-A -t 10.0.0.1:80 -s rr -p 60\n",
		 "-A -t 10.0.0.1:80 -s rr -p 60\n", "affinity-scheduler-sh",
		 "row: ipvs: not expected: -A -t 10.0.0.1:80 -s rr -p 60\n"
		 "row: ipvs: missing: -A -t 10.0.0.1:80 -s sh -p 60 -b sh-fallback\n"},
		{"the time does not change", "-A -t 10.0.0.1:80 -s rr -p 60\n",
		 "-A -t 10.0.0.1:80 -s sh -p 61 -b sh-fallback\n", "affinity-scheduler-sh",
		 "row: ipvs: missing: -A -t 10.0.0.1:80 -s sh -p 60 -b sh-fallback\n"
		 "row: ipvs: not expected: -A -t 10.0.0.1:80 -s sh -p 61 -b sh-fallback\n"},
		{"without affinity nothing changes", "-A -t 10.0.0.1:80 -s rr\n",
		 "-A -t 10.0.0.1:80 -s sh\n", "",
		 "row: ipvs: missing: -A -t 10.0.0.1:80 -s rr\n"
		 "row: ipvs: not expected: -A -t 10.0.0.1:80 -s sh\n"},
	};
	static const struct row inherited = {
		"inherited it is kube-proxy's",
		"-A -t 10.0.0.1:80 -s rr -p 60\n",
		"-A -t 10.0.0.1:80 -s rr -p 60\n",
		"",
		"",
	};
	auto_free(comparison) struct comparison *strict = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_free(comparison) struct comparison *comparison = compare(&rows[i], ALL);

		comparison_servers(comparison, rows[i].expected, rows[i].actual, NULL);
		assert_outcome(comparison, &rows[i]);
	}
	strict = compare(&inherited, 0);
	comparison_servers(strict, inherited.expected, inherited.actual, NULL);
	assert_outcome(strict, &inherited);
}

static void test_strangers_stay(void **state)
{
	static const char strangers[] = "-A -t 9.9.9.9:80 -s wlc\n"
					"-a -t 9.9.9.9:80 -r 9.9.9.1:80 -g -w 3\n";
	static const struct row rows[] = {
		{"a stranger may stay where kube-proxy removes it", "",
		 "-A -t 9.9.9.9:80 -s wlc\n-a -t 9.9.9.9:80 -r 9.9.9.1:80 -g -w 3\n",
		 "strangers-stay", ""},
		{"a stranger may stay only as it was", "", "-A -t 9.9.9.9:80 -s rr\n", "",
		 "row: ipvs: not expected: -A -t 9.9.9.9:80 -s rr\n"},
		{"one that kube-proxy keeps has to stay", "-A -t 9.9.9.9:80 -s wlc\n", "", "",
		 "row: ipvs: missing: -A -t 9.9.9.9:80 -s wlc\n"},
		{"an unknown virtual server may not stay", "", "-A -t 9.9.9.8:80 -s wlc\n", "",
		 "row: ipvs: not expected: -A -t 9.9.9.8:80 -s wlc\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_free(comparison) struct comparison *comparison = compare(&rows[i], ALL);

		comparison_servers(comparison, rows[i].expected, rows[i].actual, strangers);
		assert_outcome(comparison, &rows[i]);
	}
}

#define SIZES " hashsize 1024 maxelem 65536 bucketsize 12\n"

static void test_set_sizes(void **state)
{
	static const struct row rows[] = {
		{"the same sizes are no difference", "create A hash:ip family inet" SIZES,
		 "create A hash:ip family inet" SIZES, "", ""},
		{"sizes may differ", "create A hash:ip family inet" SIZES,
		 "create A hash:ip family inet hashsize 64 maxelem 128 bucketsize 12\n",
		 "set-sizes", ""},
		{"sizes need not be known", "create A hash:ip family inet" SIZES,
		 "create A hash:ip family inet\n", "", ""},
		{"types may not differ", "create A hash:ip family inet" SIZES,
		 "create A hash:net family inet" SIZES, "set-sizes",
		 "row: ipset sets: missing: create A hash:ip family inet\n"
		 "row: ipset sets: not expected: create A hash:net family inet\n"},
		{"ranges may not differ", "create A bitmap:port range 0-65535\n",
		 "create A bitmap:port range 1-65535\n", "",
		 "row: ipset sets: missing: create A bitmap:port range 0-65535\n"
		 "row: ipset sets: not expected: create A bitmap:port range 1-65535\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_free(comparison) struct comparison *comparison = compare(&rows[i], ALL);

		comparison_sets(comparison, rows[i].expected, rows[i].actual);
		assert_outcome(comparison, &rows[i]);
	}
}

#define MASQUERADE "-A KUBE-SERVICES -m set --match-set FULL dst,dst -j KUBE-MARK-MASQ\n"
#define WITHOUT	   "-A KUBE-SERVICES -m set --match-set EMPTY dst,dst -j ACCEPT\n"
#define UNLESS	   "-A KUBE-SERVICES -m set ! --match-set EMPTY dst,dst -j ACCEPT\n"
#define BOTH                                                                         \
	"-A KUBE-SERVICES -m set --match-set FULL dst,dst -m set --match-set EMPTY " \
	"src -j ACCEPT\n"
#define LOOPBACK "-A KUBE-SERVICES -s 127.0.0.0/8 -j RETURN\n"

static void test_static_rules(void **state)
{
	static const struct row rows[] = {
		{"the same rules", MASQUERADE LOOPBACK, MASQUERADE LOOPBACK, "", ""},
		{"a rule on an empty set has no effect", MASQUERADE LOOPBACK,
		 WITHOUT MASQUERADE BOTH LOOPBACK WITHOUT, "static-rules", ""},
		{"a rule on a set with members has an effect", LOOPBACK, MASQUERADE LOOPBACK, "",
		 "row: iptables nat: not expected: " MASQUERADE},
		{"a rule that an empty set makes match has an effect", LOOPBACK, LOOPBACK UNLESS,
		 "", "row: iptables nat: not expected: " UNLESS},
		{"kube-proxy's rules have to be there", MASQUERADE LOOPBACK, LOOPBACK, "",
		 "row: iptables nat: not expected: " LOOPBACK
		 "row: iptables nat: missing, or not in this place: " MASQUERADE},
		{"in their order", MASQUERADE LOOPBACK, LOOPBACK MASQUERADE, "",
		 "row: iptables nat: not expected: " LOOPBACK
		 "row: iptables nat: missing, or not in this place: " LOOPBACK},
		{"chains are compared one by one", ":A -\n:B -\n-A A -j B\n-A B -j X\n",
		 ":B -\n:A -\n-A B -j X\n-A A -j B\n", "", ""},
		{"a chain too much", ":A -\n", ":A -\n:B -\n", "",
		 "row: iptables nat: not expected: chain B\n"},
		{"a chain that is missing", ":A -\n:B -\n", ":A -\n", "",
		 "row: iptables nat: missing: chain B\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_free(comparison) struct comparison *comparison = compare(&rows[i], ALL);

		comparison_rules(comparison,
				 &(struct comparison_rules){
					 .expected_nat = rows[i].expected,
					 .nat = rows[i].actual,
					 .members = "add FULL 10.0.0.1,tcp:80\n",
				 },
				 false);
		assert_outcome(comparison, &rows[i]);
	}
}

#define MANGLE                                                                   \
	":KUBE-IPVS-OUT-FILTER -\n"                                              \
	"-A OUTPUT -m conntrack ! --ctstate RELATED,ESTABLISHED "                \
	"-m set --match-set KUBE-LOAD-BALANCER-FW dst,dst -m comment --comment " \
	"\"kubernetes ipvs access filter\" -j KUBE-IPVS-OUT-FILTER\n"            \
	"-A KUBE-IPVS-OUT-FILTER -m comment --comment "                          \
	"\"no access from a node outside of the source ranges\" "                \
	"-m set --match-set KUBE-IPVS-IPS src "                                  \
	"-m set ! --match-set KUBE-LOAD-BALANCER-SOURCE-IP dst,dst,src -j DROP\n"
#define RESTRICTED "add KUBE-LOAD-BALANCER-FW 203.0.113.1,tcp:80\nadd KUBE-IPVS-IPS 203.0.113.1\n"
#define LET_IN	   "add KUBE-LOAD-BALANCER-SOURCE-IP 203.0.113.1,tcp:80,203.0.113.1\n"
#define SHUT_OUT                                                        \
	"-A KUBE-IPVS-OUT-FILTER -s 203.0.113.1/32 -m ipvs --vproto 6 " \
	"--vaddr 203.0.113.1 --vport 80 -j DROP\n"

static void test_ipvs_out_filter_set(void **state)
{
	static const struct {
		struct row row; /* expected: rules of the filter table; actual: members of sets */
		const char *filter, *mangle;
	} rows[] = {
		{{"kube-proxy's rules themselves", SHUT_OUT, RESTRICTED, "", ""}, SHUT_OUT, ""},
		{{"sets stand for them", SHUT_OUT, RESTRICTED, "ipvs-out-filter-set", ""},
		 "",
		 MANGLE},
		{{"a node that is let in", "", RESTRICTED LET_IN, "ipvs-out-filter-set", ""},
		 "",
		 MANGLE},
		{{"nothing is restricted", "", "", "static-rules", ""}, "", MANGLE},
		{{"a member is missing", SHUT_OUT, "", "static-rules",
		  "row: iptables KUBE-IPVS-OUT-FILTER: missing: " SHUT_OUT},
		 "",
		 MANGLE},
		{{"a member is too much", "", RESTRICTED, "ipvs-out-filter-set",
		  "row: iptables KUBE-IPVS-OUT-FILTER: not expected: " SHUT_OUT},
		 "",
		 MANGLE},
		{{"the rule with sets is missing", SHUT_OUT, RESTRICTED, "",
		  "row: iptables KUBE-IPVS-OUT-FILTER: missing: " SHUT_OUT},
		 "",
		 ""},
		{{"other rules in mangle", "", "", "static-rules",
		  "row: iptables KUBE-IPVS-OUT-FILTER: not expected: -A OUTPUT -j DROP\n"},
		 "",
		 MANGLE "-A OUTPUT -j DROP\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_free(comparison) struct comparison *comparison = compare(&rows[i].row, ALL);

		comparison_rules(comparison,
				 &(struct comparison_rules){
					 .expected_filter = rows[i].row.expected,
					 .filter = rows[i].filter,
					 .mangle = rows[i].mangle,
					 .members = rows[i].row.actual,
				 },
				 false);
		assert_outcome(comparison, &rows[i].row);
	}
}

#define THEIRS "-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT\n"
#define OURS   "-A KUBE-SERVICES -m set ! --match-set KUBE-IPVS-IPS dst -j KUBE-NODE-PORT\n"
#define PURPOSE                                                                                 \
	"-m comment --comment \"Kubernetes service cluster ip + port for masquerade purpose\" " \
	"-m set --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-"
#define THEIR_PODS "-A KUBE-SERVICES ! -s 10.244.0.0/16 " PURPOSE "MARK-MASQ\n"
#define OUR_JUMP   "-A KUBE-SERVICES " PURPOSE "CLUSTER-IP\n"
#define OUR_PODS   "-A KUBE-CLUSTER-IP ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ\n"
#define OTHER_PODS "-A KUBE-CLUSTER-IP ! -s 10.0.0.0/8 -j KUBE-MARK-MASQ\n"

static void test_packet_cost(void **state)
{
	static const struct row rows[] = {
		{"a rule of ours stands for one of theirs", THEIRS, OURS, "packet-cost", ""},
		{"theirs itself does not", THEIRS, THEIRS, "packet-cost",
		 "row: nat: missing: " OURS
		 "row: iptables nat: not expected: chain KUBE-SERVICES\n"},
		{"with the same pods", THEIR_PODS, OUR_JUMP OUR_PODS, "packet-cost", ""},
		{"and with no others", THEIR_PODS, OUR_JUMP OTHER_PODS, "packet-cost",
		 "row: nat: missing: " OUR_PODS},
		{"other rules have to be there as before", LOOPBACK THEIRS, OURS, "packet-cost",
		 "row: iptables nat: missing: chain KUBE-SERVICES\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_free(comparison) struct comparison *comparison = compare(&rows[i], ALL);

		comparison_rules(comparison,
				 &(struct comparison_rules){
					 .expected_nat = rows[i].expected,
					 .nat = rows[i].actual,
				 },
				 false);
		assert_outcome(comparison, &rows[i]);
	}
}

static void test_what_is_not_allowed(void **state)
{
	static const struct row row = {
		"a difference that is not allowed is a problem", LOOPBACK, LOOPBACK WITHOUT,
		"static-rules", "row: the difference static-rules is not to be expected here\n"};
	auto_free(comparison) struct comparison *comparison = compare(&row, 0);

	(void)state;
	comparison_rules(comparison,
			 &(struct comparison_rules){
				 .expected_nat = row.expected,
				 .nat = row.actual,
			 },
			 false);
	assert_outcome(comparison, &row);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),	       cmocka_unit_test(test_affinity_scheduler),
		cmocka_unit_test(test_strangers_stay), cmocka_unit_test(test_set_sizes),
		cmocka_unit_test(test_static_rules),   cmocka_unit_test(test_ipvs_out_filter_set),
		cmocka_unit_test(test_packet_cost),    cmocka_unit_test(test_what_is_not_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
