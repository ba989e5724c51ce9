/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packed_member.h"

#include <string.h>
#include <sys/socket.h>

/* What precedes the addresses. @parts: which there are */
struct head {
	uint8_t kind;
	uint8_t protocol;
	uint8_t prefix_length;
	uint8_t parts;
	uint16_t port;
};

_Static_assert(sizeof(struct head) + 2 * sizeof(((struct address *)0)->bytes) == PACKED_MEMBER_MAX,
	       "the longest member is longer or shorter than that");

enum part { PART_IPV6 = 1, PART_ADDRESS = 2, PART_SOURCE = 4 };

static uint16_t family_of(const struct head *head)
{
	return head->parts & PART_IPV6 ? AF_INET6 : AF_INET;
}

static struct head head_of(const uint8_t *bytes)
{
	struct head head;

	memcpy(&head, bytes, sizeof(head));
	return head;
}

static size_t length_of(const struct head *head)
{
	size_t length = address_length(family_of(head));

	return sizeof(*head) + (head->parts & PART_ADDRESS ? length : 0) +
	       (head->parts & PART_SOURCE ? length : 0);
}

struct packed_member packed_member_of(const struct set_member *member)
{
	const struct head head = {
		.kind = member->kind,
		.protocol = member->protocol,
		.prefix_length = member->prefix_length,
		.parts = (uint8_t)((member->family == AF_INET6 ? PART_IPV6 : 0) |
				   (member->address.family ? PART_ADDRESS : 0) |
				   (member->source.family ? PART_SOURCE : 0)),
		.port = member->port,
	};
	struct packed_member packed = {.length = (uint8_t)length_of(&head)};
	size_t length = address_length(member->family);
	uint8_t *next = packed.bytes;

	memcpy(next, &head, sizeof(head));
	next += sizeof(head);
	if (head.parts & PART_ADDRESS) {
		memcpy(next, member->address.bytes, length);
		next += length;
	}
	if (head.parts & PART_SOURCE)
		memcpy(next, member->source.bytes, length);
	return packed;
}

size_t packed_member_length(const uint8_t *bytes)
{
	const struct head head = head_of(bytes);

	return length_of(&head);
}

struct set_member packed_member_value(const uint8_t *bytes)
{
	const struct head head = head_of(bytes);
	const uint8_t *next = bytes + sizeof(head);
	struct set_member member;
	size_t length;

	memset(&member, 0, sizeof(member));
	member.kind = head.kind;
	member.family = (uint8_t)family_of(&head);
	member.protocol = head.protocol;
	member.prefix_length = head.prefix_length;
	member.port = head.port;
	length = address_length(member.family);
	if (head.parts & PART_ADDRESS) {
		member.address.family = member.family;
		memcpy(member.address.bytes, next, length);
		next += length;
	}
	if (head.parts & PART_SOURCE) {
		member.source.family = member.family;
		memcpy(member.source.bytes, next, length);
	}
	return member;
}
