/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/status/status_print.h"

#include "agent/status/status_document.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define AGENT(fields)                                                                             \
	"{'agent': {'version': '1', 'node': 'n', 'uptimeSeconds': 3700, 'settled': true,"         \
	" 'source': {'description': 'here', 'synced': true, 'services': 2, 'endpointSlices': 3}," \
	" 'rules': {'inPlace': true, 'error': ''}, 'waitingForRetry': 0, 'draining': 1,"          \
	" 'held': {'virtualServers': 4, 'destinations': 5}, 'sets': [], 'rejections': []" fields  \
	"}"

#define SERVER(address, lists, more)                                                     \
	"{'kind': 'ClusterIP', 'address': '" address "', 'port': 80, 'protocol': 'TCP'," \
	" 'portName': 'http', 'scheduler': 'rr', 'persistenceSeconds': 0," lists         \
	" 'draining': 0, 'state': 'programmed', 'reason': ''" more "}"

#define SERVICE(name, servers, state)                                                           \
	"{'namespace': 'a', 'name': '" name "', 'type': 'ClusterIP', 'servers': [" servers "]," \
	" 'state': '" state "', 'reason': 'because'}"

#define SERVICES(list) ", 'services': [" list "]}"

#define ONE_DESTINATION "'destinations': ['10.1.0.1:8080'], 'unused': [],"
#define REJECTED	SERVICE("one", SERVER("10.0.0.1", ONE_DESTINATION, ""), "rejected")
#define SKIPPED		SERVICE("two", "", "skipped")
#define LOST \
	SERVICE("won", SERVER("10.0.0.1", ONE_DESTINATION, ", 'state': 'conflict'"), "conflict")

/* JSON with single quotes, which C strings hold without escapes. */
static json_t *parse(const char *text)
{
	auto_memory char *copy = string_dup(text);
	json_error_t error;
	json_t *json;

	for (char *c = copy; *c; c++)
		if (*c == '\'')
			*c = '"';
	json = json_loads(copy, 0, &error);
	if (!json)
		fail_msg("%s in %s", error.text, copy);
	return json;
}

static void list(struct server_listing *listing, const char *server, const char *destination,
		 uint16_t weight, uint32_t active)
{
	struct virtual_server held = {.key = {.port = 80, .protocol = IPPROTO_TCP}};
	struct destination_usage usage = {.active_connections = active, .inactive_connections = 2};

	strcpy(held.scheduler, "rr");
	assert_true(address_parse(server, &held.key.address));
	server_listing_visitor.server(listing, &held);
	if (!destination)
		return;
	assert_true(address_parse(destination, &usage.destination.address));
	usage.destination.port = 8080;
	usage.destination.weight = weight;
	server_listing_visitor.destination(listing, &held.key, &usage);
}

static struct server_listing *kernel(void)
{
	struct server_listing *listing = server_listing_new();

	list(listing, "10.0.0.1", "10.1.0.2", 0, 7);
	list(listing, "10.0.0.1", "10.1.0.1", 1, 30);
	list(listing, "fd00::1", "fd01::1", 1, 1);
	list(listing, "10.0.0.9", NULL, 0, 0);
	return listing;
}

static char *print(const char *answer, const struct server_listing *listing,
		   const struct status_style *style)
{
	json_t *document = parse(answer);
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	status_document_join(document, listing);
	status_print(document, style, stream);
	fclose(stream);
	json_decref(document);
	return text;
}

