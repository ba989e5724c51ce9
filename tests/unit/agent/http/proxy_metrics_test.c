/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/http/proxy_metrics.h"

#include "metrics_fixture.h"
#include "metrics_reader.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define IPV4 (1U << IP_FAMILY_IPV4)
#define IPV6 (1U << IP_FAMILY_IPV6)

static void test_format(void **state)
{
	struct metrics_fixture *fixture = *state;
	auto_memory char *text = NULL, *openmetrics = NULL;

	add_service(&fixture->agent, "a/web ip=10.0.0.1 port=http:80/TCP");
	add_slice(&fixture->agent, "a/web-1 service=web port=http:8080/TCP 10.1.0.1@n");
	program(&fixture->agent);
	proxy_metrics_probe(fixture->metrics, true, 200);
	proxy_metrics_request(fixture->metrics, "200", "GET", "10.0.0.1:6443", 0.1);
	proxy_metrics_turn(fixture->metrics, 0.003);
	proxy_metrics_passed(fixture->metrics, 0.01, METRICS_FIXTURE_START + 1);
	text = metrics_fixture_text(fixture, METRICS_FORMAT_TEXT);
	metrics_reader_assert(text, false);
	openmetrics = metrics_fixture_text(fixture, METRICS_FORMAT_OPENMETRICS);
	metrics_reader_assert(openmetrics, true);
}

/* Names and types of what kube-proxy 1.32 registers in IPVS mode. */
static void test_families_of_1_32(void **state)
{
	static const char *const families[] = {
		"kubeproxy_network_programming_duration_seconds histogram",
		"kubeproxy_proxy_healthz_total counter",
		"kubeproxy_proxy_livez_total counter",
		"kubeproxy_sync_proxy_rules_duration_seconds histogram",
		"kubeproxy_sync_proxy_rules_endpoint_changes_pending gauge",
		"kubeproxy_sync_proxy_rules_endpoint_changes_total counter",
		"kubeproxy_sync_proxy_rules_iptables_restore_failures_total counter",
		"kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds gauge",
		"kubeproxy_sync_proxy_rules_last_timestamp_seconds gauge",
		"kubeproxy_sync_proxy_rules_no_local_endpoints_total gauge",
		"kubeproxy_sync_proxy_rules_service_changes_pending gauge",
		"kubeproxy_sync_proxy_rules_service_changes_total counter",
		"kubernetes_build_info gauge",
		"process_cpu_seconds_total counter",
		"process_max_fds gauge",
		"process_open_fds gauge",
		"process_resident_memory_bytes gauge",
		"process_start_time_seconds gauge",
		"process_virtual_memory_bytes gauge",
		"process_virtual_memory_max_bytes gauge",
		"rest_client_request_duration_seconds histogram",
		"rest_client_requests_total counter",
	};
	struct metrics_fixture *fixture = *state;
	auto_memory char *text = NULL;

	proxy_metrics_probe(fixture->metrics, false, 503);
	proxy_metrics_probe(fixture->metrics, true, 200);
	proxy_metrics_request(fixture->metrics, "200", "GET", "10.0.0.1:6443", 0.1);
	text = metrics_fixture_text(fixture, METRICS_FORMAT_TEXT);
	for (size_t i = 0; i < COUNT(families); i++) {
		auto_memory char *line = string_printf("\n# TYPE %s\n", families[i]);

		print_message("%s\n", families[i]);
		assert_non_null(strstr(text, line));
	}
	metrics_fixture_assert(fixture, "kubeproxy_proxy_healthz_total{code=\"503\"}", "1");
	metrics_fixture_assert(fixture, "kubeproxy_proxy_livez_total{code=\"200\"}", "1");
	metrics_fixture_assert(
		fixture,
		"rest_client_requests_total{code=\"200\",host=\"10.0.0.1:6443\",method=\"GET\"}",
		"1");
	assert_null(strstr(text, "ip_family"));
	assert_null(strstr(text, "kubeproxy_conntrack_"));
	assert_non_null(strstr(text, "git_version=\"v1.32.0+ipvsagent-"));
	assert_non_null(strstr(text, "minor=\"32\""));
}

