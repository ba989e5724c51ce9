/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node_suspects.h"

#include "lib/base/memory.h"

#include <string.h>
#include <sys/socket.h>

/* What is around a node's address: most networks of nodes are no smaller. */
#define BESIDE_BITS_IPV4 24
#define BESIDE_BITS_IPV6 64

static bool is_beside(const struct address *a, const struct address *b)
{
	return address_shares_prefix(a, b,
				     a->family == AF_INET ? BESIDE_BITS_IPV4 : BESIDE_BITS_IPV6);
}

/* Addresses are sorted by their bytes, so that one beside others has one of them as its neighbour. */
static bool is_beside_any(const struct address *address, const struct address *sorted, size_t count)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (address_compare(&sorted[middle], address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return (low < count && is_beside(&sorted[low], address)) ||
	       (low > 0 && is_beside(&sorted[low - 1], address));
}

static bool is_in_subnet(const struct address *address, const struct interface_address *observed,
			 size_t count, const char *dummy_interface)
{
	for (size_t i = 0; i < count; i++)
		if (observed[i].prefix_length &&
		    address_shares_prefix(&observed[i].address, address,
					  observed[i].prefix_length) &&
		    strncmp(observed[i].interface, dummy_interface,
			    sizeof(observed[i].interface)) != 0)
			return true;
	return false;
}

struct address *node_suspects(const struct address *candidates, size_t count,
			      const struct interface_address *observed, size_t observed_count,
			      const char *dummy_interface, const struct node_view *node,
			      size_t *ret_count)
{
	struct address *suspects = memory_array(count, sizeof(*suspects));

	*ret_count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct address *address = &candidates[i];

		if (address_is_among(address, node->local_addresses, node->local_address_count))
			continue;
		if (is_in_subnet(address, observed, observed_count, dummy_interface) ||
		    is_beside(address, &node->node_ips[address->family == AF_INET6]) ||
		    is_beside_any(address, node->other_addresses, node->other_address_count))
			suspects[(*ret_count)++] = *address;
	}
	return suspects;
}
