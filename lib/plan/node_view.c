/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node_view.h"

enum address_owner node_view_owner(const struct node_view *node, const struct address *address)
{
	if (address_is_among(address, node->local_addresses, node->local_address_count))
		return ADDRESS_OWNER_THIS_NODE;
	if (address_is_among(address, node->other_addresses, node->other_address_count))
		return ADDRESS_OWNER_OTHER_NODE;
	return ADDRESS_OWNER_NONE;
}
