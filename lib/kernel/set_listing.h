/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_SET_LISTING_H
#define KERNEL_SET_LISTING_H

#include "lib/base/error.h"
#include "lib/plan/proxy_state.h"
#include "netlink.h"

/*
 * Reading ipsets. libipset offers a listing as text only; this asks the kernel itself, in the
 * protocol of <linux/netfilter/ipset/ip_set.h>, and gives members as values.
 */

/**
 * struct set_header - what the kernel says about a set
 * @capacity:      maxelem; 0 for types without
 * @hash_size:     0 for types without
 * @member_count:  as the kernel counts
 * @family:        AF_INET, AF_INET6; AF_UNSPEC for bitmap:port
 * @has_marks:     its members can carry marks
 * @type:          "hash:ip,port"
 */
struct set_header {
	uint32_t capacity;
	uint32_t hash_size;
	uint32_t member_count;
	uint16_t family;
	bool has_marks;
	char type[32];
};

/** set_listing_visit - @mark: of the member, in a set with marks; else 0 */
typedef void set_listing_visit(void *owner, const struct set_member *member, uint32_t mark);

/**
 * set_listing_header() - read a set without its members
 * @netlink:  open for NETLINK_NETFILTER
 * Return: 0; -ENOENT if there is no such set
 */
int set_listing_header(struct netlink *netlink, const char *name, struct set_header *ret,
		       struct error *err);

/** set_listing_headers() - call @visit for every set of the network namespace, whoever made it */
int set_listing_headers(struct netlink *netlink,
			void (*visit)(void *owner, const char *name,
				      const struct set_header *header),
			void *owner, struct error *err);

/** struct set_listing - of the members of a set, in steps; nobody else looks into it */
struct set_listing {
	struct netlink *netlink;
	enum set_kind kind;
	uint16_t family;
	struct set_header *header;
	set_listing_visit *on_member;
	void *owner;
};

/**
 * set_listing_begin() - read the members of a set, in no particular order and in steps
 * @kind, @family:  what the members are; the name of the set follows from them
 * @netlink:  nothing else can be asked of it meanwhile
 * @listing:  stays where it is until the last step
 *
 * set_listing_step() follows until it does not return 1. Until then the kernel neither destroys the
 * set nor swaps it for another; netlink_dump_end() lets it go before. Members may be added and
 * removed: the kernel tells all that are in a bucket at once, and a set whose table becomes larger
 * is told from the table that it had, so that of members that nobody adds or removes each is told
 * once. Of the others that may or may not be said.
 */
int set_listing_begin(struct set_listing *listing, struct netlink *netlink, enum set_kind kind,
		      uint16_t family, set_listing_visit *on_member, void *owner,
		      struct error *err);

/**
 * set_listing_step() - up to about a thousand of them
 * Return: 1 if there are more; 0 at the end; -ENOENT if there is no such set
 */
int set_listing_step(struct set_listing *listing, struct error *err);

#endif
