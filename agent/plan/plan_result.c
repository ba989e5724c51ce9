/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan_result.h"

#include "agent/notify/capacity.h"
#include "agent/notify/conflicts.h"
#include "agent/notify/remarks.h"
#include "lib/base/log.h"
#include "lib/kernel/marks.h"
#include "lib/plan/ruleset.h"

#include <string.h>

/* What planning takes, and nobody needs afterwards. */
struct planning {
	const struct options *options;
	struct desired_options desired;
	struct store *store;
	const struct node_view *view;
	struct ledger *ledger;
	struct changes *changes;
	struct events *events; /* to nobody: what is told is logged, too */
	struct conflicts *conflicts;
	struct capacity *capacity;
	struct remarks *remarks;
	bool has_node_ports;
};

static void planning_begin(struct planning *planning, const struct options *options,
			   struct store *store, const struct node_view *view, struct ledger *ledger,
			   struct changes *changes)
{
	*planning = (struct planning){.options = options,
				      .store = store,
				      .view = view,
				      .ledger = ledger,
				      .changes = changes};
	planning->desired = options->desired;
	planning->desired.has_in_cluster = options->in_cluster_marks.mask;
	if (address_is_unspecified(&options->healthz.address))
		planning->desired.health_port = options->healthz.port;
	planning->events = events_new(view->name);
	planning->conflicts = conflicts_new(store, planning->events);
	planning->capacity = capacity_new(planning->events);
	planning->remarks = remarks_new(planning->events);
}

static void planning_end(struct planning *planning)
{
	remarks_free(planning->remarks);
	capacity_free(planning->capacity);
	conflicts_free(planning->conflicts);
	events_free(planning->events);
}

static bool wants_node_ports(const struct service *service)
{
	for (size_t i = 0; service && i < service->port_count; i++)
		if (service->ports[i].node_port)
			return true;
	return false;
}

/* In the order of agent/reconcile/sync.c, and with the observers that agent/agent.c gives it. */
static void plan_services(struct planning *planning)
{
	struct service_view view;

	while (store_take_dirty(planning->store, &view)) {
		struct service_state *state;

		planning->desired.node_objects_elsewhere =
			ledger_object_count(planning->ledger, NULL);
		state = desired_service(&view, planning->view, &planning->desired);
		conflicts_planned(planning->conflicts, &view, planning->view);
		capacity_planned(planning->capacity, &view, state);
		remarks_planned(planning->remarks, &view, &planning->desired);
		planning->has_node_ports |= wants_node_ports(view.service);
		ledger_replace(planning->ledger, view.key, view.service ? view.service->created : 0,
			       state);
	}
	ledger_settle(planning->ledger, 0, planning->changes);
	changes_sort(planning->changes);
	ledger_report(planning->ledger, planning->changes->items, planning->changes->count, 0);
	conflicts_passed(planning->conflicts, planning->ledger);
}

static void remark_on_node(const struct planning *planning, const struct node_state *node)
{
	if (planning->has_node_ports && !planning->view->local_address_count)
		log_warning(
			"no address of node %s is known, so NodePorts are left out; add its Node to the manifests, or use --node-addresses",
			planning->view->name);
	if (planning->options->is_node_cidr && !node_state_has_pod_cidrs(node))
		log_warning(
			"Node %s has no podCIDRs, which detectLocalMode NodeCIDR requires; the agent waits for them before it programs anything",
			planning->view->name);
}

static bool has_no_mark(const struct marks *marks, const struct virtual_server_key *key)
{
	return key->client_scope == CLIENT_SCOPE_IN_CLUSTER && !marks_find(marks, key);
}

static bool lacks_mark(const struct marks *marks, const struct change *change)
{
	struct virtual_server_key key;

	switch (change->kind) {
	case CHANGE_KIND_SERVER_ADD:
		return has_no_mark(marks, &change->server.key);
	case CHANGE_KIND_DESTINATION_ADD:
		return has_no_mark(marks, &change->destination.server);
	case CHANGE_KIND_MEMBER_ADD:
		key = marks_key_of(&change->member);
		return change->member.kind == SET_KIND_IN_CLUSTER && has_no_mark(marks, &key);
	case CHANGE_KIND_SERVER_EDIT:
	case CHANGE_KIND_DESTINATION_EDIT:
	case CHANGE_KIND_ADDRESS_ADD:
	case CHANGE_KIND_ADDRESS_REMOVE:
	case CHANGE_KIND_DESTINATION_REMOVE:
	case CHANGE_KIND_SERVER_REMOVE:
	case CHANGE_KIND_MEMBER_REMOVE:
		break;
	}
	return false;
}