static void test_conflicts(void **state)
{
	static const char *const waiting =
		"ipvsagent_service_conflicts{conflict=\"waiting\",namespace=\"a\",service=\"young\"}";
	static const char *const contested =
		"ipvsagent_service_conflicts{conflict=\"contested\",namespace=\"a\",service=\"old\"}";
	struct metrics_fixture *fixture = *state;
	auto_free(events) struct events *events = events_new("n");
	auto_free(conflicts) struct conflicts *conflicts =
		conflicts_new(fixture->agent.store, events);
	auto_memory char *text = NULL;

	fixture->agent.sources.conflicts = conflicts;
	add_service(&fixture->agent, "a/old ip=10.0.0.1 external=1.1.1.1 port=:80/TCP created=1");
	add_service(&fixture->agent, "a/young ip=10.0.0.2 external=1.1.1.1 port=:80/TCP created=2");
	add_service(&fixture->agent, "b/third ip=10.0.0.3 external=1.1.1.1 port=:80/TCP created=3");
	program(&fixture->agent);
	conflicts_passed(conflicts, fixture->agent.ledger);
	metrics_fixture_assert(fixture, waiting, "1");
	metrics_fixture_assert(fixture, contested, "2");
	metrics_fixture_assert(fixture, contested, "2");

	store_remove_service(fixture->agent.store, "a", "old");
	store_remove_service(fixture->agent.store, "a", "young");
	program(&fixture->agent);
	conflicts_passed(conflicts, fixture->agent.ledger);
	text = metrics_fixture_text(fixture, METRICS_FORMAT_TEXT);
	assert_null(strstr(text, "ipvsagent_service_conflicts"));
}

/* Computed as kube-proxy does, to be compared with the table. */
static char *buckets_text(const char *name, const double *bounds, size_t count)
{
	char *text, bound[32];
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	for (size_t i = 0; i < count; i++) {
		snprintf(bound, sizeof(bound), "%.10g", bounds[i]);
		fprintf(stream, "%s_bucket{le=\"%s\"} 0\n", name, bound);
	}
	fprintf(stream, "%s_bucket{le=\"+Inf\"} 0\n", name);
	fclose(stream);
	return text;
}

static void test_buckets_of_kube_proxy(void **state)
{
	struct metrics_fixture *fixture = *state;
	auto_memory char *text = metrics_fixture_text(fixture, METRICS_FORMAT_TEXT);
	auto_memory char *sync = NULL, *programming = NULL;
	double bounds[100] = {0}; /* the first one of network programming is 0 */
	size_t count = 1;

	for (double bound = 0.25; bound <= 0.5; bound += 0.25)
		bounds[count++] = bound;
	for (double bound = 1; bound < 60; bound++)
		bounds[count++] = bound;
	for (double bound = 60; bound < 120; bound += 5)
		bounds[count++] = bound;
	for (double bound = 120; bound <= 300; bound += 30)
		bounds[count++] = bound;
	programming = buckets_text("kubeproxy_network_programming_duration_seconds", bounds, count);
	assert_non_null(strstr(text, programming));

	count = 0;
	for (double bound = 0.001; count < 15; bound *= 2)
		bounds[count++] = bound;
	sync = buckets_text("kubeproxy_sync_proxy_rules_duration_seconds", bounds, count);
	assert_non_null(strstr(text, sync));
}

