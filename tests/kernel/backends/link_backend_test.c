/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link_* against the kernel's interfaces and addresses, in fresh network namespaces; needs root. */
#include "lib/kernel/link.h"
#include "witness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define BOUND LINK_EVENT_BOUND
#define NODE  LINK_EVENT_NODE

/* Time for the work queue from which the kernel announces IPv6 addresses. */
#define ANNOUNCEMENT_MICROSECONDS 100000

static struct link *open_link(void)
{
	struct error err = {0};
	struct link *link = NULL;

	if (link_open("kube-ipvs0", &link, &err) < 0)
		fail_msg("%s", err.text);
	return link;
}

static struct link *open_and_ensure(void)
{
	struct link *link = open_link();
	struct error err = {0};

	if (link_ensure(link, NULL, &err) < 0)
		fail_msg("%s", err.text);
	return link;
}

/* "+ADDRESS" adds, "-ADDRESS" removes; Return: the result */
static int change_address(struct link *link, const char *text)
{
	struct change change = {.kind = *text == '+' ? CHANGE_KIND_ADDRESS_ADD
						     : CHANGE_KIND_ADDRESS_REMOVE,
				.result = 12345};
	struct error err = {0};

	assert_true(address_parse(text + 1, &change.address));
	if (link_apply(link, &change, 1, &err) < 0)
		fail_msg("%s", err.text);
	return change.result;
}

static bool is_readable(const struct link *link)
{
	struct pollfd waiting = {.fd = link_monitor_descriptor(link), .events = POLLIN};

	return poll(&waiting, 1, 0) == 1;
}

static int events(struct link *link)
{
	struct error err = {0};
	int all = 0, r;

	usleep(ANNOUNCEMENT_MICROSECONDS);
	while (is_readable(link)) {
		r = link_monitor_read(link, &err);
		if (r < 0)
			fail_msg("%s", err.text);
		all |= r;
	}
	return all;
}

static void ensures_a_dummy_that_stays_down(void **state)
{
	struct link *link = open_link();
	struct error err = {0};
	enum link_ensured ensured;

	(void)state;
	assert_int_equal(link_ensure(link, &ensured, &err), 0);
	assert_int_equal(ensured, LINK_ENSURED_CREATED);
	assert_string_equal(
		witness_read("ip -d link show kube-ipvs0 | grep -oE '<.*>|state [A-Z]*|dummy'"),
		"<BROADCAST,NOARP>\nstate DOWN\ndummy\n");
	assert_int_equal(link_ensure(link, &ensured, &err), 0);
	assert_int_equal(ensured, LINK_ENSURED_NOTHING);

	assert_int_equal(link_remove(link, &err), 0);
	assert_int_equal(witness_number("ip link show | grep -c kube-ipvs0 || true"), 0);
	assert_int_equal(link_remove(link, &err), 0);
	link_close(link);
}

static void refuses_another_kind_of_interface(void **state)
{
	struct link *link = open_link();
	struct error err = {0};

	(void)state;
	witness_run("ip link add kube-ipvs0 type veth peer name other");
	assert_int_equal(link_ensure(link, NULL, &err), -EEXIST);
	assert_string_equal(err.text, "interface kube-ipvs0 exists and is not a dummy interface");
	link_close(link);
}

static void binds_addresses_as_kube_proxy_does(void **state)
{
	struct link *link = open_and_ensure();

	(void)state;
	assert_int_equal(change_address(link, "+10.96.0.10"), 0);
	assert_int_equal(change_address(link, "+fd00:96::10"), 0);
	assert_int_equal(change_address(link, "+203.0.113.7"), 0);
	usleep(ANNOUNCEMENT_MICROSECONDS);
	assert_string_equal(
		witness_read("ip addr show dev kube-ipvs0 | sed -n 's/ *$//; s/^ *inet/inet/p'"),
		"inet 10.96.0.10/32 scope global kube-ipvs0\n"
		"inet 203.0.113.7/32 scope global kube-ipvs0\n"
		"inet6 fd00:96::10/128 scope global deprecated\n");
	assert_int_equal(change_address(link, "-10.96.0.10"), 0);
	assert_int_equal(change_address(link, "-fd00:96::10"), 0);
	assert_string_equal(witness_read("ip -o addr show dev kube-ipvs0 | awk '{ print $4 }'"),
			    "203.0.113.7/32\n");
	link_close(link);
}

