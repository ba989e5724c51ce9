/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "desired.h"

#include "address_owner.h"
#include "scheduling.h"
#include "topology.h"

#include <netinet/in.h>
#include <string.h>

/* What is being built, with the capacities that the finished state does not need. */
struct builder {
	const struct service_view *view;
	const struct service *service;
	const struct node_view *node;
	const struct desired_options *options;
	struct service_state *state;
	struct owned_member *members;
	size_t member_count;
	size_t server_capacity, destination_capacity, member_capacity, address_capacity;
	struct candidates candidates;
	bool *is_selected;
	size_t selected_capacity;
};

/* The destinations of one port and family, by enum traffic. */
struct selection {
	uint32_t first[TRAFFIC_COUNT];
	uint32_t count[TRAFFIC_COUNT];
};

enum skip_reason desired_skip_reason(const struct service *service)
{
	if (!service)
		return SKIP_REASON_NO_SERVICE;
	if (service->type == SERVICE_TYPE_EXTERNAL_NAME)
		return SKIP_REASON_EXTERNAL_NAME;
	if (service->proxy_name)
		return SKIP_REASON_OTHER_PROXY;
	if (service->is_opted_out)
		return SKIP_REASON_OPTED_OUT;
	if (service->cluster_ip_count == 0)
		return SKIP_REASON_HEADLESS;
	return SKIP_REASON_NONE;
}

const char *skip_reason_text(enum skip_reason reason)
{
	switch (reason) {
	case SKIP_REASON_NONE:
		return "";
	case SKIP_REASON_NO_SERVICE:
		return "no Service, only EndpointSlices";
	case SKIP_REASON_HEADLESS:
		return "headless";
	case SKIP_REASON_EXTERNAL_NAME:
		return "ExternalName";
	case SKIP_REASON_OTHER_PROXY:
		return "label service.kubernetes.io/service-proxy-name names another proxy";
	case SKIP_REASON_OPTED_OUT:
		return "annotation ipvsagent/do-not-program";
	}
	return "";
}

static bool contains(const struct address *addresses, size_t count, const struct address *address)
{
	for (size_t i = 0; i < count; i++)
		if (address_is_equal(&addresses[i], address))
			return true;
	return false;
}

bool desired_allows(const struct prefix_list *ranges, const struct address *address)
{
	return !ranges->count || prefix_list_contains(ranges, address);
}

uint32_t desired_left_out(const struct wanted_server *wanted)
{
	static const struct {
		const char *scheduler;
		uint32_t places;
	} tables[] = {{"sh", 256}, {"dh", 256}, {"mh", 4093}};

	for (size_t i = 0; i < COUNT(tables); i++)
		if (strcmp(wanted->server.scheduler, tables[i].scheduler) == 0 &&
		    wanted->destination_count > tables[i].places)
			return wanted->destination_count - tables[i].places;
	return 0;
}

static void add_address(struct builder *builder, const struct address *address)
{
	struct service_state *state = builder->state;

	if (contains(state->addresses, state->address_count, address))
		return;
	state->addresses = memory_grow(state->addresses, state->address_count,
				       &builder->address_capacity, sizeof(*state->addresses));
	state->addresses[state->address_count++] = *address;
}

/* @server: about which it says something, as of struct owned_member */
static struct set_member *add_member(struct builder *builder, uint32_t server, enum set_kind kind,
				     uint16_t family)
{
	struct owned_member *member;

	builder->members = memory_grow(builder->members, builder->member_count,
				       &builder->member_capacity, sizeof(*builder->members));
	member = &builder->members[builder->member_count++];
	memset(member, 0, sizeof(*member));
	member->server = server;
	member->member.kind = (uint8_t)kind;
	member->member.family = (uint8_t)family;
	return &member->member;
}

static struct set_member *add_address_port(struct builder *builder, uint32_t server,
					   enum set_kind kind, const struct address *address,
					   const struct service_port *port, uint16_t number)
{
	struct set_member *member = add_member(builder, server, kind, address->family);

	member->address = *address;
	member->protocol = port->protocol;
	member->port = number;
	return member;
}

static struct virtual_server server_of(const struct builder *builder, const struct address *address,
				       uint16_t number, uint8_t protocol,
				       enum client_scope client_scope)
{
	const struct scheduling scheduling =
		scheduling_choose(builder->service, builder->options, client_scope);
	struct virtual_server server;

