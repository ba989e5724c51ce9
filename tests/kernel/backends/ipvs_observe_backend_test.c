/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipvs_observe*() against the kernel's IPVS, and large numbers, in fresh network namespaces; needs
 * root. */
#include "ipvs_fixture.h"
#include "witness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct tally {
	size_t servers;
	size_t destinations;
	size_t weight;
};

static int count_server(void *owner, const struct virtual_server *value)
{
	(void)value;
	((struct tally *)owner)->servers++;
	return 0;
}

static int count_destination(void *owner, const struct virtual_server_key *server_key,
			     const struct destination_usage *usage)
{
	struct tally *tally = owner;

	(void)server_key;
	tally->destinations++;
	tally->weight += usage->destination.weight;
	return 0;
}

static const struct ipvs_visitor counting = {.server = count_server,
					     .destination = count_destination};

static void change_many(struct changes *changes, enum change_kind kind, uint16_t weight)
{
	for (uint32_t i = 0; i < 20000; i++) {
		struct change *change = changes_add(changes, kind);

		change->destination.server = ipvs_fixture_key("10.96.0.1", 80, IPPROTO_TCP);
		change->destination.server.address.bytes[2] = (uint8_t)(i / 2000);
		change->destination.value.address = ipvs_fixture_address("10.128.0.0");
		change->destination.value.address.bytes[1] = (uint8_t)(128 + i / 65536);
		change->destination.value.address.bytes[2] = (uint8_t)(i / 256);
		change->destination.value.address.bytes[3] = (uint8_t)i;
		change->destination.value.port = 8080;
		change->destination.value.weight = weight;
	}
}

static void programs_20000_destinations_in_batches(void **state)
{
	static const struct {
		const char *what;
		enum change_kind kind;
		uint16_t weight;
		size_t count;
	} steps[] = {
		{"adding", CHANGE_KIND_DESTINATION_ADD, 1, 20000},
		{"adding what is there", CHANGE_KIND_DESTINATION_ADD, 2, 20000},
		{"editing", CHANGE_KIND_DESTINATION_EDIT, 3, 20000},
		{"removing", CHANGE_KIND_DESTINATION_REMOVE, 0, 0},
		{"removing what is not there", CHANGE_KIND_DESTINATION_REMOVE, 0, 0},
	};
	auto_free(changes) struct changes *changes = changes_new();
	struct ipvs *ipvs = ipvs_fixture_open();
	struct error err = {0};

	(void)state;
	for (uint8_t i = 0; i < 10; i++) {
		struct virtual_server value = ipvs_fixture_server(
			ipvs_fixture_key("10.96.0.1", 80, IPPROTO_TCP), "rr", 0);

		value.key.address.bytes[2] = i;
		ipvs_fixture_add_server(changes, CHANGE_KIND_SERVER_ADD, value);
	}
	ipvs_fixture_apply_all(ipvs, changes);

	for (size_t i = 0; i < COUNT(steps); i++) {
		struct tally tally = {0};
		double started, applied, observed;

		change_many(changes, steps[i].kind, steps[i].weight);
		started = witness_seconds();
		ipvs_fixture_apply_all(ipvs, changes);
		applied = witness_seconds();
		assert_int_equal(ipvs_observe(ipvs, &counting, &tally, &err), 0);
		observed = witness_seconds();
		print_message("%s: %.3f s, observing: %.3f s\n", steps[i].what, applied - started,
			      observed - applied);
		assert_int_equal(tally.servers, 10);
		assert_int_equal(tally.destinations, steps[i].count);
		assert_int_equal(tally.weight, steps[i].count * steps[i].weight);
		assert_int_equal(witness_number("grep -c '^  -> 0A' /proc/net/ip_vs || true"),
				 steps[i].count);
	}
	ipvs_close(ipvs);
}

