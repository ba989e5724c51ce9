/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan/topology.h"

#include "tests/fake/large_objects.h"
#include "tests/fake/object_text.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SLICES 3

/* A view of one Service with its slices, all of which it owns. */
struct fixture {
	struct string_pool *strings;
	struct service *service;
	struct endpoint_slice *slices[SLICES];
	struct service_view view;
};

static void fixture_init(struct fixture *fixture, const char *service,
			 const char *const slices[SLICES])
{
	memset(fixture, 0, sizeof(*fixture));
	fixture->strings = string_pool_new();
	fixture->service = object_text_service(service);
	fixture->view.key = "a/web";
	fixture->view.service = fixture->service;
	fixture->view.slices = fixture->slices;
	for (size_t i = 0; i < SLICES && slices[i]; i++)
		fixture->slices[fixture->view.slice_count++] =
			object_text_slice(fixture->strings, slices[i]);
}

static void fixture_end(struct fixture *fixture)
{
	for (size_t i = 0; i < fixture->view.slice_count; i++)
		endpoint_slice_free(fixture->slices[i]);
	service_free(fixture->service);
	string_pool_free(fixture->strings);
}

static void write_candidate(FILE *stream, const struct candidate *candidate)
{
	char buffer[ADDRESS_TEXT_SIZE];

	fprintf(stream, "%s",
		address_port_text(&candidate->destination.address, candidate->destination.port,
				  buffer));
	if (candidate->is_local)
		fprintf(stream, "@here");
	if (candidate->hints.zones)
		fprintf(stream, "+%s", candidate->hints.zones);
	if (candidate->hints.nodes)
		fprintf(stream, "~%s", candidate->hints.nodes);
	if (!candidate->is_ready)
		fprintf(stream, candidate->is_terminating
					? (candidate->is_serving ? "!terminating" : "!ended")
					: "!unready");
	fprintf(stream, " ");
}

