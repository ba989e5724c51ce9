/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "endpoint_slice.h"

#include <string.h>

void endpoint_slice_free(struct endpoint_slice *slice)
{
	if (!slice)
		return;
	for (size_t i = 0; i < slice->endpoint_count; i++) {
		strings_put(slice->strings, slice->endpoints[i].node_name);
		strings_put(slice->strings, slice->endpoints[i].hint_zones);
	}
	for (size_t i = 0; i < slice->port_count; i++)
		strings_put(slice->strings, slice->ports[i].name);
	free(slice->namespace_name);
	free(slice->name);
	free(slice->service_name);
	free(slice->endpoints);
	free(slice->ports);
	free(slice);
}

static bool endpoint_is_equal(const struct endpoint *a, const struct endpoint *b)
{
	return address_is_equal(&a->address, &b->address) && a->is_ready == b->is_ready &&
	       a->is_serving == b->is_serving && a->is_terminating == b->is_terminating &&
	       memory_text_is_equal(a->node_name, b->node_name) &&
	       memory_text_is_equal(a->hint_zones, b->hint_zones);
}

bool endpoint_slice_is_equal(const struct endpoint_slice *a, const struct endpoint_slice *b)
{
	if (strcmp(a->namespace_name, b->namespace_name) != 0 || strcmp(a->name, b->name) != 0 ||
	    !memory_text_is_equal(a->service_name, b->service_name) || a->family != b->family ||
	    a->endpoint_count != b->endpoint_count || a->port_count != b->port_count)
		return false;
	for (size_t i = 0; i < a->port_count; i++) {
		if (a->ports[i].port != b->ports[i].port ||
		    a->ports[i].protocol != b->ports[i].protocol ||
		    !memory_text_is_equal(a->ports[i].name, b->ports[i].name))
			return false;
	}
	for (size_t i = 0; i < a->endpoint_count; i++)
		if (!endpoint_is_equal(&a->endpoints[i], &b->endpoints[i]))
			return false;
	return true;
}
