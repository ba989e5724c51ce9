/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent.h"

#include "agent_explain.h"
#include "agent_input.h"
#include "agent_reconcile.h"
#include "agent_refresh.h"
#include "agent_settings.h"
#include "heap.h"
#include "lib/base/clock.h"
#include "lib/base/descriptor_limit.h"
#include "lib/base/log.h"
#include "node_setup.h"
#include "oom_score.h"
#include "privileges.h"

#include <errno.h>

static void on_hangup(void *owner)
{
	struct agent *agent = owner;

	reload_now(agent->settings);
	object_source_reload(agent->source);
}

static void on_turn(void *owner, double seconds)
{
	struct agent *agent = owner;

	proxy_metrics_turn(agent->metrics, seconds);
}

static struct server_rates *new_rates(const struct agent *agent)
{
	const struct traffic_observer metrics =
		service_traffic_observer(proxy_metrics_traffic(agent->metrics));
	struct server_rates *rates = server_rates_new(ev_time, &metrics);

	server_rates_want(rates, agent->options->status_page);
	return rates;
}

static void on_listens(void *owner, uint16_t health_port)
{
	struct agent *agent = owner;
	struct sync_options options;

	agent->health_port = health_port;
	options = agent_settings_sync(agent);
	sync_set_options(agent->sync, &options);
}

static int open_endpoints(struct agent *agent, struct error *err)
{
	struct http_endpoints_sources sources = {
		.clients = agent->http_clients,
		.options = agent->options,
		.health = &agent->proxy_health,
		.metrics = agent->metrics,
		.events = agent->events,
		.looked_up = {.status = &agent->sources,
			      .rules = agent->rules,
			      .source = agent->source},
		.listens = on_listens,
		.owner = agent,
	};

	return http_endpoints_open(agent->loop, &sources, &agent->endpoints, err);
}

static int open_control(struct agent *agent, struct error *err)
{
	struct answer_kind kinds[ANSWERS_COUNT + 1];

	answers_fill(&agent->sources, kinds);
	kinds[ANSWERS_COUNT] = agent_explain_kind(agent);
	return control_open(agent->loop, agent->options->socket_path, kinds, COUNT(kinds),
			    &agent->control, err);
}

static int drop_privileges(const struct agent *agent, struct error *err)
{
	node_setup_programs();
	return agent->options->drop_privileges ? privileges_drop(err) : 0;
}

static int start(struct agent *agent, struct error *err)
{
	int r = privileges_check(err);

	if (r >= 0)
		r = instance_lock_take(&agent->lock, err);
	if (r >= 0)
		oom_score_set(agent->options->oom_score_adj);
	if (r >= 0)
		r = agent_reconcile_open(agent, err);
	if (r >= 0)
		r = drop_privileges(agent, err);
	if (r < 0)
		return r;

	agent_reconcile_create_sync(agent);
	agent->ipv6 = (struct ipv6_presence){.interface = DUMMY_INTERFACE,
					     .rules = agent->rules,
					     .sync = agent->sync,
					     .health = &agent->health};
	r = node_state_read_addresses(agent->node, agent->kernel->link, err);
	if (r < 0)
		return error_wrap(err, r, "reading the node's addresses");
	agent_refresh_node(agent);

	r = agent_input_open(agent, err);
	if (r < 0)
		return r;
	agent->sources = (struct status_sources){
		.store = agent->store,
		.sync = agent->sync,
		.ledger = agent->ledger,
		.rejections = agent->rejections,
		.kernel = agent->kernel,
		.rules = agent->rules,
		.history = agent->history,
		.rates = agent->rates,
		.conflicts = agent->conflicts,
		.options = agent->options,
		.health = &agent->health,
	};
	r = open_endpoints(agent, err);
	if (r < 0)
		return r;
	r = open_control(agent, err);
	if (r < 0)
		return r;

	agent_reconcile_watch(agent);
	agent_settings_follow(agent);
	agent->signals = signals_new(agent->loop, on_hangup, agent);
	agent->watchdog = watchdog_new(agent->loop, &agent->proxy_health);
	events_emit(agent->events, EVENT_KIND_STARTING, "%s", "");
	log_info("ipvsagent %s started on node %s: source %s, scheduler %s, affinity scheduler %s",
		 IPVSAGENT_VERSION, node_state_name(agent->node), agent->health.source_description,
		 agent->options->desired.scheduler, agent->options->desired.affinity_scheduler);
	return 0;
}

