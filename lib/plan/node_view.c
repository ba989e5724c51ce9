/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node_view.h"

#include "lib/base/memory.h"

#include <string.h>
#include <sys/socket.h>

bool node_view_lacks(const struct node_view *node, uint16_t family)
{
	return node->lacks_ipv6 && family == AF_INET6;
}

static struct address *copy_addresses(const struct address *addresses, size_t count)
{
	struct address *copy = memory_array(count, sizeof(*copy));

	if (count)
		memcpy(copy, addresses, count * sizeof(*copy));
	return copy;
}

static bool addresses_are_equal(const struct address *a, size_t a_count, const struct address *b,
				size_t b_count)
{
	return a_count == b_count && (!a_count || !memcmp(a, b, a_count * sizeof(*a)));
}

static const char *const *copy_names(const char *const *names, size_t count)
{
	char **copy;

	if (!names)
		return NULL;
	copy = memory_array(count, sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		copy[i] = string_dup(names[i]);
	return (const char *const *)copy;
}

static bool others_are_equal(const struct node_view *a, const struct node_view *b)
{
	if (!addresses_are_equal(a->other_addresses, a->other_address_count, b->other_addresses,
				 b->other_address_count) ||
	    !a->other_names != !b->other_names)
		return false;
	for (size_t i = 0; a->other_names && i < a->other_address_count; i++)
		if (strcmp(a->other_names[i], b->other_names[i]) != 0)
			return false;
	return true;
}

bool node_view_is_equal(const struct node_view *a, const struct node_view *b)
{
	return string_equal(a->name, b->name) && string_equal(a->zone, b->zone) &&
	       addresses_are_equal(a->node_port_addresses, a->node_port_address_count,
				   b->node_port_addresses, b->node_port_address_count) &&
	       addresses_are_equal(a->local_addresses, a->local_address_count, b->local_addresses,
				   b->local_address_count) &&
	       others_are_equal(a, b) &&
	       addresses_are_equal(a->unchecked_addresses, a->unchecked_address_count,
				   b->unchecked_addresses, b->unchecked_address_count) &&
	       memcmp(a->node_ips, b->node_ips, sizeof(a->node_ips)) == 0 &&
	       a->lacks_ipv6 == b->lacks_ipv6;
}

void node_view_clear(struct node_view *copy)
{
	free((char *)copy->name);
	free((char *)copy->zone);
	free((struct address *)copy->node_port_addresses);
	free((struct address *)copy->local_addresses);
	free((struct address *)copy->other_addresses);
	for (size_t i = 0; copy->other_names && i < copy->other_address_count; i++)
		free((char *)copy->other_names[i]);
	free((char **)copy->other_names);
	free((struct address *)copy->unchecked_addresses);
}

struct node_view node_view_copy(const struct node_view *node)
{
	struct node_view copy = *node;

	copy.name = string_dup(node->name);
	copy.zone = string_dup(node->zone);
	copy.node_port_addresses =
		copy_addresses(node->node_port_addresses, node->node_port_address_count);
	copy.local_addresses = copy_addresses(node->local_addresses, node->local_address_count);
	copy.other_addresses = copy_addresses(node->other_addresses, node->other_address_count);
	copy.other_names = copy_names(node->other_names, node->other_address_count);
	copy.unchecked_addresses =
		copy_addresses(node->unchecked_addresses, node->unchecked_address_count);
	return copy;
}
