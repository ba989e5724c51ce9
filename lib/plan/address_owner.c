/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "address_owner.h"

#include "lib/base/memory.h"

enum address_owner address_owner_find(const struct node_view *node,
				      const struct external_addresses *externals,
				      const struct address *address)
{
	if (address_is_among(address, node->local_addresses, node->local_address_count))
		return ADDRESS_OWNER_THIS_NODE;
	if (address_is_among(address, node->other_addresses, node->other_address_count))
		return ADDRESS_OWNER_OTHER_NODE;
	if (external_addresses_has_endpoint(externals, address))
		return ADDRESS_OWNER_ENDPOINT;
	if (address_is_among(address, node->unchecked_addresses, node->unchecked_address_count))
		return ADDRESS_OWNER_UNCHECKED;
	return ADDRESS_OWNER_NONE;
}

const char *address_owner_node(const struct node_view *node, const struct address *address)
{
	for (size_t i = 0; node->other_names && i < node->other_address_count; i++)
		if (address_is_equal(&node->other_addresses[i], address))
			return node->other_names[i];
	return "";
}