/* With manifests there may be none. Of kube-proxy, 1.32 is eligible until it knows its Node. */
static bool is_eligible_without_node(const struct options *options)
{
	return options->manifests.count || options->kube_proxy_compat == KUBE_PROXY_RELEASE_1_32;
}

int agent_run(struct options *options, struct error *err)
{
	struct agent agent = {.options = options};
	struct http_limits http_limits;
	size_t descriptors;
	int r;

	heap_prepare();
	agent.loop = ev_default_loop(EVFLAG_AUTO);
	if (!agent.loop)
		return error_set(err, -EIO, "creating the event loop failed (libev)");
	agent.health.started = clock_milliseconds();
	agent.strings = string_pool_new();
	agent.store = store_new();
	proxy_health_init(&agent.proxy_health, options->sync_period);
	agent.proxy_health.is_eligible = is_eligible_without_node(options);
	agent.metrics = proxy_metrics_new(ev_time(), (size_t)options->service_metrics,
					  options->kube_proxy_compat);
	agent.rates = new_rates(&agent);
	agent.loop_clock = loop_clock_new(agent.loop, on_turn, &agent);
	agent.node = node_state_new(options);
	agent.events = events_new(node_state_name(agent.node));
	agent.history = history_new(ev_time);
	agent.conflicts = conflicts_new(agent.store, agent.events);
	agent.capacity = capacity_new(agent.events);
	agent.remarks = remarks_new(agent.events);
	descriptors = descriptor_limit_raise();
	http_limits = http_limits_default(descriptors);
	agent.http_clients = http_clients_new(agent.loop, &http_limits);
	agent.health_ports =
		health_ports_new(agent.loop, agent.http_clients, &agent.proxy_health, agent.events,
				 node_state_name(agent.node), HEALTH_PORTS_RETRY_SECONDS);
	agent.localhost_ports =
		localhost_ports_new(agent.loop, descriptors, LOCALHOST_PORTS_RETRY_SECONDS);
	agent.rejections = rejections_new();
	agent_input_prepare(&agent);
	agent_refresh_localhost(&agent);

	r = start(&agent, err);
	if (r >= 0)
		ev_run(agent.loop, 0);

	watchdog_free(agent.watchdog);
	signals_free(agent.signals);
	reload_free(agent.settings);
	control_close(agent.control);
	http_endpoints_close(agent.endpoints);
	object_source_close(agent.source);
	object_intake_free(agent.intake);
	other_nodes_free(agent.other_nodes);
	link_watch_free(agent.link_watch);
	verifier_free(agent.verifier);
	drainer_free(agent.drainer);
	former_vips_free(agent.former_vips);
	flow_cleaner_free(agent.flows);
	health_ports_free(agent.health_ports);
	http_clients_free(agent.http_clients);
	localhost_ports_free(agent.localhost_ports);
	loop_clock_free(agent.loop_clock);
	rules_watch_free(agent.rules_watch);
	rules_keeper_free(agent.rules);
	sync_free(agent.sync);
	ledger_free(agent.ledger);
	server_rates_free(agent.rates);
	proxy_metrics_free(agent.metrics);
	kernel_close(agent.kernel);
	conflicts_free(agent.conflicts);
	capacity_free(agent.capacity);
	remarks_free(agent.remarks);
	events_free(agent.events);
	history_free(agent.history);
	node_state_free(agent.node);
	rejections_free(agent.rejections);
	footprint_free(agent.footprint);
	store_free(agent.store);
	string_pool_free(agent.strings);
	instance_lock_release(agent.lock);
	ev_loop_destroy(agent.loop);
	return r;
}
