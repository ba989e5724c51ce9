/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "object_decode.h"

#include "object_field.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* Room for the hints of one kind; the API allows 8 of at most 63 (zones) or 253 (nodes) characters. */
#define HINTS_SIZE 2048

struct slice_metadata {
	const char *namespace_name;
	const char *name;
	int64_t trigger_time;
	struct object_field labels;
	struct object_field annotations;
};

/* @metadata outlives the fields in @ret, which point to it. */
static int decode_metadata(const struct object_field *metadata, struct slice_metadata *ret,
			   struct error *err)
{
	struct object_field name = object_field_get(metadata, "name");
	struct object_field namespace_name = object_field_get(metadata, "namespace");
	struct object_field trigger;
	int r;

	*ret = (struct slice_metadata){
		.namespace_name = "default",
		.name = "",
		.labels = object_field_get(metadata, "labels"),
		.annotations = object_field_get(metadata, "annotations"),
	};
	r = object_field_object(metadata, err);
	if (r >= 0)
		r = object_field_object(&ret->labels, err);
	if (r >= 0)
		r = object_field_object(&ret->annotations, err);
	if (r >= 0)
		r = object_field_name(&name, &ret->name, err);
	if (r >= 0)
		r = object_field_name(&namespace_name, &ret->namespace_name, err);
	if (r < 0)
		return r;
	if (!*ret->name)
		return object_field_error(&name, err, "missing");
	trigger = object_field_get(&ret->annotations,
				   "endpoints.kubernetes.io/last-change-trigger-time");
	/* It serves a metric only: a bad one is as good as none. */
	if (object_field_time(&trigger, &ret->trigger_time, NULL) < 0)
		ret->trigger_time = 0;
	return 0;
}

/*
 * The Service that a slice belongs to. kube-proxy does not even list slices that are labelled as
 * those of a headless Service: they belong to none. Which proxy serves is for the Service to say.
 */
static int decode_owner(const struct object_field *labels, struct endpoint_slice *slice,
			struct error *err)
{
	struct object_field headless = object_field_get(labels, "service.kubernetes.io/headless");
	struct object_field service = object_field_get(labels, "kubernetes.io/service-name");
	const char *name = "";
	int r = object_field_name(&service, &name, err);

	if (r >= 0 && *name && !object_field_is_present(&headless))
		slice->service_name = string_dup(name);
	return r;
}

static int decode_port(const struct object_field *entry, struct string_pool *strings,
		       struct endpoint_slice_port *port, struct error *err)
{
	struct object_field name = object_field_get(entry, "name");
	struct object_field number = object_field_get(entry, "port");
	struct object_field protocol = object_field_get(entry, "protocol");
	const char *text = "";
	int r;

	port->protocol = IPPROTO_TCP;
	r = object_field_object(entry, err);
	if (r >= 0)
		r = object_field_port_name(&name, &text, err);
	if (r >= 0)
		r = object_field_port(&number, &port->port, err);
	if (r >= 0)
		r = object_field_protocol(&protocol, &port->protocol, err);
	if (r >= 0)
		port->name = string_pool_get(strings, text);
	return r;
}

static int decode_ports(const struct object_field *parent, struct endpoint_slice *slice,
			struct error *err)
{
	struct object_field list = object_field_get(parent, "ports");
	size_t count = 0;
	int r = object_field_list(&list, &count, err);

	if (r < 0 || count == 0)
		return r;
	slice->ports = memory_array(count, sizeof(*slice->ports));
	for (size_t i = 0; i < count; i++) {
		struct object_field entry = object_field_at(&list, i);

		r = decode_port(&entry, slice->strings, &slice->ports[i], err);
		if (r < 0)
			return r;
		slice->port_count++;
	}
	return 0;
}

static int decode_conditions(const struct object_field *entry, struct endpoint *endpoint,
			     struct error *err)
{
	struct object_field conditions = object_field_get(entry, "conditions");
	struct object_field ready = object_field_get(&conditions, "ready");
	struct object_field serving = object_field_get(&conditions, "serving");
	struct object_field terminating = object_field_get(&conditions, "terminating");
	int r;

