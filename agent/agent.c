/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent.h"

#include "agent/http/health_ports.h"
#include "agent/http/http_endpoints.h"
#include "agent/input/link_watch.h"
#include "agent/input/node_state.h"
#include "agent/input/object_source.h"
#include "agent/input/other_nodes.h"
#include "agent/notify/capacity.h"
#include "agent/notify/conflicts.h"
#include "agent/notify/events.h"
#include "agent/notify/rejections.h"
#include "agent/notify/remarks.h"
#include "agent/reconcile/drainer.h"
#include "agent/reconcile/flow_cleaner.h"
#include "agent/reconcile/in_cluster.h"
#include "agent/reconcile/ipv6_presence.h"
#include "agent/reconcile/rules_keeper.h"
#include "agent/reconcile/rules_watch.h"
#include "agent/reconcile/sync.h"
#include "agent/reconcile/verifier.h"
#include "agent/relay/localhost_ports.h"
#include "agent/settings/reload.h"
#include "agent/status/control.h"
#include "agent/status/status_report.h"
#include "footprint.h"
#include "heap.h"
#include "instance_lock.h"
#include "lib/base/clock.h"
#include "lib/base/descriptor_limit.h"
#include "lib/base/log.h"
#include "lib/kernel/kernel.h"
#include "loop_clock.h"
#include "node_setup.h"
#include "object_intake.h"
#include "oom_score.h"
#include "privileges.h"
#include "signals.h"
#include "watchdog.h"

#include <errno.h>
#include <ev.h>
#include <stdio.h>
#include <string.h>
#if HAVE_LIBSYSTEMD
#include <systemd/sd-daemon.h>
#endif

struct agent {
	struct ev_loop *loop;
	struct options *options;
	struct string_pool *strings;
	struct store *store;
	struct rejections *rejections;
	struct node_state *node;
	struct kernel *kernel;
	struct ledger *ledger;
	struct sync *sync;
	struct verifier *verifier;
	struct link_watch *link_watch;
	struct drainer *drainer;
	struct flow_cleaner *flows;
	struct http_clients *http_clients;
	struct health_ports *health_ports;
	struct localhost_ports *localhost_ports;
	struct proxy_health proxy_health;
	struct proxy_metrics *metrics;
	struct loop_clock *loop_clock;
	struct http_endpoints *endpoints;
	struct events *events;
	struct conflicts *conflicts;
	struct remarks *remarks;
	struct capacity *capacity;
	struct footprint *footprint;
	struct rules_keeper *rules;
	struct rules_watch *rules_watch;
	struct object_intake *intake;
	struct object_source *source;
	struct other_nodes *other_nodes;
	struct reload *settings;
	struct control *control;
	struct signals *signals;
	struct watchdog *watchdog;
	struct ipv6_presence ipv6;
	struct agent_health health;
	struct status_sources sources;
	struct instance_lock *lock;
	bool has_observed;
	bool has_told_ready;
};

/* With --detect-local-mode NodeCIDR, which pods are this node's own is to be known first. */
static bool lacks_pod_cidrs(struct agent *agent)
{
	bool is_lacking = agent->options->is_node_cidr && !node_state_has_pod_cidrs(agent->node);

	if (is_lacking && !agent->health.lacks_pod_cidrs)
		log_info("waiting for podCIDRs of Node %s, which detectLocalMode NodeCIDR requires",
			 node_state_name(agent->node));
	agent->health.lacks_pod_cidrs = is_lacking;
	return is_lacking;
}

/* The rules refer to the sets, which exist once the kernel has been observed. */
static void refresh_rules(struct agent *agent)
{
	struct ruleset_options rules[2];

	if (!agent->has_observed || lacks_pod_cidrs(agent))
		return;
	node_state_rules(agent->node, rules);
	in_cluster_complete_rules(agent->options, agent->kernel, rules);
	rules_keeper_set(agent->rules, rules);
}

/* Of an IP family that is off there are no numbers, and it is not late with anything. */
static void follow_families(struct agent *agent)
{
	unsigned int families = rules_keeper_families(agent->rules);

	proxy_metrics_set_families(agent->metrics, families);
	proxy_health_forget(&agent->proxy_health, IP_FAMILY_ALL & ~families);
}

