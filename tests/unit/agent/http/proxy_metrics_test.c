/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/http/proxy_metrics.h"

#include "tests/unit/agent/agent_fixture.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define START 1700000000.0

#define IPV4 (1U << IP_FAMILY_IPV4)
#define IPV6 (1U << IP_FAMILY_IPV6)

struct metrics_fixture {
	struct fixture agent;
	struct proxy_metrics *metrics;
};

static int set_up_release(void **state, enum kube_proxy_release release)
{
	struct metrics_fixture *fixture = memory_allocate(sizeof(*fixture));

	fixture_set_up(&fixture->agent);
	fixture->metrics = proxy_metrics_new(START, 2, release);
	*state = fixture;
	return 0;
}

static int set_up(void **state)
{
	return set_up_release(state, KUBE_PROXY_RELEASE_1_36);
}

static int set_up_1_32(void **state)
{
	return set_up_release(state, KUBE_PROXY_RELEASE_1_32);
}

static int tear_down(void **state)
{
	struct metrics_fixture *fixture = *state;

	proxy_metrics_free(fixture->metrics);
	fixture_tear_down(&fixture->agent);
	free(fixture);
	return 0;
}

static char *text_now(struct metrics_fixture *fixture, enum metrics_format format)
{
	return proxy_metrics_text(
		fixture->metrics,
		&(struct proxy_metrics_sources){.status = &fixture->agent.sources}, format);
}

/* The number behind "NAME{LABELS}", as text; fails without such a line. */
static void assert_number(struct metrics_fixture *fixture, const char *name, const char *expected)
{
	auto_memory char *text = text_now(fixture, METRICS_FORMAT_TEXT);
	auto_memory char *line = string_printf("\n%s %s\n", name, expected);
	auto_memory char *start = string_printf("\n%s ", name);
	const char *found = strstr(text, start);

	if (!found)
		fail_msg("no %s in:\n%s", name, text);
	if (strncmp(found, line, strlen(line)) != 0)
		fail_msg("%s is not %s but%.*s", name, expected,
			 (int)strcspn(found + strlen(start), "\n"), found + strlen(start));
}

/*
 * A reader of the text format that knows nothing of how it is written.
 */

struct reader {
	char family[128];
	char type[16];
	char seen[16384]; /* names of all families so far, each between spaces */
	double bucket;	  /* count of the last bucket */
	double bound;
	size_t samples;
};

static size_t name_length(const char *text)
{
	size_t length = 0;

	while (isalnum((unsigned char)text[length]) || text[length] == '_' || text[length] == ':')
		length++;
	return length;
}

static void read_family(struct reader *reader, const char *line, const char *next)
{
	auto_memory char *word = NULL;

	assert_int_equal(sscanf(line, "# HELP %127s", reader->family), 1);
	assert_int_equal(name_length(reader->family), strlen(reader->family));
	word = string_printf(" %s ", reader->family);
	assert_null(strstr(reader->seen, word));
	strcat(reader->seen, word);
	word[strlen(word) - 1] = '\0';
	assert_int_equal(strncmp(next, "# TYPE", 6), 0);
	assert_int_equal(strncmp(next + 6, word, strlen(word)), 0);
	assert_int_equal(sscanf(next + 6 + strlen(word), " %15s", reader->type), 1);
	reader->samples = 0;
	reader->bucket = 0;
	reader->bound = -1;
}

/* After the name: LABELS is {a="b",...}; returns what follows them. */
static const char *skip_labels(const char *at)
{
	if (*at++ != '{')
		return at - 1;
	for (;;) {
		size_t length = name_length(at);

		assert_true(length > 0);
		at += length;
		assert_int_equal(strncmp(at, "=\"", 2), 0);
		for (at += 2; *at != '"'; at++) {
			assert_true(*at && *at != '\n');
			at += *at == '\\';
		}
		if (*++at == '}')
			return at + 1;
		assert_int_equal(*at++, ',');
	}
}

static void read_bucket(struct reader *reader, const char *line, double count)
{
	const char *le = strstr(line, "le=\"");
	double bound;

	assert_non_null(le);
	bound = strtod(le + 4, NULL);
	assert_true(bound > reader->bound);
	assert_true(count >= reader->bucket);
	reader->bound = bound;
	reader->bucket = count;
}

/* The last line of a histogram, after which one with other labels may follow. */
static void read_count(struct reader *reader, double count)
{
	assert_true(count == reader->bucket && isinf(reader->bound));
	reader->bucket = 0;
	reader->bound = -1;
}

