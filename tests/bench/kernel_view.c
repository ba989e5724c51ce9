/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel_view.h"

#include "netlink_buffer.h"
#include "objects.h"

#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct kernel_view {
	int generic;
	int route;
	uint16_t ipvs;
	struct netlink_buffer buffer;
};

double kernel_view_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* With one processor, asking in a loop would take from the agent the time that is measured. */
void kernel_view_yield(void)
{
	const struct sched_param parameters = {.sched_priority = 0};

	if (sched_setscheduler(0, SCHED_IDLE, &parameters) < 0) {
		perror("sched_setscheduler");
		exit(1);
	}
}

struct kernel_view *kernel_view_open(void)
{
	struct kernel_view *view = calloc(1, sizeof(*view));

	if (!view)
		abort();
	view->generic = netlink_buffer_open(NETLINK_GENERIC);
	view->route = netlink_buffer_open(NETLINK_ROUTE);
	view->ipvs = netlink_buffer_family(IPVS_GENL_NAME);
	return view;
}

/* A virtual server; addresses and ports are in host byte order here. */
struct place {
	uint32_t address;
	uint16_t port;
};

static struct place cluster_place(size_t service)
{
	return (struct place){objects_service_address(service), OBJECTS_PORT};
}

static struct place node_place(uint32_t address, size_t service)
{
	return (struct place){address, objects_node_port(service)};
}

static void put_server(struct kernel_view *view, uint8_t command, uint16_t flags,
		       struct place place)
{
	const struct genlmsghdr header = {.cmd = command, .version = IPVS_GENL_VERSION};
	uint32_t address[4] = {htonl(place.address)};
	struct netlink_buffer *buffer = &view->buffer;
	size_t nest;

	netlink_buffer_clear(buffer);
	netlink_buffer_begin(buffer, view->ipvs, flags, &header, sizeof(header));
	nest = netlink_buffer_nest(buffer, IPVS_CMD_ATTR_SERVICE);
	netlink_buffer_put_u16(buffer, IPVS_SVC_ATTR_AF, AF_INET);
	netlink_buffer_put_u16(buffer, IPVS_SVC_ATTR_PROTOCOL, IPPROTO_TCP);
	netlink_buffer_put(buffer, IPVS_SVC_ATTR_ADDR, address, sizeof(address));
	netlink_buffer_put_u16(buffer, IPVS_SVC_ATTR_PORT, htons(place.port));
	netlink_buffer_nest_end(buffer, nest);
	netlink_buffer_finish(buffer);
}

struct search {
	uint32_t address; /* network byte order; 0 = count all */
	uint32_t weight;
	size_t count;
};

static void on_destination(void *owner, const char *payload, size_t size)
{
	struct search *search = owner;
	const char *destination, *value;
	size_t length, value_length;

	destination = netlink_buffer_find(payload + GENL_HDRLEN, size - GENL_HDRLEN,
					  IPVS_CMD_ATTR_DEST, &length);
	if (!destination)
		return;
	search->count++;
	value = netlink_buffer_find(destination, length, IPVS_DEST_ATTR_ADDR, &value_length);
	if (!value || memcmp(value, &search->address, sizeof(search->address)) != 0)
		return;
	value = netlink_buffer_find(destination, length, IPVS_DEST_ATTR_WEIGHT, &value_length);
	if (value)
		memcpy(&search->weight, value, sizeof(search->weight));
}

/* Endpoints have consecutive addresses. */
struct serving {
	uint32_t first; /* address, host byte order */
	uint32_t count;
	size_t inside;
	size_t outside;
};

static void on_serving(void *owner, const char *payload, size_t size)
{
	struct serving *serving = owner;
	const char *destination, *value;
	size_t length, value_length;
	uint32_t address, weight = 0;

	destination = netlink_buffer_find(payload + GENL_HDRLEN, size - GENL_HDRLEN,
					  IPVS_CMD_ATTR_DEST, &length);
	if (!destination)
		return;
	value = netlink_buffer_find(destination, length, IPVS_DEST_ATTR_WEIGHT, &value_length);
	if (value)
		memcpy(&weight, value, sizeof(weight));
	value = netlink_buffer_find(destination, length, IPVS_DEST_ATTR_ADDR, &value_length);
	if (!value || !weight)
		return;
	memcpy(&address, value, sizeof(address));
	if (ntohl(address) - serving->first < serving->count)
		serving->inside++;
	else
		serving->outside++;
}