/* Between the steps @server's destinations are read and changed; one dump is given up half way. */
static void observe_in_steps(struct ipvs *ipvs, const struct virtual_server_key *server)
{
	auto_free(changes) struct changes *changes = changes_new();
	struct error err = {0};
	struct tally tally = {0};
	size_t steps = 0;
	int r;

	assert_int_equal(ipvs_observe_begin(ipvs, &counting, &tally, &err), 0);
	assert_int_equal(ipvs_observe_step(ipvs, &err), 1);
	assert_in_range(tally.servers, 1, 9999);

	tally = (struct tally){0};
	assert_int_equal(ipvs_observe_begin(ipvs, &counting, &tally, &err), 0);
	while ((r = ipvs_observe_step(ipvs, &err)) == 1) {
		struct change *change;
		struct tally one = {0};

		assert_int_equal(ipvs_observe_destinations(ipvs, server, &counting, &one, &err), 0);
		assert_int_equal(one.destinations, 10);
		change = changes_add(changes, CHANGE_KIND_DESTINATION_EDIT);
		change->destination.server = *server;
		change->destination.value = (struct destination){
			.address = server->address, .port = 8080, .weight = steps % 2 ? 2 : 3};
		change->destination.value.address.bytes[1] = 101;
		ipvs_fixture_apply_all(ipvs, changes);
		steps++;
	}
	assert_int_equal(r, 0);
	assert_true(steps >= 4);
	assert_int_equal(tally.servers, 10000);
	assert_int_equal(tally.destinations, 0);
	assert_int_equal(witness_number("grep -c 'Masq    [23] ' /proc/net/ip_vs"), 1);
}

/* The periodic verification of a large cluster, and its slices. */
static void observes_10000_servers(void **state)
{
	auto_free(changes) struct changes *changes = changes_new();
	struct ipvs *ipvs = ipvs_fixture_open();
	struct error err = {0};
	struct virtual_server_key last;
	struct tally tally = {0};
	double started;

	(void)state;
	for (uint32_t i = 0; i < 10000; i++) {
		struct virtual_server value = ipvs_fixture_server(
			ipvs_fixture_key("10.96.0.0", 80, IPPROTO_TCP), "rr", 0);

		value.key.address.bytes[2] = (uint8_t)(i / 250);
		value.key.address.bytes[3] = (uint8_t)(i % 250 + 1);
		ipvs_fixture_add_server(changes, CHANGE_KIND_SERVER_ADD, value);
		for (uint8_t j = 1; j <= 10; j++) {
			struct change *change = changes_add(changes, CHANGE_KIND_DESTINATION_ADD);

			change->destination.server = value.key;
			change->destination.value.address = value.key.address;
			change->destination.value.address.bytes[1] = (uint8_t)(100 + j);
			change->destination.value.port = 8080;
			change->destination.value.weight = 1;
		}
	}
	started = witness_seconds();
	ipvs_fixture_apply_all(ipvs, changes);
	print_message("adding 10,000 servers with 10 destinations: %.3f s\n",
		      witness_seconds() - started);
	started = witness_seconds();
	assert_int_equal(ipvs_observe(ipvs, &counting, &tally, &err), 0);
	print_message("observing them: %.3f s\n", witness_seconds() - started);
	assert_int_equal(tally.servers, 10000);
	assert_int_equal(tally.destinations, 100000);
	assert_int_equal(tally.weight, 100000);
	last = ipvs_fixture_key("10.96.39.250", 80, IPPROTO_TCP);
	observe_in_steps(ipvs, &last);
	ipvs_close(ipvs);
}

/* As many as are told one by one, and as many as are not. */
static void observes_many_destinations_of_one_server(void **state)
{
	struct virtual_server_key web = ipvs_fixture_key("10.96.0.1", 80, IPPROTO_TCP);
	auto_free(changes) struct changes *changes = changes_new();
	struct ipvs *ipvs = ipvs_fixture_open();
	struct error err = {0};

	(void)state;
	ipvs_fixture_add_server(changes, CHANGE_KIND_SERVER_ADD, ipvs_fixture_server(web, "rr", 0));
	for (uint32_t i = 1; i <= 5000; i++) {
		struct change *change = changes_add(changes, CHANGE_KIND_DESTINATION_ADD);
		struct tally tally = {0};

		change->destination.server = web;
		change->destination.value = (struct destination){
			.address = ipvs_fixture_address("10.128.0.0"), .port = 8080, .weight = 7};
		change->destination.value.address.bytes[2] = (uint8_t)(i / 256);
		change->destination.value.address.bytes[3] = (uint8_t)i;
		if (i != 4096 && i != 4097 && i != 5000)
			continue;
		ipvs_fixture_apply_all(ipvs, changes);
		assert_int_equal(ipvs_observe_destinations(ipvs, &web, &counting, &tally, &err), 0);
		assert_int_equal(tally.destinations, i);
		assert_int_equal(tally.weight, 7 * i);
	}
	ipvs_close(ipvs);
}

