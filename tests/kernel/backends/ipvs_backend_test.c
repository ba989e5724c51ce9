/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipvs_apply() and the rest of ipvs_* against the kernel's IPVS, in fresh network namespaces; needs
 * root. */
#include "ipvs_fixture.h"
#include "witness.h"

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

static void assert_kernel_holds(const char *expected)
{
	assert_string_equal(witness_read("ipvsadm-save -n | sed 's/ *$//' | LC_ALL=C sort"),
			    expected);
}

static void programs_every_kind_of_server(void **state)
{
	struct virtual_server_key web = ipvs_fixture_key("10.96.0.10", 80, IPPROTO_TCP);
	struct virtual_server_key dns = ipvs_fixture_key("10.96.0.10", 53, IPPROTO_UDP);
	struct virtual_server_key sctp = ipvs_fixture_key("10.96.0.11", 9999, IPPROTO_SCTP);
	struct virtual_server_key web6 = ipvs_fixture_key("fd00:96::10", 80, IPPROTO_TCP);
	struct virtual_server_key mark = {.firewall_mark = 17, .address.family = AF_INET};
	struct virtual_server_key mark6 = {.firewall_mark = 17, .address.family = AF_INET6};
	struct virtual_server one_packet = ipvs_fixture_server(dns, "rr", 0);
	auto_free(changes) struct changes *changes = changes_new();
	struct ipvs *ipvs = ipvs_fixture_open();

	(void)state;
	one_packet.flags = IP_VS_SVC_F_ONEPACKET;
	ipvs_fixture_add_server(changes, CHANGE_KIND_SERVER_ADD,
				ipvs_fixture_server(web, "sh", 10800));
	ipvs_fixture_add_server(changes, CHANGE_KIND_SERVER_ADD, one_packet);
	ipvs_fixture_add_server(changes, CHANGE_KIND_SERVER_ADD,
				ipvs_fixture_server(sctp, "lc", 0));
	ipvs_fixture_add_server(changes, CHANGE_KIND_SERVER_ADD,
				ipvs_fixture_server(web6, "rr", 60));
	ipvs_fixture_add_server(changes, CHANGE_KIND_SERVER_ADD,
				ipvs_fixture_server(mark, "rr", 0));
	ipvs_fixture_add_server(changes, CHANGE_KIND_SERVER_ADD,
				ipvs_fixture_server(mark6, "wrr", 0));
	ipvs_fixture_add_destination(changes, CHANGE_KIND_DESTINATION_ADD, web, "10.244.1.7", 8080,
				     1);
	ipvs_fixture_add_destination(changes, CHANGE_KIND_DESTINATION_ADD, web, "10.244.2.7", 8080,
				     0);
	ipvs_fixture_add_destination(changes, CHANGE_KIND_DESTINATION_ADD, dns, "10.244.1.7", 5353,
				     1);
	ipvs_fixture_add_destination(changes, CHANGE_KIND_DESTINATION_ADD, sctp, "10.244.1.7", 9999,
				     1);
	ipvs_fixture_add_destination(changes, CHANGE_KIND_DESTINATION_ADD, web6, "fd00:244::7",
				     8080, 1);
	ipvs_fixture_add_destination(changes, CHANGE_KIND_DESTINATION_ADD, mark, "10.244.1.7", 80,
				     100);
	ipvs_fixture_add_destination(changes, CHANGE_KIND_DESTINATION_ADD, mark6, "fd00:244::7", 80,
				     1);
	ipvs_fixture_apply_all(ipvs, changes);

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
	struct virtual_server_key web = ipvs_fixture_key("10.96.0.10", 80, IPPROTO_TCP);
	struct virtual_server_key web6 = ipvs_fixture_key("fd00:96::10", 80, IPPROTO_TCP);
	struct virtual_server one_packet = ipvs_fixture_server(web, "wrr", 0);
	auto_free(changes) struct changes *changes = changes_new();
	struct ipvs *ipvs = ipvs_fixture_open();

	(void)state;
	ipvs_fixture_add_server(changes, CHANGE_KIND_SERVER_ADD,
				ipvs_fixture_server(web, "rr", 300));
	ipvs_fixture_add_server(changes, CHANGE_KIND_SERVER_ADD,
				ipvs_fixture_server(web6, "rr", 0));
	ipvs_fixture_add_destination(changes, CHANGE_KIND_DESTINATION_ADD, web, "10.244.1.7", 8080,
				     1);
	ipvs_fixture_apply_all(ipvs, changes);

	ipvs_fixture_add_server(changes, CHANGE_KIND_SERVER_EDIT,
				ipvs_fixture_server(web, "sh", 0));
	ipvs_fixture_add_server(changes, CHANGE_KIND_SERVER_EDIT,
				ipvs_fixture_server(web6, "rr", 10800));
	ipvs_fixture_add_destination(changes, CHANGE_KIND_DESTINATION_EDIT, web, "10.244.1.7", 8080,
				     0);
	ipvs_fixture_apply_all(ipvs, changes);
	assert_kernel_holds("-A -t 10.96.0.10:80 -s sh\n"
			    "-A -t [fd00:96::10]:80 -s rr -p 10800\n"
			    "-a -t 10.96.0.10:80 -r 10.244.1.7:8080 -m -w 0\n");

	one_packet.flags = IP_VS_SVC_F_ONEPACKET;
	ipvs_fixture_add_server(changes, CHANGE_KIND_SERVER_EDIT, one_packet);
	ipvs_fixture_apply_all(ipvs, changes);
	assert_string_equal(witness_read("ipvsadm-save -n | grep -e '-A -t 10'"),
			    "-A -t 10.96.0.10:80 -s wrr -o\n");
	ipvs_fixture_add_server(changes, CHANGE_KIND_SERVER_EDIT,
				ipvs_fixture_server(web, "wrr", 0));
	ipvs_fixture_apply_all(ipvs, changes);
	assert_string_equal(witness_read("ipvsadm-save -n | grep -e '-A -t 10'"),
			    "-A -t 10.96.0.10:80 -s wrr\n");
	ipvs_close(ipvs);
}