static void test_changes_are_pending_until_a_pass_is_over(void **state)
{
	struct metrics_fixture *fixture = *state;

	proxy_metrics_service_event(fixture->metrics, IPV4, true, METRICS_FIXTURE_START + 1);
	proxy_metrics_service_event(fixture->metrics, IPV4, false, METRICS_FIXTURE_START + 2);
	proxy_metrics_slice_event(fixture->metrics, IPV4, true, 0, METRICS_FIXTURE_START + 3);
	proxy_metrics_slice_event(fixture->metrics, IPV4, true, 0, METRICS_FIXTURE_START + 4);
	proxy_metrics_slice_event(fixture->metrics, IPV4, false, 0, METRICS_FIXTURE_START + 5);
	metrics_fixture_assert(fixture, "kubeproxy_sync_proxy_rules_service_changes_total", "2");
	metrics_fixture_assert(fixture, "kubeproxy_sync_proxy_rules_service_changes_pending", "1");
	metrics_fixture_assert(fixture, "kubeproxy_sync_proxy_rules_endpoint_changes_total", "3");
	metrics_fixture_assert(fixture, "kubeproxy_sync_proxy_rules_endpoint_changes_pending", "2");
	metrics_fixture_assert(fixture, "kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds",
			       "1700000004");
	metrics_fixture_assert(fixture, "kubeproxy_sync_proxy_rules_last_timestamp_seconds", "0");

	proxy_metrics_passed(fixture->metrics, 0.125, METRICS_FIXTURE_START + 6);
	metrics_fixture_assert(fixture, "kubeproxy_sync_proxy_rules_service_changes_total", "2");
	metrics_fixture_assert(fixture, "kubeproxy_sync_proxy_rules_service_changes_pending", "0");
	metrics_fixture_assert(fixture, "kubeproxy_sync_proxy_rules_endpoint_changes_pending", "0");
	metrics_fixture_assert(fixture, "kubeproxy_sync_proxy_rules_last_timestamp_seconds",
			       "1700000006");
	metrics_fixture_assert(fixture, "kubeproxy_sync_proxy_rules_duration_seconds_sum", "0.125");
	metrics_fixture_assert(
		fixture, "kubeproxy_sync_proxy_rules_duration_seconds_bucket{le=\"0.064\"}", "0");
	metrics_fixture_assert(
		fixture, "kubeproxy_sync_proxy_rules_duration_seconds_bucket{le=\"0.128\"}", "1");
}

static void test_network_programming(void **state)
{
	static const char *const count = "kubeproxy_network_programming_duration_seconds_count";
	struct metrics_fixture *fixture = *state;
	int64_t start = (int64_t)(METRICS_FIXTURE_START * 1000);

	proxy_metrics_slice_event(fixture->metrics, IPV4, true, 0, METRICS_FIXTURE_START + 1);
	proxy_metrics_slice_event(fixture->metrics, IPV4, true, start - 1,
				  METRICS_FIXTURE_START + 1);
	proxy_metrics_slice_event(fixture->metrics, IPV4, false, start + 500,
				  METRICS_FIXTURE_START + 1);
	proxy_metrics_passed(fixture->metrics, 0.001, METRICS_FIXTURE_START + 1);
	metrics_fixture_assert(fixture, count, "0");

	proxy_metrics_slice_event(fixture->metrics, IPV4, true, start + 1500,
				  METRICS_FIXTURE_START + 2);
	proxy_metrics_slice_event(fixture->metrics, IPV4, true, start + 2000,
				  METRICS_FIXTURE_START + 2);
	metrics_fixture_assert(fixture, count, "0");
	proxy_metrics_passed(fixture->metrics, 0.001, METRICS_FIXTURE_START + 2.25);
	proxy_metrics_passed(fixture->metrics, 0.001, METRICS_FIXTURE_START + 3);
	metrics_fixture_assert(fixture, count, "2");
	metrics_fixture_assert(fixture, "kubeproxy_network_programming_duration_seconds_sum", "1");
	metrics_fixture_assert(
		fixture, "kubeproxy_network_programming_duration_seconds_bucket{le=\"0.25\"}", "1");
	metrics_fixture_assert(
		fixture, "kubeproxy_network_programming_duration_seconds_bucket{le=\"1\"}", "2");
}

