/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipsets_fixture.h"

#include "lib/kernel/netlink.h"
#include "lib/kernel/set_listing.h"
#include "witness.h"

#include <linux/netlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#define CLUSTER_IP_MAXELEM \
	"ipset list -terse KUBE-CLUSTER-IP | sed -n 's/.* maxelem \\([0-9]*\\).*/\\1/p'"
#define MEMBER_COUNT(set) "ipset list -terse " set " | sed -n 's/^Number of entries: //p'"

/* Nearly as many as the set that make_full() creates shall hold, and so many more that there is still
 * room for them three times, though not with something to spare. */
#define MEMBERS	  15300
#define ADDITIONS 300

/* The most that a step copies */
#define STEP_MAX 256

static void add_numbered(struct changes *changes, uint32_t first, uint32_t last)
{
	for (uint32_t i = first; i < last; i++)
		ipsets_fixture_add(changes, CHANGE_KIND_MEMBER_ADD, ipsets_fixture_numbered(i));
}

static struct ipsets *make_full(void)
{
	auto_free(changes) struct changes *changes = changes_new();
	struct ipsets *ipsets;

	witness_run("ipset create KUBE-CLUSTER-IP hash:ip,port maxelem 16384");
	ipsets = ipsets_fixture_open();
	add_numbered(changes, 0, MEMBERS);
	ipsets_fixture_apply_all(ipsets, changes);
	witness_expect(CLUSTER_IP_MAXELEM, "16384\n");
	return ipsets;
}

/* Return: as ipsets_apply() */
static int apply_once(struct ipsets *ipsets, struct changes *changes)
{
	struct error err = {0};
	int r = ipsets_apply(ipsets, changes->items, changes->count, &err);

	assert_true(r >= 0);
	return r;
}

/* The set of another program with room for few members, referred to by a rule. */
static void test_growing(void **state)
{
	struct ipsets *ipsets;
	auto_free(changes) struct changes *changes = changes_new();

	(void)state;
	witness_run("ipset create KUBE-CLUSTER-IP hash:ip,port hashsize 64 maxelem 64");
	witness_run("ipset add KUBE-CLUSTER-IP 10.1.1.1,tcp:1");
	witness_run("iptables -A INPUT -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT");
	witness_run("ipset create KUBE-GROWING hash:net"); /* left by a crash */
	ipsets = ipsets_fixture_open();

	for (uint32_t i = 0; i < 50; i++)
		ipsets_fixture_add(changes, CHANGE_KIND_MEMBER_ADD, ipsets_fixture_numbered(i));
	ipsets_fixture_apply_all(ipsets, changes);
	witness_expect(CLUSTER_IP_MAXELEM, "64\n");

	for (uint32_t i = 50; i < 70; i++)
		ipsets_fixture_add(changes, CHANGE_KIND_MEMBER_ADD, ipsets_fixture_numbered(i));
	ipsets_fixture_apply_all(ipsets, changes);
	witness_expect(CLUSTER_IP_MAXELEM, "256\n");
	assert_int_equal(ipsets_fixture_count(ipsets), 71);
	witness_expect("ipset test KUBE-CLUSTER-IP 10.1.1.1,tcp:1 -quiet && echo there", "there\n");
	witness_expect("ipset list -name | sed -n /GROWING/p | wc -l", "0\n");
	witness_expect("iptables -S INPUT | tail -n 1",
		       "-A INPUT -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT\n");
	ipsets_close(ipsets);
}

/* No call copies more than a part; nothing is added before the end; rules see all members always. */
static void test_growing_in_steps(void **state)
{
	struct ipsets *ipsets = make_full();
	auto_free(changes) struct changes *changes = changes_new();
	double longest = 0, begin = witness_seconds();
	unsigned int steps = 0;
	long copied = 0;

	(void)state;
	add_numbered(changes, MEMBERS, MEMBERS + ADDITIONS);
	while (apply_once(ipsets, changes) == 1) {
		double seconds = witness_seconds() - begin;
		long before = copied;

		longest = seconds > longest ? seconds : longest;
		steps++;
		assert_int_equal(changes->items[0].result, 1);
		copied = witness_number(MEMBER_COUNT("KUBE-GROWING"));
		assert_in_range(copied - before, 0, STEP_MAX);
		assert_int_equal(witness_number(MEMBER_COUNT("KUBE-CLUSTER-IP")), MEMBERS);
		begin = witness_seconds();
	}
	assert_in_range(steps, MEMBERS / STEP_MAX, MEMBERS / 10);
	print_message("%d members copied in %u steps, of which the longest took %.1f ms\n", MEMBERS,
		      steps, longest * 1e3);
	assert_int_equal(changes->items[0].result, 0);
	witness_expect(CLUSTER_IP_MAXELEM, "32768\n");
	assert_int_equal(ipsets_fixture_count(ipsets), MEMBERS + ADDITIONS);
	ipsets_close(ipsets);
	witness_expect("ipset list -name | sed -n /GROWING/p", "");
}