static void ignore_address(void *owner, const struct address *address)
{
	(void)owner;
	(void)address;
}

static void takes_over_what_others_bound(void **state)
{
	struct link *link = open_and_ensure();
	struct error err = {0};
	size_t count;

	(void)state;
	witness_run("ip addr add fd00:96::10/128 dev kube-ipvs0 nodad");
	witness_run("ip addr add fd00:96::11/128 dev kube-ipvs0 nodad");
	witness_run("ip addr add 10.96.0.10/32 dev kube-ipvs0");
	assert_int_equal(change_address(link, "+fd00:96::12"), 0);
	usleep(ANNOUNCEMENT_MICROSECONDS);
	events(link);

	assert_int_equal(link_observe(link, ignore_address, NULL, NULL, &err), 0);
	assert_int_equal(link_deprecate(link, &count, &err), 0);
	assert_int_equal(count, 2);
	usleep(ANNOUNCEMENT_MICROSECONDS);
	assert_int_equal(events(link), 0);
	assert_string_equal(
		witness_read("ip addr show dev kube-ipvs0 | sed -n 's/ *$//; s/^ *inet/inet/p' | "
			     "sort"),
		"inet 10.96.0.10/32 scope global kube-ipvs0\n"
		"inet6 fd00:96::10/128 scope global deprecated\n"
		"inet6 fd00:96::11/128 scope global deprecated\n"
		"inet6 fd00:96::12/128 scope global deprecated\n");

	assert_int_equal(link_deprecate(link, &count, &err), 0);
	assert_int_equal(count, 0);
	assert_int_equal(link_observe(link, ignore_address, NULL, NULL, &err), 0);
	assert_int_equal(link_deprecate(link, &count, &err), 0);
	assert_int_equal(count, 0);
	link_close(link);
}

