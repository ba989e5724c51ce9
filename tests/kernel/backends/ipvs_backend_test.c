/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipvs_* against the kernel's IPVS, in fresh network namespaces; needs root. */
#include "kernel/ipvs.h"
#include "witness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct ipvs *open_ipvs(void)
{
	struct error err = {0};
	struct ipvs *ipvs = NULL;

	if (ipvs_open(&ipvs, &err) < 0)
		fail_msg("%s", err.text);
	return ipvs;
}

static struct address address(const char *text)
{
	struct address ret;

	assert_true(address_parse(text, &ret));
	return ret;
}

static struct virtual_server_key key(const char *text, uint16_t port, uint16_t protocol)
{
	return (struct virtual_server_key){
		.address = address(text), .port = port, .protocol = protocol};
}

static struct virtual_server server(struct virtual_server_key key_, const char *scheduler,
				    uint32_t persistence_seconds)
{
	struct virtual_server ret = {.key = key_, .persistence_seconds = persistence_seconds};

	ret.netmask = key_.address.family == AF_INET ? 0xffffffff : 128;
	snprintf(ret.scheduler, sizeof(ret.scheduler), "%s", scheduler);
	return ret;
}

static void add_server(struct changes *changes, enum change_kind kind, struct virtual_server value)
{
	changes_add(changes, kind)->server = value;
}

static void add_destination(struct changes *changes, enum change_kind kind,
			    struct virtual_server_key server_key, const char *text, uint16_t port,
			    uint16_t weight)
{
	struct change *change = changes_add(changes, kind);

	change->destination.server = server_key;
	change->destination.value = (struct destination){address(text), port, weight};
}

static void apply(struct ipvs *ipvs, struct changes *changes)
{
	struct error err = {0};

	for (size_t i = 0; i < changes->count; i++)
		changes->items[i].result = 12345;
	if (ipvs_apply(ipvs, changes->items, changes->count, &err) < 0)
		fail_msg("%s", err.text);
}

/* Applies, and forgets the changes again. */
static void apply_without_error(struct ipvs *ipvs, struct changes *changes)
{
	char text[6 * ADDRESS_TEXT_SIZE];

	apply(ipvs, changes);
	for (size_t i = 0; i < changes->count; i++)
		if (changes->items[i].result != 0)
			fail_msg("%s: %s", change_text(&changes->items[i], text),
				 strerror(-changes->items[i].result));
	changes_clear(changes);
}

static void assert_kernel_holds(const char *expected)
{
	assert_string_equal(witness_read("ipvsadm-save -n | sed 's/ *$//' | LC_ALL=C sort"),
			    expected);
}