static void read_sample(struct reader *reader, const char *line, bool is_openmetrics)
{
	size_t family = strlen(reader->family), length = name_length(line);
	const char *suffix = line + family, *number = skip_labels(line + length);
	size_t suffix_length = length - family;
	char *end;
	double value;

	assert_int_equal(strncmp(line, reader->family, family), 0);
	assert_int_equal(*number++, ' ');
	value = strtod(number, &end);
	assert_true(end > number && *end == '\n');
	reader->samples++;
	if (strcmp(reader->type, "histogram") == 0) {
		if (strncmp(suffix, "_bucket", 7) == 0)
			read_bucket(reader, line, value);
		else if (strncmp(suffix, "_count", 6) == 0)
			read_count(reader, value);
		else
			assert_int_equal(strncmp(suffix, "_sum", 4), 0);
		return;
	}
	if (strcmp(reader->type, "counter") == 0 && is_openmetrics) {
		assert_int_equal(suffix_length, 6);
		assert_int_equal(strncmp(suffix, "_total", 6), 0);
		return;
	}
	assert_int_equal(suffix_length, 0);
	if (strcmp(reader->type, "counter") == 0)
		assert_string_equal(reader->family + family - 6, "_total");
	else
		assert_string_equal(reader->type, "gauge");
}

static void assert_format(const char *text, bool is_openmetrics)
{
	auto_memory struct reader *reader = memory_allocate(sizeof(*reader));
	const char *line = text, *next;
	size_t families = 0;

	for (; *line; line = next) {
		next = strchr(line, '\n');
		assert_non_null(next);
		next++;
		if (strcmp(line, "# EOF\n") == 0) {
			assert_true(is_openmetrics);
			return;
		}
		if (strncmp(line, "# HELP ", 7) == 0) {
			assert_true(!families++ || reader->samples);
			read_family(reader, line, next);
			next = strchr(next, '\n') + 1;
		} else {
			read_sample(reader, line, is_openmetrics);
		}
	}
	assert_false(is_openmetrics);
	assert_true(families > 30);
}

static void test_format(void **state)
{
	struct metrics_fixture *fixture = *state;
	auto_memory char *text = NULL, *openmetrics = NULL;

	add_service(&fixture->agent, "a/web ip=10.0.0.1 port=http:80/TCP");
	add_slice(&fixture->agent, "a/web-1 service=web port=http:8080/TCP 10.1.0.1@n");
	program(&fixture->agent);
	proxy_metrics_probe(fixture->metrics, true, 200);
	proxy_metrics_request(fixture->metrics, "200", "GET", "10.0.0.1:6443");
	proxy_metrics_turn(fixture->metrics, 0.003);
	proxy_metrics_passed(fixture->metrics, 0.01, START + 1);
	text = text_now(fixture, METRICS_FORMAT_TEXT);
	assert_format(text, false);
	openmetrics = text_now(fixture, METRICS_FORMAT_OPENMETRICS);
	assert_format(openmetrics, true);
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
		"rest_client_requests_total counter",
	};
	struct metrics_fixture *fixture = *state;
	auto_memory char *text = NULL;

	proxy_metrics_probe(fixture->metrics, false, 503);
	proxy_metrics_probe(fixture->metrics, true, 200);
	proxy_metrics_request(fixture->metrics, "200", "GET", "10.0.0.1:6443");
	text = text_now(fixture, METRICS_FORMAT_TEXT);
	for (size_t i = 0; i < COUNT(families); i++) {
		auto_memory char *line = string_printf("\n# TYPE %s\n", families[i]);

		print_message("%s\n", families[i]);
		assert_non_null(strstr(text, line));
	}
	assert_number(fixture, "kubeproxy_proxy_healthz_total{code=\"503\"}", "1");
	assert_number(fixture, "kubeproxy_proxy_livez_total{code=\"200\"}", "1");
	assert_number(
		fixture,
		"rest_client_requests_total{code=\"200\",host=\"10.0.0.1:6443\",method=\"GET\"}",
		"1");
	assert_null(strstr(text, "ip_family"));
	assert_null(strstr(text, "kubeproxy_conntrack_"));
	assert_non_null(strstr(text, "git_version=\"v1.32.0+ipvsagent-"));
	assert_non_null(strstr(text, "minor=\"32\""));
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
	auto_memory char *text = text_now(fixture, METRICS_FORMAT_TEXT);
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

	proxy_metrics_service_event(fixture->metrics, IPV4, true, START + 1);
	proxy_metrics_service_event(fixture->metrics, IPV4, false, START + 2);
	proxy_metrics_slice_event(fixture->metrics, IPV4, true, 0, START + 3);
	proxy_metrics_slice_event(fixture->metrics, IPV4, true, 0, START + 4);
	proxy_metrics_slice_event(fixture->metrics, IPV4, false, 0, START + 5);
	assert_number(fixture, "kubeproxy_sync_proxy_rules_service_changes_total", "2");
	assert_number(fixture, "kubeproxy_sync_proxy_rules_service_changes_pending", "1");
	assert_number(fixture, "kubeproxy_sync_proxy_rules_endpoint_changes_total", "3");
	assert_number(fixture, "kubeproxy_sync_proxy_rules_endpoint_changes_pending", "2");
	assert_number(fixture, "kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds",
		      "1700000004");
	assert_number(fixture, "kubeproxy_sync_proxy_rules_last_timestamp_seconds", "0");

	proxy_metrics_passed(fixture->metrics, 0.125, START + 6);
	assert_number(fixture, "kubeproxy_sync_proxy_rules_service_changes_total", "2");
	assert_number(fixture, "kubeproxy_sync_proxy_rules_service_changes_pending", "0");
	assert_number(fixture, "kubeproxy_sync_proxy_rules_endpoint_changes_pending", "0");
	assert_number(fixture, "kubeproxy_sync_proxy_rules_last_timestamp_seconds", "1700000006");
	assert_number(fixture, "kubeproxy_sync_proxy_rules_duration_seconds_sum", "0.125");
	assert_number(fixture, "kubeproxy_sync_proxy_rules_duration_seconds_bucket{le=\"0.064\"}",
		      "0");
	assert_number(fixture, "kubeproxy_sync_proxy_rules_duration_seconds_bucket{le=\"0.128\"}",
		      "1");
}

