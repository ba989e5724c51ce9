/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "desired.h"

#include "address_owner.h"
#include "draft.h"
#include "lib/base/budget.h"
#include "local_endpoints.h"
#include "scheduling.h"
#include "service_addresses.h"
#include "source_ranges.h"
#include "topology.h"

#include <netinet/in.h>
#include <string.h>

/* A virtual server, its address, and what sets say of both, about. */
#define OBJECTS_PER_SERVER 4

/* Of a Service with a limit; to put more in order, which is done in one piece, takes too long. */
#define OTHER_OBJECTS_MAX 50000

/* How many objects something takes, about: @destinations, and all others. */
struct cost {
	size_t destinations, others;
};

/*
 * The destinations of one port and family, by enum traffic.
 * @is_left_out:  they are too many objects, and so is every virtual server that has them
 */
struct selection {
	uint32_t first[TRAFFIC_COUNT];
	uint32_t count[TRAFFIC_COUNT];
	uint32_t local_count;
	bool is_left_out;
};

/**
 * enum stage - what is done in which order, each in as many steps as it takes
 *   ADDRESSES  the virtual servers, one address after the other: next_address(); before the
 *              ClusterIP of a port
 *   ENDPOINTS  the endpoints of that port are collected
 *   LOCAL      the endpoints of this node are counted, for the health check
 *   FINISH     what was found is put in order; in one piece
 *   PACK       and into one allocation; likewise
 */
enum stage { STAGE_ADDRESSES, STAGE_ENDPOINTS, STAGE_LOCAL, STAGE_FINISH, STAGE_PACK };

/*
 * What is being planned.
 * @origin:            which sort of addresses is at its turn,
 * @cluster_ip, @port: with the endpoints of which port and family,
 * @item:              and which of these addresses comes next
 * @selections:        by port and family
 * @others:            objects that are no destinations
 * @is_waiting:        for the next step, with what is done in one piece
 * @result:            at the end of PACK
 */
struct desired {
	const struct service_view *view;
	const struct service *service;
	const struct node_view *node;
	const struct desired_options *options;
	struct service_addresses addresses;
	struct draft draft;
	struct candidates candidates;
	struct collection collection;
	bool *is_selected;
	size_t selected_capacity;
	struct selection *selections;
	enum stage stage;
	bool is_waiting;
	enum address_origin origin;
	size_t cluster_ip, port, item;
	size_t others;
	struct local_endpoints local;
	struct service_state *result;
};

static const struct service_port *current_port(const struct desired *desired)
{
	return &desired->service->ports[desired->port];
}

static uint16_t current_family(const struct desired *desired)
{
	return desired->service->cluster_ips[desired->cluster_ip].family;
}

static struct selection *current_selection(const struct desired *desired)
{
	return &desired->selections[desired->cluster_ip * desired->service->port_count +
				    desired->port];
}

/*
 * Of the port that is at its turn. One address can be named twice, say as external and as load
 * balancer IP. Return: its position among the servers, from 1
 */
static uint32_t add_server(struct desired *desired, const struct address *address, uint16_t number,
			   enum traffic traffic, enum client_scope client_scope)
{
	const struct selection *selection = current_selection(desired);
	const struct virtual_server_key key = {.address = *address,
					       .port = number,
					       .protocol = current_port(desired)->protocol,
					       .client_scope = (uint16_t)client_scope};
	const struct wanted_server wanted = {
		.server = scheduling_of(desired->service, desired->options, &key),
		.first_destination = selection->first[traffic],
		.destination_count = selection->count[traffic],
		.port_index = (uint32_t)desired->port,
		.origin = desired->origin,
		.traffic = (uint8_t)traffic,
	};
	uint32_t before = desired->draft.state->server_count;
	uint32_t server = draft_add_server(&desired->draft, &wanted);

	if (server > before && client_scope == CLIENT_SCOPE_ANY && !selection->count[traffic])
		draft_add_server_member(&desired->draft, server, SET_KIND_NO_ENDPOINT);
	return server;
}

static enum traffic external_traffic(const struct desired *desired)
{
	if (!desired->service->is_external_local)
		return TRAFFIC_CLUSTER;
	return desired->options->has_in_cluster ? TRAFFIC_LOCAL : TRAFFIC_LOCAL_OR_ALL;
}