struct text {
	char bytes[4096];
	size_t length;
};

__attribute__((format(printf, 2, 3))) static void append(struct text *text, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text->bytes + text->length, sizeof(text->bytes) - text->length, format,
			   arguments);
	va_end(arguments);
	assert_in_range(length, 0, sizeof(text->bytes) - text->length - 1);
	text->length += (size_t)length;
}

static int print_server(void *owner, const struct virtual_server *value)
{
	char buffer[2 * ADDRESS_TEXT_SIZE];

	append(owner, "%s %s %u %x %x;", virtual_server_key_text(&value->key, buffer),
	       value->scheduler, value->persistence_seconds, value->netmask, value->flags);
	return 0;
}

static int print_destination(void *owner, const struct virtual_server_key *server_key,
			     const struct destination_usage *usage)
{
	char buffer[ADDRESS_TEXT_SIZE];

	(void)server_key;
	append(owner, " %s w%u f%u %u/%u/%u;",
	       address_port_text(&usage->destination.address, usage->destination.port, buffer),
	       usage->destination.weight, usage->forwarding_method, usage->active_connections,
	       usage->inactive_connections, usage->persistent_connections);
	return 0;
}

static const struct ipvs_visitor printing = {.server = print_server,
					     .destination = print_destination};

static void observes_what_others_programmed(void **state)
{
	static const struct {
		const char *what, *commands, *seen;
	} cases[] = {
		{"nothing", "true", ""},
		{"a server without destinations", "ipvsadm -A -t 10.0.0.1:80 -s rr",
		 "10.0.0.1:80/TCP rr 0 ffffffff 0;"},
		{"persistence with a granularity",
		 "ipvsadm -A -u 10.0.0.1:53 -p 300 -M 255.255.0.0",
		 "10.0.0.1:53/UDP wlc 300 ffff0000 0;"},
		{"IPv6 with a granularity",
		 "ipvsadm -A -t [fd00::1]:80 -s sh -p 60 -M 64 -b sh-port",
		 "[fd00::1]:80/TCP sh 60 40 10;"},
		{"one-packet scheduling", "ipvsadm -A -u 10.0.0.1:53 -s rr -o",
		 "10.0.0.1:53/UDP rr 0 ffffffff 4;"},
		{"a firewall mark", "ipvsadm -A -f 4711 -6 -s rr", "fwmark 4711 IPv6 rr 0 80 0;"},
		{"direct routing",
		 "ipvsadm -A -t 10.0.0.1:80 -s rr; ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -g -w "
		 "9",
		 "10.0.0.1:80/TCP rr 0 ffffffff 0; 10.1.0.1:80 w9 f3 0/0/0;"},
		{"tunneling",
		 "ipvsadm -A -t 10.0.0.2:80 -s lc; ipvsadm -a -t 10.0.0.2:80 -r 10.1.0.2:80 -i -w "
		 "0",
		 "10.0.0.2:80/TCP lc 0 ffffffff 0; 10.1.0.2:80 w0 f2 0/0/0;"},
		{"a firewall mark with destinations",
		 "ipvsadm -A -f 4711 -s rr; ipvsadm -a -f 4711 -r 10.1.0.1 -m -w 3",
		 "fwmark 4711 IPv4 rr 0 ffffffff 0; 10.1.0.1:0 w3 f0 0/0/0;"},
		{"tunneling over IPv6 as well",
		 "ipvsadm -A -t 10.0.0.2:80 -s lc; ipvsadm -a -t 10.0.0.2:80 -r 10.1.0.2:80 -i;"
		 "ipvsadm -a -t 10.0.0.2:80 -r [fd00::2]:80 -i",
		 "10.0.0.2:80/TCP lc 0 ffffffff 0; [fd00::2]:80 w1 f2 0/0/0; 10.1.0.2:80 w1 f2 "
		 "0/0/0;"},
		{"an IPv6 destination",
		 "ipvsadm -A --sctp-service [fd00::1]:80 -s rr;"
		 "ipvsadm -a --sctp-service [fd00::1]:80 -r [fd00::2]:8080 -m -w 65535",
		 "[fd00::1]:80/SCTP rr 0 80 0; [fd00::2]:8080 w65535 f0 0/0/0;"},
	};
	struct ipvs *ipvs = ipvs_fixture_open();
	struct error err = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct text text = {0};

		print_message("%s\n", cases[i].what);
		witness_run("ipvsadm -C");
		witness_run(cases[i].commands);
		assert_int_equal(ipvs_observe(ipvs, &printing, &text, &err), 0);
		assert_string_equal(text.bytes, cases[i].seen);
	}
	ipvs_close(ipvs);
}

