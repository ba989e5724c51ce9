/* SPDX-License-Identifier: GPL-2.0-or-later */
/* With a table of connections and a netlink of the test's own, and the loop of the virtual clock. */
#include "lib/kernel/conntrack.h"

#include "lib/base/memory.h"
#include "lib/kernel/netlink.h"

#include "tests/fake/virtual_loop.h"

#include <errno.h>
#include <netinet/in.h>
#include <netlink/addr.h>
#include <netlink/msg.h>
#include <netlink/netfilter/ct.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

/* UDP flows to 10.96.0.N:53, answered by 10.244.0.N; @flows has bit N while it is there. */
#define FLOWS 3

struct netlink {
	struct nl_msg *scratch;
	int (*on_message)(void *owner, const struct nlmsghdr *message);
	void *owner;
};

/**
 * struct table
 * @open_sockets, @opened:  now, and ever
 * @fail_walks:             so many walks fail in the middle; @fail_deletions, @fail_openings likewise
 */
static struct table {
	unsigned int flows;
	int open_sockets, opened;
	int fail_walks, fail_deletions, fail_openings;
	int walks;
} table;

static bool takes(int *failures)
{
	if (!*failures)
		return false;
	--*failures;
	return true;
}

int netlink_open(int protocol, struct netlink **ret, struct error *err)
{
	assert_int_equal(protocol, NETLINK_NETFILTER);
	if (takes(&table.fail_openings))
		return error_set(err, -EMFILE, "opening a netlink socket: %s", strerror(EMFILE));
	*ret = memory_allocate(sizeof(**ret));
	(*ret)->scratch = nlmsg_alloc();
	table.open_sockets++;
	table.opened++;
	return 0;
}

void netlink_close(struct netlink *netlink)
{
	if (!netlink)
		return;
	nlmsg_free(netlink->scratch);
	free(netlink);
	table.open_sockets--;
}

struct nl_msg *netlink_message(struct netlink *netlink)
{
	nlmsg_free(netlink->scratch);
	netlink->scratch = nlmsg_alloc();
	return netlink->scratch;
}

int netlink_dump_begin(struct netlink *netlink, struct nl_msg *request,
		       int (*on_message)(void *owner, const struct nlmsghdr *message), void *owner,
		       struct error *err)
{
	(void)request;
	(void)err;
	netlink->on_message = on_message;
	netlink->owner = owner;
	table.walks++;
	return 0;
}

static struct nl_addr *parse(const char *format, int number)
{
	auto_memory char *text = string_printf(format, number);
	struct nl_addr *address;

	assert_int_equal(nl_addr_parse(text, AF_INET, &address), 0);
	return address;
}

static struct nfnl_ct *make_entry(int number)
{
	struct nfnl_ct *entry = nfnl_ct_alloc();
	struct nl_addr *client = parse("192.0.2.%d", number), *vip = parse("10.96.0.%d", number);
	struct nl_addr *pod = parse("10.244.0.%d", number);

	nfnl_ct_set_family(entry, AF_INET);
	nfnl_ct_set_proto(entry, IPPROTO_UDP);
	nfnl_ct_set_src(entry, 0, client);
	nfnl_ct_set_dst(entry, 0, vip);
	nfnl_ct_set_src_port(entry, 0, 40000);
	nfnl_ct_set_dst_port(entry, 0, 53);
	nfnl_ct_set_src(entry, 1, pod);
	nfnl_ct_set_dst(entry, 1, client);
	nfnl_ct_set_src_port(entry, 1, 8053);
	nfnl_ct_set_dst_port(entry, 1, 40000);
	nl_addr_put(client);
	nl_addr_put(vip);
	nl_addr_put(pod);
	return entry;
}

static void tell_entry(const struct netlink *netlink, int number)
{
	struct nfnl_ct *entry = make_entry(number);
	struct nl_msg *message;

	assert_int_equal(nfnl_ct_build_add_request(entry, 0, &message), 0);
	netlink->on_message(netlink->owner, nlmsg_hdr(message));
	nlmsg_free(message);
	nfnl_ct_put(entry);
}

int netlink_dump_step(struct netlink *netlink, size_t parts, struct error *err)
{
	assert_true(parts > 0);
	for (int i = 1; i <= FLOWS; i++) {
		if (i == 2 && takes(&table.fail_walks))
			return error_set(err, -ENOMEM, "%s", strerror(ENOMEM));
		if (table.flows & 1U << i)
			tell_entry(netlink, i);
	}
	return 0;
}