/* Return: how many of the candidates are for that traffic; they are those that is_selected */
static uint32_t select_for(struct desired *desired, enum traffic traffic)
{
	uint32_t count = 0;

	topology_select(&desired->candidates, desired->node, traffic, desired->is_selected);
	for (size_t i = 0; i < desired->candidates.count; i++)
		count += desired->is_selected[i];
	return count;
}

/* @count: of those that are selected */
static void keep_selected(struct desired *desired, struct selection *selection,
			  enum traffic traffic, uint32_t count)
{
	struct service_state *state = desired->draft.state;

	selection->count[traffic] = count;
	selection->first[traffic] = state->destination_bytes;
	service_state_expect_destinations(state, &desired->draft.destination_capacity, count,
					  desired->collection.family);
	for (size_t i = 0; i < desired->candidates.count; i++)
		if (desired->is_selected[i])
			service_state_add_destination(state, &desired->draft.destination_capacity,
						      &desired->candidates.items[i].destination);
}

static void keep_for(struct desired *desired, struct selection *selection, enum traffic traffic)
{
	keep_selected(desired, selection, traffic, select_for(desired, traffic));
}

/* Whether so many objects more are within the limits; of the node's, a part is for ClusterIPs. */
static bool fits(struct desired *desired, const struct cost *cost)
{
	const struct desired_options *options = desired->options;
	struct service_state *state = desired->draft.state;
	size_t count = state->object_count + cost->destinations + cost->others;
	size_t limit = (size_t)options->node_objects_max;

	if (options->objects_max && (count > (size_t)options->objects_max ||
				     desired->others + cost->others > OTHER_OBJECTS_MAX))
		return false;
	if (desired->origin != ADDRESS_ORIGIN_CLUSTER_IP)
		limit -= limit / 4;
	if (!options->node_objects_max || options->node_objects_elsewhere + count <= limit)
		return true;
	state->is_node_full = true;
	return false;
}

static void spend(struct desired *desired, const struct cost *cost)
{
	desired->draft.state->object_count += (uint32_t)(cost->destinations + cost->others);
	desired->others += cost->others;
}

/* With its endpoints of this node, once for all addresses; so much the ClusterIP costs. */
static void select_destinations(struct desired *desired, struct selection *selection)
{
	const struct service *service = desired->service;
	struct service_state *state = desired->draft.state;
	struct cost cost;
	uint32_t count;

	if (desired->candidates.count > desired->selected_capacity) {
		desired->selected_capacity = desired->candidates.count;
		desired->is_selected =
			memory_resize(desired->is_selected, desired->selected_capacity,
				      sizeof(*desired->is_selected));
	}
	if (desired->candidates.left_out > state->endpoints_left_out)
		state->endpoints_left_out = (uint32_t)desired->candidates.left_out;
	selection->local_count = (uint32_t)desired->candidates.local_count;
	count = select_for(desired, TRAFFIC_CLUSTER);
	cost = (struct cost){count, OBJECTS_PER_SERVER + selection->local_count};
	selection->is_left_out = !fits(desired, &cost);
	if (selection->is_left_out)
		return;
	keep_selected(desired, selection, TRAFFIC_CLUSTER, count);
	if (service->is_internal_local || external_traffic(desired) == TRAFFIC_LOCAL)
		keep_for(desired, selection, TRAFFIC_LOCAL);
	if (external_traffic(desired) == TRAFFIC_LOCAL_OR_ALL)
		keep_for(desired, selection, TRAFFIC_LOCAL_OR_ALL);
}

/*
 * An address and port from outside of the cluster. Those within it have a virtual server of their
 * own where the policy is Local. Where it leaves nothing for others, they shall keep trying: the
 * load balancer will send them elsewhere soon. Nowhere at all is different: that is refused.
 * Source: kube-proxy 1.32 pkg/proxy/iptables/proxier.go, externalTrafficFilterTarget
 */