static void refresh_node(struct agent *agent)
{
	struct node_port_selection selection = node_state_node_ports(agent->node);
	struct node_view view;

	ipv6_presence_look(&agent->ipv6);
	follow_families(agent);
	node_state_view(agent->node, &view);
	view.lacks_ipv6 = ipv6_presence_is_off(&agent->ipv6);
	view.unchecked_addresses =
		other_nodes_unchecked(agent->other_nodes, &view.unchecked_address_count);
	sync_set_node(agent->sync, &view);

	/* Without a selection the port answers everywhere, as kube-proxy's does. */
	health_ports_listen_on(
		agent->health_ports, view.node_port_addresses,
		node_addresses_is_open(&selection) ? 0 : view.node_port_address_count,
		agent->options->node_port_prefixes.items, agent->options->node_port_prefixes.count);
}

/* Return: whether all Services are to be planned again */
static bool select_localhost(struct agent *agent)
{
	enum loopback_use uses[2];

	node_state_loopbacks(agent->node, uses);
	return localhost_ports_select(agent->localhost_ports, uses);
}

static void on_own_node(void *owner)
{
	refresh_node(owner);
	refresh_rules(owner);
}

static void allow_source(struct agent *agent)
{
	if (agent->health.is_source_synced && !other_nodes_is_first(agent->other_nodes) &&
	    !lacks_pod_cidrs(agent))
		sync_allow(agent->sync, SYNC_GATE_SOURCE);
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
	allow_source(agent);
	sync_wake(agent->sync);
}

static void on_planned(void *owner, const struct service_view *view,
		       const struct service_state *state)
{
	struct agent *agent = owner;

	health_ports_set(agent->health_ports, view->key, state->health_check_port,
			 state->local_endpoint_count);
	localhost_ports_planned(agent->localhost_ports, view->key, view->service, state);
	proxy_metrics_planned(agent->metrics, view, node_state_name(agent->node));
	conflicts_planned(agent->conflicts, view, sync_node(agent->sync));
	capacity_planned(agent->capacity, view, state);
	remarks_planned(agent->remarks, view, sync_desired_options(agent->sync));
}

static void on_passed(void *owner, double seconds)
{
	struct agent *agent = owner;

	proxy_metrics_passed(agent->metrics, seconds, ev_time());
	proxy_health_updated(&agent->proxy_health, PROXY_PART_OBJECTS,
			     rules_keeper_families(agent->rules), clock_milliseconds(), ev_time());
	conflicts_passed(agent->conflicts, agent->ledger);
	footprint_settled(&agent->footprint, agent->loop);
}

static void on_applied(void *owner, const struct changes *changes)
{
	struct agent *agent = owner;

	flow_cleaner_follow(agent->flows, changes);
	capacity_applied(agent->capacity, changes);
	if (agent->drainer)
		drainer_wake(agent->drainer);
#if HAVE_LIBSYSTEMD
	if (!agent->has_told_ready && sync_is_settled(agent->sync)) {
		agent->has_told_ready = true;
		sd_notify(0, "READY=1");
	}
#endif
}

static bool may_verify(void *owner)
{
	struct agent *agent = owner;

	if (ipv6_presence_look(&agent->ipv6))
		refresh_node(agent);
	return ipv6_presence_is_level(&agent->ipv6);
}

static void on_observed(void *owner, bool is_first)
{
	struct agent *agent = owner;

	verifier_tell_times(agent->verifier, &agent->health);
	if (is_first) {
		agent->has_observed = true;
		refresh_rules(agent);
		sync_allow(agent->sync, SYNC_GATE_OBSERVED);
		drainer_wake(agent->drainer);
	} else {
		rules_keeper_verify(agent->rules);
	}
}

/* Parts of the kernel without which nothing can be programmed. */
static bool has_lost_kernel(const struct agent_health *health)
{
	return *health->lost[HEALTH_PART_IPSET] || *health->lost[HEALTH_PART_IPVS] ||
	       *health->lost[HEALTH_PART_LINK];
}

static void on_part_lost(void *owner, enum health_part part, const char *reason)
{
	struct agent *agent = owner;

	health_set_lost(&agent->health, part, reason);
	proxy_health_set_lost(&agent->proxy_health, has_lost_kernel(&agent->health),
			      clock_milliseconds());
}