static void test_print(void **state)
{
	static const struct {
		const char *what, *answer, *filter;
		bool is_wide, has_kernel;
		const char *expected;
	} cases[] = {
		{"nothing", AGENT("") SERVICES(""), "", false, true, "No Services.\n"},
		{"connections are the sum of the destinations', draining ones are counted in all",
		 AGENT("") SERVICES(SERVICE(
			 "web",
			 SERVER("10.0.0.1",
				"'destinations': ['10.1.0.1:8080'], 'unused': ['10.1.0.3:8080'],",
				""),
			 "programmed")),
		 "", false, true,
		 "NAMESPACE/NAME  TYPE       ADDRESS:PORT  PROTOCOL  SCHEDULER  AFFINITY  ENDPOINTS"
		 "  ACTIVE  INACTIVE  STATE\n"
		 "a/web           ClusterIP  10.0.0.1:80   TCP       rr         -             1/0/3"
		 "      37         4  programmed\n"},
		{"an unused endpoint that drains is counted once",
		 AGENT("") SERVICES(SERVICE(
			 "web",
			 SERVER("10.0.0.1",
				"'destinations': ['10.1.0.1:8080'], 'unused': ['10.1.0.2:8080'],",
				""),
			 "programmed")),
		 "", false, true,
		 "NAMESPACE/NAME  TYPE       ADDRESS:PORT  PROTOCOL  SCHEDULER  AFFINITY  ENDPOINTS"
		 "  ACTIVE  INACTIVE  STATE\n"
		 "a/web           ClusterIP  10.0.0.1:80   TCP       rr         -             1/0/2"
		 "      37         4  programmed\n"},
		{"without the kernel there are no counts",
		 AGENT("") SERVICES(SERVICE(
			 "web",
			 SERVER("fd00::1", "'destinations': ['[fd01::1]:8080'], 'unused': [],", ""),
			 "programmed")),
		 "", false, false,
		 "NAMESPACE/NAME  TYPE       ADDRESS:PORT  PROTOCOL  SCHEDULER  AFFINITY  ENDPOINTS"
		 "  ACTIVE  INACTIVE  STATE\n"
		 "a/web           ClusterIP  [fd00::1]:80  TCP       rr         -             1/0/1"
		 "       -         -  programmed\n"},
		{"wide: destinations held, wanted, leaving",
		 AGENT("") SERVICES(
			 SERVICE("web",
				 SERVER("10.0.0.1",
					"'destinations': ['10.1.0.1:8080', '10.1.0.3:8080'],"
					" 'unused': [],",
					""),
				 "programmed")),
		 "", true, true,
		 "NAMESPACE/NAME  TYPE       KIND       PORT-NAME  ADDRESS:PORT      PROTOCOL"
		 "  SCHEDULER  AFFINITY  WEIGHT  ENDPOINTS  ACTIVE  INACTIVE  STATE\n"
		 "a/web           ClusterIP  ClusterIP  http       10.0.0.1:80       TCP     "
		 "  rr         -              -      2/0/3      37         4  programmed\n"
		 "                                                 -> 10.1.0.1:8080          "
		 "                            1                 30         2\n"
		 "                                                 -> 10.1.0.2:8080          "
		 "                            0                  7         2  draining\n"
		 "                                                 -> 10.1.0.3:8080          "
		 "                            -                  -         -\n"},
		{"a rejected Service says so at its earlier addresses, another Service's server "
		 "lends no counts",
		 AGENT("") SERVICES(REJECTED ", " SKIPPED ", " LOST), "", false, true,
		 "NAMESPACE/NAME  TYPE       ADDRESS:PORT  PROTOCOL  SCHEDULER  AFFINITY  ENDPOINTS"
		 "  ACTIVE  INACTIVE  STATE\n"
		 "a/one           ClusterIP  10.0.0.1:80   TCP       rr         -             1/0/2"
		 "      37         4  rejected: because\n"
		 "a/two           ClusterIP  -             -         -          -                 -"
		 "       -         -  skipped: because\n"
		 "a/won           ClusterIP  10.0.0.1:80   TCP       rr         -             1/0/1"
		 "       -         -  conflict\n"},
		{"rejected objects, repairs, refused objects, sets close to their capacity",
		 AGENT(", 'waitingForRetry': 2, 'operations': {'ipvs': {'repaired': 3},"
		       " 'link': {'repaired': 1}},"
		       " 'sets': [{'name': 'FULL', 'members': 90, 'capacity': 100},"
		       " {'name': 'ROOMY', 'members': 89, 'capacity': 100},"
		       " {'name': 'ENDLESS', 'members': 9, 'capacity': 0}],"
		       " 'rejections': ["
		       " {'kind': 'Service', 'namespace': 'a', 'name': 'x', 'reason': 'bad x'},"
		       " {'kind': 'file', 'namespace': '', 'name': '/f', 'reason': 'bad f'}]")
			 SERVICES(""),
		 "", false, true,
		 "No Services.\n\n"
		 "REJECTED     REASON\n"
		 "Service a/x  bad x\n"
		 "file /f      bad f\n\n"
		 "2 kernel objects failed; retrying them.\n"
		 "Set FULL is close to its capacity: 90 of 100 members.\n"},
		{"settings that are not in force, what waits for a restart and for the Node",
		 AGENT(", 'settings': {'files': ['/c'], 'error': 'bad /c',"
		       " 'waitingForRestart': ['socket', 'manifests']},"
		       " 'waitingForPodCIDRs': true") SERVICES(""),
		 "", false, true,
		 "No Services.\n\n"
		 "Reload failed, previous settings in force: bad /c\n"
		 "Settings that take effect after a restart: socket, manifests\n"
		 "Waiting for podCIDRs of the Node, which detectLocalMode NodeCIDR requires.\n"},
		{"with a name, complaints about others are left out",
		 AGENT(", 'rejections': ["
		       " {'kind': 'EndpointSlice', 'namespace': 'a', 'name': 'y-1', 'reason': '1'},"
		       " {'kind': 'EndpointSlice', 'namespace': 'aa', 'name': 'y', 'reason': '2'},"
		       " {'kind': 'Service', 'namespace': 'a', 'name': 'y', 'reason': '3'},"
		       " {'kind': 'Service', 'namespace': 'a', 'name': 'x', 'reason': '4'}]")
			 SERVICES(""),
		 "a/y", false, true,
		 "No Services.\n\n"
		 "REJECTED             REASON\n"
		 "EndpointSlice a/y-1  1\n"
		 "Service a/y          3\n"},
		{"with the name of a Service, who is used, who drains and who is not, and why",
		 AGENT("") SERVICES(SERVICE(
			 "web",
			 SERVER("10.0.0.1",
				"'destinations': ['10.1.0.1:8080', '10.1.0.3:8080'], 'rule': 'zone hint',"
				" 'unused': ['10.1.0.2:8080 not ready', '10.1.0.4:8080 hint: b'],"
				" 'leaving': ['10.1.0.2:8080 2026-01-02T03:04:05Z'],",
				"") ", " SERVER("10.0.0.9",
						"'destinations': ['10.1.0.1:8080'], 'rule': 'all ready endpoints',"
						" 'unused': [], 'hints': 'zone hints are not followed: because',"
						" 'leftOut': 1,",
						", 'state': 'failed', 'reason': 'no room'") ", " SERVER("10.0.0.7",
													"'destinations': [], 'unused': [],",
													""),
			 "failed")),
		 "a/web", false, true,
		 "NAMESPACE/NAME  TYPE       ADDRESS:PORT  PROTOCOL  SCHEDULER  AFFINITY  ENDPOINTS"
		 "  ACTIVE  INACTIVE  STATE\n"
		 "a/web           ClusterIP  10.0.0.1:80   TCP       rr         -             2/0/4"
		 "      37         4  programmed\n"
		 "a/web           ClusterIP  10.0.0.9:80   TCP       rr         -             1/0/1"
		 "       0         0  failed: no room\n"
		 "a/web           ClusterIP  10.0.0.7:80   TCP       rr         -             0/0/0"
		 "       0         0  programmed\n"
		 "\nEndpoints of 10.0.0.1:80/TCP:\n"
		 "ENDPOINT       USED      REASON\n"
		 "10.1.0.1:8080  yes       zone hint\n"
		 "10.1.0.2:8080  draining  since 2026-01-02T03:04:05Z: not ready\n"
		 "10.1.0.3:8080  no        not in the kernel\n"
		 "10.1.0.4:8080  no        hint: b\n"
		 "\nEndpoints of 10.0.0.9:80/TCP:\n"
		 "ENDPOINT       USED  REASON\n"
		 "10.1.0.1:8080  no    not in the kernel: no room\n"
		 "zone hints are not followed: because\n"
		 "1 of these get no connections: scheduler rr has no more places\n"
		 "\nEndpoints of 10.0.0.7:80/TCP: none\n"},
		{"virtual servers whose endpoints fare alike share a table",
		 AGENT("") SERVICES(SERVICE(
			 "web",
			 SERVER("10.0.0.1", "'destinations': [], 'unused': ['10.1.0.4:8080 a'],", "") ", " SERVER(
				 "10.0.0.8", "'destinations': [], 'unused': ['10.1.0.4:8080 b'],",
				 "") ", " SERVER("10.0.0.7",
						 "'destinations': [], 'unused': ['10.1.0.4:8080 a'],",
						 ", 'clientScope': 'in-cluster', 'firewallMark': 1"),
			 "programmed")),
		 "a/web", false, false,
		 "NAMESPACE/NAME  TYPE       ADDRESS:PORT            PROTOCOL  SCHEDULER  AFFINITY"
		 "  ENDPOINTS  ACTIVE  INACTIVE  STATE\n"
		 "a/web           ClusterIP  10.0.0.1:80             TCP       rr         -       "
		 "      0/0/1       -         -  programmed\n"
		 "a/web           ClusterIP  10.0.0.8:80             TCP       rr         -       "
		 "      0/0/1       -         -  programmed\n"
		 "a/web           ClusterIP  10.0.0.7:80 in-cluster  TCP       rr         -       "
		 "      0/0/1       -         -  programmed\n"
		 "\nEndpoints of 10.0.0.1:80/TCP, 10.0.0.7:80/TCP in-cluster:\n"
		 "ENDPOINT       USED  REASON\n"
		 "10.1.0.4:8080  no    a\n"
		 "\nEndpoints of 10.0.0.8:80/TCP:\n"
		 "ENDPOINT       USED  REASON\n"
		 "10.1.0.4:8080  no    b\n"},
		{"another Service's virtual server uses no endpoint of this one",
		 AGENT("") SERVICES(SERVICE("lost",
					    SERVER("10.0.0.1", ONE_DESTINATION,
						   ", 'state': 'conflict', "
						   "'reason': 'in use by Service a/web'"),
					    "conflict")),
		 "a/lost", false, true,
		 "NAMESPACE/NAME  TYPE       ADDRESS:PORT  PROTOCOL  SCHEDULER  AFFINITY  ENDPOINTS"
		 "  ACTIVE  INACTIVE  STATE\n"
		 "a/lost          ClusterIP  10.0.0.1:80   TCP       rr         -             1/0/1"
		 "       -         -  conflict: in use by Service a/web\n"
		 "\nEndpoints of 10.0.0.1:80/TCP:\n"
		 "ENDPOINT       USED  REASON\n"
		 "10.1.0.1:8080  no    in use by Service a/web\n"},
		{"what only the kernel has was removed",
		 AGENT("") SERVICES(
			 SERVICE("web", SERVER("10.0.0.1", ONE_DESTINATION, ""), "programmed")),
		 "a/web", false, true,
		 "NAMESPACE/NAME  TYPE       ADDRESS:PORT  PROTOCOL  SCHEDULER  AFFINITY  ENDPOINTS"
		 "  ACTIVE  INACTIVE  STATE\n"
		 "a/web           ClusterIP  10.0.0.1:80   TCP       rr         -             1/0/2"
		 "      37         4  programmed\n"
		 "\nEndpoints of 10.0.0.1:80/TCP:\n"
		 "ENDPOINT       USED      REASON\n"
		 "10.1.0.1:8080  yes\n"
		 "10.1.0.2:8080  draining  endpoint removed\n"},
		{"what keeps the agent from its work",
		 AGENT(", 'rules': {'inPlace': false, 'error': 'no lock'}") SERVICES(""), "", false,
		 true,
		 "No Services.\n\n"
		 "The iptables rules are not in place: no lock\n"
		 "Waiting for the iptables rules.\n"},
		{"IPv6 is off",
		 AGENT(", 'ipv6Off': 'net.ipv6.conf.all.disable_ipv6 is 1'") SERVICES(""), "",
		 false, true,
		 "No Services.\n\n"
		 "IPv6 is off on this node, so IPv6 addresses of Services are not programmed: "
		 "net.ipv6.conf.all.disable_ipv6 is 1\n"},
		{"what others on the host do",
		 AGENT(", 'otherVariant': 'the legacy variant of iptables has chain KUBE-X', "
		       "'portOverlap': 'NodePort 1 is an ephemeral port'") SERVICES(""),
		 "", false, true,
		 "No Services.\n\n"
		 "The legacy variant of iptables has chain KUBE-X.\n"
		 "NodePort 1 is an ephemeral port.\n"},
		{"the source comes first",
		 AGENT(", 'settled': false, 'source': {'description': 'here', 'synced': false,"
		       " 'services': 2, 'endpointSlices': 3}") SERVICES(""),
		 "", false, true,
		 "No Services.\n\n"
		 "Waiting for the source: nothing is programmed until it has been read completely.\n"},
		{"not finished", AGENT(", 'settled': false") SERVICES(""), "", false, true,
		 "No Services.\n\n"
		 "In progress: not every Service is programmed yet.\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct status_style style = {
			.is_wide = cases[i].is_wide, .filter = cases[i].filter, .is_partial = true};
		auto_free(server_listing) struct server_listing *listing = kernel();
		auto_memory char *text = NULL;

		print_message("%s\n", cases[i].what);
		text = print(cases[i].answer, cases[i].has_kernel ? listing : NULL, &style);
		assert_string_equal(text, cases[i].expected);
	}
}

