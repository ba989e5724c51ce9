/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our metrics beside those of kube-proxy 1.36.3 in IPVS mode, of which kube-proxy-1.36-metrics.txt
 * has the families, each with the first of its samples: names, types, labels and help are the same
 * but for what is listed here with its reason.
 */
#include "agent/http/proxy_metrics.h"

#include "tests/unit/agent/agent_fixture.h"

#include <errno.h>
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define FAMILY_LIMIT 150
#define START	     1700000000.0

static const char *recording;

struct difference {
	const char *names; /* a pattern */
	const char *reason;
};

static const struct difference missing[] = {
	{"aggregator_*", "of an API server, whose code is part of kube-proxy"},
	{"apiserver_*", "of an API server, whose code is part of kube-proxy"},
	{"cardinality_enforcement_*", "of kube-proxy's metrics library"},
	{"disabled_metrics_total", "of kube-proxy's metrics library"},
	{"hidden_metrics_total", "of kube-proxy's metrics library"},
	{"registered_metrics_total", "of kube-proxy's metrics library"},
	{"kubernetes_feature_enabled",
	 "gates of all components; the agent follows one, which /configz shows"},
	{"process_network_*", "counts the network namespace and not the process"},
	{"rest_client_exec_plugin_*", "not measured: the agent counts requests only"},
	{"rest_client_rate_limiter_*", "not measured: the agent counts requests only"},
	{"rest_client_request_size_bytes", "not measured: the agent counts requests only"},
	{"rest_client_response_size_bytes", "not measured: the agent counts requests only"},
	{"rest_client_transport_*", "of kube-proxy's HTTP library"},
};

static const struct difference additional[] = {
	{"ipvsagent_*", "the agent's own"},
	{"kubeproxy_conntrack_reconciler_*",
	 "kube-proxy's: it has them once it found a stale flow"},
	{"kubeproxy_network_programming_duration_seconds",
	 "kube-proxy's: it has it once an endpoint came with the time of its change"},
	{"kubeproxy_sync_proxy_rules_iptables_restore_failures_total",
	 "kube-proxy's: it has it once there was a failure"},
};

/**
 * struct family - as an exposition shows it
 * @labels:  names of the labels of its first sample, without le, each followed by a comma
 */
struct family {
	char name[128];
	char type[16];
	char help[600];
	char labels[200];
	bool has_sample;
};

struct exposition {
	struct family families[FAMILY_LIMIT];
	size_t count;
};

static void read_labels(struct family *family, const char *line, const char *end)
{
	const char *at = memchr(line, '{', (size_t)(end - line));

	while (at && ++at < end && *at != '}') {
		size_t length = strcspn(at, "=");

		if (length != 2 || strncmp(at, "le", 2) != 0) {
			strncat(family->labels, at, length);
			strcat(family->labels, ",");
		}
		at = strchr(at + length + 2, '"') + 1;
		if (*at != ',')
			break;
	}
}

static void read_line(struct exposition *exposition, const char *line, const char *end)
{
	struct family *family = &exposition->families[exposition->count - (exposition->count > 0)];
	auto_memory char *copy = string_printf("%.*s", (int)(end - line), line);
	char name[128];

	if (strncmp(line, "# HELP ", 7) == 0) {
		assert_true(exposition->count < FAMILY_LIMIT);
		family = &exposition->families[exposition->count++];
		assert_int_equal(sscanf(copy, "# HELP %127s %599[^\n]", family->name, family->help),
				 2);
	} else if (strncmp(line, "# TYPE ", 7) == 0) {
		assert_int_equal(sscanf(copy, "# TYPE %127s %15s", name, family->type), 2);
		assert_string_equal(name, family->name);
	} else if (!family->has_sample) {
		family->has_sample = true;
		read_labels(family, line, end);
	}
}

static struct exposition *read_exposition(const char *text)
{
	struct exposition *exposition = memory_allocate(sizeof(*exposition));

	for (const char *line = text, *end; (end = strchr(line, '\n')); line = end + 1)
		read_line(exposition, line, end);
	return exposition;
}

static char *read_recording(void)
{
	FILE *file = fopen(recording, "re");
	char *text = memory_allocate(1 << 16);
	size_t size;

	if (!file)
		fail_msg("%s: %s", recording, strerror(errno));
	size = fread(text, 1, (1 << 16) - 1, file);
	assert_true(feof(file));
	fclose(file);
	text[size] = '\0';
	return text;
}