static uint32_t add_external_server(struct desired *desired, const struct address *address,
				    uint16_t number)
{
	const struct selection *selection = current_selection(desired);
	enum traffic traffic = external_traffic(desired);
	uint32_t server = add_server(desired, address, number, traffic, CLIENT_SCOPE_ANY);

	if (traffic != TRAFFIC_LOCAL)
		return server;
	add_server(desired, address, number, TRAFFIC_CLUSTER, CLIENT_SCOPE_IN_CLUSTER);
	draft_add_server_member(&desired->draft, server, SET_KIND_IN_CLUSTER);
	if (!selection->count[TRAFFIC_LOCAL] && selection->count[TRAFFIC_CLUSTER])
		draft_add_server_member(&desired->draft, server, SET_KIND_NO_LOCAL);
	return server;
}

static void add_hairpin_members(struct desired *desired)
{
	const struct cost cost = {.others = current_selection(desired)->local_count};

	spend(desired, &cost);
	for (size_t i = 0; i < desired->candidates.count; i++)
		if (desired->candidates.items[i].is_local)
			draft_add_loop_back(&desired->draft,
					    &desired->candidates.items[i].destination,
					    current_port(desired)->protocol);
}

/*
 * Unless it is opted out. A VIP that the node owns on a real interface must not move to the dummy
 * interface, and one of another node, or of a pod, would make that unreachable from here.
 * Return: whether it is bound
 */
static bool bind_address(struct desired *desired, const struct address *address)
{
	if (opt_out_use(desired->service, &desired->options->opt_out, address) != ADDRESS_USE_FULL)
		return false;
	if (desired->origin != ADDRESS_ORIGIN_CLUSTER_IP &&
	    address_owner_find(desired->node, desired->view->externals, address) !=
		    ADDRESS_OWNER_NONE)
		return false;
	draft_bind(&desired->draft, address);
	return true;
}

static void add_cluster_ip(struct desired *desired, const struct address *address)
{
	const struct service *service = desired->service;
	enum traffic traffic = service->is_internal_local ? TRAFFIC_LOCAL : TRAFFIC_CLUSTER;
	uint32_t server = add_server(desired, address, current_port(desired)->port, traffic,
				     CLIENT_SCOPE_ANY);

	/* The rules of ClusterIPs ask for no source ranges. */
	if (!source_ranges_restrict_address(desired->service, desired->options->has_strict_ranges,
					    address))
		draft_add_server_member(&desired->draft, server, SET_KIND_CLUSTER_IP);
	bind_address(desired, address);
}

static void add_external_ip(struct desired *desired, const struct address *address)
{
	uint32_t server = add_external_server(desired, address, current_port(desired)->port);

	draft_add_server_member(&desired->draft, server,
				desired->service->is_external_local ? SET_KIND_EXTERNAL_IP_LOCAL
								    : SET_KIND_EXTERNAL_IP);
	bind_address(desired, address);
}

static void add_load_balancer_ip(struct desired *desired, const struct address *address)
{
	uint32_t server = add_external_server(desired, address, current_port(desired)->port);

	draft_add_server_member(&desired->draft, server, SET_KIND_LOAD_BALANCER);
	if (desired->service->is_external_local)
		draft_add_server_member(&desired->draft, server, SET_KIND_LOAD_BALANCER_LOCAL);
	if (source_ranges_restrict(desired->service, desired->options->has_strict_ranges,
				   address->family))
		source_ranges_add(desired->service,
				  &desired->node->node_ips[address->family == AF_INET6], address,
				  server, &desired->draft);
	if (!bind_address(desired, address))
		return;
	draft_add_health_port(&desired->draft, address, desired->options->health_port);
	draft_add_health_port(&desired->draft, address, desired->service->health_check_node_port);
}

/* Of TCP and UDP the set has the port alone, of SCTP the address, too; then it is @server's. */
static void add_node_port_member(struct desired *desired, uint32_t server, uint16_t family,
				 bool is_local_set)
{
	const struct service_port *port = current_port(desired);
	enum set_kind kind = SET_KIND_NODE_PORT_TCP;

	if (port->protocol == IPPROTO_SCTP) {
		draft_add_server_member(&desired->draft, server,
					is_local_set ? SET_KIND_NODE_PORT_LOCAL_SCTP
						     : SET_KIND_NODE_PORT_SCTP);
		return;
	}
	if (port->protocol == IPPROTO_UDP)
		kind = is_local_set ? SET_KIND_NODE_PORT_LOCAL_UDP : SET_KIND_NODE_PORT_UDP;
	else if (is_local_set)
		kind = SET_KIND_NODE_PORT_LOCAL_TCP;
	draft_add_port_member(&desired->draft, kind, family, port->node_port);
}