static void test_collect(void **state)
{
	static const struct {
		const char *what, *port, *slices[SLICES];
		uint16_t family;
		const char *candidates;
	} cases[] = {
		{"by port name",
		 "http:80/TCP",
		 {"a/1 port=http:8080/TCP port=dns:53/TCP 10.0.0.1"},
		 AF_INET,
		 "10.0.0.1:8080 "},
		{"by protocol",
		 "dns:53/UDP",
		 {"a/1 port=dns:53/TCP port=dns:5353/UDP 10.0.0.1"},
		 AF_INET,
		 "10.0.0.1:5353 "},
		{"the unnamed port is the one of an unnamed port",
		 ":80/TCP",
		 {"a/1 port=http:8080/TCP 10.0.0.1", "a/2 port=:8081/TCP 10.0.0.2"},
		 AF_INET,
		 "10.0.0.2:8081 "},
		{"a port without number matches nothing",
		 ":80/TCP",
		 {"a/1 port=:0/TCP 10.0.0.1"},
		 AF_INET,
		 ""},
		{"each slice resolves the name by itself",
		 "http:80/TCP",
		 {"a/1 port=http:8080/TCP 10.0.0.1", "a/2 port=http:9090/TCP 10.0.0.2"},
		 AF_INET,
		 "10.0.0.1:8080 10.0.0.2:9090 "},
		{"two numbers of one name in one slice",
		 "http:80/TCP",
		 {"a/1 port=http:9090/TCP port=http:8080/TCP 10.0.0.1"},
		 AF_INET,
		 "10.0.0.1:8080 10.0.0.1:9090 "},
		{"sorted by address",
		 ":80/TCP",
		 {"a/1 port=:80/TCP 10.0.0.3 10.0.0.1", "a/2 port=:80/TCP 10.0.0.2"},
		 AF_INET,
		 "10.0.0.1:80 10.0.0.2:80 10.0.0.3:80 "},
		{"one family only",
		 ":80/TCP",
		 {"a/1 port=:80/TCP 10.0.0.1", "a/2 family=6 port=:80/TCP fd00::1"},
		 AF_INET6,
		 "[fd00::1]:80 "},
		{"names are not addresses",
		 ":80/TCP",
		 {"a/1 family=FQDN port=:80/TCP 10.0.0.1"},
		 AF_INET,
		 ""},
		{"a copy counts once",
		 ":80/TCP",
		 {"a/1 port=:80/TCP 10.0.0.1", "a/2 port=:80/TCP 10.0.0.1"},
		 AF_INET,
		 "10.0.0.1:80 "},
		{"the ready copy speaks",
		 ":80/TCP",
		 {"a/1 port=:80/TCP 10.0.0.1!unready", "a/2 port=:80/TCP 10.0.0.1"},
		 AF_INET,
		 "10.0.0.1:80 "},
		{"in whatever slice it is",
		 ":80/TCP",
		 {"a/1 port=:80/TCP 10.0.0.1", "a/2 port=:80/TCP 10.0.0.1!terminating"},
		 AF_INET,
		 "10.0.0.1:80 "},
		{"a terminating copy that serves beats one that does not",
		 ":80/TCP",
		 {"a/1 port=:80/TCP 10.0.0.1!ended", "a/2 port=:80/TCP 10.0.0.1!terminating"},
		 AF_INET,
		 "10.0.0.1:80!terminating "},
		{"of equal copies the local one speaks",
		 ":80/TCP",
		 {"a/1 port=:80/TCP 10.0.0.1@there", "a/2 port=:80/TCP 10.0.0.1@here"},
		 AF_INET,
		 "10.0.0.1:80@here "},
		{"of copies with different hints always the same one speaks",
		 ":80/TCP",
		 {"a/1 port=:80/TCP 10.0.0.1 10.0.0.1+west", "a/2 port=:80/TCP 10.0.0.1+east"},
		 AF_INET,
		 "10.0.0.1:80+east "},
		{"of copies with different node hints always the same one speaks",
		 ":80/TCP",
		 {"a/1 port=:80/TCP 10.0.0.1 10.0.0.1~there", "a/2 port=:80/TCP 10.0.0.1~here"},
		 AF_INET,
		 "10.0.0.1:80~here "},
		{"a ready copy elsewhere beats a local one that is not",
		 ":80/TCP",
		 {"a/1 port=:80/TCP 10.0.0.1@here!unready", "a/2 port=:80/TCP 10.0.0.1@there"},
		 AF_INET,
		 "10.0.0.1:80 "},
		{"without nodeName it is nowhere",
		 ":80/TCP",
		 {"a/1 port=:80/TCP 10.0.0.1"},
		 AF_INET,
		 "10.0.0.1:80 "},
		{"local by nodeName",
		 ":80/TCP",
		 {"a/1 port=:80/TCP 10.0.0.1@here 10.0.0.2@there 10.0.0.3@her"},
		 AF_INET,
		 "10.0.0.1:80@here 10.0.0.2:80 10.0.0.3:80 "},
	};
	struct candidates candidates = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_memory char *service =
			string_printf("a/web ip=10.96.0.1 port=%s", cases[i].port);
		struct fixture fixture;
		char *text = NULL;
		size_t size;
		FILE *stream;

		print_message("%s\n", cases[i].what);
		fixture_init(&fixture, service, cases[i].slices);
		topology_collect(&fixture.view, &fixture.service->ports[0], cases[i].family, "here",
				 0, &candidates);
		stream = open_memstream(&text, &size);
		for (size_t c = 0; c < candidates.count; c++)
			write_candidate(stream, &candidates.items[c]);
		fclose(stream);
		assert_string_equal(text, cases[i].candidates);
		free(text);
		fixture_end(&fixture);
	}
	topology_clear(&candidates);
}

