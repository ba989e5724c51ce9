/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipsets_observe_step() while sets change, in fresh network namespaces; needs root. */
#include "ipsets_fixture.h"

#include "witness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

/*
 * So many that they come in several steps, and that a set of kube-proxy's size has to be resized.
 */
#define MEMBERS 9000

/* By the number that is in the address of a member */
struct tally {
	unsigned int told[4 * MEMBERS];
	bool is_removed[4 * MEMBERS]; /* by us, at present */
	size_t count;
};

static struct set_member numbered(enum set_kind kind, uint32_t number)
{
	uint32_t address = htonl(0x0a600000 + number);
	struct set_member ret;

	memset(&ret, 0, sizeof(ret));
	ret.kind = (uint8_t)kind;
	ret.family = AF_INET;
	ret.protocol = IPPROTO_TCP;
	ret.port = 80;
	ret.address.family = AF_INET;
	memcpy(ret.address.bytes, &address, sizeof(address));
	return ret;
}

static uint32_t number_of(const struct set_member *member)
{
	uint32_t address;

	memcpy(&address, member->address.bytes, sizeof(address));
	return ntohl(address) - 0x0a600000;
}

static void on_member(void *owner, const struct set_member *member)
{
	struct tally *tally = owner;
	uint32_t number = number_of(member);

	assert_true(number < COUNT(tally->told));
	assert_false(tally->is_removed[number]);
	tally->told[number]++;
	tally->count++;
}

/* Every @every-th of those from @first to before @last */
static void write_members(struct ipsets *ipsets, enum change_kind change, enum set_kind kind,
			  uint32_t first, uint32_t last, uint32_t every)
{
	auto_free(changes) struct changes *changes = changes_new();

	for (uint32_t i = first; i < last; i += every)
		changes_add(changes, change)->member = numbered(kind, i);
	ipsets_fixture_apply_all(ipsets, changes);
}

static void begin(struct ipsets *ipsets, struct tally *tally)
{
	struct error err = {0};

	memset(tally, 0, sizeof(*tally));
	assert_int_equal(ipsets_observe_begin(ipsets, on_member, tally, &err), 0);
}

static int step(struct ipsets *ipsets)
{
	struct error err = {0};

	return ipsets_observe_step(ipsets, &err);
}

/* Until members have been told, but not nearly all of them */
static void step_into_the_set(struct ipsets *ipsets, const struct tally *tally)
{
	while (!tally->count)
		assert_int_equal(step(ipsets), 1);
	assert_true(tally->count < 2000);
}

static size_t step_to_the_end(struct ipsets *ipsets)
{
	size_t steps = 0;
	int r;

	while ((r = step(ipsets)) == 1)
		steps++;
	assert_int_equal(r, 0);
	return steps;
}

static void no_step_tells_many(void **state)
{
	static struct tally tally;
	struct ipsets *ipsets = ipsets_fixture_open();
	size_t before = 0, most = 0;
	int r;

	(void)state;
	write_members(ipsets, CHANGE_KIND_MEMBER_ADD, SET_KIND_CLUSTER_IP, 0, MEMBERS, 1);
	begin(ipsets, &tally);
	do {
		r = step(ipsets);
		if (tally.count - before > most)
			most = tally.count - before;
		before = tally.count;
	} while (r == 1);
	assert_int_equal(r, 0);
	assert_int_equal(tally.count, MEMBERS);
	print_message("%zu members in one step at most\n", most);
	assert_in_range(most, 1, 1500);
	ipsets_close(ipsets);
}

#define HASH_SIZE "ipset list -terse KUBE-CLUSTER-IP | sed -n 's/.* hashsize \\([0-9]*\\).*/\\1/p'"

/*
 * Between two steps some members are removed, of which the next part has been prepared, some are
 * removed and added again, and so many are added that the kernel gives the set a larger table.
 */