	memset(&server, 0, sizeof(server));
	server.key.address = *address;
	server.key.port = number;
	server.key.protocol = protocol;
	server.key.client_scope = (uint16_t)client_scope;
	memcpy(server.scheduler, scheduling.scheduler,
	       strnlen(scheduling.scheduler, sizeof(server.scheduler) - 1));
	server.persistence_seconds = scheduling.persistence_seconds;
	server.netmask = address->family == AF_INET ? 0xffffffff : 128;
	server.flags = scheduling.flags;
	return server;
}

/* Return: its position among the servers, from 1 */
static uint32_t add_server(struct builder *builder, const struct address *address, uint16_t number,
			   size_t port_index, const struct selection *selection,
			   enum traffic traffic, enum client_scope client_scope)
{
	const struct service_port *port = &builder->service->ports[port_index];
	struct virtual_server server =
		server_of(builder, address, number, port->protocol, client_scope);
	struct service_state *state = builder->state;

	/* One address can be named twice, say as external and as load balancer IP. */
	for (uint32_t i = 0; i < state->server_count; i++)
		if (memcmp(&state->servers[i].server.key, &server.key, sizeof(server.key)) == 0)
			return i + 1;
	state->servers = memory_grow(state->servers, state->server_count, &builder->server_capacity,
				     sizeof(*state->servers));
	state->servers[state->server_count++] = (struct wanted_server){
		.server = server,
		.first_destination = selection->first[traffic],
		.destination_count = selection->count[traffic],
		.port_index = (uint32_t)port_index,
		.traffic = (uint8_t)traffic,
	};
	if (client_scope == CLIENT_SCOPE_ANY && !selection->count[traffic])
		add_address_port(builder, state->server_count, SET_KIND_NO_ENDPOINT, address, port,
				 number);
	return state->server_count;
}

static void select_for(struct builder *builder, struct selection *selection, enum traffic traffic)
{
	struct service_state *state = builder->state;

	topology_select(&builder->candidates, builder->node, traffic, builder->is_selected);
	selection->first[traffic] = state->destination_bytes;
	selection->count[traffic] = 0;
	for (size_t i = 0; i < builder->candidates.count; i++) {
		if (!builder->is_selected[i])
			continue;
		service_state_add_destination(state, &builder->destination_capacity,
					      &builder->candidates.items[i].destination);
		selection->count[traffic]++;
	}
}

static enum traffic external_traffic(const struct builder *builder)
{
	if (!builder->service->is_external_local)
		return TRAFFIC_CLUSTER;
	return builder->options->has_in_cluster ? TRAFFIC_LOCAL : TRAFFIC_LOCAL_OR_ALL;
}

static void select_destinations(struct builder *builder, struct selection *selection)
{
	const struct service *service = builder->service;

	if (builder->candidates.count > builder->selected_capacity) {
		builder->selected_capacity = builder->candidates.count;
		builder->is_selected =
			memory_resize(builder->is_selected, builder->selected_capacity,
				      sizeof(*builder->is_selected));
	}
	select_for(builder, selection, TRAFFIC_CLUSTER);
	if (service->is_internal_local || external_traffic(builder) == TRAFFIC_LOCAL)
		select_for(builder, selection, TRAFFIC_LOCAL);
	if (external_traffic(builder) == TRAFFIC_LOCAL_OR_ALL)
		select_for(builder, selection, TRAFFIC_LOCAL_OR_ALL);
}

/*
 * An address and port from outside of the cluster. Those within it have a virtual server of their
 * own where the policy is Local. Where it leaves nothing for others, they shall keep trying: the
 * load balancer will send them elsewhere soon. Nowhere at all is different: that is refused.
 * Source: kube-proxy 1.32 pkg/proxy/iptables/proxier.go, externalTrafficFilterTarget
 */
static uint32_t add_external_server(struct builder *builder, const struct address *address,
				    uint16_t number, size_t port_index,
				    const struct selection *selection)
{
	const struct service_port *port = &builder->service->ports[port_index];
	enum traffic traffic = external_traffic(builder);
	uint32_t server = add_server(builder, address, number, port_index, selection, traffic,
				     CLIENT_SCOPE_ANY);

	if (traffic != TRAFFIC_LOCAL)
		return server;
	add_server(builder, address, number, port_index, selection, TRAFFIC_CLUSTER,
		   CLIENT_SCOPE_IN_CLUSTER);
	add_address_port(builder, server, SET_KIND_IN_CLUSTER, address, port, number);
	if (!selection->count[TRAFFIC_LOCAL] && selection->count[TRAFFIC_CLUSTER])
		add_address_port(builder, server, SET_KIND_NO_LOCAL, address, port, number);
	return server;
}