	endpoint->is_ready = true;
	r = object_field_object(&conditions, err);
	if (r >= 0)
		r = object_field_boolean(&ready, &endpoint->is_ready, err);
	/* kube-proxy 1.32 reads nil as true, not as the value of ready (endpointslicecache.go). */
	endpoint->is_serving = true;
	if (r >= 0)
		r = object_field_boolean(&serving, &endpoint->is_serving, err);
	if (r >= 0)
		r = object_field_boolean(&terminating, &endpoint->is_terminating, err);
	return r;
}

/* @ret: the names joined by ','; "" if there are none */
static int decode_hint_names(const struct object_field *hints, const char *kind, char *ret,
			     struct error *err)
{
	struct object_field list = object_field_get(hints, kind);
	size_t count = 0, used = 0;
	int r = object_field_list(&list, &count, err);

	*ret = '\0';
	for (size_t i = 0; r >= 0 && i < count; i++) {
		struct object_field entry = object_field_at(&list, i);
		struct object_field name = object_field_get(&entry, "name");
		const char *text = "";

		r = object_field_object(&entry, err);
		if (r >= 0)
			r = object_field_text(&name, &text, err);
		if (r < 0)
			return r;
		if (!*text || strchr(text, ','))
			return object_field_error(&name, err, "\"%.60s\" is not a name", text);
		if (used + strlen(text) + 2 > HINTS_SIZE)
			return object_field_error(&list, err, "longer than %d characters",
						  HINTS_SIZE);
		used += (size_t)snprintf(ret + used, HINTS_SIZE - used, "%s%s", used ? "," : "",
					 text);
	}
	return r;
}

static int decode_hints(const struct object_field *entry, struct endpoint_slice *slice,
			struct endpoint *endpoint, struct error *err)
{
	struct object_field field = object_field_get(entry, "hints");
	char zones[HINTS_SIZE], nodes[HINTS_SIZE];
	struct endpoint_hints hints;
	int r = object_field_object(&field, err);

	if (r >= 0)
		r = decode_hint_names(&field, "forZones", zones, err);
	if (r >= 0)
		r = decode_hint_names(&field, "forNodes", nodes, err);
	if (r < 0)
		return r;
	hints = (struct endpoint_hints){*zones ? zones : NULL, *nodes ? nodes : NULL};
	if ((hints.zones || hints.nodes) && !endpoint_set_hints(slice, endpoint, &hints))
		return object_field_error(&field, err, "one more than an EndpointSlice may have");
	return 0;
}

static int decode_endpoint_address(const struct object_field *entry, uint16_t family,
				   struct address *ret, struct error *err)
{
	struct object_field list = object_field_get(entry, "addresses");
	struct object_field first;
	size_t count = 0;
	int r = object_field_list(&list, &count, err);

	if (r < 0)
		return r;
	first = object_field_at(&list, 0);
	if (!object_field_is_present(&first))
		return object_field_error(&list, err, "empty");
	r = object_field_unicast(&first, ret, err);
	if (r < 0)
		return r;
	if (ret->family != family)
		return object_field_error(&first, err, "%s is not an IPv%d address",
					  object_field_plain_text(&first),
					  family == AF_INET ? 4 : 6);
	return 0;
}

static int decode_node_name(const struct object_field *entry, struct string_pool *strings,
			    struct endpoint *endpoint, struct error *err)
{
	struct object_field node = object_field_get(entry, "nodeName");
	const char *text = NULL;
	int r = object_field_name(&node, &text, err);

	if (r >= 0)
		endpoint->node_name = string_pool_get(strings, text);
	return r;
}

static int decode_endpoint(const struct object_field *entry, struct endpoint_slice *slice,
			   struct endpoint *endpoint, struct error *err)
{
	int r = object_field_object(entry, err);

	if (r >= 0)
		r = decode_endpoint_address(entry, slice->family, &endpoint->address, err);
	if (r >= 0)
		r = decode_conditions(entry, endpoint, err);
	if (r >= 0)
		r = decode_node_name(entry, slice->strings, endpoint, err);
	if (r >= 0)
		r = decode_hints(entry, slice, endpoint, err);
	return r;
}