static void test_services_without_local_endpoints(void **state)
{
	static const struct {
		const char *what, *service, *slice;
		const char *internal, *external;
		const char *ipv6_slice; /* NULL: none */
	} cases[] = {
		{"policy Cluster", "ip=10.0.0.1 type=NodePort", "10.1.0.1@other", "0", "0", NULL},
		{"only endpoints elsewhere", "ip=10.0.0.1 itp=Local etp=Local type=NodePort",
		 "10.1.0.1@other", "1", "1", NULL},
		{"internal only", "ip=10.0.0.1 itp=Local", "10.1.0.1@other", "1", "0", NULL},
		{"external only", "ip=10.0.0.1 etp=Local type=NodePort", "10.1.0.1", "0", "1",
		 NULL},
		{"an external IP", "ip=10.0.0.1 etp=Local external=10.2.0.1", "10.1.0.1", "0", "1",
		 NULL},
		{"unreachable from outside", "ip=10.0.0.1 etp=Local", "10.1.0.1", "0", "0", NULL},
		{"one here", "ip=10.0.0.1 itp=Local", "10.1.0.1@other 10.1.0.2@n", "0", "0", NULL},
		{"one here, unready", "ip=10.0.0.1 itp=Local", "10.1.0.1@other 10.1.0.2@n!unready",
		 "1", "0", NULL},
		{"one here, terminating", "ip=10.0.0.1 itp=Local", "10.1.0.2@n!terminating", "0",
		 "0", NULL},
		{"no endpoints at all", "ip=10.0.0.1 itp=Local", "10.1.0.2@n!unready", "0", "0",
		 NULL},
		{"headless", "itp=Local", "10.1.0.1@other", "0", "0", NULL},
		{"both families, both here", "ip=10.0.0.1 ip=fd00::1 itp=Local", "10.1.0.1@n", "0",
		 "0", "fd01::1@n"},
		{"both families, one elsewhere", "ip=10.0.0.1 ip=fd00::1 itp=Local", "10.1.0.1@n",
		 "1", "0", "fd01::1@other"},
		{"the other one elsewhere",
		 "ip=10.0.0.1 ip=fd00::1 itp=Local etp=Local external=10.2.0.1", "10.1.0.1@other",
		 "1", "1", "fd01::1@n"},
		{"both elsewhere, one Service", "ip=10.0.0.1 ip=fd00::1 itp=Local",
		 "10.1.0.1@other", "1", "0", "fd01::1@other"},
		{"a family that the Service has not", "ip=10.0.0.1 itp=Local", "10.1.0.1@n", "0",
		 "0", "fd01::1@other"},
	};
	static const char *const name = "kubeproxy_sync_proxy_rules_no_local_endpoints_total";
	struct metrics_fixture *fixture = *state;
	auto_memory char *internal = string_printf("%s{traffic_policy=\"internal\"}", name);
	auto_memory char *external = string_printf("%s{traffic_policy=\"external\"}", name);
	struct service_view gone = {.key = "a/web"};

	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_memory char *service =
			string_printf("a/web port=:80/TCP %s", cases[i].service);
		auto_memory char *slice =
			string_printf("a/web-1 service=web port=:80/TCP %s", cases[i].slice);
		auto_memory char *ipv6_slice =
			string_printf("a/web-2 service=web family=6 port=:80/TCP %s",
				      cases[i].ipv6_slice ? cases[i].ipv6_slice : "");
		struct service_view view;

		print_message("%s\n", cases[i].what);
		add_service(&fixture->agent, service);
		add_slice(&fixture->agent, slice);
		add_slice(&fixture->agent, ipv6_slice);
		assert_true(store_find(fixture->agent.store, "a/web", &view));
		proxy_metrics_planned(fixture->metrics, &view, "n");
		proxy_metrics_planned(fixture->metrics, &view, "n");
		metrics_fixture_assert(fixture, internal, cases[i].internal);
		metrics_fixture_assert(fixture, external, cases[i].external);
		proxy_metrics_planned(fixture->metrics, &gone, "n");
		metrics_fixture_assert(fixture, internal, "0");
		metrics_fixture_assert(fixture, external, "0");
	}
}

#define SYNC "kubeproxy_sync_proxy_rules_"
#define OF_4 "{ip_family=\"IPv4\"}"
#define OF_6 "{ip_family=\"IPv6\"}"

static void assert_absent(struct metrics_fixture *fixture, const char *name)
{
	auto_memory char *text = metrics_fixture_text(fixture, METRICS_FORMAT_TEXT);
	auto_memory char *start = string_printf("\n%s ", name);

	if (strstr(text, start))
		fail_msg("there is a %s", name);
}

