/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UNIT_KUBE_SOURCE_FIXTURE_H
#define UNIT_KUBE_SOURCE_FIXTURE_H

/* The source against the API server of the tests, which does all kinds of things wrong. */

#include "lib/source/kube/kube_source.h"
#include "tests/fake/api_server.h"
#include "tests/fake/recording_sink.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WAIT_SECONDS 60.

struct fixture {
	struct ev_loop *loop;
	struct api_server *server;
	struct recording_sink *noted;
	struct object_sink sink; /* that one, unless a test has its own */
	struct kube_source *source;
	double requests_per_second;
	int burst;
	struct kube_listing listing;
	enum kube_encoding encoding;
	enum kube_nodes other_nodes;
	bool is_late;
	char reports[8000];
};

static void set_service(struct api_store *store, const char *name, const char *address,
			const char *labels)
{
	json_t *object =
		json_pack("{s:s, s:s, s:{s:s, s:s, s:o}, s:{s:s, s:s, s:[{s:i}]}}", "apiVersion",
			  "v1", "kind", "Service", "metadata", "name", name, "namespace", "default",
			  "labels", json_loads(labels, 0, NULL), "spec", "type", "ClusterIP",
			  "clusterIP", address, "ports", "port", 80);

	assert_true(api_store_set(store, object));
	json_decref(object);
}

static void set_node(struct api_store *store, const char *name)
{
	json_t *object = json_pack("{s:s, s:s, s:{s:s}}", "apiVersion", "v1", "kind", "Node",
				   "metadata", "name", name);

	assert_true(api_store_set(store, object));
	json_decref(object);
}

/* Two Services and the Node, or more Services. */
static void fill(struct fixture *fixture, size_t more)
{
	struct api_store *store = api_server_lock(fixture->server);

	set_service(store, "web", "10.96.0.10", "{}");
	set_service(store, "api", "10.96.0.11", "{}");
	set_node(store, "node1");
	set_node(store, "node2");
	for (size_t i = 0; i < more; i++) {
		char name[32];

		snprintf(name, sizeof(name), "x%05zu", i);
		set_service(store, name, "10.96.0.12", "{}");
	}
	api_server_unlock(fixture->server);
}

static void on_report(void *owner, enum kube_report kind, const char *text)
{
	struct fixture *fixture = owner;
	size_t used = strlen(fixture->reports);

	snprintf(fixture->reports + used, sizeof(fixture->reports) - used, "%s %s\n",
		 kind == KUBE_REPORT_WARNING ? "warning" : "info", text);
}

static void on_nodes(void *owner, const char *trouble)
{
	auto_memory char *text = string_printf("all Nodes: %s", trouble ? trouble : "known");

	on_report(owner, trouble ? KUBE_REPORT_WARNING : KUBE_REPORT_INFO, text);
}

static void prepare(struct fixture *fixture, const char *script)
{
	const struct api_server_options options = {.first_version = 100, .bookmark_seconds = 1};
	const struct kube_listing listing = KUBE_LISTING_DEFAULT;

	*fixture = (struct fixture){.loop = ev_default_loop(0), .requests_per_second = -1};
	fixture->listing = listing;
	fixture->noted = recording_sink_new();
	fixture->sink = recording_sink_sink(fixture->noted);
	fixture->server = api_server_new(&options);
	assert_true(api_server_set_faults(fixture->server, script));
	assert_true(api_server_listen(fixture->server, &options));
}

static void open_with(struct fixture *fixture, const char *kubeconfig)
{
	auto_memory char *master =
		string_printf("http://127.0.0.1:%u", api_server_port(fixture->server));
	const struct kube_source_options options = {
		.kubeconfig = kubeconfig,
		.master = master,
		.node_name = "node1",
		.reporter = {"kube-proxy", "kube-proxy-host"},
		.requests_per_second = fixture->requests_per_second,
		.burst = fixture->burst,
		.listing = fixture->listing,
		.encoding = fixture->encoding,
		.sink = fixture->sink,
		.other_nodes = fixture->other_nodes,
		.on_nodes = on_nodes,
		.on_report = on_report,
		.owner = fixture,
	};
	struct error err = {0};

	if (kube_source_open(fixture->loop, &options, &fixture->source, &err) < 0)
		fail_msg("%s", err.text);
}

static void clean_up(struct fixture *fixture)
{
	kube_source_close(fixture->source);
	api_server_free(fixture->server);
	recording_sink_free(fixture->noted);
}

static void on_late(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)events;
	*(bool *)timer->data = true;
	ev_break(loop, EVBREAK_ALL);
}

/* Runs the loop until @text was noted or reported. */
static void await(struct fixture *fixture, const char *text)
{
	ev_timer late;

	ev_timer_init(&late, on_late, WAIT_SECONDS, 0.);
	late.data = &fixture->is_late;
	ev_now_update(fixture->loop);
	ev_timer_start(fixture->loop, &late);
	while (!fixture->is_late && !strstr(fixture->noted->text, text) &&
	       !strstr(fixture->reports, text))
		ev_run(fixture->loop, EVRUN_ONCE);
	ev_timer_stop(fixture->loop, &late);
	if (fixture->is_late)
		fail_msg("no \"%s\" in:\n%s%s", text, fixture->noted->text, fixture->reports);
}

__attribute__((unused)) static void open_listed(struct fixture *fixture, const char *script,
						size_t more)
{
	prepare(fixture, script);
	fill(fixture, more);
	open_with(fixture, NULL);
	await(fixture, "synced");
	recording_sink_clear(fixture->noted);
}

/* The server is away, and what @script says goes wrong when it is back. */
__attribute__((unused)) static void interrupt(struct fixture *fixture)
{
	api_server_set_faults(fixture->server, "* * reset");
	await(fixture, "retrying");
}

/* The environment of a process that uses it. */
static void prepare_environment(void)
{
	unsetenv("KUBECONFIG");
	unsetenv("KUBERNETES_SERVICE_HOST");
	unsetenv("http_proxy");
	signal(SIGPIPE, SIG_IGN);
}

#endif
