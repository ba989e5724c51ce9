/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent_settings.h"

#include "agent_refresh.h"
#include "node_setup.h"
#include "oom_score.h"

#include <string.h>

struct sync_options agent_settings_sync(const struct agent *agent)
{
	struct sync_options options = {
		.desired = agent->options->desired,
		.min_period = agent->options->min_sync_period,
	};

	options.desired.health_port = agent->health_port;
	return options;
}

struct ledger_options agent_settings_ledger(const struct agent *agent)
{
	return (struct ledger_options){
		.drain_milliseconds = (uint64_t)(agent->options->drain_timeout * 1000),
		.retry_first_milliseconds = 500,
		.retry_max_milliseconds = 60000,
		.order_seed = node_state_seed(agent->node),
	};
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
	struct sync_options sync_options = agent_settings_sync(agent);
	struct ledger_options ledger_options = agent_settings_ledger(agent);
	bool needs_planning;

	history_note(agent->history, "settings", "configuration files changed", "");
	if (options->oom_score_adj != before->oom_score_adj)
		oom_score_set(options->oom_score_adj);
	node_setup_follow(options, before, agent->kernel->ipvs);
	proxy_health_set_period(&agent->proxy_health, options->sync_period);
	verifier_set_period(agent->verifier, options->sync_period);
	ledger_set_excluded(agent->ledger, options->excluded.items, options->excluded.count);
	ledger_set_options(agent->ledger, &ledger_options);
	former_vips_set_time(agent->former_vips, options->former_vip_timeout);
	sync_set_options(agent->sync, &sync_options);
	agent_refresh_node(agent);
	agent_refresh_rules(agent);
	agent_refresh_gate(agent);
	needs_planning = agent_refresh_localhost(agent);
	server_rates_want(agent->rates, options->status_page);
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

void agent_settings_follow(struct agent *agent)
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