static void test_select(void **state)
{
#define PORT "port=:80/TCP "
	/* The last digits of who is selected for each policy. */
	static const struct {
		const char *what, *endpoints, *zone;
		const char *selected[TRAFFIC_COUNT];
	} cases[] = {
		{"nobody", "", NULL, {"", "", ""}},
		{"the ready ones",
		 "10.0.0.1@here 10.0.0.2@here!unready 10.0.0.3@here",
		 NULL,
		 {"13", "13", "13"}},
		{"terminating ones only when nobody is ready",
		 "10.0.0.1@here 10.0.0.2@here!terminating",
		 NULL,
		 {"1", "1", "1"}},
		{"when nobody is ready, who still serves",
		 "10.0.0.1@here!unready 10.0.0.2@here!terminating 10.0.0.3@here!ended",
		 NULL,
		 {"2", "2", "2"}},
		{"not ready and not terminating is no way out",
		 "10.0.0.1@here!unready",
		 NULL,
		 {"", "", ""}},
		{"Local keeps to this node",
		 "10.0.0.1@here 10.0.0.2@there",
		 NULL,
		 {"12", "1", "1"}},
		{"Local prefers ending ones of this node to others",
		 "10.0.0.1@here!terminating 10.0.0.2@there",
		 NULL,
		 {"2", "1", "1"}},
		{"with nobody here, internal Local is nobody, external Local lets pods reach the "
		 "others",
		 "10.0.0.1@there 10.0.0.2@there",
		 NULL,
		 {"12", "", "12"}},
		{"hints keep to the zone", "10.0.0.1+east 10.0.0.2+west", "east", {"1", "", "1"}},
		{"a hint may name several zones",
		 "10.0.0.1+east+west 10.0.0.2+west",
		 "east",
		 {"1", "", "1"}},
		{"a zone's name is compared whole",
		 "10.0.0.1+eastern 10.0.0.2+east",
		 "east",
		 {"2", "", "2"}},
		{"an endpoint without hint disables all hints",
		 "10.0.0.1+east 10.0.0.2",
		 "east",
		 {"12", "", "12"}},
		{"an unready endpoint without hint disables no hints",
		 "10.0.0.1+east 10.0.0.2!unready 10.0.0.3+west",
		 "east",
		 {"1", "", "1"}},
		{"a zone without endpoints uses all",
		 "10.0.0.1+west 10.0.0.2+west",
		 "east",
		 {"12", "", "12"}},
		{"a node without zone uses all",
		 "10.0.0.1+west 10.0.0.2+east",
		 NULL,
		 {"12", "", "12"}},
		{"an empty zone is no zone", "10.0.0.1+west 10.0.0.2+east", "", {"12", "", "12"}},
		{"node hints keep to this node",
		 "10.0.0.1@here~here 10.0.0.2@there~there",
		 NULL,
		 {"1", "1", "1"}},
		{"a node hint may name several nodes",
		 "10.0.0.1@there~here~there 10.0.0.2@there~there",
		 NULL,
		 {"1", "", "1"}},
		{"a node's name is compared whole",
		 "10.0.0.1@there~hereabouts 10.0.0.2@there~her",
		 NULL,
		 {"12", "", "12"}},
		{"node hints go before zone hints",
		 "10.0.0.1@here+east~here 10.0.0.2@there+east~there",
		 "east",
		 {"1", "1", "1"}},
		{"one ready endpoint without node hint leaves it to the zone hints",
		 "10.0.0.1@here+east~here 10.0.0.2@there+east 10.0.0.3@there+west~there",
		 "east",
		 {"12", "1", "1"}},
		{"node hints for other nodes only leave it to the zone hints",
		 "10.0.0.1@there+east~there 10.0.0.2@there+west~there",
		 "east",
		 {"1", "", "1"}},
		{"node hints for other nodes only and no zone hints use all",
		 "10.0.0.1@there~there 10.0.0.2@there~there",
		 "east",
		 {"12", "", "12"}},
		{"an endpoint that is not ready does not spoil node hints",
		 "10.0.0.1@here~here 10.0.0.2@there!unready 10.0.0.3@there~there",
		 NULL,
		 {"1", "1", "1"}},
		{"a node hint for an endpoint that is not ready does not count",
		 "10.0.0.1@here~here!unready 10.0.0.2@there~there",
		 NULL,
		 {"2", "", "2"}},
		{"externalTrafficPolicy Local does not ask for node hints",
		 "10.0.0.1@here~there 10.0.0.2@there~here",
		 NULL,
		 {"2", "1", "1"}},
		{"Local does not ask for zones",
		 "10.0.0.1@here+west 10.0.0.2@there+east",
		 "east",
		 {"2", "1", "1"}},
	};
	struct candidates candidates = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_memory char *slice = string_printf("a/1 " PORT "%s", cases[i].endpoints);
		const char *const slices[SLICES] = {slice};
		const struct node_view node = {.name = "here", .zone = cases[i].zone};
		struct fixture fixture;

		print_message("%s\n", cases[i].what);
		fixture_init(&fixture, "a/web ip=10.96.0.1 port=:80/TCP", slices);
		topology_collect(&fixture.view, &fixture.service->ports[0], AF_INET, "here", 0,
				 &candidates);
		for (int traffic = 0; traffic < TRAFFIC_COUNT; traffic++) {
			bool is_selected[16];
			char digits[16] = "";

			topology_select(&candidates, &node, (enum traffic)traffic, is_selected);
			for (size_t c = 0; c < candidates.count; c++)
				if (is_selected[c])
					sprintf(digits + strlen(digits), "%u",
						candidates.items[c].destination.address.bytes[3]);
			assert_string_equal(digits, cases[i].selected[traffic]);
		}
		fixture_end(&fixture);
	}
	topology_clear(&candidates);
}

