/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_PROTO_WIRE_H
#define SOURCE_PROTO_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The wire format of protocol buffers, field by field and without a copy: for what surrounds objects. */

/** enum proto_wire_type - what follows a field's number; groups are not read */
enum proto_wire_type {
	PROTO_WIRE_VARINT = 0,
	PROTO_WIRE_FIXED64 = 1,
	PROTO_WIRE_BYTES = 2,
	PROTO_WIRE_FIXED32 = 5,
};

/**
 * struct proto_wire_field - one field of a message
 * @number:  varint: the value; bytes: how many
 * @bytes:   of type PROTO_WIRE_BYTES, in the message
 */
struct proto_wire_field {
	uint32_t tag;
	enum proto_wire_type type;
	uint64_t number;
	const char *bytes;
};

/** struct proto_wire - a message, or what is left of it */
struct proto_wire {
	const char *at;
	const char *end;
};

/**
 * proto_wire_header() - take what comes before the bytes of a field: its number, and how many bytes
 * there are; of a varint and of a number of fixed size all of it
 *
 * Return: 1, 0 if more bytes are needed, or -1 if this begins no field
 */
int proto_wire_header(struct proto_wire *wire, struct proto_wire_field *ret);

/** proto_wire_find() - the last field @tag of type bytes; Return: false if there is none */
bool proto_wire_find(const char *message, size_t size, uint32_t tag, struct proto_wire_field *ret);

#endif
