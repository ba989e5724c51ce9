/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto_envelope.h"

#include "proto_wire.h"

#include <string.h>

/* metav1.WatchEvent, and runtime.RawExtension in it */
#define EVENT_TAG_TYPE	 1
#define EVENT_TAG_OBJECT 2
#define RAW_TAG_RAW	 1

static struct proto_span span_of(const struct proto_wire_field *field)
{
	return (struct proto_span){.bytes = field->bytes, .size = (size_t)field->number};
}

static struct proto_span find(struct proto_span in, uint32_t tag)
{
	struct proto_wire_field field;

	return in.bytes && proto_wire_find(in.bytes, in.size, tag, &field) ? span_of(&field)
									   : (struct proto_span){0};
}

bool proto_envelope_is_one(const char *bytes, size_t size)
{
	return size >= PROTO_ENVELOPE_MAGIC_SIZE &&
	       memcmp(bytes, PROTO_ENVELOPE_MAGIC, PROTO_ENVELOPE_MAGIC_SIZE) == 0;
}

bool proto_envelope_open(const char *bytes, size_t size, struct proto_envelope *ret)
{
	struct proto_span unknown = {.bytes = bytes + PROTO_ENVELOPE_MAGIC_SIZE,
				     .size = size - PROTO_ENVELOPE_MAGIC_SIZE};

	if (!proto_envelope_is_one(bytes, size))
		return false;
	ret->kind = find(find(unknown, PROTO_ENVELOPE_TAG_TYPE), PROTO_ENVELOPE_TAG_TYPE_KIND);
	ret->object = find(unknown, PROTO_ENVELOPE_TAG_RAW);
	return ret->object.bytes;
}

bool proto_event_open(const char *bytes, size_t size, struct proto_event *ret)
{
	struct proto_span event = {.bytes = bytes, .size = size};

	ret->type = find(event, EVENT_TAG_TYPE);
	ret->object = find(find(event, EVENT_TAG_OBJECT), RAW_TAG_RAW);
	return ret->type.bytes && ret->object.bytes;
}

bool proto_span_is(const struct proto_span *span, const char *text)
{
	return span->size == strlen(text) && span->bytes &&
	       memcmp(span->bytes, text, span->size) == 0;
}
