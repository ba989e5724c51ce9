/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent_reconcile.h"

#include "agent/reconcile/in_cluster.h"
#include "agent_refresh.h"
#include "agent_settings.h"
#include "host_watch.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "node_setup.h"

#include <stdio.h>
#include <string.h>
#if HAVE_LIBSYSTEMD
#include <systemd/sd-daemon.h>
#endif

static void on_planned(void *owner, const struct service_view *view,
		       const struct service_state *state)
{
	struct agent *agent = owner;

	former_vips_planned(agent->former_vips, view, state);
	history_planned(agent->history, view->key, ledger_state(agent->ledger, view->key), state);
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

	history_passed(agent->history);
	proxy_metrics_passed(agent->metrics, seconds, ev_time());
	proxy_health_updated(&agent->proxy_health, PROXY_PART_OBJECTS,
			     rules_keeper_families(agent->rules), clock_milliseconds(), ev_time());
	conflicts_passed(agent->conflicts, agent->ledger);
	if (sync_counters(agent->sync)->passes == 1)
		host_watch_ports(agent->ledger, &agent->health);
	footprint_settled(&agent->footprint, agent->loop);
}

static void on_applied(void *owner, const struct changes *changes)
{
	struct agent *agent = owner;

	flow_cleaner_follow(agent->flows, changes);
	capacity_applied(agent->capacity, changes);
	history_applied(agent->history, agent->ledger, changes);
}

static void on_reported(void *owner)
{
	struct agent *agent = owner;

	capacity_reported(agent->capacity);
	history_reported(agent->history);
	if (agent->drainer)
		drainer_wake(agent->drainer);
#if HAVE_LIBSYSTEMD
	if (!agent->has_told_ready && sync_is_settled(agent->sync)) {
		agent->has_told_ready = true;
		sd_notify(0, "READY=1");
	}
#endif
}

void agent_reconcile_create_sync(struct agent *agent)
{
	struct kernel_target target = kernel_target(agent->kernel);
	struct sync_options options = agent_settings_sync(agent);
	struct ledger_options ledger_options = agent_settings_ledger(agent);
	struct sync_observer observer = {
		.owner = agent,
		.planned = on_planned,
		.applied = on_applied,
		.reported = on_reported,
		.passed = on_passed,
	};

	agent->ledger = ledger_new(&ledger_options);
	agent->sync =
		sync_new(agent->loop, &target, agent->store, agent->ledger, &options, &observer);
	ledger_set_excluded(agent->ledger, agent->options->excluded.items,
			    agent->options->excluded.count);
	agent->former_vips = former_vips_new(agent->loop, agent->sync, agent->ledger,
					     agent->options->former_vip_timeout);
}

static bool may_verify(void *owner)
{
	struct agent *agent = owner;

	if (ipv6_presence_look(&agent->ipv6))
		agent_refresh_node(agent);
	return ipv6_presence_is_level(&agent->ipv6);
}

static void on_observed(void *owner, bool is_first)
{
	struct agent *agent = owner;

	verifier_tell_times(agent->verifier, &agent->health);
	if (is_first) {
		agent->has_observed = true;
		agent_refresh_rules(agent);
		sync_allow(agent->sync, SYNC_GATE_OBSERVED);
		drainer_wake(agent->drainer);
	} else {
		host_watch_ports(agent->ledger, &agent->health);
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
	auto_memory char *object = string_printf("kernel's %s", health_part_name(part));

	history_note(agent->history, object, *reason ? reason : "can be reached again", "");
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

void agent_reconcile_watch(struct agent *agent)
{
	const struct traffic_observer traffic = server_rates_observer(agent->rates);
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
	agent->link_watch =
		link_watch_new(agent->loop, agent->kernel->link, agent->node, agent->verifier,
			       agent_refresh_addresses, on_part_lost, agent);
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

/* What others are is of no concern to whoever is looked at, but for those that are not in place. */
static void note_rules_health(struct agent *agent, enum ip_family family)
{
	unsigned int in_place = rules_keeper_in_place(agent->rules);

	proxy_health_updated(&agent->proxy_health, PROXY_PART_RULES, in_place & 1U << family,
			     clock_milliseconds(), ev_time());
	proxy_health_queued(&agent->proxy_health, PROXY_PART_RULES,
			    rules_keeper_families(agent->rules) & ~in_place, clock_milliseconds());
}

static void note_rules_written(struct agent *agent, enum ip_family family)
{
	auto_memory char *cause = rules_keeper_take_news(agent->rules, family);
	auto_memory char *object = string_printf("%s rules", ip_family_name(family));

	if (!cause)
		return;
	history_note(agent->history, object, cause, "iptables-restore");
	rules_watch_written(agent->rules_watch, family);
}

static void on_rules_report(void *owner, enum ip_family family, bool is_in_place, const char *error)
{
	struct agent *agent = owner;

	note_rules_written(agent, family);
	note_rules_health(agent, family);
	if (family == IP_FAMILY_IPV4)
		host_watch_variant(rules_keeper_is_legacy(agent->rules), &agent->health);
	tell_of_unreadable(agent, is_in_place, error);
	rules_watch_set_legacy(agent->rules_watch, rules_keeper_is_legacy(agent->rules));
	snprintf(agent->health.rules_error, sizeof(agent->health.rules_error), "%s", error);
	agent->health.are_rules_in_place = is_in_place;
	if (is_in_place) {
		in_cluster_refresh(agent->options, agent->kernel, agent->rules, agent->sync,
				   &agent->health);
		sync_allow(agent->sync, SYNC_GATE_RULES);
		if (ipv6_presence_rules_in_place(&agent->ipv6))
			agent_refresh_node(agent);
	}
}

static void on_walked(void *owner, const struct conntrack_report *report)
{
	struct agent *agent = owner;

	proxy_metrics_walked(agent->metrics, report);
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

int agent_reconcile_open(struct agent *agent, struct error *err)
{
	int r = rules_keeper_new(agent->loop, on_rules_report, agent, &agent->rules, err);

	if (r < 0)
		return r;
	agent->rules_watch = rules_watch_new(agent->loop, on_rules_changed, on_part_lost, agent);
	r = open_kernel(agent, err);
	return r < 0 ? r : open_flow_cleaner(agent, err);
}
