/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/status/service_report.h"

#include "lib/base/clock.h"
#include "tests/fake/large_objects.h"
#include "tests/unit/agent/agent_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static int set_up(void **state)
{
	struct fixture *fixture = memory_allocate(sizeof(*fixture));

	fixture_set_up(fixture);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	fixture_tear_down(*state);
	free(*state);
	return 0;
}

static void reject(struct fixture *fixture, const char *kind, const char *namespace_name,
		   const char *name, const char *reason)
{
	rejections_set(fixture->rejections, &(struct rejection){.kind = kind,
								.namespace_name = namespace_name,
								.name = name,
								.reason = reason});
}

static void write_texts(FILE *stream, const char *title, const json_t *texts)
{
	const json_t *text;
	size_t i;

	fprintf(stream, " %s", title);
	json_array_foreach (texts, i, text) {
		fprintf(stream, "%s%s", i ? "," : " ", json_string_value(text));
	}
}

static void write_server(FILE *stream, const json_t *server)
{
	fprintf(stream, "  %s %s:%d/%s %s %s %d", text_of(server, "kind"),
		text_of(server, "address"),
		(int)json_integer_value(json_object_get(server, "port")),
		text_of(server, "protocol"), text_of(server, "portName"),
		text_of(server, "scheduler"),
		(int)json_integer_value(json_object_get(server, "persistenceSeconds")));
	write_texts(stream, ">", json_object_get(server, "destinations"));
	write_texts(stream, "-", json_object_get(server, "unused"));
	fprintf(stream, " %s: %s", text_of(server, "state"), text_of(server, "reason"));
	if (json_array_size(json_object_get(server, "alsoWantedBy")))
		write_texts(stream, "and for", json_object_get(server, "alsoWantedBy"));
	fputc('\n', stream);
}

/* One line per Service, one more per virtual server. */
static void write_service(FILE *stream, const json_t *service)
{
	const json_t *server, *remark;
	size_t i;

	fprintf(stream, "%s/%s %s %s: %s\n", text_of(service, "namespace"),
		text_of(service, "name"), text_of(service, "type"), text_of(service, "state"),
		text_of(service, "reason"));
	json_array_foreach (json_object_get(service, "servers"), i, server) {
		write_server(stream, server);
	}
	json_array_foreach (json_object_get(service, "remarks"), i, remark) {
		fprintf(stream, "  ! %s\n", json_string_value(remark));
	}
}

static int append(const char *text, size_t length, void *stream)
{
	return fwrite(text, 1, length, stream) == length ? 0 : -1;
}

static json_t *whole_report(const struct status_sources *sources, const char *key)
{
	struct service_report *report = service_report_new(sources, key);
	auto_memory char *text = NULL;
	size_t size;
	FILE *stream;

	assert_non_null(report);
	stream = open_memstream(&text, &size);
	while (service_report_step(report, append, stream))
		;
	fclose(stream);
	service_report_free(report);
	return json_loads(text, JSON_REJECT_DUPLICATES, NULL);
}

static void assert_services(struct fixture *fixture, const char *filter, const char *expected)
{
	auto_memory char *text = NULL, *keys = NULL;
	size_t size, count;
	FILE *stream = open_memstream(&text, &size);
	const char *key;

	keys = status_report_keys(&fixture->sources, filter, &count);
	for (key = keys; count; count--, key += strlen(key) + 1) {
		json_t *service = whole_report(&fixture->sources, key);

		assert_non_null(service);
		write_service(stream, service);
		json_decref(service);
	}
	fclose(stream);
	assert_string_equal(text, expected);
}