static void observes_one_server(void **state)
{
	struct virtual_server_key web = ipvs_fixture_key("10.0.0.1", 80, IPPROTO_TCP);
	struct virtual_server_key empty = ipvs_fixture_key("10.0.0.2", 80, IPPROTO_TCP);
	struct virtual_server_key none = ipvs_fixture_key("10.0.0.3", 80, IPPROTO_TCP);
	struct ipvs *ipvs = ipvs_fixture_open();
	struct error err = {0};
	struct text text = {0};

	(void)state;
	witness_run("ipvsadm -A -t 10.0.0.1:80 -s rr; ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -m;"
		    "ipvsadm -A -t 10.0.0.2:80 -s rr");
	assert_int_equal(ipvs_observe_destinations(ipvs, &web, &printing, &text, &err), 0);
	assert_string_equal(text.bytes, " 10.1.0.1:80 w1 f0 0/0/0;");
	assert_int_equal(ipvs_observe_destinations(ipvs, &empty, &printing, &text, &err), 0);
	assert_int_equal(ipvs_observe_destinations(ipvs, &none, &printing, &text, &err), -ESRCH);
	assert_string_equal(err.text, "reading 10.0.0.3:80/TCP: No such process");
	assert_string_equal(text.bytes, " 10.1.0.1:80 w1 f0 0/0/0;");
	ipvs_close(ipvs);
}

static void observes_several_servers(void **state)
{
	struct virtual_server_key keys[] = {ipvs_fixture_key("10.0.0.1", 80, IPPROTO_TCP),
					    ipvs_fixture_key("10.0.0.2", 80, IPPROTO_TCP),
					    ipvs_fixture_key("10.0.0.3", 80, IPPROTO_TCP),
					    ipvs_fixture_key("fd00::4", 80, IPPROTO_UDP)};
	struct ipvs *ipvs = ipvs_fixture_open();
	struct error err = {0};
	struct text text = {0};

	(void)state;
	/* The first has destinations, the second none, the third is not there. */
	witness_run(
		"ipvsadm -A -t 10.0.0.1:80 -s rr; ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -m;"
		"ipvsadm -A -t 10.0.0.2:80 -s rr;"
		"ipvsadm -A -u [fd00::4]:80 -s rr; ipvsadm -a -u [fd00::4]:80 -r [fd00::5]:8 -m");
	assert_int_equal(
		ipvs_observe_destinations_of(ipvs, keys, COUNT(keys), &printing, &text, &err), 0);
	assert_string_equal(text.bytes, " 10.1.0.1:80 w1 f0 0/0/0; [fd00::5]:8 w1 f0 0/0/0;");
	assert_int_equal(ipvs_observe_destinations_of(ipvs, keys, 0, &printing, &text, &err), 0);
	ipvs_close(ipvs);
}

static void asks_for_servers_that_were_left_out(void **state)
{
	struct virtual_server_key keys[] = {ipvs_fixture_key("fd00::4", 80, IPPROTO_UDP),
					    ipvs_fixture_key("10.0.0.3", 80, IPPROTO_TCP),
					    ipvs_fixture_key("10.0.0.1", 80, IPPROTO_SCTP)};
	static const struct ipvs_visitor servers = {.server = print_server};
	struct ipvs *ipvs = ipvs_fixture_open();
	struct error err = {0};
	struct text text = {0};

	(void)state;
	assert_int_equal(ipvs_observe_begin(ipvs, &servers, &text, &err), 0);
	assert_int_equal(ipvs_observe_step(ipvs, &err), 0);
	/* As if the dump had not told them; the second is not there. */
	witness_run(
		"ipvsadm -A --sctp-service 10.0.0.1:80 -s rr; ipvsadm -A -u [fd00::4]:80 -s lc");
	assert_int_equal(ipvs_observe_left_out(ipvs, keys, COUNT(keys), &err), 0);
	assert_string_equal(text.bytes,
			    "[fd00::4]:80/UDP lc 0 80 0;10.0.0.1:80/SCTP rr 0 ffffffff 0;");
	ipvs_observe_end(ipvs);
	ipvs_close(ipvs);
}