/* A local endpoint that is balanced back to itself must see the node's address as its client. */
static void add_hairpin_members(struct builder *builder, const struct service_port *port)
{
	for (size_t i = 0; i < builder->candidates.count; i++) {
		const struct candidate *candidate = &builder->candidates.items[i];

		if (candidate->is_local)
			add_address_port(builder, 0, SET_KIND_LOOP_BACK,
					 &candidate->destination.address, port,
					 candidate->destination.port)
				->source = candidate->destination.address;
	}
}

static void add_source_range(struct builder *builder, uint32_t server,
			     const struct address *address, const struct service_port *port,
			     struct address source, uint16_t length)
{
	struct set_member *member = add_address_port(
		builder, server, SET_KIND_LOAD_BALANCER_SOURCE_CIDR, address, port, port->port);

	member->source = source;
	member->prefix_length = (uint8_t)length;
}

/*
 * Whether source ranges restrict the addresses of a family at all. A range for everybody lifts the
 * limit of its family, and a family that no range is of has none, unless the operator wants the
 * strict reading. Source: kube-proxy since 1.34, pkg/proxy/serviceport.go newBaseServiceInfo().
 */
static bool restricts(const struct builder *builder, uint16_t family)
{
	const struct service *service = builder->service;
	bool has_range = false;

	for (size_t i = 0; i < service->source_range_count; i++) {
		if (service->source_ranges[i].address.family != family)
			continue;
		if (!service->source_ranges[i].length)
			return false;
		has_range = true;
	}
	return has_range || (builder->options->has_strict_ranges && service->source_range_count);
}

static void add_source_ranges(struct builder *builder, uint32_t server,
			      const struct address *address, const struct service_port *port)
{
	const struct service *service = builder->service;
	const struct address *node_ip = &builder->node->node_ips[address->family == AF_INET6];
	bool is_node_allowed = false;

	if (!restricts(builder, address->family))
		return;
	for (size_t i = 0; i < service->source_range_count; i++) {
		const struct prefix *range = &service->source_ranges[i];

		if (range->address.family != address->family)
			continue;
		add_source_range(builder, server, address, port, range->address, range->length);
		if (node_ip->family && prefix_contains(range, node_ip))
			is_node_allowed = true;
	}
	add_address_port(builder, server, SET_KIND_LOAD_BALANCER_FIREWALL, address, port,
			 port->port);

	/* What the node itself sends to the VIP carries the VIP as its source address. */
	if (is_node_allowed)
		add_address_port(builder, server, SET_KIND_LOAD_BALANCER_SOURCE_IP, address, port,
				 port->port)
			->source = *address;
}

static enum address_use use_of(const struct builder *builder, const struct address *address)
{
	return opt_out_use(builder->service, &builder->options->opt_out, address);
}

/*
 * An address that the node owns on a real interface must not move to the dummy interface, and one
 * of another node, or of a pod, would make that unreachable from here.
 */
static void bind_unless_owned(struct builder *builder, const struct address *address)
{
	if (address_owner_find(builder->node, builder->view->externals, address) ==
		    ADDRESS_OWNER_NONE &&
	    use_of(builder, address) == ADDRESS_USE_FULL)
		add_address(builder, address);
}

static void add_external_ips(struct builder *builder, size_t port_index, uint16_t family,
			     const struct selection *selection)
{
	const struct service *service = builder->service;
	const struct service_port *port = &service->ports[port_index];

	for (size_t i = 0; i < service->external_ip_count && !builder->options->omits_external_ips;
	     i++) {
		const struct address *address = &service->external_ips[i];
		uint32_t server;

		if (address->family != family || use_of(builder, address) == ADDRESS_USE_NONE ||
		    !desired_allows(&builder->options->allowed_external_ips, address))
			continue;
		server = add_external_server(builder, address, port->port, port_index, selection);
		add_address_port(builder, server,
				 service->is_external_local ? SET_KIND_EXTERNAL_IP_LOCAL
							    : SET_KIND_EXTERNAL_IP,
				 address, port, port->port);
		bind_unless_owned(builder, address);
	}
}