static void test_network_programming(void **state)
{
	static const char *const count = "kubeproxy_network_programming_duration_seconds_count";
	struct metrics_fixture *fixture = *state;
	int64_t start = (int64_t)(START * 1000);

	proxy_metrics_slice_event(fixture->metrics, IPV4, true, 0, START + 1);
	proxy_metrics_slice_event(fixture->metrics, IPV4, true, start - 1, START + 1);
	proxy_metrics_slice_event(fixture->metrics, IPV4, false, start + 500, START + 1);
	proxy_metrics_passed(fixture->metrics, 0.001, START + 1);
	assert_number(fixture, count, "0");

	proxy_metrics_slice_event(fixture->metrics, IPV4, true, start + 1500, START + 2);
	proxy_metrics_slice_event(fixture->metrics, IPV4, true, start + 2000, START + 2);
	assert_number(fixture, count, "0");
	proxy_metrics_passed(fixture->metrics, 0.001, START + 2.25);
	proxy_metrics_passed(fixture->metrics, 0.001, START + 3);
	assert_number(fixture, count, "2");
	assert_number(fixture, "kubeproxy_network_programming_duration_seconds_sum", "1");
	assert_number(fixture, "kubeproxy_network_programming_duration_seconds_bucket{le=\"0.25\"}",
		      "1");
	assert_number(fixture, "kubeproxy_network_programming_duration_seconds_bucket{le=\"1\"}",
		      "2");
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
		assert_number(fixture, internal, cases[i].internal);
		assert_number(fixture, external, cases[i].external);
		proxy_metrics_planned(fixture->metrics, &gone, "n");
		assert_number(fixture, internal, "0");
		assert_number(fixture, external, "0");
	}
}

#define SYNC "kubeproxy_sync_proxy_rules_"
#define OF_4 "{ip_family=\"IPv4\"}"
#define OF_6 "{ip_family=\"IPv6\"}"