void kernel_view_serving(struct kernel_view *view, size_t service, size_t first, size_t count,
			 size_t *ret, size_t *ret_others)
{
	struct serving serving = {.first = objects_endpoint_address(first),
				  .count = (uint32_t)count};

	put_server(view, IPVS_CMD_GET_DEST, NLM_F_DUMP, cluster_place(service));
	netlink_buffer_ask(view->generic, &view->buffer, on_serving, &serving);
	*ret = serving.inside;
	*ret_others = serving.outside;
}

static unsigned int weight_at(struct kernel_view *view, struct place place, size_t endpoint)
{
	struct search search = {.address = htonl(objects_endpoint_address(endpoint))};

	put_server(view, IPVS_CMD_GET_DEST, NLM_F_DUMP, place);
	netlink_buffer_ask(view->generic, &view->buffer, on_destination, &search);
	return search.weight;
}

static bool is_server(struct kernel_view *view, struct place place)
{
	put_server(view, IPVS_CMD_GET_SERVICE, NLM_F_ACK, place);
	return netlink_buffer_ask(view->generic, &view->buffer, NULL, NULL) == 0;
}

unsigned int kernel_view_weight(struct kernel_view *view, size_t service, size_t endpoint)
{
	return weight_at(view, cluster_place(service), endpoint);
}

bool kernel_view_has_server(struct kernel_view *view, size_t service)
{
	return is_server(view, cluster_place(service));
}

unsigned int kernel_view_node_port_weight(struct kernel_view *view, uint32_t address,
					  size_t service, size_t endpoint)
{
	return weight_at(view, node_place(address, service), endpoint);
}

bool kernel_view_has_node_port(struct kernel_view *view, uint32_t address, size_t service)
{
	return is_server(view, node_place(address, service));
}

void kernel_view_set_node_address(struct kernel_view *view, uint32_t address, bool is_present)
{
	const struct ifaddrmsg header = {.ifa_family = AF_INET,
					 .ifa_prefixlen = 32,
					 .ifa_scope = RT_SCOPE_UNIVERSE,
					 .ifa_index = if_nametoindex("eth0")};
	uint32_t bytes = htonl(address);

	netlink_buffer_clear(&view->buffer);
	netlink_buffer_begin(&view->buffer, is_present ? RTM_NEWADDR : RTM_DELADDR,
			     is_present ? NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL : NLM_F_ACK,
			     &header, sizeof(header));
	netlink_buffer_put(&view->buffer, IFA_LOCAL, &bytes, sizeof(bytes));
	netlink_buffer_put(&view->buffer, IFA_ADDRESS, &bytes, sizeof(bytes));
	netlink_buffer_finish(&view->buffer);
	if (netlink_buffer_ask(view->route, &view->buffer, NULL, NULL) < 0) {
		fputs("the kernel refuses an address of the node\n", stderr);
		exit(1);
	}
}

static void on_route(void *owner, const char *payload, size_t size)
{
	struct rtmsg route;

	if (size < sizeof(route))
		return;
	memcpy(&route, payload, sizeof(route));
	*(bool *)owner = route.rtm_type == RTN_LOCAL;
}

bool kernel_view_answers(struct kernel_view *view, size_t service)
{
	const struct rtmsg header = {.rtm_family = AF_INET, .rtm_dst_len = 32};
	uint32_t address = htonl(objects_service_address(service));
	bool is_local = false;

	netlink_buffer_clear(&view->buffer);
	netlink_buffer_begin(&view->buffer, RTM_GETROUTE, NLM_F_ACK, &header, sizeof(header));
	netlink_buffer_put(&view->buffer, RTA_DST, &address, sizeof(address));
	netlink_buffer_finish(&view->buffer);
	return netlink_buffer_ask(view->route, &view->buffer, on_route, &is_local) == 0 && is_local;
}

void kernel_view_count(struct kernel_view *view, size_t services, size_t *ret_servers,
		       size_t *ret_destinations)
{
	struct search search = {0};

	*ret_servers = 0;
	for (size_t i = 0; i < services; i++) {
		*ret_servers += kernel_view_has_server(view, i);
		put_server(view, IPVS_CMD_GET_DEST, NLM_F_DUMP, cluster_place(i));
		netlink_buffer_ask(view->generic, &view->buffer, on_destination, &search);
	}
	*ret_destinations = search.count;
}