static void repeats_without_harm(void **state)
{
	struct virtual_server_key web = ipvs_fixture_key("10.96.0.10", 80, IPPROTO_TCP);
	struct virtual_server_key none = ipvs_fixture_key("10.96.0.99", 80, IPPROTO_TCP);
	auto_free(changes) struct changes *changes = changes_new();
	struct ipvs *ipvs = ipvs_fixture_open();

	(void)state;
	witness_run("ipvsadm -A -t 10.96.0.10:80 -s lc -p 60 &&"
		    "ipvsadm -a -t 10.96.0.10:80 -r 10.244.1.7:8080 -m -w 7");
	ipvs_fixture_add_server(changes, CHANGE_KIND_SERVER_ADD, ipvs_fixture_server(web, "rr", 0));
	ipvs_fixture_add_destination(changes, CHANGE_KIND_DESTINATION_ADD, web, "10.244.1.7", 8080,
				     1);
	ipvs_fixture_add_destination(changes, CHANGE_KIND_DESTINATION_EDIT, web, "10.244.1.8", 8080,
				     0);
	ipvs_fixture_add_destination(changes, CHANGE_KIND_DESTINATION_REMOVE, web, "10.244.1.9",
				     8080, 0);
	ipvs_fixture_add_destination(changes, CHANGE_KIND_DESTINATION_REMOVE, none, "10.244.1.9",
				     8080, 0);
	ipvs_fixture_add_server(changes, CHANGE_KIND_SERVER_REMOVE,
				ipvs_fixture_server(none, "rr", 0));
	ipvs_fixture_apply_all(ipvs, changes);
	assert_kernel_holds("-A -t 10.96.0.10:80 -s rr\n"
			    "-a -t 10.96.0.10:80 -r 10.244.1.7:8080 -m -w 1\n"
			    "-a -t 10.96.0.10:80 -r 10.244.1.8:8080 -m -w 0\n");
	ipvs_close(ipvs);
}