static void programs_every_kind_of_server(void **state)
{
	struct virtual_server_key web = key("10.96.0.10", 80, IPPROTO_TCP);
	struct virtual_server_key dns = key("10.96.0.10", 53, IPPROTO_UDP);
	struct virtual_server_key sctp = key("10.96.0.11", 9999, IPPROTO_SCTP);
	struct virtual_server_key web6 = key("fd00:96::10", 80, IPPROTO_TCP);
	struct virtual_server_key mark = {.firewall_mark = 17, .address.family = AF_INET};
	struct virtual_server_key mark6 = {.firewall_mark = 17, .address.family = AF_INET6};
	struct virtual_server one_packet = server(dns, "rr", 0);
	auto_free(changes) struct changes *changes = changes_new();
	struct ipvs *ipvs = open_ipvs();

	(void)state;
	one_packet.flags = IP_VS_SVC_F_ONEPACKET;
	add_server(changes, CHANGE_KIND_SERVER_ADD, server(web, "sh", 10800));
	add_server(changes, CHANGE_KIND_SERVER_ADD, one_packet);
	add_server(changes, CHANGE_KIND_SERVER_ADD, server(sctp, "lc", 0));
	add_server(changes, CHANGE_KIND_SERVER_ADD, server(web6, "rr", 60));
	add_server(changes, CHANGE_KIND_SERVER_ADD, server(mark, "rr", 0));
	add_server(changes, CHANGE_KIND_SERVER_ADD, server(mark6, "wrr", 0));
	add_destination(changes, CHANGE_KIND_DESTINATION_ADD, web, "10.244.1.7", 8080, 1);
	add_destination(changes, CHANGE_KIND_DESTINATION_ADD, web, "10.244.2.7", 8080, 0);
	add_destination(changes, CHANGE_KIND_DESTINATION_ADD, dns, "10.244.1.7", 5353, 1);
	add_destination(changes, CHANGE_KIND_DESTINATION_ADD, sctp, "10.244.1.7", 9999, 1);
	add_destination(changes, CHANGE_KIND_DESTINATION_ADD, web6, "fd00:244::7", 8080, 1);
	add_destination(changes, CHANGE_KIND_DESTINATION_ADD, mark, "10.244.1.7", 80, 100);
	add_destination(changes, CHANGE_KIND_DESTINATION_ADD, mark6, "fd00:244::7", 80, 1);
	apply_without_error(ipvs, changes);

	assert_kernel_holds("-A --sctp-service 10.96.0.11:9999 -s lc\n"
			    "-A -f 17 -6 -s wrr\n"
			    "-A -f 17 -s rr\n"
			    "-A -t 10.96.0.10:80 -s sh -p 10800\n"
			    "-A -t [fd00:96::10]:80 -s rr -p 60\n"
			    "-A -u 10.96.0.10:53 -s rr -o\n"
			    "-a --sctp-service 10.96.0.11:9999 -r 10.244.1.7:9999 -m -w 1\n"
			    "-a -f 17 -6 -r [fd00:244::7]:80 -m -w 1\n"
			    "-a -f 17 -r 10.244.1.7:80 -m -w 100\n"
			    "-a -t 10.96.0.10:80 -r 10.244.1.7:8080 -m -w 1\n"
			    "-a -t 10.96.0.10:80 -r 10.244.2.7:8080 -m -w 0\n"
			    "-a -t [fd00:96::10]:80 -r [fd00:244::7]:8080 -m -w 1\n"
			    "-a -u 10.96.0.10:53 -r 10.244.1.7:5353 -m -w 1\n");
	ipvs_close(ipvs);
}

static void edits_in_place(void **state)
{
	struct virtual_server_key web = key("10.96.0.10", 80, IPPROTO_TCP);
	struct virtual_server_key web6 = key("fd00:96::10", 80, IPPROTO_TCP);
	struct virtual_server one_packet = server(web, "wrr", 0);
	auto_free(changes) struct changes *changes = changes_new();
	struct ipvs *ipvs = open_ipvs();

	(void)state;
	add_server(changes, CHANGE_KIND_SERVER_ADD, server(web, "rr", 300));
	add_server(changes, CHANGE_KIND_SERVER_ADD, server(web6, "rr", 0));
	add_destination(changes, CHANGE_KIND_DESTINATION_ADD, web, "10.244.1.7", 8080, 1);
	apply_without_error(ipvs, changes);

	add_server(changes, CHANGE_KIND_SERVER_EDIT, server(web, "sh", 0));
	add_server(changes, CHANGE_KIND_SERVER_EDIT, server(web6, "rr", 10800));
	add_destination(changes, CHANGE_KIND_DESTINATION_EDIT, web, "10.244.1.7", 8080, 0);
	apply_without_error(ipvs, changes);
	assert_kernel_holds("-A -t 10.96.0.10:80 -s sh\n"
			    "-A -t [fd00:96::10]:80 -s rr -p 10800\n"
			    "-a -t 10.96.0.10:80 -r 10.244.1.7:8080 -m -w 0\n");

	one_packet.flags = IP_VS_SVC_F_ONEPACKET;
	add_server(changes, CHANGE_KIND_SERVER_EDIT, one_packet);
	apply_without_error(ipvs, changes);
	assert_string_equal(witness_read("ipvsadm-save -n | grep -e '-A -t 10'"),
			    "-A -t 10.96.0.10:80 -s wrr -o\n");
	add_server(changes, CHANGE_KIND_SERVER_EDIT, server(web, "wrr", 0));
	apply_without_error(ipvs, changes);
	assert_string_equal(witness_read("ipvsadm-save -n | grep -e '-A -t 10'"),
			    "-A -t 10.96.0.10:80 -s wrr\n");
	ipvs_close(ipvs);
}