/* A pass serves both families, and counts for those that had changes. */
static void test_each_family_has_its_numbers(void **state)
{
	static const char *const programming =
		"kubeproxy_network_programming_duration_seconds_count" OF_6;
	struct metrics_fixture *fixture = *state;

	assert_absent(fixture, SYNC "last_queued_timestamp_seconds" OF_4);
	proxy_metrics_service_event(fixture->metrics, IPV4, true, METRICS_FIXTURE_START + 1);
	proxy_metrics_slice_event(fixture->metrics, IPV6, false, 0, METRICS_FIXTURE_START + 2);
	metrics_fixture_assert(fixture, SYNC "last_queued_timestamp_seconds" OF_4, "1700000001");
	metrics_fixture_assert(fixture, SYNC "last_queued_timestamp_seconds" OF_6, "1700000001");
	assert_absent(fixture, SYNC "last_timestamp_seconds" OF_6);
	proxy_metrics_passed(fixture->metrics, 2, METRICS_FIXTURE_START + 3);
	metrics_fixture_assert(fixture, SYNC "duration_seconds_sum" OF_4, "2");
	metrics_fixture_assert(fixture, SYNC "duration_seconds_sum" OF_6, "2");

	proxy_metrics_service_event(fixture->metrics, IPV4, true, METRICS_FIXTURE_START + 4);
	proxy_metrics_passed(fixture->metrics, 0.125, METRICS_FIXTURE_START + 5);
	metrics_fixture_assert(fixture, SYNC "last_queued_timestamp_seconds" OF_4, "1700000004");
	metrics_fixture_assert(fixture, SYNC "last_queued_timestamp_seconds" OF_6, "1700000001");
	metrics_fixture_assert(fixture, SYNC "duration_seconds_count" OF_4, "2");
	metrics_fixture_assert(
		fixture, SYNC "duration_seconds_bucket{ip_family=\"IPv4\",le=\"0.064\"}", "0");
	metrics_fixture_assert(
		fixture, SYNC "duration_seconds_bucket{ip_family=\"IPv4\",le=\"0.128\"}", "1");
	metrics_fixture_assert(fixture, SYNC "duration_seconds_count" OF_6, "1");
	metrics_fixture_assert(fixture, SYNC "last_timestamp_seconds" OF_4, "1700000005");
	metrics_fixture_assert(fixture, SYNC "last_timestamp_seconds" OF_6, "1700000005");

	proxy_metrics_slice_event(fixture->metrics, IPV6, true,
				  (int64_t)(METRICS_FIXTURE_START + 4) * 1000,
				  METRICS_FIXTURE_START + 5);
	metrics_fixture_assert(fixture, SYNC "last_queued_timestamp_seconds" OF_6, "1700000005");
	proxy_metrics_passed(fixture->metrics, 0.5, METRICS_FIXTURE_START + 6);
	metrics_fixture_assert(fixture, SYNC "duration_seconds_count" OF_4, "2");
	metrics_fixture_assert(fixture, SYNC "duration_seconds_sum" OF_6, "2.5");
	metrics_fixture_assert(fixture, programming, "1");
	metrics_fixture_assert(fixture, "kubeproxy_network_programming_duration_seconds_sum" OF_6,
			       "2");
	assert_absent(fixture, "kubeproxy_network_programming_duration_seconds_count" OF_4);

	proxy_metrics_passed(fixture->metrics, 0.25, METRICS_FIXTURE_START + 7);
	metrics_fixture_assert(fixture, SYNC "duration_seconds_count" OF_4, "3");
	metrics_fixture_assert(fixture, SYNC "duration_seconds_count" OF_6, "3");
	metrics_fixture_assert(fixture, programming, "1");
	metrics_fixture_assert(fixture, SYNC "iptables_restore_failures_total" OF_6, "0");
}

static void test_a_host_without_ipv6_has_no_numbers_of_it(void **state)
{
	struct metrics_fixture *fixture = *state;
	auto_memory char *text = NULL;

	proxy_metrics_set_families(fixture->metrics, IPV4);
	proxy_metrics_service_event(fixture->metrics, IPV4 | IPV6, true, METRICS_FIXTURE_START + 1);
	proxy_metrics_passed(fixture->metrics, 0.125, METRICS_FIXTURE_START + 3);
	text = metrics_fixture_text(fixture, METRICS_FORMAT_TEXT);
	assert_null(strstr(text, "IPv6\""));
	assert_non_null(strstr(text, SYNC "last_timestamp_seconds" OF_4));
}