#define LARGE 5000

/* In steps of any size they are sorted, and of too many those of this node stay. */
static void test_many(void **state)
{
	static const struct {
		const char *what;
		size_t limit, budget, count, local_count, left_out;
	} cases[] = {
		{"all in small steps", 0, 7, LARGE + 100, 100, 0},
		{"all in one step", 0, SIZE_MAX, LARGE + 100, 100, 0},
		{"a limit that is not reached", LARGE + 100, 300, LARGE + 100, 100, 0},
		{"those of other nodes are left out first", 600, 300, 600, 100, LARGE - 500},
		{"then those of this one", 60, 300, 60, 60, LARGE + 40},
	};
	auto_free(string_pool) struct string_pool *strings = string_pool_new();
	auto_free(store) struct store *store = store_new();
	const struct large_object object = {.name = "a", .ports = 1, .endpoints = LARGE};
	const struct large_object local = {
		.name = "z", .ports = 1, .endpoints = 100, .is_local = true};
	struct service_view a, z, both;
	struct endpoint_slice *slices[LARGE / 1000 + 1];

	(void)state;
	large_object_add(&object, store, strings);
	large_object_add(&local, store, strings);
	assert_true(store_find(store, "large/a", &a));
	assert_true(store_find(store, "large/z", &z));
	both = a;
	memcpy(slices, a.slices, a.slice_count * sizeof(*slices));
	slices[a.slice_count] = z.slices[0];
	for (uint32_t i = 0; i < slices[a.slice_count]->endpoint_count; i++)
		slices[a.slice_count]->endpoints[i].address.bytes[0] = 9;
	both.slices = slices;
	both.slice_count = a.slice_count + 1;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct collection collection = {.view = &both,
						.port = &a.service->ports[0],
						.node_name = "here",
						.limit = cases[i].limit,
						.family = AF_INET};
		struct candidates candidates = {0};
		size_t budget, locals = 0;

		print_message("%s\n", cases[i].what);
		do
			budget = cases[i].budget;
		while (!topology_collect_step(&collection, &budget, &candidates));
		assert_int_equal(candidates.count, cases[i].count);
		assert_int_equal(candidates.left_out, cases[i].left_out);
		for (size_t k = 0; k < candidates.count; k++) {
			locals += candidates.items[k].is_local;
			if (k)
				assert_true(
					destination_compare(&candidates.items[k - 1].destination,
							    &candidates.items[k].destination) < 0);
		}
		assert_int_equal(locals, cases[i].local_count);
		topology_clear(&candidates);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_collect),
		cmocka_unit_test(test_select),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