/* A deletion. */
int netlink_ask(struct netlink *netlink, struct nl_msg *request,
		int (*on_message)(void *owner, const struct nlmsghdr *message), void *owner,
		struct error *err)
{
	struct nfnl_ct *entry;
	const unsigned char *address;

	(void)netlink;
	(void)on_message;
	(void)owner;
	if (takes(&table.fail_deletions))
		return error_set(err, -ENOBUFS, "%s", strerror(ENOBUFS));
	nlmsg_hdr(request)->nlmsg_type =
		nlmsg_hdr(request)->nlmsg_type & 0xff00; /* as an addition */
	assert_int_equal(nfnlmsg_ct_parse(nlmsg_hdr(request), &entry), 0);
	address = nl_addr_get_binary_addr(nfnl_ct_get_dst(entry, 0));
	table.flows &= ~(1U << address[3]);
	nfnl_ct_put(entry);
	return 0;
}

static unsigned int first(void *owner, unsigned int limit)
{
	(void)owner;
	(void)limit;
	return 0;
}

struct outcome {
	int reports, failures;
	size_t deleted;
	double retry_seconds;
};

static void on_done(void *owner, const struct conntrack_report *report)
{
	struct outcome *outcome = owner;

	outcome->reports++;
	outcome->failures += report->error->code < 0;
	outcome->deleted += report->deleted[IP_FAMILY_IPV4];
	assert_int_equal(report->deleted[IP_FAMILY_IPV6], 0);
	assert_int_equal(report->families, ip_family_bit(AF_INET));
	assert_true(report->seconds >= 0);
	outcome->retry_seconds = report->retry_seconds;
}

static void clear(struct conntrack *conntrack, int number)
{
	auto_memory char *vip = string_printf("10.96.0.%d", number);
	auto_memory char *pod = string_printf("10.244.0.%d", number);
	struct stale_flow flow = {.port = 53};

	assert_true(address_parse(vip, &flow.destination));
	assert_true(address_parse(pod, &flow.endpoint));
	conntrack_clear(conntrack, &flow);
}

static void test_walks(void **state)
{
	static const struct {
		const char *what;
		struct table table;
		int turns, walks, failures;
		size_t deleted;
		unsigned int left;
		bool is_given_up;
	} rows[] = {
		{"a walk deletes what is stale, and no more",
		 {.flows = 0xe},
		 2,
		 1,
		 0,
		 2,
		 0x8,
		 false},
		{"one that fails is done again",
		 {.flows = 0xe, .fail_walks = 1},
		 4,
		 2,
		 1,
		 2,
		 0x8,
		 false},
		{"so is one in which a deletion failed",
		 {.flows = 0xe, .fail_deletions = 1},
		 4,
		 2,
		 1,
		 2,
		 0x8,
		 false},
		{"and one that had no socket",
		 {.flows = 0xe, .fail_walks = 1, .fail_openings = 2},
		 6,
		 2,
		 3,
		 2,
		 0x8,
		 false},
		{"not for ever", {.flows = 0xe, .fail_walks = 100}, 24, 12, 12, 1, 0xc, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ev_loop *loop = virtual_loop_new(first, NULL);
		struct outcome outcome = {0};
		struct conntrack *conntrack;
		struct error err = {0};

		print_message("%s\n", rows[i].what);
		table = rows[i].table;
		table.fail_openings = 0;
		assert_int_equal(conntrack_open(loop, on_done, &outcome, &conntrack, &err), 0);
		table.fail_openings = rows[i].table.fail_openings;
		clear(conntrack, 1);
		clear(conntrack, 2);
		for (int turn = 0; turn < rows[i].turns; turn++)
			virtual_loop_turn(loop);
		assert_int_equal(table.walks, rows[i].walks);
		assert_int_equal(outcome.failures, rows[i].failures);
		assert_int_equal(outcome.deleted, rows[i].deleted);
		assert_int_equal(table.flows, rows[i].left);
		assert_int_equal(outcome.failures && outcome.retry_seconds <= 0 &&
					 table.flows != 0x8,
				 rows[i].is_given_up);
		/* After a failure with others than before. */
		assert_int_equal(table.opened, 2 + 2 * (rows[i].walks - 1));
		conntrack_close(conntrack);
		assert_int_equal(table.open_sockets, 0);
		virtual_loop_free(loop);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