static void test_walks_over_conntrack(void **state)
{
	static const char *const count =
		"kubeproxy_conntrack_reconciler_sync_duration_seconds_count";
	static const char *const deleted = "kubeproxy_conntrack_reconciler_deleted_entries_total";
	const struct error none = {0}, failure = {.code = -ENOBUFS};
	struct metrics_fixture *fixture = *state;
	auto_memory char *count_4 = string_printf("%s" OF_4, count);
	auto_memory char *count_6 = string_printf("%s" OF_6, count);
	auto_memory char *deleted_4 = string_printf("%s" OF_4, deleted);
	auto_memory char *deleted_6 = string_printf("%s" OF_6, deleted);

	proxy_metrics_walked(fixture->metrics, &(struct conntrack_report){.families = IPV4,
									  .deleted = {2},
									  .seconds = 1,
									  .error = &none});
	metrics_fixture_assert(fixture, count_4, "1");
	metrics_fixture_assert(fixture, deleted_4, "2");
	assert_absent(fixture, count_6);
	proxy_metrics_walked(fixture->metrics, &(struct conntrack_report){.families = IPV4 | IPV6,
									  .deleted = {1, 0},
									  .seconds = 1,
									  .error = &none});
	metrics_fixture_assert(fixture, deleted_4, "3");
	metrics_fixture_assert(fixture, count_6, "1");
	metrics_fixture_assert(fixture, deleted_6, "0");

	/* One that failed says nothing about how long one takes. */
	proxy_metrics_walked(fixture->metrics, &(struct conntrack_report){.families = IPV6,
									  .deleted = {0, 5},
									  .seconds = 1,
									  .error = &failure});
	metrics_fixture_assert(fixture, count_6, "1");
	metrics_fixture_assert(fixture, deleted_6, "5");
}

static void test_gaps_of_each_family(void **state)
{
	static const struct {
		const char *family, *policy, *expected;
	} rows[] = {
		{"IPv4", "internal", "0"},
		{"IPv4", "external", "1"},
		{"IPv6", "internal", "1"},
		{"IPv6", "external", "1"},
	};
	static const struct {
		const char *service, *slice, *ipv6_slice;
	} services[] = {
		{"a/one ip=10.0.0.1 ip=fd00::1 itp=Local port=:80/TCP",
		 "a/one-1 service=one port=:80/TCP 10.1.0.1@n",
		 "a/one-2 service=one family=6 port=:80/TCP fd01::1@other"},
		{"a/two ip=10.0.0.2 ip=fd00::2 etp=Local type=NodePort port=:80/TCP",
		 "a/two-1 service=two port=:80/TCP 10.1.0.1@other",
		 "a/two-2 service=two family=6 port=:80/TCP fd01::1@other"},
	};
	struct metrics_fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(services); i++) {
		struct service_view view;

		add_service(&fixture->agent, services[i].service);
		add_slice(&fixture->agent, services[i].slice);
		add_slice(&fixture->agent, services[i].ipv6_slice);
		assert_true(store_find(fixture->agent.store, i ? "a/two" : "a/one", &view));
		proxy_metrics_planned(fixture->metrics, &view, "n");
	}
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_memory char *name = string_printf(
			SYNC "no_local_endpoints_total{ip_family=\"%s\",traffic_policy=\"%s\"}",
			rows[i].family, rows[i].policy);

		metrics_fixture_assert(fixture, name, rows[i].expected);
	}
}