static void on_facility_lost(void *owner, enum facility facility, const char *reason)
{
	static const enum health_part parts[] = {
		[FACILITY_IPSET] = HEALTH_PART_IPSET,
		[FACILITY_IPVS] = HEALTH_PART_IPVS,
		[FACILITY_LINK] = HEALTH_PART_LINK,
	};

	on_part_lost(owner, parts[facility], reason);
}

static void set_up_ipvs(struct agent *agent)
{
	struct error err = {0};

	node_setup_sysctls(agent->options);
	if (node_setup_timeouts(agent->options, agent->kernel->ipvs, &err) < 0)
		log_warning("IPVS timeouts: %s; continuing with the kernel's", err.text);
	if (node_setup_scheduler(agent->options, agent->kernel->ipvs, &err) < 0)
		log_warning("%s; virtual servers that need it cannot be programmed", err.text);
}

static void on_facility_replaced(void *owner, enum facility facility)
{
	if (facility == FACILITY_IPVS)
		set_up_ipvs(owner);
}

static void on_rules_changed(void *owner, uint16_t family, const char *writer)
{
	struct agent *agent = owner;

	rules_keeper_changed(agent->rules, family, writer);
}

/* Once, as long as it is the same; it is in the log already. */
static void tell_of_unreadable(struct agent *agent, bool is_in_place, const char *error)
{
	if (is_in_place && *error && strcmp(agent->health.rules_error, error) != 0)
		events_emit(agent->events, EVENT_KIND_RULES, "%s", error);
}

static void on_walked(void *owner, const struct conntrack_report *report)
{
	struct agent *agent = owner;

	proxy_metrics_walked(agent->metrics, report);
}

/* What others are is of no concern to whoever is looked at, but for those that are not in place. */
static void note_rules_health(struct agent *agent, enum ip_family family)
{
	unsigned int in_place = rules_keeper_in_place(agent->rules);

	proxy_health_updated(&agent->proxy_health, PROXY_PART_RULES, in_place & 1U << family,
			     clock_milliseconds(), ev_time());
	proxy_health_queued(&agent->proxy_health, PROXY_PART_RULES,
			    rules_keeper_families(agent->rules) & ~in_place, clock_milliseconds());
}

static void on_rules_report(void *owner, enum ip_family family, bool is_in_place, const char *error)
{
	struct agent *agent = owner;

	note_rules_health(agent, family);
	tell_of_unreadable(agent, is_in_place, error);
	rules_watch_set_legacy(agent->rules_watch, rules_keeper_is_legacy(agent->rules));
	snprintf(agent->health.rules_error, sizeof(agent->health.rules_error), "%s", error);
	agent->health.are_rules_in_place = is_in_place;
	if (is_in_place) {
		in_cluster_refresh(agent->options, agent->kernel, agent->rules, agent->sync,
				   &agent->health);
		sync_allow(agent->sync, SYNC_GATE_RULES);
		if (ipv6_presence_rules_in_place(&agent->ipv6))
			refresh_node(agent);
	}
}

static void on_addresses(void *owner)
{
	struct agent *agent = owner;

	refresh_node(agent);
	other_nodes_review(agent->other_nodes, true);
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

	refresh_node(agent);
	allow_source(agent);
	sync_wake(agent->sync);
}

/* Manifests show all Nodes anyway. */
static void create_other_nodes(struct agent *agent)
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

static void on_hangup(void *owner)
{
	struct agent *agent = owner;

	reload_now(agent->settings);
	object_source_reload(agent->source);
}

static int open_kernel(struct agent *agent, struct error *err)
{
	int r = kernel_open(DUMMY_INTERFACE, &agent->options->in_cluster_marks, &agent->kernel,
			    err);

	if (r >= 0)
		r = node_setup_scheduler(agent->options, agent->kernel->ipvs, err);
	if (r >= 0)
		r = link_ensure(agent->kernel->link, NULL, err);
	if (r >= 0)
		r = node_setup_timeouts(agent->options, agent->kernel->ipvs, err);
	if (r >= 0)
		node_setup_sysctls(agent->options);
	return r;
}

