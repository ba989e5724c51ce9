/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "endpoint_slice.h"

#include <string.h>

/* As few zones as there are, the hints of the endpoints before are likely to be the same. */
#define HINTS_COMPARED 16

static void free_parts(struct endpoint_slice *slice)
{
	if (!slice->is_packed) {
		free(slice->namespace_name);
		free(slice->name);
		free(slice->service_name);
		free(slice->endpoints);
		free(slice->ports);
		free(slice->hints);
	}
	free(slice);
}

void endpoint_slice_free(struct endpoint_slice *slice)
{
	if (!slice)
		return;
	for (size_t i = 0; i < slice->endpoint_count; i++)
		string_pool_put(slice->strings, slice->endpoints[i].node_name);
	for (size_t i = 0; i < slice->port_count; i++)
		string_pool_put(slice->strings, slice->ports[i].name);
	for (size_t i = 0; i < slice->hint_count; i++) {
		string_pool_put(slice->strings, slice->hints[i].zones);
		string_pool_put(slice->strings, slice->hints[i].nodes);
	}
	free_parts(slice);
}

struct endpoint_slice *endpoint_slice_pack(struct endpoint_slice *slice)
{
	size_t size = sizeof(*slice);
	size_t endpoints = memory_part_of(&size, slice->endpoints, slice->endpoint_count);
	size_t ports = memory_part_of(&size, slice->ports, slice->port_count);
	size_t hints = memory_part_of(&size, slice->hints, slice->hint_count);
	size_t namespace_name = memory_part_text(&size, slice->namespace_name);
	size_t name = memory_part_text(&size, slice->name);
	size_t service_name = memory_part_text(&size, slice->service_name);
	struct endpoint_slice *packed = memory_allocate(size);

	*packed = *slice;
	packed->is_packed = true;
	packed->endpoints =
		memory_put_array(packed, endpoints, slice->endpoints, slice->endpoint_count);
	packed->ports = memory_put_array(packed, ports, slice->ports, slice->port_count);
	packed->hints = memory_put_array(packed, hints, slice->hints, slice->hint_count);
	packed->namespace_name = memory_put_text(packed, namespace_name, slice->namespace_name);
	packed->name = memory_put_text(packed, name, slice->name);
	packed->service_name = memory_put_text(packed, service_name, slice->service_name);
	free_parts(slice);
	return packed;
}

struct endpoint_hints endpoint_hints(const struct endpoint_slice *slice,
				     const struct endpoint *endpoint)
{
	return endpoint->hint ? slice->hints[endpoint->hint - 1] : (struct endpoint_hints){0};
}

static bool hints_are_equal(const struct endpoint_hints *a, const struct endpoint_hints *b)
{
	return string_equal(a->zones, b->zones) && string_equal(a->nodes, b->nodes);
}

bool endpoint_set_hints(struct endpoint_slice *slice, struct endpoint *endpoint,
			const struct endpoint_hints *hints)
{
	uint16_t count = slice->hint_count;

	for (uint16_t i = 0; i < count && i < HINTS_COMPARED; i++) {
		if (hints_are_equal(&slice->hints[count - 1 - i], hints)) {
			endpoint->hint = (uint16_t)(count - i);
			return true;
		}
	}
	if (count == UINT16_MAX)
		return false;
	/* It doubles, so that a slice of many different hints does not copy them for each. */
	if (!(count & (count - 1U)))
		slice->hints =
			memory_resize(slice->hints, count ? 2U * count : 1U, sizeof(*slice->hints));
	slice->hints[slice->hint_count++] = (struct endpoint_hints){
		.zones = string_pool_get(slice->strings, hints->zones),
		.nodes = string_pool_get(slice->strings, hints->nodes),
	};
	endpoint->hint = slice->hint_count;
	return true;
}

static bool endpoint_is_equal(const struct endpoint_slice *a_slice, const struct endpoint *a,
			      const struct endpoint_slice *b_slice, const struct endpoint *b)
{
	struct endpoint_hints a_hints = endpoint_hints(a_slice, a);
	struct endpoint_hints b_hints = endpoint_hints(b_slice, b);

	return address_is_equal(&a->address, &b->address) && a->is_ready == b->is_ready &&
	       a->is_serving == b->is_serving && a->is_terminating == b->is_terminating &&
	       string_equal(a->node_name, b->node_name) && hints_are_equal(&a_hints, &b_hints);
}

bool endpoint_slice_is_equal(const struct endpoint_slice *a, const struct endpoint_slice *b)
{
	if (strcmp(a->namespace_name, b->namespace_name) != 0 || strcmp(a->name, b->name) != 0 ||
	    !string_equal(a->service_name, b->service_name) || a->family != b->family ||
	    a->endpoint_count != b->endpoint_count || a->port_count != b->port_count)
		return false;
	for (size_t i = 0; i < a->port_count; i++) {
		if (a->ports[i].port != b->ports[i].port ||
		    a->ports[i].protocol != b->ports[i].protocol ||
		    !string_equal(a->ports[i].name, b->ports[i].name))
			return false;
	}
	for (size_t i = 0; i < a->endpoint_count; i++)
		if (!endpoint_is_equal(a, &a->endpoints[i], b, &b->endpoints[i]))
			return false;
	return true;
}
