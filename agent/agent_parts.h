/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_AGENT_PARTS_H
#define AGENT_AGENT_PARTS_H

#include "agent/http/health_ports.h"
#include "agent/http/http_endpoints.h"
#include "agent/input/link_watch.h"
#include "agent/input/node_state.h"
#include "agent/input/object_source.h"
#include "agent/input/other_nodes.h"
#include "agent/notify/capacity.h"
#include "agent/notify/conflicts.h"
#include "agent/notify/events.h"
#include "agent/notify/history.h"
#include "agent/notify/rejections.h"
#include "agent/notify/remarks.h"
#include "agent/reconcile/drainer.h"
#include "agent/reconcile/flow_cleaner.h"
#include "agent/reconcile/former_vips.h"
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
#include "instance_lock.h"
#include "lib/kernel/kernel.h"
#include "loop_clock.h"
#include "object_intake.h"
#include "signals.h"
#include "watchdog.h"

#include <ev.h>

/*
 * For agent.c, which makes the parts and lets them go, and the agent_*.c, each of which says what
 * follows when a part reports something.
 */

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
	struct former_vips *former_vips;
	struct flow_cleaner *flows;
	struct http_clients *http_clients;
	struct health_ports *health_ports;
	struct localhost_ports *localhost_ports;
	struct proxy_health proxy_health;
	struct proxy_metrics *metrics;
	struct server_rates *rates;
	struct loop_clock *loop_clock;
	struct http_endpoints *endpoints;
	struct events *events;
	struct history *history;
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
	uint16_t health_port; /* as of struct http_endpoints_sources */
	bool has_observed;
	bool has_told_ready;
};

#endif