static int refuse_second_destination(void *owner, const struct virtual_server_key *server_key,
				     const struct destination_usage *usage)
{
	(void)server_key;
	(void)usage;
	return ++*(int *)owner == 2 ? -ECANCELED : 0;
}

static void a_visitor_can_end_the_dump(void **state)
{
	static const struct ipvs_visitor refusing = {.destination = refuse_second_destination};
	auto_free(changes) struct changes *changes = changes_new();
	struct ipvs *ipvs = ipvs_fixture_open();
	struct error err = {0};
	struct tally tally = {0};
	int seen = 0;

	(void)state;
	for (uint8_t i = 0; i < 10; i++) {
		struct virtual_server value = ipvs_fixture_server(
			ipvs_fixture_key("10.96.0.1", 80, IPPROTO_TCP), "rr", 0);

		value.key.address.bytes[2] = i;
		ipvs_fixture_add_server(changes, CHANGE_KIND_SERVER_ADD, value);
	}
	change_many(changes, CHANGE_KIND_DESTINATION_ADD, 1);
	ipvs_fixture_apply_all(ipvs, changes);
	assert_int_equal(ipvs_observe(ipvs, &refusing, &seen, &err), -ECANCELED);
	assert_int_equal(seen, 2);

	/* The rest of that dump is not in the way of the next. */
	assert_int_equal(ipvs_observe(ipvs, &counting, &tally, &err), 0);
	assert_int_equal(tally.servers, 10);
	assert_int_equal(tally.destinations, 20000);
	ipvs_close(ipvs);
}

static void counts_connections(void **state)
{
	struct virtual_server_key web = ipvs_fixture_key("10.96.0.10", 80, IPPROTO_TCP);
	auto_free(changes) struct changes *changes = changes_new();
	struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(8080)};
	struct sockaddr_in virtual = {.sin_family = AF_INET, .sin_port = htons(80)};
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	struct ipvs *ipvs = ipvs_fixture_open();
	struct error err = {0};
	struct text text = {0};

	(void)state;
	witness_run("ip addr add 10.1.0.1/32 dev lo; ip addr add 10.96.0.10/32 dev lo");
	inet_pton(AF_INET, "10.1.0.1", &local.sin_addr);
	inet_pton(AF_INET, "10.96.0.10", &virtual.sin_addr);
	ipvs_fixture_add_server(changes, CHANGE_KIND_SERVER_ADD,
				ipvs_fixture_server(web, "rr", 60));
	ipvs_fixture_add_destination(changes, CHANGE_KIND_DESTINATION_ADD, web, "10.1.0.1", 8080,
				     1);
	ipvs_fixture_apply_all(ipvs, changes);

	assert_int_equal(bind(listener, (struct sockaddr *)&local, sizeof(local)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(connect(client, (struct sockaddr *)&virtual, sizeof(virtual)), 0);
	assert_int_equal(ipvs_observe_destinations(ipvs, &web, &printing, &text, &err), 0);
	assert_string_equal(text.bytes, " 10.1.0.1:8080 w1 f0 1/0/1;");
	close(client);
	close(listener);
	ipvs_close(ipvs);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(programs_20000_destinations_in_batches,
				       witness_enter_namespace),
		cmocka_unit_test_setup(observes_10000_servers, witness_enter_namespace),
		cmocka_unit_test_setup(observes_what_others_programmed, witness_enter_namespace),
		cmocka_unit_test_setup(observes_many_destinations_of_one_server,
				       witness_enter_namespace),
		cmocka_unit_test_setup(observes_one_server, witness_enter_namespace),
		cmocka_unit_test_setup(observes_several_servers, witness_enter_namespace),
		cmocka_unit_test_setup(asks_for_servers_that_were_left_out,
				       witness_enter_namespace),
		cmocka_unit_test_setup(a_visitor_can_end_the_dump, witness_enter_namespace),
		cmocka_unit_test_setup(counts_connections, witness_enter_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