static void add_node_port(struct desired *desired, const struct address *address)
{
	uint32_t server = add_external_server(desired, address, current_port(desired)->node_port);

	draft_add_address_member(&desired->draft, SET_KIND_NODE_PORT_ADDRESS, address);
	add_node_port_member(desired, server, address->family, false);
	if (desired->service->is_external_local)
		add_node_port_member(desired, server, address->family, true);
}

/* Begins with the endpoints of the port that is at its turn. */
static void begin_endpoints(struct desired *desired)
{
	desired->stage = STAGE_ENDPOINTS;
	desired->collection = (struct collection){
		.view = desired->view,
		.port = current_port(desired),
		.node_name = desired->node->name,
		.limit = (size_t)desired->options->endpoints_max,
		.family = current_family(desired),
	};
}

/* Return: the next address that may get a virtual server of the current port; NULL: all are done */
static const struct address *next_address(struct desired *desired)
{
	const struct service *service = desired->service;

	while (desired->origin <= ADDRESS_ORIGIN_NODE_PORT) {
		size_t count;
		const struct address *addresses =
			service_addresses_of(&desired->addresses, desired->origin,
					     desired->cluster_ip, desired->port, &count);

		if (desired->item < count &&
		    !node_view_lacks(desired->node, current_family(desired)))
			return &addresses[desired->item++];
		desired->item = 0;
		if (++desired->port < service->port_count)
			continue;
		desired->port = 0;
		if (++desired->cluster_ip < service->cluster_ip_count)
			continue;
		desired->cluster_ip = 0;
		desired->origin++;
	}
	return NULL;
}

/*
 * About how many objects a virtual server of the current port takes: itself, its destinations, its
 * address and members; the same again for clients in the cluster.
 */
static struct cost cost_of(const struct desired *desired)
{
	const struct selection *selection = current_selection(desired);
	enum traffic traffic = desired->origin == ADDRESS_ORIGIN_CLUSTER_IP
				       ? TRAFFIC_CLUSTER
				       : external_traffic(desired);
	struct cost cost = {selection->count[traffic], OBJECTS_PER_SERVER};

	if (traffic == TRAFFIC_LOCAL) {
		cost.destinations += selection->count[TRAFFIC_CLUSTER];
		cost.others += OBJECTS_PER_SERVER;
	}
	if (desired->origin == ADDRESS_ORIGIN_LOAD_BALANCER_IP)
		cost.others += 2 * (size_t)desired->service->source_range_count;
	return cost;
}

static void add_address(struct desired *desired, const struct address *address)
{
	switch (desired->origin) {
	case ADDRESS_ORIGIN_CLUSTER_IP:
		add_cluster_ip(desired, address);
		break;
	case ADDRESS_ORIGIN_EXTERNAL_IP:
		add_external_ip(desired, address);
		break;
	case ADDRESS_ORIGIN_LOAD_BALANCER_IP:
		add_load_balancer_ip(desired, address);
		break;
	case ADDRESS_ORIGIN_NODE_PORT:
		add_node_port(desired, address);
		break;
	}
}

/* Return: about how much work that was */
static size_t plan_address(struct desired *desired, const struct address *address)
{
	struct service_state *state = desired->draft.state;
	struct cost cost;

	if (!service_addresses_wants(&desired->addresses, desired->origin, current_family(desired),
				     address))
		return 1;
	cost = cost_of(desired);
	if (current_selection(desired)->is_left_out || !fits(desired, &cost)) {
		state->left_out++;
		return 1;
	}
	spend(desired, &cost);
	add_address(desired, address);
	return cost.destinations + cost.others;
}

/* Return: whether all are done, and not only what there was time for */
static bool plan_addresses(struct desired *desired, size_t *budget)
{
	while (*budget) {
		const struct address *address = next_address(desired);

		if (!address)
			return true;
		if (desired->origin == ADDRESS_ORIGIN_CLUSTER_IP) {
			begin_endpoints(desired);
			return false;
		}
		budget_spend(budget, plan_address(desired, address));
	}
	return false;
}