static void test_what_exists(void **state)
{
	const struct reload_state settings = {.waiting = {(char *[]){(char[]){"socket"}}, 1},
					      .error = (char[]){"bad"},
					      .applied = 2,
					      .rejected = 1};
	struct metrics_fixture *fixture = *state;

	metrics_fixture_assert(fixture, "ipvsagent_settings_in_force", "1");
	fixture->agent.health.settings = &settings;
	metrics_fixture_assert(fixture, "ipvsagent_source_synced", "0");
	metrics_fixture_assert(fixture, "ipvsagent_settled", "0");
	add_service(&fixture->agent, "a/web ip=10.0.0.1 port=http:80/TCP");
	add_slice(&fixture->agent, "a/web-1 service=web port=http:8080/TCP 10.1.0.1@n 10.1.0.2@n");
	add_service(&fixture->agent, "a/refused ip=10.0.0.2 port=:666/TCP");
	program(&fixture->agent);
	rejections_set(fixture->agent.rejections, &(struct rejection){.kind = "Service",
								      .namespace_name = "a",
								      .name = "bad",
								      .reason = "bad"});
	proxy_metrics_turn(fixture->metrics, 0.25);
	proxy_metrics_turn(fixture->metrics, 0.125);
	metrics_fixture_assert(fixture, "ipvsagent_source_synced", "1");
	metrics_fixture_assert(fixture, "ipvsagent_settled", "1");
	metrics_fixture_assert(fixture, "ipvsagent_rules_in_place", "1");
	metrics_fixture_assert(fixture, "ipvsagent_settings_in_force", "0");
	metrics_fixture_assert(fixture, "ipvsagent_settings_waiting_for_restart", "1");
	metrics_fixture_assert(fixture, "ipvsagent_settings_read_total{result=\"applied\"}", "2");
	metrics_fixture_assert(fixture, "ipvsagent_settings_read_total{result=\"rejected\"}", "1");
	metrics_fixture_assert(fixture, "ipvsagent_services", "2");
	metrics_fixture_assert(fixture, "ipvsagent_endpoint_slices", "1");
	metrics_fixture_assert(fixture, "ipvsagent_endpoints", "2");
	metrics_fixture_assert(fixture, "ipvsagent_virtual_servers", "1");
	metrics_fixture_assert(fixture, "ipvsagent_destinations", "2");
	metrics_fixture_assert(fixture, "ipvsagent_addresses", "2");
	metrics_fixture_assert(fixture, "ipvsagent_failed_objects", "1");
	metrics_fixture_assert(fixture, "ipvsagent_rejected_objects", "1");
	metrics_fixture_assert(fixture, "ipvsagent_changes_failed_total{facility=\"ipvs\"}", "1");
	metrics_fixture_assert(fixture, "ipvsagent_changes_applied_total{facility=\"ipvs\"}", "3");
	metrics_fixture_assert(fixture, "ipvsagent_drift_repaired_total{kind=\"ipvs\"}", "0");
	sync_count_repair(fixture->agent.sync, FACILITY_IPVS, 4);
	metrics_fixture_assert(fixture, "ipvsagent_drift_repaired_total{kind=\"ipvs\"}", "4");
	metrics_fixture_assert(fixture, "ipvsagent_loop_longest_turn_seconds", "0.25");
	metrics_fixture_assert(fixture, "ipvsagent_loop_turn_duration_seconds_count", "2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_format, metrics_fixture_set_up,
						metrics_fixture_tear_down),
		cmocka_unit_test_setup_teardown(test_families_of_1_32, metrics_fixture_set_up_1_32,
						metrics_fixture_tear_down),
		cmocka_unit_test_setup_teardown(test_buckets_of_kube_proxy,
						metrics_fixture_set_up_1_32,
						metrics_fixture_tear_down),
		cmocka_unit_test_setup_teardown(test_changes_are_pending_until_a_pass_is_over,
						metrics_fixture_set_up_1_32,
						metrics_fixture_tear_down),
		cmocka_unit_test_setup_teardown(test_network_programming,
						metrics_fixture_set_up_1_32,
						metrics_fixture_tear_down),
		cmocka_unit_test_setup_teardown(test_services_without_local_endpoints,
						metrics_fixture_set_up_1_32,
						metrics_fixture_tear_down),
		cmocka_unit_test_setup_teardown(test_each_family_has_its_numbers,
						metrics_fixture_set_up, metrics_fixture_tear_down),
		cmocka_unit_test_setup_teardown(test_a_host_without_ipv6_has_no_numbers_of_it,
						metrics_fixture_set_up, metrics_fixture_tear_down),
		cmocka_unit_test_setup_teardown(test_walks_over_conntrack, metrics_fixture_set_up,
						metrics_fixture_tear_down),
		cmocka_unit_test_setup_teardown(test_gaps_of_each_family, metrics_fixture_set_up,
						metrics_fixture_tear_down),
		cmocka_unit_test_setup_teardown(test_conflicts, metrics_fixture_set_up,
						metrics_fixture_tear_down),
		cmocka_unit_test_setup_teardown(test_what_exists, metrics_fixture_set_up,
						metrics_fixture_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
