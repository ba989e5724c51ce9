/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan/tool_text.h"

#include "lib/base/memory.h"

#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* What a test writes into. */
struct page {
	FILE *stream;
	char *text;
	size_t size;
};

static FILE *page_open(struct page *page)
{
	page->stream = open_memstream(&page->text, &page->size);
	assert_non_null(page->stream);
	return page->stream;
}

static void page_assert(struct page *page, const char *what, const char *expected)
{
	fclose(page->stream);
	if (strcmp(page->text, expected) != 0)
		fail_msg("%s: \"%s\", not \"%s\"", what, page->text, expected);
	free(page->text);
}

static struct address address_of(const char *text)
{
	struct address address;

	assert_true(address_parse(text, &address));
	return address;
}

static void servers(void **state)
{
	static const struct {
		const char *what, *address;
		struct virtual_server server;
		const char *line;
	} rows[] = {
		{"TCP over IPv4",
		 "10.96.0.10",
		 {.key = {.port = 80, .protocol = IPPROTO_TCP}, .scheduler = "rr"},
		 "-A -t 10.96.0.10:80 -s rr\n"},
		{"UDP over IPv6",
		 "fd00::1",
		 {.key = {.port = 53, .protocol = IPPROTO_UDP}, .scheduler = "wrr"},
		 "-A -u [fd00::1]:53 -s wrr\n"},
		{"SCTP",
		 "10.96.0.10",
		 {.key = {.port = 9, .protocol = IPPROTO_SCTP}, .scheduler = "lc"},
		 "-A --sctp-service 10.96.0.10:9 -s lc\n"},
		{"a firewall mark",
		 "0.0.0.0",
		 {.key = {.firewall_mark = 17}, .scheduler = "rr"},
		 "-A -f 17 -s rr\n"},
		{"a firewall mark of IPv6",
		 "::",
		 {.key = {.firewall_mark = 17}, .scheduler = "rr"},
		 "-A -f 17 -6 -s rr\n"},
		{"affinity of whole IPv4 addresses",
		 "10.96.0.10",
		 {.key = {.port = 80, .protocol = IPPROTO_TCP},
		  .scheduler = "sh",
		  .persistence_seconds = 600,
		  .netmask = 0xffffffff,
		  .flags = IP_VS_SVC_F_SCHED_SH_FALLBACK},
		 "-A -t 10.96.0.10:80 -s sh -p 600 -b sh-fallback\n"},
		{"affinity of IPv4 networks",
		 "10.96.0.10",
		 {.key = {.port = 80, .protocol = IPPROTO_TCP},
		  .scheduler = "rr",
		  .persistence_seconds = 600,
		  .netmask = 0xffff0000},
		 "-A -t 10.96.0.10:80 -s rr -p 600 -M 255.255.0.0\n"},
		{"affinity of whole IPv6 addresses",
		 "fd00::1",
		 {.key = {.port = 80, .protocol = IPPROTO_TCP},
		  .scheduler = "rr",
		  .persistence_seconds = 600,
		  .netmask = 128},
		 "-A -t [fd00::1]:80 -s rr -p 600\n"},
		{"affinity of IPv6 networks",
		 "fd00::1",
		 {.key = {.port = 80, .protocol = IPPROTO_TCP},
		  .scheduler = "rr",
		  .persistence_seconds = 600,
		  .netmask = 64},
		 "-A -t [fd00::1]:80 -s rr -p 600 -M 64\n"},
		{"both flags of a scheduler",
		 "10.96.0.10",
		 {.key = {.port = 80, .protocol = IPPROTO_TCP},
		  .scheduler = "mh",
		  .flags = IP_VS_SVC_F_SCHED1 | IP_VS_SVC_F_SCHED2},
		 "-A -t 10.96.0.10:80 -s mh -b mh-fallback,mh-port\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct virtual_server server = rows[i].server;
		char key[2 * ADDRESS_TEXT_SIZE];
		struct page page;

		server.key.address = address_of(rows[i].address);
		tool_text_server(page_open(&page), tool_text_key(&server.key, key), &server);
		page_assert(&page, rows[i].what, rows[i].line);
	}
}

static void destinations(void **state)
{
	static const struct {
		const char *what;
		uint32_t method;
		const char *line;
	} rows[] = {
		{"masquerading", IP_VS_CONN_F_MASQ, "-a -f 17 -r 10.244.1.7:8080 -m -w 1\n"},
		{"a tunnel", IP_VS_CONN_F_TUNNEL, "-a -f 17 -r 10.244.1.7:8080 -i -w 1\n"},
		{"direct routing", IP_VS_CONN_F_DROUTE, "-a -f 17 -r 10.244.1.7:8080 -g -w 1\n"},
	};
	const struct destination destination = {
		.address = address_of("10.244.1.7"), .port = 8080, .weight = 1};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct page page;

		tool_text_destination(page_open(&page), "-f 17", &destination, rows[i].method);
		page_assert(&page, rows[i].what, rows[i].line);
	}
}

static void sets_and_members(void **state)
{
	const struct set_member member = {.kind = SET_KIND_IN_CLUSTER,
					  .family = AF_INET6,
					  .protocol = IPPROTO_TCP,
					  .port = 80,
					  .address = address_of("2001:db8::1")};
	struct page page;

	(void)state;
	tool_text_set(page_open(&page), SET_KIND_LOOP_BACK, AF_INET6);
	page_assert(&page, "a set", "create KUBE-6-LOOP-BACK hash:ip,port,ip family inet6");
	tool_text_set(page_open(&page), SET_KIND_NODE_PORT_TCP, AF_INET);
	page_assert(&page, "a bitmap", "create KUBE-NODE-PORT-TCP bitmap:port range 0-65535");
	tool_text_member(page_open(&page), &member, 0);
	page_assert(&page, "a member", "add KUBE-6-IN-CLUSTER 2001:db8::1,tcp:80\n");
	tool_text_member(page_open(&page), &member, 0x20010000);
	page_assert(&page, "a member with a mark",
		    "add KUBE-6-IN-CLUSTER 2001:db8::1,tcp:80 skbmark 0x20010000\n");
}

static void addresses(void **state)
{
	struct address ipv4 = address_of("10.96.0.10"), ipv6 = address_of("fd00::1");
	struct page page;

	(void)state;
	tool_text_address(page_open(&page), &ipv4, "kube-ipvs0");
	page_assert(&page, "IPv4", "address add 10.96.0.10/32 dev kube-ipvs0\n");
	tool_text_address(page_open(&page), &ipv6, "kube-ipvs0");
	page_assert(&page, "IPv6", "address add fd00::1/128 dev kube-ipvs0 preferred_lft 0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(servers),
		cmocka_unit_test(destinations),
		cmocka_unit_test(sets_and_members),
		cmocka_unit_test(addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