/* With what a port needs once, on whichever addresses it is. */
static void plan_cluster_ip(struct desired *desired, size_t *budget)
{
	const struct service *service = desired->service;
	struct selection *selection = current_selection(desired);
	size_t work = desired->candidates.count;

	select_destinations(desired, selection);
	if (!selection->is_left_out &&
	    service_addresses_has_any(&desired->addresses, desired->cluster_ip, desired->port))
		add_hairpin_members(desired);
	if (!selection->is_left_out && service->health_check_node_port)
		draft_add_port_member(&desired->draft, SET_KIND_HEALTH_CHECK_NODE_PORT,
				      current_family(desired), service->health_check_node_port);
	work += plan_address(desired, &service->cluster_ips[desired->cluster_ip]);
	budget_spend(budget, work);
	desired->stage = STAGE_ADDRESSES;
}

struct desired *desired_begin(const struct service_view *view, const struct node_view *node,
			      const struct desired_options *options)
{
	struct desired *desired = memory_allocate(sizeof(*desired));
	const struct service *service = view->service;

	*desired = (struct desired){
		.view = view,
		.service = service,
		.node = node,
		.options = options,
		.addresses = {.service = service, .node = node, .options = options},
	};
	draft_begin(&desired->draft);
	local_endpoints_begin(&desired->local);
	if (skip_reason_of(service) != SKIP_REASON_NONE || !service->port_count) {
		desired->stage = STAGE_PACK;
		return desired;
	}
	desired->selections = memory_array((size_t)service->cluster_ip_count * service->port_count,
					   sizeof(struct selection));
	return desired;
}

static void count_local(struct desired *desired, size_t *budget)
{
	struct service_state *state = desired->draft.state;

	state->health_check_port = desired->service->health_check_node_port;
	if (state->health_check_port &&
	    !local_endpoints_step(&desired->local, desired->view, desired->node, budget))
		return;
	state->local_endpoint_count = local_endpoints_count(&desired->local);
	desired->stage = STAGE_FINISH;
}

static void run_stage(struct desired *desired, size_t *budget)
{
	switch (desired->stage) {
	case STAGE_ADDRESSES:
		if (plan_addresses(desired, budget))
			desired->stage = STAGE_LOCAL;
		break;
	case STAGE_ENDPOINTS:
		if (topology_collect_step(&desired->collection, budget, &desired->candidates))
			plan_cluster_ip(desired, budget);
		break;
	case STAGE_LOCAL:
		count_local(desired, budget);
		break;
	case STAGE_FINISH:
		draft_finish(&desired->draft);
		budget_spend(budget, draft_size(&desired->draft));
		desired->stage = STAGE_PACK;
		break;
	case STAGE_PACK:
		desired->result = draft_pack(&desired->draft);
		break;
	}
}

/* What is done in one piece has a step of its own if it is much. */
static bool waits_for_next_step(const struct desired *desired, size_t budget, size_t given)
{
	return desired->stage >= STAGE_FINISH && budget < given &&
	       draft_size(&desired->draft) > budget;
}

bool desired_is_waiting(const struct desired *desired)
{
	return desired->is_waiting;
}

bool desired_step(struct desired *desired, size_t *budget)
{
	size_t given = *budget;

	while (*budget && !desired->result) {
		if (waits_for_next_step(desired, *budget, given))
			*budget = 0;
		else
			run_stage(desired, budget);
	}
	desired->is_waiting = desired->stage >= STAGE_FINISH && !desired->result &&
			      draft_size(&desired->draft) > given;
	return desired->result;
}

void desired_free(struct desired *desired)
{
	if (!desired)
		return;
	draft_clear(&desired->draft);
	local_endpoints_clear(&desired->local);
	service_state_free(desired->result);
	topology_clear(&desired->candidates);
	free(desired->is_selected);
	free(desired->selections);
	free(desired);
}

struct service_state *desired_end(struct desired *desired)
{
	struct service_state *state = take(&desired->result);

	desired_free(desired);
	return state;
}

struct service_state *desired_service(const struct service_view *view, const struct node_view *node,
				      const struct desired_options *options)
{
	struct desired *desired = desired_begin(view, node, options);
	size_t budget;

	do
		budget = SIZE_MAX;
	while (!desired_step(desired, &budget));
	return desired_end(desired);
}