static void repeats_without_harm(void **state)
{
	struct virtual_server_key web = key("10.96.0.10", 80, IPPROTO_TCP);
	struct virtual_server_key none = key("10.96.0.99", 80, IPPROTO_TCP);
	auto_free(changes) struct changes *changes = changes_new();
	struct ipvs *ipvs = open_ipvs();

	(void)state;
	witness_run("ipvsadm -A -t 10.96.0.10:80 -s lc -p 60 &&"
		    "ipvsadm -a -t 10.96.0.10:80 -r 10.244.1.7:8080 -m -w 7");
	add_server(changes, CHANGE_KIND_SERVER_ADD, server(web, "rr", 0));
	add_destination(changes, CHANGE_KIND_DESTINATION_ADD, web, "10.244.1.7", 8080, 1);
	add_destination(changes, CHANGE_KIND_DESTINATION_EDIT, web, "10.244.1.8", 8080, 0);
	add_destination(changes, CHANGE_KIND_DESTINATION_REMOVE, web, "10.244.1.9", 8080, 0);
	add_destination(changes, CHANGE_KIND_DESTINATION_REMOVE, none, "10.244.1.9", 8080, 0);
	add_server(changes, CHANGE_KIND_SERVER_REMOVE, server(none, "rr", 0));
	apply_without_error(ipvs, changes);
	assert_kernel_holds("-A -t 10.96.0.10:80 -s rr\n"
			    "-a -t 10.96.0.10:80 -r 10.244.1.7:8080 -m -w 1\n"
			    "-a -t 10.96.0.10:80 -r 10.244.1.8:8080 -m -w 0\n");
	ipvs_close(ipvs);
}

/* A refused change is tried again only after its batch; that must not undo what follows it. */
static void keeps_the_order_of_changes(void **state)
{
	struct virtual_server_key web = key("10.96.0.10", 80, IPPROTO_TCP);
	auto_free(changes) struct changes *changes = changes_new();
	struct ipvs *ipvs = open_ipvs();

	(void)state;
	witness_run("ipvsadm -A -t 10.96.0.10:80 -s rr &&"
		    "ipvsadm -a -t 10.96.0.10:80 -r 10.244.1.7:80 -m &&"
		    "ipvsadm -a -t 10.96.0.10:80 -r 10.244.1.9:80 -m");
	add_destination(changes, CHANGE_KIND_DESTINATION_ADD, web, "10.244.1.7", 80, 2);
	add_destination(changes, CHANGE_KIND_DESTINATION_EDIT, web, "10.244.1.7", 80, 3);
	add_destination(changes, CHANGE_KIND_DESTINATION_EDIT, web, "10.244.1.8", 80, 4);
	add_destination(changes, CHANGE_KIND_DESTINATION_REMOVE, web, "10.244.1.8", 80, 0);
	add_destination(changes, CHANGE_KIND_DESTINATION_REMOVE, web, "10.244.1.9", 80, 0);
	add_destination(changes, CHANGE_KIND_DESTINATION_ADD, web, "10.244.1.9", 80, 5);
	apply_without_error(ipvs, changes);
	assert_kernel_holds("-A -t 10.96.0.10:80 -s rr\n"
			    "-a -t 10.96.0.10:80 -r 10.244.1.7:80 -m -w 3\n"
			    "-a -t 10.96.0.10:80 -r 10.244.1.9:80 -m -w 5\n");

	add_destination(changes, CHANGE_KIND_DESTINATION_REMOVE, web, "10.244.1.7", 80, 0);
	add_server(changes, CHANGE_KIND_SERVER_REMOVE, server(web, "rr", 0));
	apply_without_error(ipvs, changes);
	assert_kernel_holds("");
	ipvs_close(ipvs);
}