static void test_services(void **state)
{
	struct fixture *fixture = *state;

	add_service(fixture, "a/web ip=10.0.0.1 external=10.9.0.1 lb=10.8.0.1 type=NodePort "
			     "port=http:80/TCP:30080 affinity=600");
	add_slice(fixture, "a/web-1 service=web port=http:8080/TCP 10.1.0.1@n 10.1.0.2!unready");
	add_service(fixture, "a/thief created=5 ip=10.0.0.1 port=http:80/TCP port=dns:53/UDP");
	add_service(fixture, "a/refused ip=10.0.0.2 port=:666/TCP");
	add_service(fixture, "a/headless port=http:80/TCP");
	add_service(fixture, "b/old ip=10.0.0.3 port=:80/TCP");
	add_slice(fixture, "b/stray-1 service=stray port=:80/TCP 10.1.0.3");
	program(fixture);
	reject(fixture, "Service", "b", "old", "bad port");
	reject(fixture, "Service", "a", "never", "bad \xff address");
	reject(fixture, "EndpointSlice", "a", "web-2", "bad endpoint");
	rejections_set(fixture->rejections, &(struct rejection){.kind = "Service",
								.namespace_name = "a",
								.name = "web",
								.reason = "odd address",
								.is_partial = true});

	assert_services(
		fixture, "",
		"a/headless ClusterIP skipped: headless\n"
		"a/never  rejected: bad ? address\n"
		"a/refused ClusterIP failed: 10.0.0.2:666/TCP: No space left on device\n"
		"  ClusterIP 10.0.0.2:666/TCP  rr 0 > - failed: No space left on device\n"
		"a/thief ClusterIP conflict: 10.0.0.1:80/TCP: in use by Service a/web\n"
		"  ClusterIP 10.0.0.1:80/TCP http rr 0 > - conflict: in use by Service a/web\n"
		"  ClusterIP 10.0.0.1:53/UDP dns rr 0 > - programmed: \n"
		"a/web NodePort programmed: left out: odd address\n"
		"  ClusterIP 10.0.0.1:80/TCP http sh 600 > 10.1.0.1:8080 - 10.1.0.2:8080 not "
		"ready programmed:  and for a/thief\n"
		"  ExternalIP 10.9.0.1:80/TCP http sh 600 > 10.1.0.1:8080 - 10.1.0.2:8080 not "
		"ready programmed: \n"
		"  LoadBalancerIP 10.8.0.1:80/TCP http sh 600 > 10.1.0.1:8080 - 10.1.0.2:8080 not "
		"ready programmed: \n"
		"  NodePort 192.168.0.1:30080/TCP http sh 600 > 10.1.0.1:8080 - 10.1.0.2:8080 not "
		"ready programmed: \n"
		"b/old ClusterIP rejected: bad port\n"
		"  ClusterIP 10.0.0.3:80/TCP  rr 0 > - programmed: \n");
	assert_services(fixture, "a/never", "a/never  rejected: bad ? address\n");
	assert_services(fixture, "b/",
			"b/old ClusterIP rejected: bad port\n"
			"  ClusterIP 10.0.0.3:80/TCP  rr 0 > - programmed: \n");
	assert_services(fixture, "a/no", "");
	assert_services(fixture, "b/stray", "");
}

/* Digits vary with the time. */
static void hide_digits(char *text)
{
	for (; *text; text++)
		if (*text >= '0' && *text <= '9')
			*text = '#';
}

/* One line per virtual server: who is used and why, who is not, who drains, unfollowed hints. */
static char *endpoints_text(struct fixture *fixture, const char *key)
{
	json_t *service = whole_report(&fixture->sources, key);
	const json_t *server;
	char *text = NULL;
	size_t size, i;
	FILE *stream = open_memstream(&text, &size);

	json_array_foreach (json_object_get(service, "servers"), i, server) {
		fprintf(stream, "%s:%d%s %s", text_of(server, "address"),
			(int)json_integer_value(json_object_get(server, "port")),
			strcmp(text_of(server, "clientScope"), "any") == 0 ? "" : " in-cluster",
			text_of(server, "rule"));
		write_texts(stream, ">", json_object_get(server, "destinations"));
		write_texts(stream, "-", json_object_get(server, "unused"));
		write_texts(stream, "~", json_object_get(server, "leaving"));
		fprintf(stream, " (%s) %d\n", text_of(server, "hints"),
			(int)json_integer_value(json_object_get(server, "leftOut")));
	}
	fclose(stream);
	json_decref(service);
	return text;
}

