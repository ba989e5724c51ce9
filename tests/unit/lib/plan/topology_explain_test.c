/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan/topology_explain.h"

#include "tests/fake/object_text.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ENDPOINTS_MAX 8

/* The rule, each endpoint with "used" or why not, why hints are not followed. */
static char *explain(const struct candidates *candidates, const struct node_view *node,
		     enum traffic traffic)
{
	bool is_selected[ENDPOINTS_MAX];
	const struct topology_choice choice = {
		.traffic = traffic,
		.basis = topology_select(candidates, node, traffic, is_selected),
		.policy = "internalTrafficPolicy",
	};
	char line[TOPOLOGY_TEXT_SIZE];
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	assert_true(candidates->count <= ENDPOINTS_MAX);
	fprintf(stream, "%s |", topology_rule_text(&choice, line));
	for (size_t i = 0; i < candidates->count; i++)
		fprintf(stream, " %u %s%s", candidates->items[i].destination.address.bytes[3],
			is_selected[i] ? "used"
				       : topology_unused_text(&choice, &candidates->items[i], line),
			i + 1 < candidates->count ? "," : "");
	fprintf(stream, " | %s", topology_hints_text(&choice, candidates, node, line));
	fclose(stream);
	return text;
}

static char *explain_endpoints(const char *endpoints, const char *zone, enum traffic traffic)
{
	const struct node_view node = {.name = "here", .zone = zone};
	auto_memory char *slice_text = string_printf("a/1 port=:80/TCP %s", endpoints);
	struct string_pool *strings = string_pool_new();
	struct service *service = object_text_service("a/web ip=10.96.0.1 port=:80/TCP");
	struct endpoint_slice *slice = object_text_slice(strings, slice_text);
	const struct service_view view = {
		.key = "a/web", .service = service, .slices = &slice, .slice_count = 1};
	struct candidates candidates = {0};
	char *text;

	topology_collect(&view, &service->ports[0], AF_INET, node.name, 0, &candidates);
	text = explain(&candidates, &node, traffic);
	topology_clear(&candidates);
	endpoint_slice_free(slice);
	service_free(service);
	string_pool_free(strings);
	return text;
}

static void test_explain(void **state)
{
	static const struct {
		const char *what, *endpoints, *zone;
		enum traffic traffic;
		const char *text;
	} cases[] = {
		{"without hints every ready endpoint is used", "10.0.0.1 10.0.0.2!unready", "east",
		 TRAFFIC_CLUSTER, "all ready endpoints | 1 used, 2 not ready | "},
		{"without endpoints there is no rule", "", "east", TRAFFIC_CLUSTER, " | | "},
		{"terminating endpoints rest while others are ready",
		 "10.0.0.1 10.0.0.2!terminating 10.0.0.3!ended", NULL, TRAFFIC_CLUSTER,
		 "all ready endpoints | 1 used, 2 terminating, and others are ready, 3 terminating, "
		 "and not serving any more | "},
		{"terminating endpoints serve when none is ready",
		 "10.0.0.1!unready 10.0.0.2!terminating 10.0.0.3!ended", NULL, TRAFFIC_CLUSTER,
		 "terminating, but none is ready | 1 not ready, 2 used, 3 terminating, and not "
		 "serving any more | "},
		{"nobody is left", "10.0.0.1!unready 10.0.0.2!ended", NULL, TRAFFIC_CLUSTER,
		 " | 1 not ready, 2 terminating, and not serving any more | "},
		{"zone hints", "10.0.0.1+east 10.0.0.2+west+north 10.0.0.3+east!unready", "east",
		 TRAFFIC_CLUSTER,
		 "zone hint | 1 used, 2 hint for another zone: west,north, 3 not ready | "},
		{"with zone hints terminating endpoints rest as well",
		 "10.0.0.1+east 10.0.0.2+east!terminating", "east", TRAFFIC_CLUSTER,
		 "zone hint | 1 used, 2 terminating, and others are ready | "},
		{"node hints", "10.0.0.1@here~here 10.0.0.2@there~there", "east", TRAFFIC_CLUSTER,
		 "node hint | 1 used, 2 hint for another node: there | "},
		{"an endpoint without a zone hint", "10.0.0.1+east 10.0.0.2", "east",
		 TRAFFIC_CLUSTER,
		 "all ready endpoints | 1 used, 2 used | zone hints are not followed: 10.0.0.2:80 "
		 "has no hint"},
		{"zone hints for others", "10.0.0.1+west 10.0.0.2+north", "east", TRAFFIC_CLUSTER,
		 "all ready endpoints | 1 used, 2 used | zone hints are not followed: no hint for "
		 "zone east"},
		{"a Node without a zone", "10.0.0.1+west", NULL, TRAFFIC_CLUSTER,
		 "all ready endpoints | 1 used | zone hints are not followed: this Node has no "
		 "zone"},
		{"node hints for others leave it to zone hints",
		 "10.0.0.1+east~there 10.0.0.2+west~there", "east", TRAFFIC_CLUSTER,
		 "zone hint | 1 used, 2 hint for another zone: west | node hints are not followed: "
		 "no hint for node here"},
		{"hints of neither kind are followed", "10.0.0.1+west~here 10.0.0.2+west", "east",
		 TRAFFIC_CLUSTER,
		 "all ready endpoints | 1 used, 2 used | node hints are not followed: 10.0.0.2:80 "
		 "has no hint; zone hints are not followed: no hint for zone east"},
		{"hints of endpoints that are not ready do not count",
		 "10.0.0.1 10.0.0.2+east!unready", "east", TRAFFIC_CLUSTER,
		 "all ready endpoints | 1 used, 2 not ready | "},
		{"Local", "10.0.0.1@here 10.0.0.2@there 10.0.0.3@there!unready", "east",
		 TRAFFIC_LOCAL,
		 "internalTrafficPolicy Local | 1 used, 2 not on this node (internalTrafficPolicy "
		 "Local), 3 not ready | "},
		{"Local asks for no hints", "10.0.0.1@here+west~there", "east", TRAFFIC_LOCAL,
		 "internalTrafficPolicy Local | 1 used | "},
		{"Local with nobody ready here", "10.0.0.1@here!terminating 10.0.0.2@there", "east",
		 TRAFFIC_LOCAL,
		 "internalTrafficPolicy Local; terminating, but none on this node is ready | 1 "
		 "used, 2 not on this node (internalTrafficPolicy Local) | "},
		{"Local while others here are ready", "10.0.0.1@here!terminating 10.0.0.2@here",
		 "east", TRAFFIC_LOCAL,
		 "internalTrafficPolicy Local | 1 terminating, and others are ready, 2 used | "},
		{"Local with nobody here", "10.0.0.1@there 10.0.0.2@there!terminating", "east",
		 TRAFFIC_LOCAL,
		 " | 1 not on this node (internalTrafficPolicy Local), 2 not on this node "
		 "(internalTrafficPolicy Local) | "},
		{"Local, or all if there is none here", "10.0.0.1@there+east 10.0.0.2@there+west",
		 "east", TRAFFIC_LOCAL_OR_ALL,
		 "zone hint | 1 used, 2 hint for another zone: west | "},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_memory char *text = NULL;

		print_message("%s\n", cases[i].what);
		text = explain_endpoints(cases[i].endpoints, cases[i].zone, cases[i].traffic);
		assert_string_equal(text, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_explain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