static void an_error_belongs_to_its_change(void **state)
{
	struct virtual_server_key web = key("10.96.0.10", 80, IPPROTO_TCP);
	struct virtual_server_key odd = key("10.96.0.11", 80, IPPROTO_TCP);
	auto_free(changes) struct changes *changes = changes_new();
	struct ipvs *ipvs = open_ipvs();
	char text[32];

	(void)state;
	add_server(changes, CHANGE_KIND_SERVER_ADD, server(web, "rr", 0));
	add_server(changes, CHANGE_KIND_SERVER_ADD, server(odd, "no-such", 0));
	changes_add(changes, CHANGE_KIND_ADDRESS_ADD)->address = web.address;
	for (int i = 3; i < 1500; i++) {
		snprintf(text, sizeof(text), i % 500 == 37 ? "224.0.0.1" : "10.244.%d.%d", i / 250,
			 i % 250 + 1);
		add_destination(changes, CHANGE_KIND_DESTINATION_ADD, web, text, 80, 1);
	}
	add_destination(changes, CHANGE_KIND_DESTINATION_EDIT, odd, "10.244.1.1", 80, 1);
	add_destination(changes, CHANGE_KIND_DESTINATION_ADD, web, "224.0.0.1", 80, 1);
	apply(ipvs, changes);

	for (size_t i = 0; i < changes->count; i++) {
		int expected = 0;

		if (i == 1)
			expected = -ENOENT; /* the scheduler */
		else if (i == 2)
			expected = 12345; /* not of this facility: untouched */
		else if (i == 1500)
			expected = -ESRCH; /* the virtual server of that scheduler */
		else if (i == 1501 || i % 500 == 37)
			expected = -EINVAL; /* a multicast address */
		if (changes->items[i].result != expected)
			fail_msg("change %zu: %d, expected %d", i, changes->items[i].result,
				 expected);
	}
	assert_int_equal(witness_number("grep -c '^  -> 0A' /proc/net/ip_vs"), 1497 - 3);
	ipvs_close(ipvs);
}

struct tally {
	size_t servers;
	size_t destinations;
	size_t weight;
};

static int count_server(void *user, const struct virtual_server *value)
{
	(void)value;
	((struct tally *)user)->servers++;
	return 0;
}

static int count_destination(void *user, const struct virtual_server_key *server_key,
			     const struct destination_usage *usage)
{
	struct tally *tally = user;

	(void)server_key;
	tally->destinations++;
	tally->weight += usage->destination.weight;
	return 0;
}

static const struct ipvs_visitor counting = {count_server, count_destination};