static struct sync_options sync_options_of(const struct options *options)
{
	return (struct sync_options){
		.desired = options->desired,
		.min_period = options->min_sync_period,
	};
}

static struct ledger_options ledger_options_of(const struct options *options)
{
	return (struct ledger_options){
		.drain_milliseconds = (uint64_t)(options->drain_timeout * 1000),
		.retry_first_milliseconds = 500,
		.retry_max_milliseconds = 60000,
	};
}

static void create_sync(struct agent *agent)
{
	struct kernel_target target = kernel_target(agent->kernel);
	struct sync_options options = sync_options_of(agent->options);
	struct ledger_options ledger_options = ledger_options_of(agent->options);
	struct sync_observer observer = {
		.owner = agent,
		.planned = on_planned,
		.applied = on_applied,
		.passed = on_passed,
	};

	agent->ledger = ledger_new(&ledger_options);
	agent->sync =
		sync_new(agent->loop, &target, agent->store, agent->ledger, &options, &observer);
	ledger_set_excluded(agent->ledger, agent->options->excluded.items,
			    agent->options->excluded.count);
}

static int on_settings_read(void *owner, const struct options *next, struct error *err)
{
	const struct agent *agent = owner;
	const struct desired_options *now = &agent->options->desired;

	if (strcmp(next->desired.scheduler, now->scheduler) == 0 &&
	    strcmp(next->desired.affinity_scheduler, now->affinity_scheduler) == 0)
		return 0;
	return node_setup_scheduler(next, agent->kernel->ipvs, err);
}

static void on_settings_changed(void *owner, const struct options *before)
{
	struct agent *agent = owner;
	const struct options *options = agent->options;
	struct sync_options sync_options = sync_options_of(options);
	struct ledger_options ledger_options = ledger_options_of(options);
	bool needs_planning;

	if (options->oom_score_adj != before->oom_score_adj)
		oom_score_set(options->oom_score_adj);
	node_setup_follow(options, before, agent->kernel->ipvs);
	proxy_health_set_period(&agent->proxy_health, options->sync_period);
	verifier_set_period(agent->verifier, options->sync_period);
	ledger_set_excluded(agent->ledger, options->excluded.items, options->excluded.count);
	ledger_set_options(agent->ledger, &ledger_options);
	sync_set_options(agent->sync, &sync_options);
	refresh_node(agent);
	refresh_rules(agent);
	allow_source(agent);
	needs_planning = select_localhost(agent);
	needs_planning |= service_traffic_set_limit(proxy_metrics_traffic(agent->metrics),
						    (size_t)options->service_metrics);
	if (needs_planning)
		sync_plan_all(agent->sync);
	http_endpoints_follow_options(agent->endpoints);
	object_source_follow_options(agent->source, options, before);
}

static void on_settings_complaint(void *owner, const char *reason)
{
	struct agent *agent = owner;

	if (reason)
		events_emit(agent->events, EVENT_KIND_SETTINGS, "%s; keeping the previous settings",
			    reason);
}

static void follow_settings(struct agent *agent)
{
	const struct reload_observer observer = {
		.owner = agent,
		.check = on_settings_read,
		.changed = on_settings_changed,
		.complained = on_settings_complaint,
	};

	agent->settings = reload_new(agent->loop, agent->options, &observer);
	agent->health.settings = reload_state(agent->settings);
}

static void on_response(void *owner, const char *method, const char *host, int status)
{
	struct agent *agent = owner;
	char code[16];

	snprintf(code, sizeof(code), "%d", status);
	proxy_metrics_request(agent->metrics, status ? code : "<error>", method, host);
}

static void write_event(void *owner, const struct kube_event *event)
{
	struct agent *agent = owner;

	object_source_emit(agent->source, event);
}

static int open_source(struct agent *agent, struct error *err)
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
		.health = &agent->proxy_health,
		.metrics = agent->metrics,
		.sync = agent->sync,
		.on_own_node = on_own_node,
		.on_other_nodes = on_addresses,
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

static void on_turn(void *owner, double seconds)
{
	struct agent *agent = owner;

	proxy_metrics_turn(agent->metrics, seconds);
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
	};

	return http_endpoints_open(agent->loop, &sources, &agent->endpoints, err);
}