static void changes_of_ours_in_between(void **state)
{
	static struct tally tally;
	struct ipsets *ipsets = ipsets_fixture_open();
	long hash_size;

	(void)state;
	write_members(ipsets, CHANGE_KIND_MEMBER_ADD, SET_KIND_CLUSTER_IP, 0, MEMBERS, 1);
	hash_size = witness_number(HASH_SIZE);
	witness_run("ipset add KUBE-CLUSTER-IP 10.96.140.152,tcp:80"); /* 0x8c98 */
	begin(ipsets, &tally);
	step_into_the_set(ipsets, &tally);

	write_members(ipsets, CHANGE_KIND_MEMBER_ADD, SET_KIND_CLUSTER_IP, MEMBERS, 3 * MEMBERS, 1);
	assert_true(witness_number(HASH_SIZE) > hash_size);
	write_members(ipsets, CHANGE_KIND_MEMBER_REMOVE, SET_KIND_CLUSTER_IP, 0, MEMBERS, 2);
	write_members(ipsets, CHANGE_KIND_MEMBER_ADD, SET_KIND_CLUSTER_IP, 0, MEMBERS, 4);
	for (uint32_t i = 2; i < MEMBERS; i += 4)
		tally.is_removed[i] = true;
	assert_true(step_to_the_end(ipsets) > 5);

	for (uint32_t i = 1; i < MEMBERS; i += 2)
		assert_int_equal(tally.told[i], 1);
	assert_int_equal(tally.told[0x8c98], 1);

	begin(ipsets, &tally);
	step_to_the_end(ipsets);
	assert_int_equal(tally.count, 3 * MEMBERS - MEMBERS / 4 + 1);
	ipsets_close(ipsets);
}

#define CAPACITY "ipset list -terse KUBE-CLUSTER-IP | sed -n 's/.* maxelem \\([0-9]*\\).*/\\1/p'"

/* The kernel swaps no set that somebody lists, not even for the one who does. */
static void a_set_that_grows_is_observed_again(void **state)
{
	static struct tally tally;
	struct ipsets *ipsets;

	(void)state;
	witness_run("ipset create KUBE-CLUSTER-IP hash:ip,port maxelem 16384");
	ipsets = ipsets_fixture_open();
	write_members(ipsets, CHANGE_KIND_MEMBER_ADD, SET_KIND_CLUSTER_IP, 0, MEMBERS, 1);
	begin(ipsets, &tally);
	step_into_the_set(ipsets, &tally);
	write_members(ipsets, CHANGE_KIND_MEMBER_ADD, SET_KIND_CLUSTER_IP, MEMBERS, 2 * MEMBERS, 1);
	assert_int_equal(witness_number(CAPACITY), 32768);
	assert_int_equal(step(ipsets), -EINTR);
	assert_int_equal(step(ipsets), -EINTR);

	begin(ipsets, &tally);
	step_to_the_end(ipsets);
	assert_int_equal(tally.count, 2 * MEMBERS);
	ipsets_close(ipsets);
}

static void one_that_is_given_up(void **state)
{
	static struct tally tally;
	struct ipsets *ipsets = ipsets_fixture_open();
	struct error err = {0};

	(void)state;
	write_members(ipsets, CHANGE_KIND_MEMBER_ADD, SET_KIND_CLUSTER_IP, 0, MEMBERS, 1);
	begin(ipsets, &tally);
	step_into_the_set(ipsets, &tally);
	write_members(ipsets, CHANGE_KIND_MEMBER_REMOVE, SET_KIND_CLUSTER_IP, 0, MEMBERS, 3);
	memset(&tally, 0, sizeof(tally));
	assert_int_equal(ipsets_observe(ipsets, on_member, &tally, &err), 0);
	assert_int_equal(tally.count, MEMBERS - MEMBERS / 3);

	begin(ipsets, &tally);
	step_into_the_set(ipsets, &tally);
	ipsets_close(ipsets);
}

static struct virtual_server_key key_of(uint32_t number)
{
	struct set_member member = numbered(SET_KIND_IN_CLUSTER, number);
	struct virtual_server_key key;

	memset(&key, 0, sizeof(key));
	key.address = member.address;
	key.port = member.port;
	key.protocol = member.protocol;
	key.client_scope = CLIENT_SCOPE_IN_CLUSTER;
	return key;
}