static void change_many(struct changes *changes, enum change_kind kind, uint16_t weight)
{
	for (uint32_t i = 0; i < 20000; i++) {
		struct change *change = changes_add(changes, kind);

		change->destination.server = key("10.96.0.1", 80, IPPROTO_TCP);
		change->destination.server.address.bytes[2] = (uint8_t)(i / 2000);
		change->destination.value.address = address("10.128.0.0");
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
	struct ipvs *ipvs = open_ipvs();
	struct error err = {0};

	(void)state;
	for (uint8_t i = 0; i < 10; i++) {
		struct virtual_server value = server(key("10.96.0.1", 80, IPPROTO_TCP), "rr", 0);

		value.key.address.bytes[2] = i;
		add_server(changes, CHANGE_KIND_SERVER_ADD, value);
	}
	apply_without_error(ipvs, changes);

	for (size_t i = 0; i < COUNT(steps); i++) {
		struct tally tally = {0};
		double started, applied, observed;

		change_many(changes, steps[i].kind, steps[i].weight);
		started = witness_seconds();
		apply_without_error(ipvs, changes);
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

/* The periodic verification of a large cluster, and its slices. */
static void observes_10000_servers(void **state)
{
	auto_free(changes) struct changes *changes = changes_new();
	struct ipvs *ipvs = open_ipvs();
	struct error err = {0};
	struct tally tally = {0};
	double started;

	(void)state;
	for (uint32_t i = 0; i < 10000; i++) {
		struct virtual_server value = server(key("10.96.0.0", 80, IPPROTO_TCP), "rr", 0);

		value.key.address.bytes[2] = (uint8_t)(i / 250);
		value.key.address.bytes[3] = (uint8_t)(i % 250 + 1);
		add_server(changes, CHANGE_KIND_SERVER_ADD, value);
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
	apply_without_error(ipvs, changes);
	print_message("adding 10,000 servers with 10 destinations: %.3f s\n",
		      witness_seconds() - started);
	started = witness_seconds();
	assert_int_equal(ipvs_observe(ipvs, &counting, &tally, &err), 0);
	print_message("observing them: %.3f s\n", witness_seconds() - started);
	assert_int_equal(tally.servers, 10000);
	assert_int_equal(tally.destinations, 100000);
	assert_int_equal(tally.weight, 100000);
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

static int print_server(void *user, const struct virtual_server *value)
{
	char buffer[2 * ADDRESS_TEXT_SIZE];

	append(user, "%s %s %u %x %x;", virtual_server_key_text(&value->key, buffer),
	       value->scheduler, value->persistence_seconds, value->netmask, value->flags);
	return 0;
}

static int print_destination(void *user, const struct virtual_server_key *server_key,
			     const struct destination_usage *usage)
{
	char buffer[ADDRESS_TEXT_SIZE];

	(void)server_key;
	append(user, " %s w%u f%u %u/%u/%u;",
	       address_port_text(&usage->destination.address, usage->destination.port, buffer),
	       usage->destination.weight, usage->forwarding_method, usage->active_connections,
	       usage->inactive_connections, usage->persistent_connections);
	return 0;
}

static const struct ipvs_visitor printing = {print_server, print_destination};

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
		{"an IPv6 destination",
		 "ipvsadm -A --sctp-service [fd00::1]:80 -s rr;"
		 "ipvsadm -a --sctp-service [fd00::1]:80 -r [fd00::2]:8080 -m -w 65535",
		 "[fd00::1]:80/SCTP rr 0 80 0; [fd00::2]:8080 w65535 f0 0/0/0;"},
	};
	struct ipvs *ipvs = open_ipvs();
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
	struct virtual_server_key web = key("10.0.0.1", 80, IPPROTO_TCP);
	struct virtual_server_key empty = key("10.0.0.2", 80, IPPROTO_TCP);
	struct virtual_server_key none = key("10.0.0.3", 80, IPPROTO_TCP);
	struct ipvs *ipvs = open_ipvs();
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

static int refuse_second_destination(void *user, const struct virtual_server_key *server_key,
				     const struct destination_usage *usage)
{
	(void)server_key;
	(void)usage;
	return ++*(int *)user == 2 ? -ECANCELED : 0;
}

static void a_visitor_can_end_the_dump(void **state)
{
	static const struct ipvs_visitor refusing = {NULL, refuse_second_destination};
	auto_free(changes) struct changes *changes = changes_new();
	struct ipvs *ipvs = open_ipvs();
	struct error err = {0};
	struct tally tally = {0};
	int seen = 0;

	(void)state;
	for (uint8_t i = 0; i < 10; i++) {
		struct virtual_server value = server(key("10.96.0.1", 80, IPPROTO_TCP), "rr", 0);

		value.key.address.bytes[2] = i;
		add_server(changes, CHANGE_KIND_SERVER_ADD, value);
	}
	change_many(changes, CHANGE_KIND_DESTINATION_ADD, 1);
	apply_without_error(ipvs, changes);
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
	struct virtual_server_key web = key("10.96.0.10", 80, IPPROTO_TCP);
	auto_free(changes) struct changes *changes = changes_new();
	struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(8080)};
	struct sockaddr_in virtual = {.sin_family = AF_INET, .sin_port = htons(80)};
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	struct ipvs *ipvs = open_ipvs();
	struct error err = {0};
	struct text text = {0};

	(void)state;
	witness_run("ip addr add 10.1.0.1/32 dev lo; ip addr add 10.96.0.10/32 dev lo");
	inet_pton(AF_INET, "10.1.0.1", &local.sin_addr);
	inet_pton(AF_INET, "10.96.0.10", &virtual.sin_addr);
	add_server(changes, CHANGE_KIND_SERVER_ADD, server(web, "rr", 60));
	add_destination(changes, CHANGE_KIND_DESTINATION_ADD, web, "10.1.0.1", 8080, 1);
	apply_without_error(ipvs, changes);

	assert_int_equal(bind(listener, (struct sockaddr *)&local, sizeof(local)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(connect(client, (struct sockaddr *)&virtual, sizeof(virtual)), 0);
	assert_int_equal(ipvs_observe_destinations(ipvs, &web, &printing, &text, &err), 0);
	assert_string_equal(text.bytes, " 10.1.0.1:8080 w1 f0 1/0/1;");
	close(client);
	close(listener);
	ipvs_close(ipvs);
}

static void keeps_timeouts(void **state)
{
	static const struct ipvs_timeouts first = {1000, 130, 310}, udp_only = {.udp = 42};
	struct ipvs *ipvs = open_ipvs();
	struct ipvs_timeouts read;
	struct error err = {0};

	(void)state;
	assert_int_equal(ipvs_set_timeouts(ipvs, &first, &err), 0);
	assert_int_equal(ipvs_set_timeouts(ipvs, &udp_only, &err), 0);
	assert_string_equal(witness_read("ipvsadm -L --timeout"),
			    "Timeout (tcp tcpfin udp): 1000 130 42\n");
	witness_run("ipvsadm --set 901 121 301");
	assert_int_equal(ipvs_get_timeouts(ipvs, &read, &err), 0);
	assert_int_equal(read.tcp, 901);
	assert_int_equal(read.tcp_fin, 121);
	assert_int_equal(read.udp, 301);
	ipvs_close(ipvs);
}

static void needs_the_privilege(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0) {
		struct error err = {0};
		struct ipvs *ipvs;

		if (setuid(65534) < 0 || ipvs_open(&ipvs, &err) != -EPERM ||
		    strcmp(err.text, "using IPVS needs CAP_NET_ADMIN") != 0)
			_exit(1);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(programs_every_kind_of_server, witness_enter_namespace),
		cmocka_unit_test_setup(edits_in_place, witness_enter_namespace),
		cmocka_unit_test_setup(repeats_without_harm, witness_enter_namespace),
		cmocka_unit_test_setup(keeps_the_order_of_changes, witness_enter_namespace),
		cmocka_unit_test_setup(an_error_belongs_to_its_change, witness_enter_namespace),
		cmocka_unit_test_setup(observes_what_others_programmed, witness_enter_namespace),
		cmocka_unit_test_setup(observes_one_server, witness_enter_namespace),
		cmocka_unit_test_setup(counts_connections, witness_enter_namespace),
		cmocka_unit_test_setup(keeps_timeouts, witness_enter_namespace),
		cmocka_unit_test_setup(needs_the_privilege, witness_enter_namespace),
		cmocka_unit_test_setup(observes_10000_servers, witness_enter_namespace),
		cmocka_unit_test_setup(a_visitor_can_end_the_dump, witness_enter_namespace),
		cmocka_unit_test_setup(programs_20000_destinations_in_batches,
				       witness_enter_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