static const struct family *find(const struct exposition *exposition, const char *name)
{
	for (size_t i = 0; i < exposition->count; i++)
		if (strcmp(exposition->families[i].name, name) == 0)
			return &exposition->families[i];
	return NULL;
}

/* Each row must be needed. */
static void assert_listed(const struct exposition *these, const struct exposition *those,
			  const struct difference *differences, size_t count)
{
	for (size_t i = 0; i < these->count; i++) {
		const char *name = these->families[i].name;
		bool is_listed = false;

		for (size_t d = 0; d < count; d++)
			is_listed |= fnmatch(differences[d].names, name, 0) == 0;
		if (!find(those, name) != is_listed)
			fail_msg("%s is%s listed as a difference", name, is_listed ? "" : " not");
	}
	for (size_t d = 0; d < count; d++) {
		bool is_needed = false;

		for (size_t i = 0; i < these->count; i++)
			is_needed |= fnmatch(differences[d].names, these->families[i].name, 0) == 0;
		if (!is_needed)
			fail_msg("nothing is called %s", differences[d].names);
	}
}

static void set_up(struct fixture *agent)
{
	fixture_set_up(agent);
	add_service(agent, "a/web ip=10.0.0.1 port=http:80/TCP");
	add_slice(agent, "a/web-1 service=web port=http:8080/TCP 10.1.0.1@n");
	program(agent);
}

/* So that every family has a sample. */
static char *own_text(struct fixture *agent)
{
	const unsigned int ipv4 = 1U << IP_FAMILY_IPV4;
	const struct error none = {0};
	auto_free(proxy_metrics) struct proxy_metrics *metrics =
		proxy_metrics_new(START, 0, KUBE_PROXY_RELEASE_1_36);

	proxy_metrics_probe(metrics, false, 200);
	proxy_metrics_probe(metrics, true, 200);
	proxy_metrics_request(metrics, "200", "GET", "10.0.0.1:6443", 0.1);
	proxy_metrics_service_event(metrics, ipv4, true, START + 1);
	proxy_metrics_slice_event(metrics, ipv4, true, (int64_t)START * 1000 + 500, START + 1);
	proxy_metrics_passed(metrics, 0.01, START + 1);
	proxy_metrics_walked(metrics, &(struct conntrack_report){.families = ipv4, .error = &none});
	return proxy_metrics_text(metrics,
				  &(struct proxy_metrics_sources){.status = &agent->sources},
				  METRICS_FORMAT_TEXT);
}

static void test_families_are_those_that_were_recorded(void **state)
{
	auto_memory char *recorded_text = read_recording(), *own = NULL;
	auto_memory struct exposition *recorded = read_exposition(recorded_text);
	auto_memory struct exposition *ours = NULL;
	struct fixture agent = {0};
	size_t compared = 0;

	(void)state;
	set_up(&agent);
	own = own_text(&agent);
	ours = read_exposition(own);
	assert_listed(recorded, ours, missing, COUNT(missing));
	assert_listed(ours, recorded, additional, COUNT(additional));
	for (size_t i = 0; i < recorded->count; i++) {
		const struct family *theirs = &recorded->families[i];
		const struct family *family = find(ours, theirs->name);

		if (!family)
			continue;
		print_message("%s\n", theirs->name);
		assert_string_equal(family->type, theirs->type);
		assert_string_equal(family->labels, theirs->labels);
		assert_string_equal(family->help, theirs->help);
		compared++;
	}
	assert_int_equal(compared, 20);
	fixture_tear_down(&agent);
}

/* Those of kube-proxy that the recording lacks have the labels of its source, of all families. */
static void test_families_without_a_recording(void **state)
{
	static const char *const names[] = {
		"kubeproxy_conntrack_reconciler_sync_duration_seconds",
		"kubeproxy_conntrack_reconciler_deleted_entries_total",
		"kubeproxy_network_programming_duration_seconds",
		"kubeproxy_sync_proxy_rules_iptables_restore_failures_total",
	};
	auto_memory struct exposition *ours = NULL;
	auto_memory char *own = NULL;
	struct fixture agent = {0};

	(void)state;
	set_up(&agent);
	own = own_text(&agent);
	ours = read_exposition(own);
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct family *family = find(ours, names[i]);

		assert_non_null(family);
		assert_string_equal(family->labels, "ip_family,");
		assert_string_equal(family->type, i % 2 ? "counter" : "histogram");
	}
	fixture_tear_down(&agent);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_families_are_those_that_were_recorded),
		cmocka_unit_test(test_families_without_a_recording),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: recorded_metrics_test EXPOSITION\n");
		return 2;
	}
	recording = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