static void assert_absent(struct metrics_fixture *fixture, const char *name)
{
	auto_memory char *text = text_now(fixture, METRICS_FORMAT_TEXT);
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
	proxy_metrics_service_event(fixture->metrics, IPV4, true, START + 1);
	proxy_metrics_slice_event(fixture->metrics, IPV6, false, 0, START + 2);
	assert_number(fixture, SYNC "last_queued_timestamp_seconds" OF_4, "1700000001");
	assert_number(fixture, SYNC "last_queued_timestamp_seconds" OF_6, "1700000001");
	assert_absent(fixture, SYNC "last_timestamp_seconds" OF_6);
	proxy_metrics_passed(fixture->metrics, 2, START + 3);
	assert_number(fixture, SYNC "duration_seconds_sum" OF_4, "2");
	assert_number(fixture, SYNC "duration_seconds_sum" OF_6, "2");

	proxy_metrics_service_event(fixture->metrics, IPV4, true, START + 4);
	proxy_metrics_passed(fixture->metrics, 0.125, START + 5);
	assert_number(fixture, SYNC "last_queued_timestamp_seconds" OF_4, "1700000004");
	assert_number(fixture, SYNC "last_queued_timestamp_seconds" OF_6, "1700000001");
	assert_number(fixture, SYNC "duration_seconds_count" OF_4, "2");
	assert_number(fixture, SYNC "duration_seconds_bucket{ip_family=\"IPv4\",le=\"0.064\"}",
		      "0");
	assert_number(fixture, SYNC "duration_seconds_bucket{ip_family=\"IPv4\",le=\"0.128\"}",
		      "1");
	assert_number(fixture, SYNC "duration_seconds_count" OF_6, "1");
	assert_number(fixture, SYNC "last_timestamp_seconds" OF_4, "1700000005");
	assert_number(fixture, SYNC "last_timestamp_seconds" OF_6, "1700000005");

	proxy_metrics_slice_event(fixture->metrics, IPV6, true, (int64_t)(START + 4) * 1000,
				  START + 5);
	assert_number(fixture, SYNC "last_queued_timestamp_seconds" OF_6, "1700000005");
	proxy_metrics_passed(fixture->metrics, 0.5, START + 6);
	assert_number(fixture, SYNC "duration_seconds_count" OF_4, "2");
	assert_number(fixture, SYNC "duration_seconds_sum" OF_6, "2.5");
	assert_number(fixture, programming, "1");
	assert_number(fixture, "kubeproxy_network_programming_duration_seconds_sum" OF_6, "2");
	assert_absent(fixture, "kubeproxy_network_programming_duration_seconds_count" OF_4);

	proxy_metrics_passed(fixture->metrics, 0.25, START + 7);
	assert_number(fixture, SYNC "duration_seconds_count" OF_4, "3");
	assert_number(fixture, SYNC "duration_seconds_count" OF_6, "3");
	assert_number(fixture, programming, "1");
	assert_number(fixture, SYNC "iptables_restore_failures_total" OF_6, "0");
}

static void test_a_host_without_ipv6_has_no_numbers_of_it(void **state)
{
	struct metrics_fixture *fixture = *state;
	auto_memory char *text = NULL;

	proxy_metrics_set_families(fixture->metrics, IPV4);
	proxy_metrics_service_event(fixture->metrics, IPV4 | IPV6, true, START + 1);
	proxy_metrics_passed(fixture->metrics, 0.125, START + 3);
	text = text_now(fixture, METRICS_FORMAT_TEXT);
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
	assert_number(fixture, count_4, "1");
	assert_number(fixture, deleted_4, "2");
	assert_absent(fixture, count_6);
	proxy_metrics_walked(fixture->metrics, &(struct conntrack_report){.families = IPV4 | IPV6,
									  .deleted = {1, 0},
									  .seconds = 1,
									  .error = &none});
	assert_number(fixture, deleted_4, "3");
	assert_number(fixture, count_6, "1");
	assert_number(fixture, deleted_6, "0");

	/* One that failed says nothing about how long one takes. */
	proxy_metrics_walked(fixture->metrics, &(struct conntrack_report){.families = IPV6,
									  .deleted = {0, 5},
									  .seconds = 1,
									  .error = &failure});
	assert_number(fixture, count_6, "1");
	assert_number(fixture, deleted_6, "5");
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

		assert_number(fixture, name, rows[i].expected);
	}
}

