/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_BOUND_ADDRESSES_H
#define KERNEL_BOUND_ADDRESSES_H

#include "lib/base/address.h"

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

/** struct bound_address - @round: of the last look that saw it, or in which it was bound */
struct bound_address {
	UT_hash_handle hh;
	struct address address;
	uint32_t round;
	bool is_preferred; /* as a source address, since others bound it */
};

/**
 * struct bound_addresses - the IPv6 addresses that we believe the dummy interface to have; {0} is
 * empty
 * @is_learning:  no look has come to its end since it was empty, so that nothing follows from what
 *                it lacks
 */
struct bound_addresses {
	struct bound_address *by_address;
	uint32_t round;
	bool is_learning;
};

struct bound_address *bound_addresses_find(const struct bound_addresses *bound,
					   const struct address *address);

/** bound_addresses_get() - it is there, and is added if it was not known; a look sees it so, too */
struct bound_address *bound_addresses_get(struct bound_addresses *bound,
					  const struct address *address);
void bound_addresses_drop(struct bound_addresses *bound, const struct address *address);
void bound_addresses_clear(struct bound_addresses *bound);

/*
 * Looking at all that is there, in one go or between other things: what was not gotten between
 * _begin and _end goes at the end. Without _end, because the look was cut short, nothing goes.
 */
void bound_addresses_look_begin(struct bound_addresses *bound);
void bound_addresses_look_end(struct bound_addresses *bound);

#endif
