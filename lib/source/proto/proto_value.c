/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto_value.h"

#include <kubernetes.pb-c.h>
#include <stdint.h>
#include <string.h>

static const struct object_encoding map_encoding;

static const void *member_of(const void *message, size_t offset)
{
	return (const char *)message + offset;
}

/* Return: how many bytes the UTF-8 character at @text has; 0 if it is none */
static size_t character_size(const unsigned char *text, size_t length)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t size = text[0] < 0x80		 ? 1
		      : (text[0] & 0xe0) == 0xc0 ? 2
		      : (text[0] & 0xf0) == 0xe0 ? 3
		      : (text[0] & 0xf8) == 0xf0 ? 4
						 : 0;
	uint32_t code = size > 1 ? text[0] & (0x7fU >> size) : text[0];

	if (size == 0 || size > length)
		return 0;
	for (size_t i = 1; i < size; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	if (code < least[size] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	return size;
}

/* JSON can have neither, and what follows ends a text at a NUL. */
static bool is_text(const ProtobufCBinaryData *bytes)
{
	size_t at = 0;

	while (at < bytes->len) {
		size_t size = character_size(bytes->data + at, bytes->len - at);

		if (!size || !bytes->data[at])
			return false;
		at += size;
	}
	return true;
}

static struct object_value text_value(const ProtobufCBinaryData *bytes)
{
	if (!is_text(bytes))
		return (struct object_value){.type = OBJECT_VALUE_OTHER};
	/* A NUL follows: see proto_arena.h. */
	return (struct object_value){
		.type = OBJECT_VALUE_TEXT,
		.text = bytes->len ? (const char *)bytes->data : "",
	};
}

static struct object_value integer_value(int64_t integer)
{
	return (struct object_value){.type = OBJECT_VALUE_INTEGER, .integer = integer};
}

static struct object_value time_value(const Kube__Time *time)
{
	if (!time->has_seconds)
		return (struct object_value){0};
	return (struct object_value){.type = OBJECT_VALUE_INSTANT, .integer = time->seconds};
}

static struct object_value message_value(const ProtobufCMessage *message)
{
	return message->descriptor == &kube__time__descriptor
		       ? time_value((const Kube__Time *)message)
		       : proto_value_of(message);
}

/* @place: where the message, or the array of elements, has a value of this field */
static struct object_value value_at(const ProtobufCFieldDescriptor *field, const void *place)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		return message_value(*(const ProtobufCMessage *const *)place);
	case PROTOBUF_C_TYPE_BYTES:
		return text_value(place);
	case PROTOBUF_C_TYPE_BOOL:
		return (struct object_value){.type = OBJECT_VALUE_BOOLEAN,
					     .boolean = *(const protobuf_c_boolean *)place};
	case PROTOBUF_C_TYPE_INT32:
		return integer_value(*(const int32_t *)place);
	case PROTOBUF_C_TYPE_INT64:
		return integer_value(*(const int64_t *)place);
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_DOUBLE:
	case PROTOBUF_C_TYPE_ENUM:
	case PROTOBUF_C_TYPE_STRING:
		break; /* kubernetes.proto has none of these */
	}
	return (struct object_value){.type = OBJECT_VALUE_OTHER};
}

static size_t element_size(const ProtobufCFieldDescriptor *field)
{
	return field->type == PROTOBUF_C_TYPE_BYTES ? sizeof(ProtobufCBinaryData)
						    : sizeof(ProtobufCMessage *);
}

static size_t count(const struct object_value *list)
{
	const ProtobufCFieldDescriptor *field = list->schema;

	return *(const size_t *)member_of(list->node, field->quantifier_offset);
}

static const void *element_at(const struct object_value *list, size_t index)
{
	const ProtobufCFieldDescriptor *field = list->schema;
	const char *elements = *(const char *const *)member_of(list->node, field->offset);

	return elements + index * element_size(field);
}

static struct object_value at(const struct object_value *list, size_t index)
{
	if (index >= count(list))
		return (struct object_value){0};
	return value_at(list->schema, element_at(list, index));
}

static bool is_present(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *)member_of(message, field->quantifier_offset) > 0;
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return *(const void *const *)member_of(message, field->offset);
	return *(const protobuf_c_boolean *)member_of(message, field->quantifier_offset);
}

static struct object_value get(const struct object_value *object, const char *name)
{
	const ProtobufCMessage *message = object->node;
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);

	if (!field || !is_present(message, field))
		return (struct object_value){0};
	if (field->label != PROTOBUF_C_LABEL_REPEATED)
		return value_at(field, member_of(message, field->offset));
	if (field->descriptor == &kube__map_entry__descriptor)
		return (struct object_value){.type = OBJECT_VALUE_OBJECT,
					     .encoding = &map_encoding,
					     .node = message,
					     .schema = field};
	return (struct object_value){.type = OBJECT_VALUE_LIST,
				     .encoding = object->encoding,
				     .node = message,
				     .schema = field};
}

/* Of a key that is there more than once the last one counts, as in any decoder of maps. */
static struct object_value get_entry(const struct object_value *map, const char *name)
{
	static const ProtobufCBinaryData empty;
	size_t length = strlen(name);

	for (size_t i = count(map); i-- > 0;) {
		const Kube__MapEntry *entry = *(const Kube__MapEntry *const *)element_at(map, i);

		if (entry->key.len == length &&
		    (!length || memcmp(entry->key.data, name, length) == 0))
			return text_value(entry->has_value ? &entry->value : &empty);
	}
	return (struct object_value){0};
}

static const struct object_encoding encoding = {.get = get, .at = at, .count = count};
static const struct object_encoding map_encoding = {.get = get_entry, .at = at, .count = count};

struct object_value proto_value_of(const ProtobufCMessage *message)
{
	if (!message)
		return (struct object_value){0};
	return (struct object_value){
		.type = OBJECT_VALUE_OBJECT, .encoding = &encoding, .node = message};
}
