/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_PACKED_MEMBER_H
#define PLAN_PACKED_MEMBER_H

#include "proxy_state.h"

/* Bytes of the longest one: IPv6 with a source. */
#define PACKED_MEMBER_MAX 38

/**
 * struct packed_member - a set member in as few bytes as it takes: most have an IPv4 address and
 * no source
 * @bytes:  @length of them; those of two members are the same if the members are, and none is the
 *          beginning of another
 */
struct packed_member {
	uint8_t length;
	uint8_t bytes[PACKED_MEMBER_MAX];
};

/** packed_member_of() - @member's addresses are of its family, or all zero */
struct packed_member packed_member_of(const struct set_member *member);

/** packed_member_length() - of the member that begins at @bytes */
size_t packed_member_length(const uint8_t *bytes);

/** packed_member_value() - the member that begins at @bytes */
struct set_member packed_member_value(const uint8_t *bytes);

#endif
