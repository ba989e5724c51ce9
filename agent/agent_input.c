/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent_input.h"

#include "agent_refresh.h"
#include "lib/base/log.h"

#include <stdio.h>

static void on_own_node(void *owner)
{
	agent_refresh_node(owner);
	agent_refresh_rules(owner);
}

static void on_source_synced(void *owner)
{
	struct agent *agent = owner;

	if (!agent->health.is_source_synced)
		log_info("read %zu Services and %zu EndpointSlices with %zu endpoints",
			 store_service_count(agent->store),
			 store_endpoint_slice_count(agent->store),
			 store_endpoint_count(agent->store));
	agent->health.is_source_synced = true;
	if (object_source_is_complete(agent->source))
		sync_allow_sweep(agent->sync);
	other_nodes_review(agent->other_nodes, false);
	agent_refresh_gate(agent);
	sync_wake(agent->sync);
}

static void ask_for_nodes(void *owner)
{
	struct agent *agent = owner;

	object_source_list_nodes(agent->source);
}

static void on_nodes(void *owner, const char *trouble)
{
	struct agent *agent = owner;

	other_nodes_answered(agent->other_nodes, trouble);
}

static void on_nodes_checked(void *owner)
{
	struct agent *agent = owner;

	agent_refresh_node(agent);
	agent_refresh_gate(agent);
	sync_wake(agent->sync);
}

/* Manifests show all Nodes anyway. */
void agent_input_prepare(struct agent *agent)
{
	const struct options *options = agent->options;
	const struct other_nodes_options other_nodes = {
		.store = agent->store,
		.node = agent->node,
		.are_known = options->manifests.count || options->other_nodes == KUBE_NODES_OFF,
		.is_watched = options->other_nodes == KUBE_NODES_WATCHED,
		.refresh_seconds = OTHER_NODES_REFRESH_SECONDS,
		.ask = ask_for_nodes,
		.on_checked = on_nodes_checked,
		.owner = agent,
	};

	agent->other_nodes = other_nodes_new(agent->loop, &other_nodes);
}

static void on_response(void *owner, const char *method, const char *host, int status,
			double seconds)
{
	struct agent *agent = owner;
	char code[16];

	snprintf(code, sizeof(code), "%d", status);
	proxy_metrics_request(agent->metrics, status ? code : "<error>", method, host, seconds);
}

static void write_event(void *owner, const struct kube_event *event)
{
	struct agent *agent = owner;

	object_source_emit(agent->source, event);
}

int agent_input_open(struct agent *agent, struct error *err)
{
	const struct object_source_observer observer = {
		.owner = agent, .on_response = on_response, .on_nodes = on_nodes};
	const struct object_intake_parts parts = {
		.loop = agent->loop,
		.strings = agent->strings,
		.store = agent->store,
		.node = agent->node,
		.rejections = agent->rejections,
		.events = agent->events,
		.history = agent->history,
		.health = &agent->proxy_health,
		.metrics = agent->metrics,
		.sync = agent->sync,
		.last_change = &agent->health.last_object_change,
		.on_own_node = on_own_node,
		.on_other_nodes = agent_refresh_addresses,
		.on_synced = on_source_synced,
		.owner = agent,
	};
	struct object_sink sink;
	int r;

	agent->intake = object_intake_new(&parts);
	sink = object_intake_sink(agent->intake);
	r = object_source_open(agent->loop, agent->options, node_state_name(agent->node), &sink,
			       &observer, &agent->source, err);
	if (r < 0)
		return r;
	snprintf(agent->health.source_description, sizeof(agent->health.source_description), "%s",
		 object_source_description(agent->source));
	agent->health.source = object_source_effort(agent->source);
	events_set_writer(agent->events, write_event, agent);
	return 0;
}
