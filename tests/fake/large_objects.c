/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "large_objects.h"

#include "object_text.h"

#include <netinet/in.h>
#include <string.h>

#define SLICE_ENDPOINTS 1000

/* Each a network of 2^20 addresses. */
enum network { NETWORK_EXTERNAL = 198, NETWORK_BALANCER, NETWORK_CLIENTS, NETWORK_PODS };

static struct address address_of(enum network network, uint32_t number)
{
	struct address address = {.family = AF_INET};

	address.bytes[0] = (uint8_t)network;
	address.bytes[1] = (uint8_t)(16 + (number >> 16));
	address.bytes[2] = (uint8_t)(number >> 8);
	address.bytes[3] = (uint8_t)number;
	return address;
}

static struct address *addresses_of(enum network network, uint32_t count)
{
	struct address *addresses = memory_array(count, sizeof(*addresses));

	for (uint32_t i = 0; i < count; i++)
		addresses[i] = address_of(network, i);
	return addresses;
}

static void set_ports(struct service *service, const struct large_object *object)
{
	free(service->ports[0].name);
	service->ports = memory_resize(service->ports, object->ports, sizeof(*service->ports));
	service->port_count = object->ports;
	for (uint16_t i = 0; i < object->ports; i++)
		service->ports[i] = (struct service_port){
			.name = string_printf("p%u", i),
			.port = (uint16_t)(i + 1),
			.node_port = object->has_node_ports ? (uint16_t)(30000 + i) : 0,
			.protocol = IPPROTO_TCP};
}

static void set_source_ranges(struct service *service, uint32_t count)
{
	service->source_ranges = memory_array(count, sizeof(*service->source_ranges));
	service->source_range_count = count;
	for (uint32_t i = 0; i < count; i++)
		service->source_ranges[i] =
			(struct prefix){.address = address_of(NETWORK_CLIENTS, i), .length = 32};
}

static void add_slice(const struct large_object *object, uint32_t first, struct store *store,
		      struct string_pool *strings)
{
	uint32_t count = object->endpoints - first;
	auto_memory char *text =
		string_printf("large/%s-%06u service=%s", object->name, first, object->name);
	struct endpoint_slice *slice = object_text_slice(strings, text);

	if (count > SLICE_ENDPOINTS)
		count = SLICE_ENDPOINTS;
	slice->endpoints = memory_resize(slice->endpoints, count, sizeof(*slice->endpoints));
	slice->endpoint_count = count;
	for (uint32_t i = 0; i < count; i++)
		slice->endpoints[i] = (struct endpoint){
			.address = address_of(NETWORK_PODS, (first + i) * 7919 % (1 << 20)),
			.node_name = string_pool_get(strings, object->is_local ? "here" : NULL),
			.is_ready = true,
			.is_serving = true};
	slice->ports = memory_resize(slice->ports, object->ports, sizeof(*slice->ports));
	slice->port_count = object->ports;
	for (uint16_t i = 0; i < object->ports; i++) {
		auto_memory char *name = string_printf("p%u", i);

		slice->ports[i] =
			(struct endpoint_slice_port){.name = string_pool_get(strings, name),
						     .port = (uint16_t)(8000 + i),
						     .protocol = IPPROTO_TCP};
	}
	store_set_endpoint_slice(store, slice);
}

void large_object_add(const struct large_object *object, struct store *store,
		      struct string_pool *strings)
{
	auto_memory char *text = string_printf("large/%s ip=10.96.0.1 port=:1/TCP%s", object->name,
					       object->is_local ? " etp=Local itp=Local" : "");
	struct service *service = object_text_service(text);

	set_ports(service, object);
	set_source_ranges(service, object->source_ranges);
	service->external_ips = addresses_of(NETWORK_EXTERNAL, object->external_ips);
	service->external_ip_count = object->external_ips;
	service->load_balancer_ips = addresses_of(NETWORK_BALANCER, object->load_balancer_ips);
	service->load_balancer_ip_count = object->load_balancer_ips;
	store_set_service(store, service);
	for (uint32_t i = 0; i < object->endpoints; i += SLICE_ENDPOINTS)
		add_slice(object, i, store, strings);
}

void large_object_remove(const struct large_object *object, struct store *store)
{
	for (uint32_t i = 0; i < object->endpoints; i += SLICE_ENDPOINTS) {
		auto_memory char *name = string_printf("%s-%06u", object->name, i);

		store_remove_endpoint_slice(store, "large", name);
	}
	store_remove_service(store, "large", object->name);
}