/* As the removal of a virtual server and its return do */
static void change_mark(struct ipsets *ipsets, struct marks *marks, uint32_t number)
{
	struct virtual_server_key key = key_of(number);
	uint32_t before = marks_find(marks, &key);

	write_members(ipsets, CHANGE_KIND_MEMBER_REMOVE, SET_KIND_IN_CLUSTER, number, number + 1,
		      1);
	marks_set_use(marks, &key, MARK_USE_SERVER, false);
	ipsets_fixture_write_name(ipsets, CHANGE_KIND_MEMBER_REMOVE, &key);
	assert_int_equal(marks_find(marks, &key), 0);

	assert_int_not_equal(marks_take(marks, &key), before);
	ipsets_fixture_write_name(ipsets, CHANGE_KIND_MEMBER_ADD, &key);
	marks_set_use(marks, &key, MARK_USE_SERVER, true);
	write_members(ipsets, CHANGE_KIND_MEMBER_ADD, SET_KIND_IN_CLUSTER, number, number + 1, 1);
}

#define MARK_LINES "ipset save KUBE-IN-CLUSTER-MARKS; ipset save KUBE-IN-CLUSTER"

/* While the names are listed, and while the members are */
static void marks_that_change_in_between(void **state)
{
	static const struct mark_range range = {0x60000000, 0x1fff0000};
	enum { KEYS = 3000 };
	static struct tally tally;
	struct ipsets *ipsets = ipsets_fixture_open();
	auto_free(marks) struct marks *marks = marks_new(&range);

	(void)state;
	ipsets_use_marks(ipsets, marks);
	for (uint32_t i = 0; i < KEYS; i++) {
		struct virtual_server_key key = key_of(i);

		marks_take(marks, &key);
		marks_set_use(marks, &key, MARK_USE_SERVER, true);
		ipsets_fixture_write_name(ipsets, CHANGE_KIND_MEMBER_ADD, &key);
	}
	write_members(ipsets, CHANGE_KIND_MEMBER_ADD, SET_KIND_IN_CLUSTER, 0, KEYS, 1);
	witness_run("ipset add KUBE-IN-CLUSTER 10.97.0.1,tcp:80 skbmark 0x20010000");

	for (int names = 1; names >= 0; names--) {
		begin(ipsets, &tally);
		if (names) {
			assert_int_equal(step(ipsets), 1);
			assert_int_equal(step(ipsets), 1);
			assert_int_equal(tally.count, 0);
		} else {
			step_into_the_set(ipsets, &tally);
		}
		for (uint32_t i = 0; i < KEYS; i += 5)
			change_mark(ipsets, marks, i);
		step_to_the_end(ipsets);
		ipsets_fixture_repair(ipsets);
		assert_int_equal(witness_number("ipset save KUBE-IN-CLUSTER | grep -c ^add"), KEYS);
		assert_int_equal(witness_number("ipset save KUBE-IN-CLUSTER-MARKS | grep -c ^add"),
				 KEYS);
		/* The same numbers, without the valid bit of 0x4 where packets get them. */
		assert_int_equal(
			witness_number("{ " MARK_LINES "; } | sed -n 's/^add [^ ]* //p' |"
				       " sed 's/ 0x6/ 0x2/; s/ 0x7/ 0x3/' | sort -u | wc -l"),
			KEYS);
		for (uint32_t i = 0; i < KEYS; i++) {
			struct virtual_server_key key = key_of(i);

			assert_int_equal(marks_uses(marks, &key),
					 MARK_USE_NAME | MARK_USE_MEMBER | MARK_USE_SERVER);
		}
	}
	ipsets_close(ipsets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(no_step_tells_many, witness_enter_namespace),
		cmocka_unit_test_setup(changes_of_ours_in_between, witness_enter_namespace),
		cmocka_unit_test_setup(a_set_that_grows_is_observed_again, witness_enter_namespace),
		cmocka_unit_test_setup(one_that_is_given_up, witness_enter_namespace),
		cmocka_unit_test_setup(marks_that_change_in_between, witness_enter_namespace),
	};

	return cmocka_run_group_tests_name("ipsets_observe", tests, NULL, NULL);
}
