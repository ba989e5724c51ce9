/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "object_intake.h"

#include "lib/base/clock.h"
#include "lib/base/memory.h"

/* @are_nodes_stale: other Nodes came or went since on_other_nodes() */
struct object_intake {
	struct object_intake_parts parts;
	bool are_nodes_stale;
};

/* At the start this comes for each object there is: too often to look at the clock each time. */
static void note_change(const struct object_intake_parts *parts, unsigned int families)
{
	if (!proxy_health_is_queued(parts->health, PROXY_PART_OBJECTS, families))
		proxy_health_queued(parts->health, PROXY_PART_OBJECTS, families,
				    clock_milliseconds());
}

static unsigned int service_families(const struct service *service)
{
	unsigned int families = 0;

	for (size_t i = 0; service && i < service->cluster_ip_count; i++)
		families |= ip_family_bit(service->cluster_ips[i].family);
	return families;
}

/* Those of the Service as it is known. */
static unsigned int known_families(const struct store *store, const char *namespace_name,
				   const char *name)
{
	auto_memory char *key = string_printf("%s/%s", namespace_name, name);
	struct service_view view;

	return store_find(store, key, &view) ? service_families(view.service) : 0;
}

/* @kind, @namespace_name, @name: of the object that @has_come (or was changed), or went */
static void note_cause(const struct object_intake_parts *parts, const char *kind,
		       const char *namespace_name, const char *name, const char *service_name,
		       bool has_come)
{
	auto_memory char *service = string_printf("%s/%s", namespace_name, service_name);
	auto_memory char *what = string_printf("%s %s/%s %s", kind, namespace_name, name,
					       has_come ? "changed" : "removed");

	history_object(parts->history, service, what);
}

static void on_service_event(const struct object_intake_parts *parts, bool is_change,
			     unsigned int families)
{
	proxy_metrics_service_event(parts->metrics, families, is_change, ev_now(parts->loop));
	*parts->last_change = ev_now(parts->loop);
	if (is_change)
		note_change(parts, families);
	sync_wake(parts->sync);
}

static void on_slice_event(const struct object_intake_parts *parts, bool is_change, uint16_t family,
			   int64_t trigger_time)
{
	unsigned int families = ip_family_bit(family);

	proxy_metrics_slice_event(parts->metrics, families, is_change, trigger_time,
				  ev_now(parts->loop));
	*parts->last_change = ev_now(parts->loop);
	if (is_change)
		note_change(parts, families);
	sync_wake(parts->sync);
}

static void on_service_set(void *owner, struct service *service)
{
	const struct object_intake_parts *parts = &((struct object_intake *)owner)->parts;
	unsigned int families =
		service_families(service) |
		known_families(parts->store, service->namespace_name, service->name);

	note_cause(parts, "Service", service->namespace_name, service->name, service->name, true);
	on_service_event(parts, store_set_service(parts->store, service), families);
}

static void on_service_removed(void *owner, const char *namespace_name, const char *name)
{
	const struct object_intake_parts *parts = &((struct object_intake *)owner)->parts;
	unsigned int families = known_families(parts->store, namespace_name, name);

	note_cause(parts, "Service", namespace_name, name, name, false);
	on_service_event(parts, store_remove_service(parts->store, namespace_name, name), families);
}

static void on_endpoint_slice_set(void *owner, struct endpoint_slice *slice)
{
	const struct object_intake_parts *parts = &((struct object_intake *)owner)->parts;
	int64_t trigger_time = slice->trigger_time;
	uint16_t family = slice->family;

	if (slice->service_name)
		note_cause(parts, "EndpointSlice", slice->namespace_name, slice->name,
			   slice->service_name, true);
	on_slice_event(parts, store_set_endpoint_slice(parts->store, slice), family, trigger_time);
}

static void on_endpoint_slice_removed(void *owner, const char *namespace_name, const char *name)
{
	const struct object_intake_parts *parts = &((struct object_intake *)owner)->parts;
	const struct endpoint_slice *slice =
		store_endpoint_slice(parts->store, namespace_name, name);
	uint16_t family = slice ? slice->family : 0;

	if (slice && slice->service_name)
		note_cause(parts, "EndpointSlice", namespace_name, name, slice->service_name,
			   false);
	on_slice_event(parts, store_remove_endpoint_slice(parts->store, namespace_name, name),
		       family, 0);
}

/* @is_own: what came or went is this node's Node */
static void note_node(struct object_intake *intake, bool is_own)
{
	const struct object_intake_parts *parts = &intake->parts;

	/* on_own_node() takes a new view of all Nodes, so that nothing is left for on_other_nodes(). */
	intake->are_nodes_stale = !is_own;
	if (is_own)
		parts->on_own_node(parts->owner);
}

static void on_node_set(void *owner, struct node *node)
{
	struct object_intake *intake = owner;
	bool is_eligible = !node->is_deleting && !node->has_drain_taint;
	bool is_own = node_state_set_node(intake->parts.node, node);

	if (is_own)
		intake->parts.health->is_eligible = is_eligible;
	note_node(intake, is_own);
}

/* As for kube-proxy, a Node that is gone is as eligible as it was last. */
static void on_node_removed(void *owner, const char *name)
{
	struct object_intake *intake = owner;

	note_node(intake, node_state_remove_node(intake->parts.node, name));
}

static void on_rejected(void *owner, const struct rejection *rejection)
{
	const struct object_intake_parts *parts = &((struct object_intake *)owner)->parts;

	rejections_report(parts->rejections, parts->events, rejection);
}

static void on_synced(void *owner)
{
	struct object_intake *intake = owner;

	if (intake->are_nodes_stale)
		intake->parts.on_other_nodes(intake->parts.owner);
	intake->are_nodes_stale = false;
	intake->parts.on_synced(intake->parts.owner);
}

struct object_intake *object_intake_new(const struct object_intake_parts *parts)
{
	struct object_intake *intake = memory_allocate(sizeof(*intake));

	intake->parts = *parts;
	return intake;
}

void object_intake_free(struct object_intake *intake)
{
	free(intake);
}

struct object_sink object_intake_sink(struct object_intake *intake)
{
	return (struct object_sink){
		.owner = intake,
		.strings = intake->parts.strings,
		.service_set = on_service_set,
		.service_removed = on_service_removed,
		.endpoint_slice_set = on_endpoint_slice_set,
		.endpoint_slice_removed = on_endpoint_slice_removed,
		.node_set = on_node_set,
		.node_removed = on_node_removed,
		.rejected = on_rejected,
		.synced = on_synced,
	};
}