/* The first of them that the range has no mark for is what is told; the kernel refuses them all. */
static void leave_out_unmarked(struct changes *changes, const struct marks *marks)
{
	char text[2 * ADDRESS_TEXT_SIZE];
	bool is_told = false;
	size_t used = 0;

	for (size_t i = 0; i < changes->count; i++) {
		const struct change *change = &changes->items[i];

		if (!lacks_mark(marks, change)) {
			changes->items[used++] = *change;
			continue;
		}
		if (!is_told && change->kind == CHANGE_KIND_SERVER_ADD)
			log_warning(
				"%s and others are left out: no firewall mark is left; use a larger --in-cluster-mark-mask",
				virtual_server_key_text(&change->server.key, text));
		is_told |= change->kind == CHANGE_KIND_SERVER_ADD;
	}
	changes->count = used;
}

/* As lib/kernel/kernel.c does it: marks go to virtual servers in their order, and are named. */
static struct marks *choose_marks(struct changes *changes, const struct mark_range *range)
{
	struct marks *marks = marks_new(range);
	size_t count = changes->count;

	for (size_t i = 0; i < count; i++) {
		struct virtual_server_key key = changes->items[i].server.key;

		if (changes->items[i].kind != CHANGE_KIND_SERVER_ADD ||
		    key.client_scope != CLIENT_SCOPE_IN_CLUSTER || !marks_take(marks, &key))
			continue;
		changes_add(changes, CHANGE_KIND_MEMBER_ADD)->member =
			service_state_member(&key, SET_KIND_MARK_NAMES);
	}
	leave_out_unmarked(changes, marks);
	return marks;
}

struct naming {
	const struct ledger *ledger;
	struct plan_result *result;
};

/* Of two Services that want one virtual server, one has it. */
static void name_servers(const struct service_view *view, void *owner)
{
	const struct naming *naming = owner;
	const struct planned_state *planned = naming->result->state;
	const struct service_state *state = ledger_state(naming->ledger, view->key);

	for (size_t i = 0; state && i < state->server_count; i++) {
		const struct planned_server *server =
			planned_state_find(planned, &state->servers[i].server.key);
		struct claim_report claim;

		ledger_claim(naming->ledger, view->key, i, &claim);
		if (server && claim.state != CLAIM_STATE_CONFLICT)
			naming->result->services[server - planned->servers] = string_dup(view->key);
	}
}

static void plan_rules(struct plan_result *result, const struct options *options,
		       const struct node_state *node)
{
	struct ruleset_options *rules = result->rule_options;

	node_state_rules(node, rules);
	for (size_t i = 0; i < COUNT(result->rule_options); i++) {
		auto_free(ruleset) struct ruleset *ruleset = NULL;

		rules[i].has_random_fully = true;
		rules[i].has_in_cluster = options->in_cluster_marks.mask;
		rules[i].marks = options->in_cluster_marks;
		ruleset = ruleset_new(&rules[i]);
		result->rules[i] = ruleset_text(ruleset);
	}
}

void plan_result_changes(const struct options *options, struct store *store,
			 struct node_state *node, struct ledger *ledger, struct changes *changes)
{
	struct planning planning;
	struct node_view view;

	node_state_view(node, &view);
	planning_begin(&planning, options, store, &view, ledger, changes);
	plan_services(&planning);
	remark_on_node(&planning, node);
	planning_end(&planning);
}

struct plan_result *plan_result_new(const struct options *options, struct store *store,
				    struct node_state *node)
{
	const struct ledger_options nothing_fails = {0};
	auto_free(ledger) struct ledger *ledger = ledger_new(&nothing_fails);
	auto_free(changes) struct changes *changes = changes_new();
	struct plan_result *result = memory_allocate(sizeof(*result));

	plan_result_changes(options, store, node, ledger, changes);
	node_state_view(node, &result->view);
	result->marks = choose_marks(changes, &options->in_cluster_marks);
	result->state = planned_state_new(changes);
	result->services = memory_array(result->state->server_count, sizeof(*result->services));
	store_each(store, false, name_servers, &(struct naming){ledger, result});
	plan_rules(result, options, node);
	result->ledger = take(&ledger);
	return result;
}

void plan_result_free(struct plan_result *result)
{
	if (!result)
		return;
	for (size_t i = 0; i < result->state->server_count; i++)
		free(result->services[i]);
	free(result->services);
	free(result->rules[0]);
	free(result->rules[1]);
	planned_state_free(result->state);
	marks_free(result->marks);
	ledger_free(result->ledger);
	free(result);
}

struct virtual_server_key plan_result_key(const struct plan_result *result,
					  const struct virtual_server *server)
{
	struct virtual_server_key key = server->key;

	if (key.client_scope != CLIENT_SCOPE_IN_CLUSTER)
		return key;
	memset(&key, 0, sizeof(key));
	key.address.family = server->key.address.family;
	key.firewall_mark = marks_find(result->marks, &server->key);
	return key;
}

uint32_t plan_result_mark(const struct plan_result *result, const struct set_member *member)
{
	struct virtual_server_key key = marks_key_of(member);

	if (member->kind == SET_KIND_IN_CLUSTER)
		return marks_set_value(result->marks, &key);
	return member->kind == SET_KIND_MARK_NAMES ? marks_find(result->marks, &key) : 0;
}