static void repeats_without_harm(void **state)
{
	static const struct {
		const char *what, *before, *change;
		int result;
		const char *after;
	} cases[] = {
		{"adding what is there", "10.96.0.10/32", "+10.96.0.10", 0, "10.96.0.10/32\n"},
		{"the same in IPv6", "fd00:96::10/128", "+fd00:96::10", 0, "fd00:96::10/128\n"},
		{"removing what is not there", "", "-10.96.0.10", 0, ""},
		{"the same in IPv6", "", "-fd00:96::10", 0, ""},
		{"an error of its own", "", "+ff02::1", -EADDRNOTAVAIL, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct link *link = open_and_ensure();
		struct error err = {0};
		char command[128];

		print_message("%s\n", cases[i].what);
		if (*cases[i].before) {
			snprintf(command, sizeof(command), "ip addr add %s dev kube-ipvs0",
				 cases[i].before);
			witness_run(command);
		}
		assert_int_equal(change_address(link, cases[i].change), cases[i].result);
		assert_string_equal(
			witness_read("ip -o addr show dev kube-ipvs0 | awk '{ print $4 }'"),
			cases[i].after);
		assert_int_equal(link_remove(link, &err), 0);
		link_close(link);
	}
}

static void without_the_interface_only_adding_fails(void **state)
{
	struct link *link = open_and_ensure();

	(void)state;
	witness_run("ip link del kube-ipvs0");
	assert_int_equal(change_address(link, "+10.96.0.10"), -ENODEV);
	assert_int_equal(change_address(link, "-10.96.0.10"), 0);
	assert_int_equal(change_address(link, "-fd00:96::10"), 0);
	link_close(link);

	link = open_link();
	assert_int_equal(change_address(link, "+fd00:96::10"), -ENODEV);
	/* Others may create it, too. */
	witness_run("ip link add kube-ipvs0 type dummy");
	assert_int_equal(change_address(link, "+fd00:96::10"), 0);
	link_close(link);
}

static void count_bound(void *owner, const struct address *address)
{
	(void)address;
	++*(size_t *)owner;
}

/* Others change addresses between the steps; one dump is given up half way. */
static void observe_in_steps(struct link *link)
{
	struct error err = {0};
	size_t bound = 0, before = 0, steps = 0;
	int r;

	assert_int_equal(link_observe_begin(link, &err), 0);
	assert_int_equal(link_observe_step(link, count_bound, &bound, &err), 1);
	assert_int_equal(bound, 0);
	witness_run("ip addr del 10.96.0.2/32 dev kube-ipvs0");
	while ((r = link_observe_step(link, count_bound, &bound, &err)) == 1)
		;
	assert_int_equal(r, -EINTR);
	assert_int_equal(bound, 0);

	assert_int_equal(link_observe_begin(link, &err), 0);
	assert_int_equal(link_observe_step(link, count_bound, &bound, &err), 1);
	assert_int_equal(link_observe_begin(link, &err), 0);
	/* What is asked on the side does not get in between. */
	assert_int_equal(change_address(link, "+10.96.0.2"), 0);
	assert_int_equal(change_address(link, "-10.96.0.2"), 0);
	assert_int_equal(link_observe_begin(link, &err), 0);
	while ((r = link_observe_step(link, count_bound, &bound, &err)) == 1) {
		assert_int_equal(link_ensure(link, NULL, &err), 0);
		assert_in_range(bound - before, 0, 1000);
		before = bound;
		steps++;
	}
	assert_int_equal(r, 0);
	assert_true(steps >= 12);
	assert_int_equal(bound, 9994);
	assert_true(events(link) & LINK_EVENT_BOUND);
}

/* Of what it has not been told yet it cannot say that it knew. */
static void a_removal_while_addresses_are_told(void **state)
{
	struct link *link = open_and_ensure();
	struct error err = {0};
	size_t bound = 0;
	int r;

	(void)state;
	witness_run("ip addr add fd00:96::1/128 dev kube-ipvs0");
	assert_true(events(link) & LINK_EVENT_BOUND);
	assert_int_equal(link_observe_begin(link, &err), 0);
	assert_int_equal(link_observe_step(link, count_bound, &bound, &err), 1);
	assert_int_equal(bound, 0);
	witness_run("ip addr del fd00:96::1/128 dev kube-ipvs0");
	assert_true(events(link) & LINK_EVENT_BOUND);
	while ((r = link_observe_step(link, count_bound, &bound, &err)) == 1)
		;
	assert_int_equal(r, 0);
	link_close(link);
}

static void an_error_belongs_to_its_change(void **state)
{
	auto_free(changes) struct changes *changes = changes_new();
	struct link *link = open_and_ensure();
	struct error err = {0};
	size_t bound = 0;
	double started;

	(void)state;
	for (uint32_t i = 0; i < 10000; i++) {
		struct change *change = changes_add(changes, CHANGE_KIND_ADDRESS_ADD);

		if (i % 2000 == 1999)
			assert_true(address_parse("ff02::1", &change->address));
		else if (i % 10 == 5)
			assert_true(address_parse("fd00:96::", &change->address));
		else
			assert_true(address_parse("10.96.0.0", &change->address));
		if (change->address.bytes[0] != 0xff) {
			size_t last = address_length(change->address.family) - 1;

			change->address.bytes[last - 1] = (uint8_t)(i / 250);
			change->address.bytes[last] = (uint8_t)(i % 250 + 1);
		}
		change->result = 12345;
	}
	changes_add(changes, CHANGE_KIND_SERVER_ADD)->result = 12345;

	started = witness_seconds();
	assert_int_equal(link_apply(link, changes->items, changes->count, &err), 0);
	print_message("adding 10,000 addresses: %.3f s\n", witness_seconds() - started);
	for (size_t i = 0; i < 10000; i++)
		assert_int_equal(changes->items[i].result, i % 2000 == 1999 ? -EADDRNOTAVAIL : 0);
	assert_int_equal(changes->items[10000].result, 12345);
	assert_int_equal(witness_number("ip -o addr show dev kube-ipvs0 | wc -l"), 9995);
	assert_int_equal(events(link), 0);

	started = witness_seconds();
	assert_int_equal(link_observe(link, count_bound, NULL, &bound, &err), 0);
	print_message("observing them: %.3f s\n", witness_seconds() - started);
	assert_int_equal(bound, 9995);
	observe_in_steps(link);

	for (size_t i = 0; i < 10000; i++)
		changes->items[i].kind = CHANGE_KIND_ADDRESS_REMOVE;
	started = witness_seconds();
	assert_int_equal(link_apply(link, changes->items, changes->count, &err), 0);
	print_message("removing them: %.3f s\n", witness_seconds() - started);
	for (size_t i = 0; i < 10000; i++)
		assert_int_equal(changes->items[i].result, 0);
	assert_int_equal(witness_number("ip -o addr show dev kube-ipvs0 | wc -l"), 0);
	assert_int_equal(events(link), 0);
	link_close(link);
}

struct text {
	char bytes[1024];
	size_t length;
};

static void append(struct text *text, const char *part)
{
	size_t rest = sizeof(text->bytes) - text->length;
	int length = snprintf(text->bytes + text->length, rest, "%s ", part);

	assert_in_range(length, 1, rest - 1);
	text->length += (size_t)length;
}

static void print_bound(void *owner, const struct address *address)
{
	char buffer[ADDRESS_TEXT_SIZE];

	append(owner, address_text(address, buffer));
}

static void print_node(void *owner, const struct node_address *address)
{
	char buffer[ADDRESS_TEXT_SIZE], part[128];

	snprintf(part, sizeof(part), "%s/%u@%s", address_text(&address->address, buffer),
		 address->prefix_length, address->interface);
	append(owner, part);
}

static void observes_bound_and_node_addresses(void **state)
{
	struct link *link = open_link();
	struct error err = {0};
	struct text text = {0};

	(void)state;
	assert_int_equal(link_observe(link, print_bound, print_node, &text, &err), 0);
	assert_string_equal(text.bytes, "127.0.0.1/8@lo ::1/128@lo ");

	witness_run("ip link add kube-ipvs0 type dummy; ip addr add 10.96.0.10/32 dev kube-ipvs0;"
		    "ip addr add fd00:96::10/128 dev kube-ipvs0;"
		    "ip link add point type dummy; ip addr add 192.0.2.1 peer 192.0.2.2 dev point;"
		    "ip addr add fd00:2::1/64 dev point");
	memset(&text, 0, sizeof(text));
	assert_int_equal(link_observe(link, print_bound, print_node, &text, &err), 0);
	assert_string_equal(text.bytes, "127.0.0.1/8@lo 10.96.0.10 192.0.2.1/32@point ::1/128@lo "
					"fd00:96::10 fd00:2::1/64@point ");

	memset(&text, 0, sizeof(text));
	assert_int_equal(link_observe(link, print_bound, NULL, &text, &err), 0);
	assert_string_equal(text.bytes, "10.96.0.10 fd00:96::10 ");
	link_close(link);
}

static void the_monitor_tells_others_from_us(void **state)
{
	static const struct {
		const char *what, *ours, *theirs;
		int events;
	} cases[] = {
		{"we add", "+10.96.0.10", "true", 0},
		{"we add it again", "+10.96.0.10", "true", 0},
		{"we remove", "-10.96.0.10", "true", 0},
		{"we add IPv6", "+fd00:96::10", "true", 0},
		{"we remove IPv6", "-fd00:96::10", "true", 0},
		{"others add", "", "ip addr add 10.96.0.11/32 dev kube-ipvs0", BOUND},
		{"we remove theirs", "-10.96.0.11", "true", 0},
		{"others add IPv6", "", "ip addr add fd00:96::11/128 dev kube-ipvs0", BOUND},
		{"we remove theirs in IPv6", "-fd00:96::11", "true", 0},
		{"others remove ours", "+10.96.0.12", "ip addr del 10.96.0.12/32 dev kube-ipvs0",
		 BOUND},
		{"others remove ours in IPv6", "+fd00:96::12",
		 "ip addr del fd00:96::12/128 dev kube-ipvs0", BOUND},
		{"an address of the node", "", "ip addr add 192.0.2.1/24 dev lo", NODE},
		{"an IPv6 address of the node", "", "ip addr del ::1/128 dev lo", NODE},
		{"a pod starts", "",
		 "ip link add cali1 type veth peer name p; ip link set p up; ip link set cali1 up",
		 0},
		{"others set it up", "",
		 "ip -6 addr flush dev kube-ipvs0; ip link set "
		 "kube-ipvs0 addrgenmode none; ip link set kube-ipvs0 up",
		 0},
		{"others rename it", "",
		 "ip link set kube-ipvs0 down; ip link set kube-ipvs0 name other", BOUND},
		{"others give it back", "", "ip link set other name kube-ipvs0", BOUND},
		{"others delete it", "+fd00:96::13", "ip link del kube-ipvs0", BOUND},
		{"others create it", "", "ip link add kube-ipvs0 type dummy", BOUND},
	};
	struct link *link = open_and_ensure();

	(void)state;
	assert_int_equal(events(link), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		print_message("%s\n", cases[i].what);
		if (*cases[i].ours) {
			assert_int_equal(change_address(link, cases[i].ours), 0);
			assert_int_equal(events(link), 0);
		}
		witness_run(cases[i].theirs);
		assert_int_equal(events(link), cases[i].events);
	}
	link_close(link);
}

static void our_ipv4_changes_wake_nobody(void **state)
{
	struct link *link = open_and_ensure();

	(void)state;
	events(link);
	assert_int_equal(change_address(link, "+10.96.0.10"), 0);
	assert_int_equal(change_address(link, "-10.96.0.10"), 0);
	usleep(ANNOUNCEMENT_MICROSECONDS);
	assert_false(is_readable(link));
	witness_run("ip addr add 10.96.0.10/32 dev kube-ipvs0");
	assert_true(is_readable(link));
	link_close(link);
}

static void a_deleted_interface_is_created_again(void **state)
{
	struct link *link = open_and_ensure();
	struct error err = {0};
	enum link_ensured ensured;

	(void)state;
	assert_int_equal(change_address(link, "+fd00:96::10"), 0);
	assert_int_equal(events(link), 0);
	witness_run("ip link del kube-ipvs0");
	assert_int_equal(events(link), BOUND);
	assert_int_equal(link_ensure(link, &ensured, &err), 0);
	assert_int_equal(ensured, LINK_ENSURED_CREATED);
	assert_int_equal(change_address(link, "+fd00:96::10"), 0);
	assert_int_equal(change_address(link, "+10.96.0.10"), 0);
	assert_int_equal(events(link), 0);
	assert_int_equal(witness_number("ip -o addr show dev kube-ipvs0 | wc -l"), 2);
	link_close(link);
}

static size_t count_addresses(const char *interface)
{
	char command[128];

	snprintf(command, sizeof(command), "ip -o addr show dev %s 2>/dev/null | wc -l", interface);
	return (size_t)witness_number(command);
}

/* Between the two its addresses are neither bound nor addresses of the node. */
static void a_renamed_interface_gets_its_name_again(void **state)
{
	struct link *link = open_and_ensure();
	enum link_ensured ensured;
	struct error err = {0};
	struct text text = {0};

	(void)state;
	assert_int_equal(change_address(link, "+fd00:96::10"), 0);
	assert_int_equal(change_address(link, "+10.96.0.10"), 0);
	assert_int_equal(events(link), 0);
	witness_run("ip link set kube-ipvs0 name other");
	assert_int_equal(events(link), BOUND);
	assert_int_equal(link_observe(link, print_bound, print_node, &text, &err), 0);
	assert_string_equal(text.bytes, "127.0.0.1/8@lo ::1/128@lo ");

	assert_int_equal(link_ensure(link, &ensured, &err), 0);
	assert_int_equal(ensured, LINK_ENSURED_RENAMED);
	assert_int_equal(count_addresses("kube-ipvs0"), 2);
	assert_int_equal(witness_number("ip link show | grep -c other || true"), 0);
	memset(&text, 0, sizeof(text));
	assert_int_equal(link_observe(link, print_bound, NULL, &text, &err), 0);
	assert_string_equal(text.bytes, "10.96.0.10 fd00:96::10 ");
	assert_int_equal(events(link), BOUND);
	assert_int_equal(link_ensure(link, &ensured, &err), 0);
	assert_int_equal(ensured, LINK_ENSURED_NOTHING);
	assert_int_equal(events(link), 0);
	link_close(link);
}

/* Somebody took its name meanwhile. It serves until the other one does. */
static void what_stays_renamed_is_deleted_in_the_end(void **state)
{
	struct link *link = open_and_ensure();
	enum link_ensured ensured;
	struct error err = {0};
	struct text text = {0};

	(void)state;
	assert_int_equal(change_address(link, "+10.96.0.10"), 0);
	witness_run("ip link set kube-ipvs0 name other; ip link add kube-ipvs0 type dummy");
	assert_int_equal(link_ensure(link, &ensured, &err), 0);
	assert_int_equal(ensured, LINK_ENSURED_NOTHING);
	assert_int_equal(count_addresses("other"), 1);
	assert_int_equal(link_observe(link, print_bound, print_node, &text, &err), 0);
	assert_string_equal(text.bytes, "127.0.0.1/8@lo ::1/128@lo ");
	assert_int_equal(change_address(link, "+10.96.0.10"), 0);

	assert_int_equal(link_ensure(link, &ensured, &err), 0);
	assert_int_equal(ensured, LINK_ENSURED_CLEARED);
	assert_int_equal(count_addresses("other"), 0);
	assert_int_equal(count_addresses("kube-ipvs0"), 1);
	assert_int_equal(link_ensure(link, &ensured, &err), 0);
	assert_int_equal(ensured, LINK_ENSURED_NOTHING);
	link_close(link);
}

static void lost_messages_are_reported(void **state)
{
	struct link *link = open_and_ensure();
	int smallest = 0;

	(void)state;
	events(link);
	assert_int_equal(setsockopt(link_monitor_descriptor(link), SOL_SOCKET, SO_RCVBUF, &smallest,
				    sizeof(smallest)),
			 0);
	witness_run("for i in $(seq 20); do ip addr add 10.96.1.$i/32 dev kube-ipvs0; done");
	assert_int_equal(events(link), BOUND | LINK_EVENT_LOST);
	assert_int_equal(events(link), 0);
	link_close(link);
}

static void observing_forgets_what_was_believed(void **state)
{
	struct link *link = open_and_ensure();
	struct error err = {0};
	struct text text = {0};

	(void)state;
	assert_int_equal(change_address(link, "+fd00:96::10"), 0);
	witness_run("ip addr del fd00:96::10/128 dev kube-ipvs0;"
		    "ip addr add fd00:96::11/128 dev kube-ipvs0");
	assert_int_equal(events(link), BOUND);
	assert_int_equal(link_observe(link, print_bound, NULL, &text, &err), 0);
	assert_string_equal(text.bytes, "fd00:96::11 ");
	witness_run("ip addr del fd00:96::11/128 dev kube-ipvs0");
	assert_int_equal(events(link), BOUND);
	link_close(link);
}

static void rejects_impossible_names(void **state)
{
	static const char *const names[] = {"", "an-interface-name-of-20"};
	struct error err = {0};
	struct link *link;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_int_equal(link_open(names[i], &link, &err), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(rejects_impossible_names),
		cmocka_unit_test_setup(ensures_a_dummy_that_stays_down, witness_enter_namespace),
		cmocka_unit_test_setup(refuses_another_kind_of_interface, witness_enter_namespace),
		cmocka_unit_test_setup(binds_addresses_as_kube_proxy_does, witness_enter_namespace),
		cmocka_unit_test_setup(takes_over_what_others_bound, witness_enter_namespace),
		cmocka_unit_test_setup(repeats_without_harm, witness_enter_namespace),
		cmocka_unit_test_setup(without_the_interface_only_adding_fails,
				       witness_enter_namespace),
		cmocka_unit_test_setup(observes_bound_and_node_addresses, witness_enter_namespace),
		cmocka_unit_test_setup(the_monitor_tells_others_from_us, witness_enter_namespace),
		cmocka_unit_test_setup(our_ipv4_changes_wake_nobody, witness_enter_namespace),
		cmocka_unit_test_setup(a_deleted_interface_is_created_again,
				       witness_enter_namespace),
		cmocka_unit_test_setup(a_renamed_interface_gets_its_name_again,
				       witness_enter_namespace),
		cmocka_unit_test_setup(what_stays_renamed_is_deleted_in_the_end,
				       witness_enter_namespace),
		cmocka_unit_test_setup(lost_messages_are_reported, witness_enter_namespace),
		cmocka_unit_test_setup(observing_forgets_what_was_believed,
				       witness_enter_namespace),
		cmocka_unit_test_setup(a_removal_while_addresses_are_told, witness_enter_namespace),
		cmocka_unit_test_setup(an_error_belongs_to_its_change, witness_enter_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