static void start_watching_kernel(struct agent *agent)
{
	const struct traffic_observer traffic =
		service_traffic_observer(proxy_metrics_traffic(agent->metrics));
	const struct verifier_observer observer = {
		.owner = agent,
		.may_begin = may_verify,
		.observed = on_observed,
		.lost = on_facility_lost,
		.replaced = on_facility_replaced,
	};

	agent->drainer = drainer_new(agent->loop, agent->kernel, agent->sync, agent->ledger);
	agent->verifier = verifier_new(agent->loop, agent->kernel, agent->sync, agent->ledger,
				       &traffic, agent->options->sync_period, &observer);
	agent->link_watch = link_watch_new(agent->loop, agent->kernel->link, agent->node,
					   agent->verifier, on_addresses, on_part_lost, agent);
}

static int drop_privileges(const struct agent *agent, struct error *err)
{
	node_setup_programs();
	return agent->options->drop_privileges ? privileges_drop(err) : 0;
}

static int open_flow_cleaner(struct agent *agent, struct error *err)
{
	const struct flow_cleaner_observer observer = {
		.owner = agent,
		.lost = on_part_lost,
		.walked = on_walked,
	};

	return flow_cleaner_new(agent->loop, &observer, &agent->flows, err);
}

static int start(struct agent *agent, struct error *err)
{
	int r = privileges_check(err);

	if (r >= 0)
		r = instance_lock_take(&agent->lock, err);
	if (r >= 0)
		oom_score_set(agent->options->oom_score_adj);
	if (r >= 0)
		r = rules_keeper_new(agent->loop, on_rules_report, agent, &agent->rules, err);
	if (r >= 0)
		agent->rules_watch =
			rules_watch_new(agent->loop, on_rules_changed, on_part_lost, agent);
	if (r >= 0)
		r = open_kernel(agent, err);
	if (r >= 0)
		r = open_flow_cleaner(agent, err);
	if (r >= 0)
		r = drop_privileges(agent, err);
	if (r < 0)
		return r;

	create_sync(agent);
	agent->ipv6 = (struct ipv6_presence){.interface = DUMMY_INTERFACE,
					     .rules = agent->rules,
					     .sync = agent->sync,
					     .health = &agent->health};
	r = node_state_read_addresses(agent->node, agent->kernel->link, err);
	if (r < 0)
		return error_wrap(err, r, "reading the node's addresses");
	refresh_node(agent);

	r = open_source(agent, err);
	if (r < 0)
		return r;
	agent->sources = (struct status_sources){
		.store = agent->store,
		.sync = agent->sync,
		.ledger = agent->ledger,
		.rejections = agent->rejections,
		.kernel = agent->kernel,
		.health = &agent->health,
	};
	r = open_endpoints(agent, err);
	if (r < 0)
		return r;
	r = control_open(agent->loop, agent->options->socket_path, &agent->sources, &agent->control,
			 err);
	if (r < 0)
		return r;

	start_watching_kernel(agent);
	follow_settings(agent);
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
	agent.loop_clock = loop_clock_new(agent.loop, on_turn, &agent);
	agent.node = node_state_new(options);
	agent.events = events_new(node_state_name(agent.node));
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
	create_other_nodes(&agent);
	select_localhost(&agent);

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
	flow_cleaner_free(agent.flows);
	health_ports_free(agent.health_ports);
	http_clients_free(agent.http_clients);
	localhost_ports_free(agent.localhost_ports);
	loop_clock_free(agent.loop_clock);
	rules_watch_free(agent.rules_watch);
	rules_keeper_free(agent.rules);
	sync_free(agent.sync);
	ledger_free(agent.ledger);
	proxy_metrics_free(agent.metrics);
	kernel_close(agent.kernel);
	conflicts_free(agent.conflicts);
	capacity_free(agent.capacity);
	remarks_free(agent.remarks);
	events_free(agent.events);
	node_state_free(agent.node);
	rejections_free(agent.rejections);
	footprint_free(agent.footprint);
	store_free(agent.store);
	string_pool_free(agent.strings);
	instance_lock_release(agent.lock);
	ev_loop_destroy(agent.loop);
	return r;
}
