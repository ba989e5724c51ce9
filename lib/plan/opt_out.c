/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "opt_out.h"

enum address_use opt_out_use(const struct service *service, const struct opt_out_ranges *ranges,
			     const struct address *address)
{
	if (prefix_list_contains(&ranges->unprogrammed, address))
		return ADDRESS_USE_NONE;
	if (service->is_unbound || prefix_list_contains(&ranges->unbound, address))
		return ADDRESS_USE_UNBOUND;
	return ADDRESS_USE_FULL;
}

bool opt_out_is_equal(const struct opt_out_ranges *a, const struct opt_out_ranges *b)
{
	return prefix_list_is_equal(&a->unprogrammed, &b->unprogrammed) &&
	       prefix_list_is_equal(&a->unbound, &b->unbound);
}