/* A refused change is tried again only after its batch; that must not undo what follows it. */
static void keeps_the_order_of_changes(void **state)
{
	struct virtual_server_key web = ipvs_fixture_key("10.96.0.10", 80, IPPROTO_TCP);
	auto_free(changes) struct changes *changes = changes_new();
	struct ipvs *ipvs = ipvs_fixture_open();

	(void)state;
	witness_run("ipvsadm -A -t 10.96.0.10:80 -s rr &&"
		    "ipvsadm -a -t 10.96.0.10:80 -r 10.244.1.7:80 -m &&"
		    "ipvsadm -a -t 10.96.0.10:80 -r 10.244.1.9:80 -m");
	ipvs_fixture_add_destination(changes, CHANGE_KIND_DESTINATION_ADD, web, "10.244.1.7", 80,
				     2);
	ipvs_fixture_add_destination(changes, CHANGE_KIND_DESTINATION_EDIT, web, "10.244.1.7", 80,
				     3);
	ipvs_fixture_add_destination(changes, CHANGE_KIND_DESTINATION_EDIT, web, "10.244.1.8", 80,
				     4);
	ipvs_fixture_add_destination(changes, CHANGE_KIND_DESTINATION_REMOVE, web, "10.244.1.8", 80,
				     0);
	ipvs_fixture_add_destination(changes, CHANGE_KIND_DESTINATION_REMOVE, web, "10.244.1.9", 80,
				     0);
	ipvs_fixture_add_destination(changes, CHANGE_KIND_DESTINATION_ADD, web, "10.244.1.9", 80,
				     5);
	ipvs_fixture_apply_all(ipvs, changes);
	assert_kernel_holds("-A -t 10.96.0.10:80 -s rr\n"
			    "-a -t 10.96.0.10:80 -r 10.244.1.7:80 -m -w 3\n"
			    "-a -t 10.96.0.10:80 -r 10.244.1.9:80 -m -w 5\n");

	ipvs_fixture_add_destination(changes, CHANGE_KIND_DESTINATION_REMOVE, web, "10.244.1.7", 80,
				     0);
	ipvs_fixture_add_server(changes, CHANGE_KIND_SERVER_REMOVE,
				ipvs_fixture_server(web, "rr", 0));
	ipvs_fixture_apply_all(ipvs, changes);
	assert_kernel_holds("");
	ipvs_close(ipvs);
}

static void an_error_belongs_to_its_change(void **state)
{
	struct virtual_server_key web = ipvs_fixture_key("10.96.0.10", 80, IPPROTO_TCP);
	struct virtual_server_key odd = ipvs_fixture_key("10.96.0.11", 80, IPPROTO_TCP);
	auto_free(changes) struct changes *changes = changes_new();
	struct ipvs *ipvs = ipvs_fixture_open();
	char text[32];

	(void)state;
	ipvs_fixture_add_server(changes, CHANGE_KIND_SERVER_ADD, ipvs_fixture_server(web, "rr", 0));
	ipvs_fixture_add_server(changes, CHANGE_KIND_SERVER_ADD,
				ipvs_fixture_server(odd, "no-such", 0));
	changes_add(changes, CHANGE_KIND_ADDRESS_ADD)->address = web.address;
	for (int i = 3; i < 1500; i++) {
		snprintf(text, sizeof(text), i % 500 == 37 ? "224.0.0.1" : "10.244.%d.%d", i / 250,
			 i % 250 + 1);
		ipvs_fixture_add_destination(changes, CHANGE_KIND_DESTINATION_ADD, web, text, 80,
					     1);
	}
	ipvs_fixture_add_destination(changes, CHANGE_KIND_DESTINATION_EDIT, odd, "10.244.1.1", 80,
				     1);
	ipvs_fixture_add_destination(changes, CHANGE_KIND_DESTINATION_ADD, web, "224.0.0.1", 80, 1);
	ipvs_fixture_apply(ipvs, changes);

	for (size_t i = 0; i < changes->count; i++) {
		int expected = 0;

		if (i == 1)
			expected = -ENOENT; /* the scheduler */
		else if (i == 2)
			expected = IPVS_FIXTURE_UNTOUCHED; /* not of this facility: untouched */
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

static void keeps_timeouts(void **state)
{
	static const struct ipvs_timeouts first = {1000, 130, 310}, udp_only = {.udp = 42};
	struct ipvs *ipvs = ipvs_fixture_open();
	struct error err = {0};

	(void)state;
	assert_int_equal(ipvs_set_timeouts(ipvs, &first, &err), 0);
	assert_int_equal(ipvs_set_timeouts(ipvs, &udp_only, &err), 0);
	assert_string_equal(witness_read("ipvsadm -L --timeout"),
			    "Timeout (tcp tcpfin udp): 1000 130 42\n");
	ipvs_close(ipvs);
}

static void knows_schedulers(void **state)
{
	struct ipvs *ipvs = ipvs_fixture_open();

	(void)state;
	assert_true(ipvs_has_scheduler(ipvs, "rr"));
	assert_false(ipvs_has_scheduler(ipvs, "nosuch"));
	assert_string_equal(witness_read("ipvsadm -Sn"), "");
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
		cmocka_unit_test_setup(keeps_timeouts, witness_enter_namespace),
		cmocka_unit_test_setup(knows_schedulers, witness_enter_namespace),
		cmocka_unit_test_setup(needs_the_privilege, witness_enter_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