/* What is removed while a set is copied does not come back. */
static void test_a_set_that_is_written_meanwhile(void **state)
{
	struct ipsets *ipsets = make_full();
	auto_free(changes) struct changes *additions = changes_new();
	auto_free(changes) struct changes *removals = changes_new();

	(void)state;
	add_numbered(additions, MEMBERS, MEMBERS + ADDITIONS);
	for (uint32_t i = 0; i < MEMBERS; i += 2)
		ipsets_fixture_add(removals, CHANGE_KIND_MEMBER_REMOVE, ipsets_fixture_numbered(i));
	for (int i = 0; i < 4; i++)
		assert_int_equal(apply_once(ipsets, additions), 1);
	assert_true(witness_number(MEMBER_COUNT("KUBE-GROWING")) > 0);
	assert_int_equal(apply_once(ipsets, removals), 0);
	assert_int_equal(removals->items[0].result, 0);
	witness_expect("ipset list -name | sed -n /GROWING/p", "");
	ipsets_fixture_apply_all(ipsets, additions);
	assert_int_equal(ipsets_fixture_count(ipsets), MEMBERS / 2 + ADDITIONS);
	ipsets_close(ipsets);
}

static void ignore(void *owner, const struct set_member *member, uint32_t mark)
{
	(void)owner;
	(void)member;
	(void)mark;
}

/* Another program that does not come to the end of its listing keeps a set as it is, but no member out
 * for which there is room. It is tried again after the next observation. */
static void test_a_set_that_somebody_lists(void **state)
{
	struct ipsets *ipsets = make_full();
	auto_free(changes) struct changes *changes = changes_new();
	struct netlink *netlink = NULL;
	struct set_listing listing;
	struct error err = {0};

	(void)state;
	assert_int_equal(netlink_open(NETLINK_NETFILTER, &netlink, &err), 0);
	assert_int_equal(set_listing_begin(&listing, netlink, SET_KIND_CLUSTER_IP, AF_INET, ignore,
					   NULL, &err),
			 0);
	add_numbered(changes, MEMBERS, MEMBERS + ADDITIONS);
	ipsets_fixture_apply_all(ipsets, changes);
	witness_expect(CLUSTER_IP_MAXELEM, "16384\n");
	witness_expect("ipset list -name | sed -n /GROWING/p", "");
	netlink_close(netlink);

	changes_clear(changes);
	add_numbered(changes, MEMBERS + ADDITIONS, MEMBERS + 2 * ADDITIONS);
	ipsets_fixture_apply_all(ipsets, changes);
	witness_expect(CLUSTER_IP_MAXELEM, "16384\n");
	assert_int_equal(ipsets_fixture_count(ipsets), MEMBERS + 2 * ADDITIONS);

	changes_clear(changes);
	add_numbered(changes, MEMBERS + 2 * ADDITIONS, MEMBERS + 3 * ADDITIONS);
	ipsets_fixture_apply_all(ipsets, changes);
	witness_expect(CLUSTER_IP_MAXELEM, "32768\n");
	assert_int_equal(ipsets_fixture_count(ipsets), MEMBERS + 3 * ADDITIONS);
	ipsets_close(ipsets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_growing, witness_enter_namespace),
		cmocka_unit_test_setup(test_growing_in_steps, witness_enter_namespace),
		cmocka_unit_test_setup(test_a_set_that_is_written_meanwhile,
				       witness_enter_namespace),
		cmocka_unit_test_setup(test_a_set_that_somebody_lists, witness_enter_namespace),
	};

	return cmocka_run_group_tests_name("growing sets", tests, NULL, NULL);
}