static void test_what_exists(void **state)
{
	const struct reload_state settings = {.waiting = {(char *[]){(char[]){"socket"}}, 1},
					      .error = (char[]){"bad"},
					      .applied = 2,
					      .rejected = 1};
	struct metrics_fixture *fixture = *state;

	assert_number(fixture, "ipvsagent_settings_in_force", "1");
	fixture->agent.health.settings = &settings;
	assert_number(fixture, "ipvsagent_source_synced", "0");
	assert_number(fixture, "ipvsagent_settled", "0");
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
	assert_number(fixture, "ipvsagent_source_synced", "1");
	assert_number(fixture, "ipvsagent_settled", "1");
	assert_number(fixture, "ipvsagent_rules_in_place", "1");
	assert_number(fixture, "ipvsagent_settings_in_force", "0");
	assert_number(fixture, "ipvsagent_settings_waiting_for_restart", "1");
	assert_number(fixture, "ipvsagent_settings_read_total{result=\"applied\"}", "2");
	assert_number(fixture, "ipvsagent_settings_read_total{result=\"rejected\"}", "1");
	assert_number(fixture, "ipvsagent_services", "2");
	assert_number(fixture, "ipvsagent_endpoint_slices", "1");
	assert_number(fixture, "ipvsagent_endpoints", "2");
	assert_number(fixture, "ipvsagent_virtual_servers", "1");
	assert_number(fixture, "ipvsagent_destinations", "2");
	assert_number(fixture, "ipvsagent_addresses", "2");
	assert_number(fixture, "ipvsagent_failed_objects", "1");
	assert_number(fixture, "ipvsagent_rejected_objects", "1");
	assert_number(fixture, "ipvsagent_changes_failed_total{facility=\"ipvs\"}", "1");
	assert_number(fixture, "ipvsagent_changes_applied_total{facility=\"ipvs\"}", "3");
	assert_number(fixture, "ipvsagent_drift_repaired_total{kind=\"ipvs\"}", "0");
	sync_count_repair(fixture->agent.sync, FACILITY_IPVS, 4);
	assert_number(fixture, "ipvsagent_drift_repaired_total{kind=\"ipvs\"}", "4");
	assert_number(fixture, "ipvsagent_loop_longest_turn_seconds", "0.25");
	assert_number(fixture, "ipvsagent_loop_turn_duration_seconds_count", "2");
}

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
	assert_number(fixture,
		      "ipvsagent_service_connections_total{namespace=\"a\",service=\"web\"}", "0");

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
	assert_number(fixture,
		      "ipvsagent_service_connections_total{namespace=\"a\",service=\"web\"}", "11");
	assert_number(
		fixture,
		"ipvsagent_service_packets_total{direction=\"in\",namespace=\"a\",service=\"web\"}",
		"22");
	assert_number(fixture,
		      "ipvsagent_service_packets_total{direction=\"out\",namespace=\"a\",service="
		      "\"web\"}",
		      "33");
	assert_number(
		fixture,
		"ipvsagent_service_bytes_total{direction=\"in\",namespace=\"a\",service=\"web\"}",
		"44");
	assert_number(
		fixture,
		"ipvsagent_service_bytes_total{direction=\"out\",namespace=\"a\",service=\"web\"}",
		"55");
	/* The external IP is the older Service's. */
	assert_number(fixture,
		      "ipvsagent_service_connections_total{namespace=\"b\",service=\"shop\"}", "7");

	observer.end(observer.owner);
	assert_number(fixture,
		      "ipvsagent_service_connections_total{namespace=\"b\",service=\"shop\"}",
		      "200");
	observer.begin(observer.owner);
	observer.observe(observer.owner, &dns, &(struct ipvs_traffic){9, 9, 9, 9, 9});
	observer.end(observer.owner);

	store_remove_service(fixture->agent.store, "a", "web");
	plan(fixture, "a/web");
	plan(fixture, "b/third");
	assert_number(fixture,
		      "ipvsagent_service_connections_total{namespace=\"b\",service=\"third\"}",
		      "9");
	text = text_now(fixture, METRICS_FORMAT_TEXT);
	assert_null(strstr(text, "service=\"web\""));
	assert_null(strstr(text, "service=\"headless\""));
	assert_format(text, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_format, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_families_of_1_32, set_up_1_32, tear_down),
		cmocka_unit_test_setup_teardown(test_buckets_of_kube_proxy, set_up_1_32, tear_down),
		cmocka_unit_test_setup_teardown(test_changes_are_pending_until_a_pass_is_over,
						set_up_1_32, tear_down),
		cmocka_unit_test_setup_teardown(test_network_programming, set_up_1_32, tear_down),
		cmocka_unit_test_setup_teardown(test_services_without_local_endpoints, set_up_1_32,
						tear_down),
		cmocka_unit_test_setup_teardown(test_each_family_has_its_numbers, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_a_host_without_ipv6_has_no_numbers_of_it,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_walks_over_conntrack, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_gaps_of_each_family, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_exists, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_traffic_of_services, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