static char *print_header(const char *more, const char *document_fields)
{
	static const struct status_style style = {.filter = ""};
	auto_memory char *answer =
		string_printf(AGENT("%s") "%s" SERVICES("%s"), more, document_fields,
			      SERVICE("web", "", "programmed") ", " SERVICE("one", "", "rejected"));
	json_t *document = parse(answer);
	char *text = NULL, *end;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	status_document_count(document);
	status_print(document, &style, stream);
	fclose(stream);
	json_decref(document);
	end = strstr(text, "NAMESPACE/NAME");
	assert_non_null(end);
	*end = '\0';
	return text;
}

static void test_header(void **state)
{
	static const struct {
		const char *what, *agent, *document, *expected;
	} cases[] = {
		{"a quiet node", "", "",
		 "Node      n: ipvsagent 1, up 1h1m\n"
		 "Source    here, no object yet\n"
		 "Objects   2 Services, 3 EndpointSlices, 0 endpoints\n"
		 "Services  1 programmed, 0 pending, 0 failed, 1 rejected\n"
		 "Kernel    4 virtual servers, 5 destinations, 1 draining; "
		 "0 objects wait for another try\n"
		 "Drift     0 objects repaired that other programs had changed\n"
		 "Rules     in place\n"
		 "Sets      0 members\n\n"},
		{"a node with much to tell",
		 ", 'waitingForRetry': 2, 'operations': {'ipvs': {'repaired': 3},"
		 " 'link': {'repaired': 1}}, 'rules': {'inPlace': false, 'variant': 'legacy'},"
		 " 'source': {'description': 'here', 'synced': true, 'services': 1,"
		 " 'endpointSlices': 1, 'endpoints': 7, 'lastChange': '2026-01-02T03:04:05.678Z'},"
		 " 'sets': [{'name': 'ROOMY', 'members': 9, 'capacity': 100},"
		 " {'name': 'FULL', 'members': 90, 'capacity': 100},"
		 " {'name': 'ENDLESS', 'members': 900, 'capacity': 0}],"
		 " 'missingFeatures': ['IPv6', 'scheduler nq']",
		 ", 'check': {'errors': 0, 'warnings': 2, 'notes': 1}",
		 "Node      n: ipvsagent 1, up 1h1m\n"
		 "Source    here, last change 2026-01-02T03:04:05.678Z\n"
		 "Objects   1 Services, 1 EndpointSlices, 7 endpoints\n"
		 "Services  1 programmed, 0 pending, 0 failed, 1 rejected\n"
		 "Kernel    4 virtual servers, 5 destinations, 1 draining; "
		 "2 objects wait for another try\n"
		 "Drift     4 objects repaired that other programs had changed\n"
		 "Rules     not in place, iptables-legacy\n"
		 "Sets      999 members; the fullest is FULL, 90 of 100\n"
		 "Missing   IPv6, scheduler nq\n"
		 "Check     0 errors, 2 warnings: see `ipvsagent check`\n\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_memory char *text = print_header(cases[i].agent, cases[i].document);

		print_message("%s\n", cases[i].what);
		assert_string_equal(text, cases[i].expected);
	}
}

static void test_traffic(void **state)
{
	static const struct status_style style = {.filter = "a/web", .is_partial = true};
	const struct ipvs_traffic traffic = {3, 40, 30, 5000, 1ULL << 40};
	auto_free(server_listing) struct server_listing *listing = kernel();
	struct virtual_server_key key = {.port = 80, .protocol = IPPROTO_TCP};
	auto_memory char *text = NULL;

	(void)state;
	assert_true(address_parse("10.0.0.1", &key.address));
	server_listing_visitor.traffic(listing, &key, &traffic);
	text = print(
		AGENT("") SERVICES(SERVICE(
			"web",
			SERVER("10.0.0.1", ONE_DESTINATION,
			       ", 'alsoWantedBy': ['a/x', 'b/y']") ", " SERVER("10.0.0.9",
									       ONE_DESTINATION, ""),
			"programmed")),
		listing, &style);
	assert_non_null(
		strstr(text, "\n10.0.0.1:80/TCP is claimed by a/x, b/y as well, in vain\n"));
	assert_non_null(strstr(
		text,
		"\nSince it was created:\n"
		"VIRTUAL SERVER   CONNECTIONS  PACKETS-IN  PACKETS-OUT  BYTES-IN      BYTES-OUT\n"
		"10.0.0.1:80/TCP            3          40           30      5000  1099511627776\n"));
}

static void test_print_kernel(void **state)
{
	static const struct {
		bool is_wide;
		const char *expected;
	} cases[] = {
		{false, "ADDRESS:PORT  PROTOCOL  SCHEDULER  AFFINITY  WEIGHT  DESTINATIONS"
			"  ACTIVE  INACTIVE\n"
			"10.0.0.1:80   TCP       rr         -              -             2"
			"      37         4\n"
			"10.0.0.9:80   TCP       rr         -              -             0"
			"       0         0\n"
			"[fd00::1]:80  TCP       rr         -              -             1"
			"       1         2\n"},
		{true, "ADDRESS:PORT       PROTOCOL  SCHEDULER  AFFINITY  WEIGHT  DESTINATIONS"
		       "  ACTIVE  INACTIVE\n"
		       "10.0.0.1:80        TCP       rr         -              -             2"
		       "      37         4\n"
		       "-> 10.1.0.1:8080                                       1              "
		       "      30         2\n"
		       "-> 10.1.0.2:8080                                       0              "
		       "       7         2\n"
		       "10.0.0.9:80        TCP       rr         -              -             0"
		       "       0         0\n"
		       "[fd00::1]:80       TCP       rr         -              -             1"
		       "       1         2\n"
		       "-> [fd01::1]:8080                                      1              "
		       "       1         2\n"},
	};
	auto_free(server_listing) struct server_listing *listing = kernel();
	json_t *document = status_document_of_kernel(listing);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct status_style style = {.is_wide = cases[i].is_wide, .filter = ""};
		auto_memory char *text = NULL;
		size_t size;
		FILE *stream = open_memstream(&text, &size);

		status_print_kernel(document, &style, stream);
		fclose(stream);
		assert_string_equal(text, cases[i].expected);
	}
	json_decref(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_traffic),
		cmocka_unit_test(test_print_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
