/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_ADDRESS_LISTING_H
#define KERNEL_ADDRESS_LISTING_H

#include "lib/base/address.h"
#include "lib/base/error.h"
#include "netlink.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct listed_address - an address of some interface, as the kernel tells it
 * @index:         of the interface
 * @is_preferred:  whether the kernel takes it as the source of connections like any other address
 */
struct listed_address {
	int index;
	uint16_t prefix_length;
	bool is_preferred;
	struct address address;
};

/** address_listing_parse() - a message about an address; Return: false if it is of no IP address */
bool address_listing_parse(const struct nlmsghdr *message, struct listed_address *ret);

/** struct address_listing - all IP addresses of a network namespace; {0} is empty */
struct address_listing {
	struct listed_address *items;
	size_t count;
	size_t capacity;
};

/**
 * address_listing_read() - read them in one go
 * Return: 0, or a negative errno as of netlink_ask(), except that a dump which others disturb is
 * repeated some times
 */
int address_listing_read(struct address_listing *listing, struct netlink *netlink,
			 struct error *err);

/** address_listing_begin() - read them in steps, which are those of netlink_dump_step() */
int address_listing_begin(struct address_listing *listing, struct netlink *netlink,
			  struct error *err);

/** address_listing_clear() - gives the memory back, not that of @listing itself */
void address_listing_clear(struct address_listing *listing);

#endif
