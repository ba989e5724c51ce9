/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/http/service_traffic.h"

#include "metrics_fixture.h"
#include "metrics_reader.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct virtual_server_key server_key(const char *address)
{
	return (struct virtual_server_key){
		.address = object_text_address(address), .port = 80, .protocol = IPPROTO_TCP};
}

static void plan(struct metrics_fixture *fixture, const char *key)
{
	struct service_view view = {.key = key};

	store_find(fixture->agent.store, key, &view);
	proxy_metrics_planned(fixture->metrics, &view, "n");
}

/* The registry of this fixture follows two Services. */
static void test_traffic_of_services(void **state)
{
	struct metrics_fixture *fixture = *state;
	struct service_traffic *traffic = proxy_metrics_traffic(fixture->metrics);
	const struct traffic_observer observer = service_traffic_observer(traffic);
	const struct virtual_server_key web = server_key("10.0.0.1"),
					outside = server_key("10.9.0.1");
	const struct virtual_server_key shop = server_key("10.0.0.2"), dns = server_key("10.0.0.3");
	auto_memory char *text = NULL;

	add_service(&fixture->agent, "a/headless port=http:80/TCP");
	add_service(&fixture->agent, "a/web ip=10.0.0.1 external=10.9.0.1 port=http:80/TCP");
	add_service(&fixture->agent, "b/shop created=5 ip=10.0.0.2 external=10.9.0.1 port=:80/TCP");
	add_service(&fixture->agent, "b/third ip=10.0.0.3 port=:80/TCP");
	program(&fixture->agent);
	plan(fixture, "a/headless");
	plan(fixture, "a/web");
	plan(fixture, "a/web");
	plan(fixture, "b/shop");
	plan(fixture, "b/third");
	metrics_fixture_assert(
		fixture, "ipvsagent_service_connections_total{namespace=\"a\",service=\"web\"}",
		"0");

	observer.begin(observer.owner);
	observer.observe(observer.owner, &web, &(struct ipvs_traffic){1, 2, 3, 4, 5});
	observer.observe(observer.owner, &outside, &(struct ipvs_traffic){10, 20, 30, 40, 50});
	observer.observe(observer.owner, &shop, &(struct ipvs_traffic){7, 7, 7, 7, 7});
	observer.observe(observer.owner, &dns, &(struct ipvs_traffic){9, 9, 9, 9, 9});
	observer.end(observer.owner);

	/* What is read anew counts when it is complete; a server may come twice, a reading end
	 * early. */
	observer.begin(observer.owner);
	observer.observe(observer.owner, &web, &(struct ipvs_traffic){100, 0, 0, 0, 0});
	observer.begin(observer.owner);
	observer.observe(observer.owner, &shop, &(struct ipvs_traffic){100, 0, 0, 0, 0});
	observer.observe(observer.owner, &shop, &(struct ipvs_traffic){200, 0, 0, 0, 0});
	metrics_fixture_assert(
		fixture, "ipvsagent_service_connections_total{namespace=\"a\",service=\"web\"}",
		"11");
	metrics_fixture_assert(
		fixture,
		"ipvsagent_service_packets_total{direction=\"in\",namespace=\"a\",service=\"web\"}",
		"22");
	metrics_fixture_assert(
		fixture,
		"ipvsagent_service_packets_total{direction=\"out\",namespace=\"a\",service="
		"\"web\"}",
		"33");
	metrics_fixture_assert(
		fixture,
		"ipvsagent_service_bytes_total{direction=\"in\",namespace=\"a\",service=\"web\"}",
		"44");
	metrics_fixture_assert(
		fixture,
		"ipvsagent_service_bytes_total{direction=\"out\",namespace=\"a\",service=\"web\"}",
		"55");
	/* The external IP is the older Service's. */
	metrics_fixture_assert(
		fixture, "ipvsagent_service_connections_total{namespace=\"b\",service=\"shop\"}",
		"7");

	observer.end(observer.owner);
	metrics_fixture_assert(
		fixture, "ipvsagent_service_connections_total{namespace=\"b\",service=\"shop\"}",
		"200");
	observer.begin(observer.owner);
	observer.observe(observer.owner, &dns, &(struct ipvs_traffic){9, 9, 9, 9, 9});
	observer.end(observer.owner);

	store_remove_service(fixture->agent.store, "a", "web");
	plan(fixture, "a/web");
	plan(fixture, "b/third");
	metrics_fixture_assert(
		fixture, "ipvsagent_service_connections_total{namespace=\"b\",service=\"third\"}",
		"9");
	text = metrics_fixture_text(fixture, METRICS_FORMAT_TEXT);
	assert_null(strstr(text, "service=\"web\""));
	assert_null(strstr(text, "service=\"headless\""));
	metrics_reader_assert(text, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_traffic_of_services, metrics_fixture_set_up,
						metrics_fixture_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