static void add_load_balancer_ips(struct builder *builder, size_t port_index, uint16_t family,
				  const struct selection *selection)
{
	const struct service *service = builder->service;
	const struct service_port *port = &service->ports[port_index];

	for (size_t i = 0; i < service->load_balancer_ip_count; i++) {
		const struct address *address = &service->load_balancer_ips[i];
		uint32_t server;

		if (address->family != family || use_of(builder, address) == ADDRESS_USE_NONE ||
		    !desired_allows(&builder->options->allowed_load_balancer_ips, address))
			continue;
		server = add_external_server(builder, address, port->port, port_index, selection);
		add_address_port(builder, server, SET_KIND_LOAD_BALANCER, address, port,
				 port->port);
		if (service->is_external_local)
			add_address_port(builder, server, SET_KIND_LOAD_BALANCER_LOCAL, address,
					 port, port->port);
		add_source_ranges(builder, server, address, port);
		bind_unless_owned(builder, address);
	}
}

/* Of TCP and UDP the set has the port alone, of SCTP the address, too; then it is @server's. */
static void add_node_port_member(struct builder *builder, const struct service_port *port,
				 const struct address *address, uint32_t server, bool is_local_set)
{
	enum set_kind kind = SET_KIND_NODE_PORT_TCP;

	if (port->protocol == IPPROTO_SCTP) {
		kind = is_local_set ? SET_KIND_NODE_PORT_LOCAL_SCTP : SET_KIND_NODE_PORT_SCTP;
		add_address_port(builder, server, kind, address, port, port->node_port);
		return;
	}
	if (port->protocol == IPPROTO_UDP)
		kind = is_local_set ? SET_KIND_NODE_PORT_LOCAL_UDP : SET_KIND_NODE_PORT_UDP;
	else if (is_local_set)
		kind = SET_KIND_NODE_PORT_LOCAL_TCP;
	add_member(builder, 0, kind, address->family)->port = port->node_port;
}

static void add_node_port(struct builder *builder, size_t port_index, uint16_t family,
			  const struct selection *selection)
{
	const struct service *service = builder->service;
	const struct service_port *port = &service->ports[port_index];
	const struct node_view *node = builder->node;

	for (size_t i = 0; i < node->node_port_address_count; i++) {
		const struct address *address = &node->node_port_addresses[i];
		uint32_t server;

		if (address->family != family)
			continue;
		add_member(builder, 0, SET_KIND_NODE_PORT_ADDRESS, family)->address = *address;
		server = add_external_server(builder, address, port->node_port, port_index,
					     selection);
		add_node_port_member(builder, port, address, server, false);
		if (service->is_external_local)
			add_node_port_member(builder, port, address, server, true);
	}
}

static void add_cluster_ip(struct builder *builder, size_t port_index,
			   const struct address *address, const struct selection *selection)
{
	const struct service *service = builder->service;
	const struct service_port *port = &service->ports[port_index];
	enum address_use use = use_of(builder, address);
	uint32_t server;

	if (use == ADDRESS_USE_NONE)
		return;
	server = add_server(builder, address, port->port, port_index, selection,
			    service->is_internal_local ? TRAFFIC_LOCAL : TRAFFIC_CLUSTER,
			    CLIENT_SCOPE_ANY);
	builder->state->servers[server - 1].is_cluster_ip = true;
	add_address_port(builder, server, SET_KIND_CLUSTER_IP, address, port, port->port);
	if (use == ADDRESS_USE_FULL)
		add_address(builder, address);
}

static void add_port(struct builder *builder, size_t port_index, const struct address *cluster_ip)
{
	const struct service *service = builder->service;
	const struct service_port *port = &service->ports[port_index];
	uint32_t server_count = builder->state->server_count;
	uint16_t family = cluster_ip->family;
	struct selection selection = {0};

	topology_collect(builder->view, port, family, builder->node->name, &builder->candidates);
	select_destinations(builder, &selection);
	add_cluster_ip(builder, port_index, cluster_ip, &selection);
	add_external_ips(builder, port_index, family, &selection);
	add_load_balancer_ips(builder, port_index, family, &selection);
	if (port->node_port)
		add_node_port(builder, port_index, family, &selection);
	if (builder->state->server_count > server_count)
		add_hairpin_members(builder, port);
	if (service->health_check_node_port)
		add_member(builder, 0, SET_KIND_HEALTH_CHECK_NODE_PORT, family)->port =
			service->health_check_node_port;
}