static int decode_slice_endpoints(const struct object_field *root, struct endpoint_slice *slice,
				  struct object_leftovers *left, struct error *err)
{
	struct object_field list = object_field_get(root, "endpoints");
	size_t count = 0;
	int r = object_field_list(&list, &count, err);

	if (r < 0 || count == 0)
		return r;
	slice->endpoints = memory_array(count, sizeof(*slice->endpoints));
	for (size_t i = 0; i < count; i++) {
		struct object_field entry = object_field_at(&list, i);
		struct endpoint endpoint = {0};
		struct error why = {0};

		if (decode_endpoint(&entry, slice, &endpoint, &why) >= 0) {
			slice->endpoints[slice->endpoint_count++] = endpoint;
			continue;
		}
		string_pool_put(slice->strings, endpoint.node_name);
		object_leftovers_add(left, &why);
	}
	return 0;
}

static int decode_address_type(const struct object_field *root, struct endpoint_slice *slice,
			       struct error *err)
{
	static const char *const names[] = {"IPv4", "IPv6", "FQDN"};
	static const uint16_t families[] = {AF_INET, AF_INET6, 0};
	struct object_field field = object_field_get(root, "addressType");
	size_t choice = COUNT(names);
	int r = object_field_choice(&field, names, COUNT(names), &choice, err);

	if (r < 0)
		return r;
	if (choice == COUNT(names))
		return object_field_error(&field, err, "missing (IPv4, IPv6 or FQDN)");
	slice->family = families[choice];
	return 0;
}

int object_decode_endpoint_slice(struct object_value object, struct string_pool *strings,
				 struct endpoint_slice **ret, struct error *err)
{
	auto_free(endpoint_slice) struct endpoint_slice *slice = memory_allocate(sizeof(*slice));
	struct object_field root = object_field_root(object);
	struct object_field metadata_field = object_field_get(&root, "metadata");
	struct object_leftovers left = {0};
	struct slice_metadata metadata;
	int r;

	slice->strings = strings;
	r = object_field_object(&root, err);
	if (r >= 0)
		r = decode_metadata(&metadata_field, &metadata, err);
	if (r < 0)
		return r;
	slice->namespace_name = string_dup(metadata.namespace_name);
	slice->name = string_dup(metadata.name);
	slice->trigger_time = metadata.trigger_time;
	r = decode_owner(&metadata.labels, slice, err);
	if (r >= 0)
		r = decode_address_type(&root, slice, err);
	if (r >= 0)
		r = decode_ports(&root, slice, err);
	if (r >= 0 && slice->family)
		r = decode_slice_endpoints(&root, slice, &left, err);
	if (r < 0)
		return r;
	*ret = endpoint_slice_pack(take(&slice));
	return object_leftovers_tell(&left, err);
}

void endpoint_slices_clear(struct endpoint_slices *slices)
{
	for (size_t i = 0; i < slices->count; i++)
		endpoint_slice_free(slices->slices[i]);
	free(slices->slices);
	*slices = (struct endpoint_slices){0};
}

static int decode_subset_endpoint(const struct object_field *entry, struct string_pool *strings,
				  struct endpoint *endpoint, struct error *err)
{
	struct object_field ip = object_field_get(entry, "ip");
	int r = object_field_object(entry, err);

	if (r >= 0 && !object_field_is_present(&ip))
		r = object_field_error(&ip, err, "missing");
	if (r >= 0)
		r = object_field_unicast(&ip, &endpoint->address, err);
	return r < 0 ? r : decode_node_name(entry, strings, endpoint, err);
}

/*
 * Adds the addresses of @name ("addresses" or "notReadyAddresses") that are of the slice's family.
 */
static int add_subset_addresses(const struct object_field *subset, const char *name, bool is_ready,
				struct endpoint_slice *slice, struct object_leftovers *left,
				struct error *err)
{
	struct object_field list = object_field_get(subset, name);
	size_t count = 0, old_count = slice->endpoint_count;
	int r = object_field_list(&list, &count, err);

