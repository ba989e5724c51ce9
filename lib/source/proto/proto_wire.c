/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto_wire.h"

#define VARINT_BYTES 10

/* Return: 1, 0 if more bytes are needed, or -1 if it is too long */
static int take_varint(struct proto_wire *wire, uint64_t *ret)
{
	const char *at = wire->at;
	uint64_t value = 0;

	for (unsigned int i = 0; i < VARINT_BYTES; i++) {
		if (at == wire->end)
			return 0;
		value |= (uint64_t)((unsigned char)*at & 0x7f) << 7 * i;
		if (!((unsigned char)*at++ & 0x80)) {
			wire->at = at;
			*ret = value;
			return 1;
		}
	}
	return -1;
}

static int skip(struct proto_wire *wire, size_t size)
{
	if ((size_t)(wire->end - wire->at) < size)
		return 0;
	wire->at += size;
	return 1;
}

int proto_wire_header(struct proto_wire *wire, struct proto_wire_field *ret)
{
	struct proto_wire rest = *wire;
	uint64_t key = 0;
	int r = take_varint(&rest, &key);

	if (r <= 0)
		return r;
	if (key >> 3 == 0 || key >> 3 > UINT32_MAX)
		return -1;
	*ret = (struct proto_wire_field){.tag = (uint32_t)(key >> 3)};
	switch (key & 7) {
	case PROTO_WIRE_VARINT:
	case PROTO_WIRE_BYTES:
		r = take_varint(&rest, &ret->number);
		break;
	case PROTO_WIRE_FIXED64:
		r = skip(&rest, 8);
		break;
	case PROTO_WIRE_FIXED32:
		r = skip(&rest, 4);
		break;
	default:
		return -1;
	}
	if (r <= 0)
		return r;
	ret->type = (enum proto_wire_type)(key & 7);
	*wire = rest;
	return 1;
}

/* Takes a field. Return: 1, 0 at the end of the message, or -1 if the rest is none */
static int take_field(struct proto_wire *wire, struct proto_wire_field *ret)
{
	if (wire->at == wire->end)
		return 0;
	if (proto_wire_header(wire, ret) <= 0)
		return -1;
	if (ret->type != PROTO_WIRE_BYTES)
		return 1;
	if (ret->number > (uint64_t)(wire->end - wire->at))
		return -1;
	ret->bytes = wire->at;
	wire->at += ret->number;
	return 1;
}

bool proto_wire_find(const char *message, size_t size, uint32_t tag, struct proto_wire_field *ret)
{
	struct proto_wire wire = {.at = message, .end = message + size};
	struct proto_wire_field field;
	bool is_found = false;

	while (take_field(&wire, &field) > 0) {
		if (field.tag != tag || field.type != PROTO_WIRE_BYTES)
			continue;
		*ret = field;
		is_found = true;
	}
	return is_found;
}