static int compare_members(const void *a, const void *b)
{
	const struct owned_member *left = a, *right = b;

	return memcmp(&left->member, &right->member, sizeof(left->member));
}

static void take_members(struct builder *builder)
{
	struct owned_member *members = builder->members;
	size_t used = 0;

	if (builder->member_count)
		qsort(members, builder->member_count, sizeof(*members), compare_members);
	for (size_t i = 0; i < builder->member_count; i++)
		if (!used || compare_members(&members[used - 1], &members[i]) != 0)
			members[used++] = members[i];
	service_state_set_members(builder->state, members, used);
}

/* The VIPs that the dummy interface holds are also those whose other ports are closed. */
static void add_bound_members(struct builder *builder)
{
	const struct service_state *state = builder->state;

	for (size_t i = 0; i < state->address_count; i++)
		add_member(builder, 0, SET_KIND_IPVS_IPS, state->addresses[i].family)->address =
			state->addresses[i];
}

/* Whether kube-proxy makes endpoints of a slice: without a port number it does not. */
static bool has_port(const struct endpoint_slice *slice)
{
	for (size_t i = 0; i < slice->port_count; i++)
		if (slice->ports[i].port)
			return true;
	return false;
}

static bool is_absent(const struct node_view *node, uint16_t family)
{
	return node->lacks_ipv6 && family == AF_INET6;
}

static bool is_served(const struct service *service, const struct node_view *node, uint16_t family)
{
	for (size_t i = 0; i < service->cluster_ip_count; i++)
		if (service->cluster_ips[i].family == family)
			return !is_absent(node, family);
	return false;
}

/*
 * Of both families: kube-proxy counts IPv4 only if there is any, so that a load balancer would not
 * send IPv6 traffic to a node which could serve it. Source:
 * pkg/proxy/healthcheck/service_health.go, pkg/proxy/endpoint.go LocalReadyEndpoints().
 */
static uint32_t count_local_endpoints(const struct service_view *view, const struct node_view *node)
{
	struct address *seen = NULL;
	size_t count = 0, capacity = 0;

	for (size_t i = 0; i < view->slice_count; i++) {
		const struct endpoint_slice *slice = view->slices[i];

		if (!is_served(view->service, node, slice->family) || !has_port(slice))
			continue;
		for (size_t e = 0; e < slice->endpoint_count; e++) {
			const struct endpoint *endpoint = &slice->endpoints[e];

			if (!endpoint->is_ready || !endpoint->node_name || !node->name ||
			    strcmp(endpoint->node_name, node->name) != 0 ||
			    contains(seen, count, &endpoint->address))
				continue;
			seen = memory_grow(seen, count, &capacity, sizeof(*seen));
			seen[count++] = endpoint->address;
		}
	}
	free(seen);
	return (uint32_t)count;
}

struct service_state *desired_service(const struct service_view *view, const struct node_view *node,
				      const struct desired_options *options)
{
	auto_free(service_state) struct service_state *state = memory_allocate(sizeof(*state));
	struct builder builder = {
		.view = view,
		.service = view->service,
		.node = node,
		.options = options,
		.state = state,
	};

	if (desired_skip_reason(view->service) != SKIP_REASON_NONE)
		return take(&state);

	for (size_t i = 0; i < view->service->cluster_ip_count; i++) {
		const struct address *cluster_ip = &view->service->cluster_ips[i];

		for (size_t p = 0; p < view->service->port_count; p++)
			if (!is_absent(node, cluster_ip->family))
				add_port(&builder, p, cluster_ip);
	}
	address_sort(state->addresses, state->address_count);
	add_bound_members(&builder);
	take_members(&builder);

	if (view->service->health_check_node_port) {
		state->health_check_port = view->service->health_check_node_port;
		state->local_endpoint_count = count_local_endpoints(view, node);
	}
	free(builder.candidates.items);
	free(builder.is_selected);
	free(builder.members);
	return service_state_pack(take(&state));
}