static void test_endpoints(void **state)
{
	static const struct {
		const char *what, *service, *slice, *text;
	} cases[] = {
		{"each policy has its rule",
		 "a/web ip=10.0.0.1 external=10.9.0.1 etp=Local port=:80/TCP",
		 "a/web-1 service=web port=:80/TCP 10.1.0.1@n 10.1.0.2@m",
		 "10.0.0.1:80 all ready endpoints > 10.1.0.1:80,10.1.0.2:80 - ~ () 0\n"
		 "10.9.0.1:80 externalTrafficPolicy Local > 10.1.0.1:80 - 10.1.0.2:80 not on this "
		 "node (externalTrafficPolicy Local) ~ () 0\n"
		 "10.9.0.1:80 in-cluster all ready endpoints > 10.1.0.1:80,10.1.0.2:80 - ~ () 0\n"},
		{"internalTrafficPolicy", "a/web ip=10.0.0.1 itp=Local port=:80/TCP",
		 "a/web-1 service=web port=:80/TCP 10.1.0.1@n 10.1.0.2@m",
		 "10.0.0.1:80 internalTrafficPolicy Local > 10.1.0.1:80 - 10.1.0.2:80 not on this "
		 "node (internalTrafficPolicy Local) ~ () 0\n"},
		{"each port and family has its own endpoints",
		 "a/web ip=10.0.0.1 ip=fd00::1 port=:80/TCP",
		 "a/web-1 service=web family=6 port=:80/TCP fd01::1 fd01::2!unready",
		 "10.0.0.1:80  > - ~ () 0\n"
		 "fd00::1:80 all ready endpoints > [fd01::1]:80 - [fd01::2]:80 not ready ~ () 0\n"},
		{"node hints that are not followed", "a/web ip=10.0.0.1 port=:80/TCP",
		 "a/web-1 service=web port=:80/TCP 10.1.0.1~m",
		 "10.0.0.1:80 all ready endpoints > 10.1.0.1:80 - ~ (node hints are not followed: "
		 "no hint for node n) 0\n"},
		{"node hints", "a/web ip=10.0.0.1 port=:80/TCP",
		 "a/web-1 service=web port=:80/TCP 10.1.0.1~m 10.1.0.2~n",
		 "10.0.0.1:80 node hint > 10.1.0.2:80 - 10.1.0.1:80 hint for another node: m ~ () "
		 "0\n"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_memory char *text = NULL;

		print_message("%s\n", cases[i].what);
		set_up(state);
		sync_set_in_cluster(((struct fixture *)*state)->sync, true);
		add_service(*state, cases[i].service);
		add_slice(*state, cases[i].slice);
		program(*state);
		text = endpoints_text(*state, "a/web");
		assert_string_equal(text, cases[i].text);
		tear_down(state);
	}
}

static void test_draining(void **state)
{
	struct fixture *fixture = *state;
	auto_memory char *text = NULL;

	add_service(fixture, "a/web ip=10.0.0.1 port=:80/TCP");
	add_slice(fixture, "a/web-1 service=web port=:80/TCP 10.1.0.1 10.1.0.2 10.1.0.3");
	program(fixture);
	add_slice(fixture, "a/web-1 service=web port=:80/TCP 10.1.0.1 10.1.0.2!unready");
	program(fixture);
	text = endpoints_text(fixture, "a/web");
	hide_digits(text);
	assert_string_equal(text, "##.#.#.#:## all ready endpoints > ##.#.#.#:## - ##.#.#.#:## not "
				  "ready ~ ##.#.#.#:## ####-##-##T##:##:##Z,##.#.#.#:## "
				  "####-##-##T##:##:##Z () #\n");
}

/* The fixture's node, with an address of its own and that of another one. */
static void set_owned_addresses(struct fixture *fixture)
{
	const struct address own = object_text_address("192.168.0.1");
	const struct address other = object_text_address("192.168.0.2");
	const struct node_view node = {.name = "n",
				       .node_port_addresses = &own,
				       .node_port_address_count = 1,
				       .local_addresses = &own,
				       .local_address_count = 1,
				       .other_addresses = &other,
				       .other_address_count = 1};

	sync_set_node(fixture->sync, &node);
}

static void test_addresses_of_nodes(void **state)
{
	struct fixture *fixture = *state;

	set_owned_addresses(fixture);
	add_service(fixture, "a/web ip=10.0.0.1 external=192.168.0.1 external=10.9.0.1 "
			     "lb=192.168.0.2 type=NodePort port=:80/TCP:30080");
	program(fixture);
	assert_services(
		fixture, "",
		"a/web NodePort programmed: \n"
		"  ClusterIP 10.0.0.1:80/TCP  rr 0 > - programmed: \n"
		"  ExternalIP 192.168.0.1:80/TCP  rr 0 > - programmed: not bound: address of this node\n"
		"  ExternalIP 10.9.0.1:80/TCP  rr 0 > - programmed: \n"
		"  LoadBalancerIP 192.168.0.2:80/TCP  rr 0 > - programmed: not bound: address of another Node\n"
		"  NodePort 192.168.0.1:30080/TCP  rr 0 > - programmed: \n");
}

static void test_without_ipv6(void **state)
{
	struct fixture *fixture = *state;
	const struct node_view node = {.name = "n", .lacks_ipv6 = true};

	sync_set_node(fixture->sync, &node);
	add_service(fixture, "a/both ip=10.0.0.1 ip=fd00::1 port=:80/TCP");
	add_service(fixture, "a/six ip=fd00::2 port=:80/TCP");
	program(fixture);
	assert_services(fixture, "",
			"a/both ClusterIP programmed: \n"
			"  ClusterIP 10.0.0.1:80/TCP  rr 0 > - programmed: \n"
			"a/six ClusterIP skipped: IPv6 is off on this node\n");
}

static void test_opting_out(void **state)
{
	struct fixture *fixture = *state;
	struct prefix kept = object_text_prefix("10.9.0.0/16"),
		      unbound = object_text_prefix("10.8.0.0/16");
	struct sync_options options = {.desired = *sync_desired_options(fixture->sync)};

	options.desired.opt_out.unprogrammed = (struct prefix_list){&kept, 1};
	options.desired.opt_out.unbound = (struct prefix_list){&unbound, 1};
	sync_set_options(fixture->sync, &options);
	add_service(fixture, "a/out ip=10.0.0.1 port=:80/TCP opted-out");
	add_service(fixture, "a/unbound ip=10.0.0.2 port=:80/TCP unbound scheduler=lc");
	add_service(fixture, "a/web ip=10.0.0.3 external=10.9.0.1 lb=10.8.0.1 port=:80/TCP");
	program(fixture);
	assert_services(
		fixture, "",
		"a/out ClusterIP skipped: annotation ipvsagent/do-not-program\n"
		"a/unbound ClusterIP programmed: 10.0.0.2:80/TCP: not bound: annotation ipvsagent/do-not-bind\n"
		"  ClusterIP 10.0.0.2:80/TCP  lc 0 > - programmed: not bound: annotation ipvsagent/do-not-bind\n"
		"a/web ClusterIP programmed: \n"
		"  ClusterIP 10.0.0.3:80/TCP  rr 0 > - programmed: \n"
		"  LoadBalancerIP 10.8.0.1:80/TCP  rr 0 > - programmed: not bound: unboundCIDRs\n"
		"  ! not programmed because of unprogrammedCIDRs: 10.9.0.1\n");
}

/* What a limit leaves out is told of the Service. */
static void test_limits(void **state)
{
	static const struct sync_options limits = {.desired = {.scheduler = "rr",
							       .affinity_scheduler = "sh",
							       .objects_max = 12,
							       .endpoints_max = 2}};
	struct fixture *fixture = *state;

	sync_set_options(fixture->sync, &limits);
	add_service(fixture, "a/web ip=10.0.0.1 external=10.9.0.1 external=10.9.0.2 port=:80/TCP");
	add_slice(fixture, "a/web-1 service=web port=:8080/TCP 10.1.0.1 10.1.0.2 10.1.0.3");
	program(fixture);
	assert_services(
		fixture, "",
		"a/web ClusterIP failed: 1 virtual server left out: --max-service-objects allows no more kernel objects\n"
		"  ClusterIP 10.0.0.1:80/TCP  rr 0 > 10.1.0.1:8080,10.1.0.2:8080 - programmed: \n"
		"  ExternalIP 10.9.0.1:80/TCP  rr 0 > 10.1.0.1:8080,10.1.0.2:8080 - programmed: \n"
		"  ! 1 endpoint of one port without connections: --max-service-endpoints allows no more\n");
}

/* A long report goes on while what it is about changes: the node, the Service, everything. */
static void test_change_meanwhile(void **state)
{
	static const struct large_object object = {
		.name = "x", .ports = 1, .external_ips = 2, .endpoints = 9000, .is_local = true};
	const struct node_view renamed = {.name = "elsewhere"};
	struct fixture *fixture = *state;

	for (size_t steps = 1; steps < 20; steps++) {
		struct service_report *report;
		auto_memory char *text = NULL;
		size_t size;
		json_t *service;
		FILE *stream = open_memstream(&text, &size);
		struct node_view node = node_view_copy(sync_node(fixture->sync));

		large_object_add(&object, fixture->store, fixture->strings);
		program(fixture);
		report = service_report_new(&fixture->sources, "large/x");
		for (size_t i = 0; i < steps; i++)
			service_report_step(report, append, stream);
		sync_set_node(fixture->sync, &renamed);
		service_report_step(report, append, stream);
		large_object_remove(&object, fixture->store);
		service_report_step(report, append, stream);
		program(fixture);
		while (service_report_step(report, append, stream))
			;
		service_report_free(report);
		fclose(stream);
		service = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
		assert_string_equal(text_of(service, "name"), "x");
		json_decref(service);
		sync_set_node(fixture->sync, &node);
		node_view_clear(&node);
	}
}

/* The hints of endpoints are those of slices, which go when others come. */
static void test_hints_meanwhile(void **state)
{
	static const char hinted[] = "a/web-1 service=web port=:80/TCP 10.1.0.1~m 10.1.0.2~n";
	static const char plain[] = "a/web-1 service=web port=:80/TCP 10.1.0.1 10.1.0.2";
	struct fixture *fixture = *state;
	struct service_report *report;
	auto_memory char *text = NULL;
	json_t *service, *servers;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	add_service(fixture, "a/web ip=10.0.0.1 external=10.9.0.1 port=:80/TCP");
	add_slice(fixture, hinted);
	program(fixture);
	report = service_report_new(&fixture->sources, "a/web");
	service_report_step(report, append, stream);
	service_report_step(report, append, stream);
	add_slice(fixture, plain);
	while (service_report_step(report, append, stream))
		;
	service_report_free(report);
	fclose(stream);
	service = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	servers = json_object_get(service, "servers");
	assert_int_equal(json_array_size(servers), 2);
	assert_string_equal(text_of(json_array_get(servers, 0), "rule"), "node hint");
	assert_string_equal(text_of(json_array_get(servers, 1), "rule"), "all ready endpoints");
	json_decref(service);
}

static void test_pending(void **state)
{
	struct fixture *fixture = *state;

	add_service(fixture, "a/web ip=10.0.0.1 port=http:80/TCP");
	assert_services(fixture, "", "a/web ClusterIP pending: waiting for the source\n");
	fixture->health.is_source_synced = true;
	assert_services(fixture, "", "a/web ClusterIP pending: waiting for the iptables rules\n");
	strcpy(fixture->health.rules_error, "no lock");
	assert_services(fixture, "",
			"a/web ClusterIP pending: waiting for the iptables rules: no lock\n");
	fixture->health.are_rules_in_place = true;
	assert_services(fixture, "", "a/web ClusterIP pending: queued\n");
}

static void test_agent(void **state)
{
	struct fixture *fixture = *state;
	const struct source_effort effort = {.reading = 0.5, .decoding = 2};
	const struct reload_state settings = {
		.paths = {(char *[]){(char[]){"/c"}, (char[]){"/o"}}, 2},
		.waiting = {(char *[]){(char[]){"hostnameOverride"}}, 1},
		.error = (char[]){"bad c"},
		.applied = 2,
		.rejected = 1};
	const json_t *shown;
	json_t *agent, *expected;

	strcpy(fixture->health.source_description, "a test");
	strcpy(fixture->health.ipv6_off, "all");
	strcpy(fixture->health.other_variant, "a chain");
	strcpy(fixture->health.port_overlap, "a port");
	health_set_lost(&fixture->health, HEALTH_PART_IPVS, "no module");
	fixture->health.started = clock_milliseconds();
	fixture->health.last_verification_seconds = 1.5;
	fixture->health.longest_verification_step_seconds = 0.25;
	fixture->health.source = &effort;
	fixture->health.settings = &settings;
	fixture->health.last_object_change = 86400.5;
	add_service(fixture, "a/web ip=10.0.0.1 port=http:80/TCP");
	add_slice(fixture, "a/web-1 service=web port=http:8080/TCP 10.1.0.1 10.1.0.2");
	add_service(fixture, "a/refused ip=10.0.0.2 port=:666/TCP");
	program(fixture);
	reject(fixture, "EndpointSlice", "a", "web-2", "bad endpoint");

	agent = status_report_agent(&fixture->sources);
	assert_string_equal(text_of(agent, "version"), IPVSAGENT_VERSION);
	assert_int_equal(json_integer_value(json_object_get(agent, "pid")), getpid());
	assert_true(json_number_value(json_object_get(agent, "uptimeSeconds")) < 60);

	shown = json_object_get(agent, "effort");
	assert_true(json_real_value(json_object_get(shown, "reading")) == 0.5);
	assert_true(json_real_value(json_object_get(shown, "decoding")) == 2);
	assert_true(json_real_value(json_object_get(shown, "planning")) > 0);

	/* Times and the pid are gone; what is left does not vary. */
	json_object_del(agent, "version");
	json_object_del(agent, "pid");
	json_object_del(agent, "uptimeSeconds");
	json_object_del(agent, "firstPassSeconds");
	json_object_del(agent, "lastPassSeconds");
	json_object_del(agent, "effort");
	expected = json_pack(
		"{s:b, s:{s:[s,s], s:s, s:[s], s:i, s:i}, s:s, s:b, s:{s:s, s:b, s:i, s:i, s:i, s:s}, "
		"s:{s:b, s:s, s:s}, s:i, s:f, s:f, s:i, s:i,"
		" s:{s:{s:i, s:i, s:i}, s:{s:i, s:i, s:i}, s:{s:i, s:i, s:i}},"
		" s:{s:i, s:i, s:i, s:i}, s:[], s:[{s:s, s:s, s:s, s:s}], s:{s:s, s:s}, s:{s:s}, s:s,"
		" s:s, s:s, s:[s]}",
		"waitingForPodCIDRs", 0, "settings", "files", "/c", "/o", "error", "bad c",
		"waitingForRestart", "hostnameOverride", "applied", 2, "rejected", 1, "node", "n",
		"settled", 1, "source", "description", "a test", "synced", 1, "services", 2,
		"endpointSlices", 1, "endpoints", 2, "lastChange", "1970-01-02T00:00:00.500Z",
		"rules", "inPlace", 1, "error", "", "variant", "", "passes", 1,
		"lastVerificationSeconds", 1.5, "longestVerificationStepSeconds", 0.25,
		"waitingForRetry", 1, "draining", 0, "operations", "ipset", "applied", 5, "failed",
		0, "repaired", 0, "ipvs", "applied", 3, "failed", 1, "repaired", 0, "link",
		"applied", 2, "failed", 0, "repaired", 0, "held", "virtualServers", 1,
		"destinations", 2, "setMembers", 5, "addresses", 2, "sets", "rejections", "kind",
		"EndpointSlice", "namespace", "a", "name", "web-2", "reason", "bad endpoint",
		"inCluster", "error", "", "clash", "", "lost", "ipvs", "no module", "ipv6Off",
		"all", "otherVariant", "a chain", "portOverlap", "a port", "missingFeatures",
		"IPv6");
	assert_non_null(expected);
	if (!json_equal(agent, expected)) {
		auto_memory char *is = json_dumps(agent, JSON_INDENT(1) | JSON_SORT_KEYS);
		auto_memory char *should = json_dumps(expected, JSON_INDENT(1) | JSON_SORT_KEYS);

		assert_string_equal(is, should);
	}
	json_decref(expected);
	json_decref(agent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_services, set_up, tear_down),
		cmocka_unit_test(test_endpoints),
		cmocka_unit_test_setup_teardown(test_draining, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_addresses_of_nodes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_without_ipv6, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_opting_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_change_meanwhile, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hints_meanwhile, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_pending, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_agent, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
