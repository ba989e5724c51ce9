/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node_addresses.h"

#include <string.h>
#include <sys/socket.h>

static bool is_local(const struct interface_address *observed, const char *dummy_interface)
{
	const struct address *address = &observed->address;

	if (strncmp(observed->interface, dummy_interface, sizeof(observed->interface)) == 0)
		return false;
	if (address->family == AF_INET6 && address_is_link_local(address))
		return false;
	return !address_is_loopback(address);
}

static void collect_local(struct node_addresses *addresses,
			  const struct interface_address *observed, size_t count,
			  const char *dummy_interface)
{
	struct address *local = memory_array(count, sizeof(*local));
	size_t found = 0, used = 0;

	for (size_t i = 0; i < count; i++)
		if (is_local(&observed[i], dummy_interface))
			local[found++] = observed[i].address;
	address_sort(local, found);
	for (size_t i = 0; i < found; i++)
		if (!used || !address_is_equal(&local[used - 1], &local[i]))
			local[used++] = local[i];
	addresses->local_addresses = local;
	addresses->local_address_count = used;
}

static struct address *node_ip_of(struct node_addresses *addresses, uint16_t family)
{
	return &addresses->node_ips[family == AF_INET6];
}

static void set_node_ip_once(struct node_addresses *addresses, const struct address *address)
{
	struct address *node_ip = node_ip_of(addresses, address->family);

	if (!node_ip->family)
		*node_ip = *address;
}

static void decide_node_ips(struct node_addresses *addresses,
			    const struct interface_address *observed, size_t count,
			    const struct node *node, const struct node_address_options *options)
{
	static const struct address loopbacks[2] = {
		{.bytes = {127, 0, 0, 1}, .family = AF_INET},
		{.bytes = {[15] = 1}, .family = AF_INET6},
	};
	const struct address *bind = &options->bind_address;

	if (bind->family && !address_is_unspecified(bind))
		set_node_ip_once(addresses, bind);
	for (size_t i = 0; node && i < node->address_count; i++)
		set_node_ip_once(addresses, &node->addresses[i]);
	for (size_t i = 0; !node && i < count; i++)
		if (is_local(&observed[i], options->dummy_interface) &&
		    !address_is_link_local(&observed[i].address))
			set_node_ip_once(addresses, &observed[i].address);
	for (size_t i = 0; i < COUNT(loopbacks); i++)
		set_node_ip_once(addresses, &loopbacks[i]);
}

/* Whether a family is left to the default, which is all that suits: no part of @selection is of it. */
static bool is_unrestricted(const struct node_port_selection *selection, uint16_t family)
{
	for (size_t i = 0; i < selection->prefix_count; i++)
		if (selection->prefixes[i].address.family == family)
			return false;
	return !selection->keywords;
}

static bool is_in_prefixes(const struct node_port_selection *selection,
			   const struct address *address)
{
	for (size_t i = 0; i < selection->prefix_count; i++)
		if (prefix_contains(&selection->prefixes[i], address))
			return true;
	return false;
}

static bool is_selected(const struct node_addresses *addresses, const struct address *address,
			const struct node_port_selection *selection)
{
	const struct address *node_ip = &addresses->node_ips[address->family == AF_INET6];

	if (is_in_prefixes(selection, address))
		return true;
	if (selection->keywords & NODE_PORT_KEYWORD_PRIMARY && address_is_equal(node_ip, address))
		return true;
	return (selection->keywords & NODE_PORT_KEYWORD_ALL ||
		is_unrestricted(selection, address->family)) &&
	       !address_is_link_local(address);
}

bool node_addresses_is_open(const struct node_port_selection *selection)
{
	return selection->keywords & NODE_PORT_KEYWORD_ALL ||
	       (!selection->prefix_count && !selection->keywords);
}

/* A range of everything names nothing. */
static bool is_named(const struct node_port_selection *selection, const struct address *loopback)
{
	for (size_t i = 0; i < selection->prefix_count; i++)
		if (selection->prefixes[i].length &&
		    prefix_contains(&selection->prefixes[i], loopback))
			return true;
	return selection->keywords & NODE_PORT_KEYWORD_LOCALHOST;
}

enum loopback_use node_addresses_loopback_use(const struct node_port_selection *selection,
					      const struct address *loopback)
{
	if (is_named(selection, loopback))
		return LOOPBACK_USE_ALWAYS;
	if (selection->keywords & NODE_PORT_KEYWORD_ALL || is_in_prefixes(selection, loopback) ||
	    is_unrestricted(selection, loopback->family))
		return LOOPBACK_USE_BESIDE;
	return LOOPBACK_USE_NONE;
}

struct node_addresses *node_addresses_new(const struct interface_address *observed, size_t count,
					  const struct node *node,
					  const struct node_address_options *options)
{
	struct node_addresses *addresses = memory_allocate(sizeof(*addresses));

	collect_local(addresses, observed, count, options->dummy_interface);
	decide_node_ips(addresses, observed, count, node, options);
	addresses->node_port_addresses = memory_array(addresses->local_address_count,
						      sizeof(*addresses->node_port_addresses));
	for (size_t i = 0; i < addresses->local_address_count; i++) {
		const struct address *address = &addresses->local_addresses[i];

		if (is_selected(addresses, address, &options->node_ports))
			addresses->node_port_addresses[addresses->node_port_address_count++] =
				*address;
	}
	return addresses;
}

void node_addresses_free(struct node_addresses *addresses)
{
	if (!addresses)
		return;
	free(addresses->node_port_addresses);
	free(addresses->local_addresses);
	free(addresses);
}

void node_addresses_fill(const struct node_addresses *addresses, struct node_view *view)
{
	view->node_port_addresses = addresses->node_port_addresses;
	view->node_port_address_count = addresses->node_port_address_count;
	view->local_addresses = addresses->local_addresses;
	view->local_address_count = addresses->local_address_count;
	memcpy(view->node_ips, addresses->node_ips, sizeof(view->node_ips));
}