	if (r < 0 || count == 0)
		return r;
	slice->endpoints =
		memory_resize(slice->endpoints, old_count + count, sizeof(*slice->endpoints));
	for (size_t i = 0; i < count; i++) {
		struct object_field entry = object_field_at(&list, i);
		struct endpoint endpoint = {.is_ready = is_ready, .is_serving = is_ready};
		struct error why = {0};

		r = decode_subset_endpoint(&entry, slice->strings, &endpoint, &why);
		if (r >= 0 && endpoint.address.family == slice->family) {
			slice->endpoints[slice->endpoint_count++] = endpoint;
			continue;
		}
		string_pool_put(slice->strings, endpoint.node_name);
		if (r < 0)
			object_leftovers_add(left, &why);
	}
	return 0;
}

/* *ret is NULL if the subset has no address of this family. */
static int mirror_subset(const struct object_field *subset, const struct slice_metadata *metadata,
			 struct string_pool *strings, uint16_t family, struct endpoint_slice **ret,
			 struct object_leftovers *left, struct error *err)
{
	auto_free(endpoint_slice) struct endpoint_slice *slice = memory_allocate(sizeof(*slice));
	int r = object_field_object(subset, err);

	slice->strings = strings;
	slice->family = family;
	if (r >= 0)
		r = add_subset_addresses(subset, "addresses", true, slice, left, err);
	if (r >= 0)
		r = add_subset_addresses(subset, "notReadyAddresses", false, slice, left, err);
	if (r >= 0)
		r = decode_ports(subset, slice, err);
	if (r < 0 || slice->endpoint_count == 0)
		return r;
	slice->namespace_name = string_dup(metadata->namespace_name);
	slice->name = string_printf("%s:%zu:%s", metadata->name, subset->index,
				    family == AF_INET ? "ipv4" : "ipv6");
	slice->service_name = string_dup(metadata->name);
	slice->trigger_time = metadata->trigger_time;
	*ret = endpoint_slice_pack(take(&slice));
	return 0;
}

static bool is_mirrored(const struct slice_metadata *metadata)
{
	struct object_field skip =
		object_field_get(&metadata->labels, "endpointslice.kubernetes.io/skip-mirror");
	struct object_field leader = object_field_get(&metadata->annotations,
						      "control-plane.alpha.kubernetes.io/leader");
	struct object_field headless =
		object_field_get(&metadata->labels, "service.kubernetes.io/headless");

	return strcmp(object_field_plain_text(&skip), "true") != 0 &&
	       !object_field_is_present(&leader) && !object_field_is_present(&headless);
}

int object_decode_endpoints(struct object_value object, struct string_pool *strings,
			    struct endpoint_slices *ret, struct error *err)
{
	static const uint16_t families[] = {AF_INET, AF_INET6};
	struct object_field root = object_field_root(object);
	struct object_field metadata_field = object_field_get(&root, "metadata");
	struct object_field subsets = object_field_get(&root, "subsets");
	struct endpoint_slices slices = {0};
	/* What is wrong is wrong for both families, and is counted for one. */
	struct object_leftovers left[COUNT(families)] = {0};
	struct slice_metadata metadata;
	size_t count = 0;
	int r;

	r = object_field_object(&root, err);
	if (r >= 0)
		r = decode_metadata(&metadata_field, &metadata, err);
	if (r >= 0)
		r = object_field_list(&subsets, &count, err);
	if (r < 0)
		return r;
	if (!is_mirrored(&metadata))
		count = 0;
	slices.slices = memory_array(count * COUNT(families), sizeof(struct endpoint_slice *));
	for (size_t i = 0; r >= 0 && i < count * COUNT(families); i++) {
		struct object_field subset = object_field_at(&subsets, i / COUNT(families));
		struct endpoint_slice *slice = NULL;

		r = mirror_subset(&subset, &metadata, strings, families[i % COUNT(families)],
				  &slice, &left[i % COUNT(families)], err);
		if (slice)
			slices.slices[slices.count++] = slice;
	}
	if (r < 0) {
		endpoint_slices_clear(&slices);
		return r;
	}
	*ret = slices;
	return object_leftovers_tell(&left[0], err);
}
