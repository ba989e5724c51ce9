/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api_protobuf.h"

#include "lib/base/memory.h"

#include <kubernetes_api.pb-c.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

/* Fields of lists, of runtime.Unknown, metav1.TypeMeta, metav1.WatchEvent and runtime.RawExtension */
#define TAG_ITEM	     2
#define TAG_TYPE	     1
#define TAG_RAW		     2
#define TAG_CONTENT_ENCODING 3
#define TAG_CONTENT_TYPE     4
#define TAG_API_VERSION	     1
#define TAG_KIND	     2
#define TAG_EVENT_TYPE	     1
#define TAG_EVENT_OBJECT     2
#define TAG_EXTENSION_RAW    1

#define WIRE_VARINT 0
#define WIRE_BYTES  2

static const ProtobufCMessageDescriptor *const kinds[] = {
	&api__service__descriptor,	&api__endpoint_slice__descriptor,
	&api__node__descriptor,		&api__status__descriptor,
	&api__service_list__descriptor, &api__endpoint_slice_list__descriptor,
	&api__node_list__descriptor,
};

void api_bytes_append(struct api_bytes *bytes, const void *data, size_t length)
{
	if (bytes->length + length > bytes->capacity) {
		bytes->capacity = 2 * (bytes->length + length);
		bytes->bytes = memory_resize(bytes->bytes, bytes->capacity, 1);
	}
	if (length)
		memcpy(bytes->bytes + bytes->length, data, length);
	bytes->length += length;
}

static void put_varint(struct api_bytes *ret, uint64_t value)
{
	unsigned char byte;

	do {
		byte = (unsigned char)(value & 0x7f);
		value >>= 7;
		if (value)
			byte |= 0x80;
		api_bytes_append(ret, &byte, 1);
	} while (value);
}

static void put_number(struct api_bytes *ret, uint32_t tag, int64_t value)
{
	put_varint(ret, tag << 3 | WIRE_VARINT);
	put_varint(ret, (uint64_t)value);
}

static void put_bytes(struct api_bytes *ret, uint32_t tag, const char *bytes, size_t length)
{
	put_varint(ret, tag << 3 | WIRE_BYTES);
	put_varint(ret, length);
	api_bytes_append(ret, bytes, length);
}

static void put_text(struct api_bytes *ret, uint32_t tag, const char *text)
{
	put_bytes(ret, tag, text, strlen(text));
}

static void put_time(struct api_bytes *ret, const json_t *value)
{
	const char *text = json_string_value(value), *end;
	struct tm tm = {0};

	if (!value || json_is_null(value))
		return;
	end = text ? strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm) : NULL;
	ret->is_refused |= !end || *end;
	put_number(ret, 1, timegm(&tm));
	put_number(ret, 2, 0);
}

static void put_int_or_string(struct api_bytes *ret, const json_t *value)
{
	const char *text = json_string_value(value);

	put_number(ret, 1, text ? 1 : 0);
	put_number(ret, 2, json_integer_value(value));
	put_text(ret, 3, text ? text : "");
}

static void put_raw(struct api_bytes *ret, const json_t *value)
{
	auto_memory char *text = json_dumps(value, JSON_COMPACT);

	put_text(ret, 1, text);
}

static void put_message(struct api_bytes *ret, const ProtobufCMessageDescriptor *message,
			const json_t *object);

/* Those whose JSON is no object with their fields. */
static void put_content(struct api_bytes *ret, const ProtobufCMessageDescriptor *message,
			const json_t *value)
{
	if (message == &api__time__descriptor)
		put_time(ret, value);
	else if (message == &api__int_or_string__descriptor)
		put_int_or_string(ret, value);
	else if (message == &api__fields_v1__descriptor)
		put_raw(ret, value);
	else if (message == &api__quantity__descriptor)
		put_text(ret, 1, json_is_string(value) ? json_string_value(value) : "");
	else
		put_message(ret, message, value);
}

/* @value: NULL for a required field that the JSON does not have */
static void put_value(struct api_bytes *ret, const ProtobufCFieldDescriptor *field,
		      const json_t *value)
{
	struct api_bytes content = {0};
	bool is_right = !value || json_is_null(value);

	switch ((int)field->type) {
	case PROTOBUF_C_TYPE_STRING:
		is_right |= json_is_string(value);
		put_bytes(ret, field->id, json_string_value(value), json_string_length(value));
		break;
	case PROTOBUF_C_TYPE_BOOL:
		is_right |= json_is_boolean(value);
		put_number(ret, field->id, json_is_true(value));
		break;
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_INT64:
		is_right |= json_is_integer(value);
		put_number(ret, field->id, json_integer_value(value));
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		is_right = true;
		put_content(&content, field->descriptor, value);
		put_bytes(ret, field->id, content.bytes, content.length);
		is_right = !content.is_refused;
		free(content.bytes);
		break;
	default:
		break;
	}
	ret->is_refused |= !is_right;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted by their keys. */
static void put_map(struct api_bytes *ret, const ProtobufCFieldDescriptor *field, json_t *map)
{
	size_t count = 0;
	auto_memory const char **keys = memory_array(json_object_size(map), sizeof(*keys));
	const char *key;
	json_t *value;

	json_object_foreach (map, key, value)
		keys[count++] = key;
	if (count)
		qsort(keys, count, sizeof(*keys), compare_keys);
	for (size_t i = 0; i < count; i++) {
		json_t *entry = json_pack("{s:s, s:O}", "key", keys[i], "value",
					  json_object_get(map, keys[i]));

		put_value(ret, field, entry);
		json_decref(entry);
	}
}

static void put_field(struct api_bytes *ret, const ProtobufCFieldDescriptor *field, json_t *value)
{
	const json_t *element;
	size_t i;

	if (field->label == PROTOBUF_C_LABEL_REQUIRED) {
		put_value(ret, field, value);
	} else if (!value || json_is_null(value)) {
		return;
	} else if (field->label == PROTOBUF_C_LABEL_OPTIONAL) {
		put_value(ret, field, value);
	} else if (json_is_object(value)) {
		put_map(ret, field, value);
	} else {
		ret->is_refused |= !json_is_array(value);
		json_array_foreach (value, i, element)
			put_value(ret, field, element);
	}
}

static void put_message(struct api_bytes *ret, const ProtobufCMessageDescriptor *message,
			const json_t *object)
{
	ret->is_refused |= object && !json_is_null(object) && !json_is_object(object);
	for (unsigned int i = 0; i < message->n_fields; i++)
		put_field(ret, &message->fields[i],
			  json_object_get(object, message->fields[i].name));
}

static void put_kind(struct api_bytes *ret, const char *kind, const json_t *object)
{
	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (!kind || strcmp(kinds[i]->short_name, kind) != 0)
			continue;
		put_message(ret, kinds[i], object);
		return;
	}
	ret->is_refused = true;
}

void api_protobuf_item(struct api_bytes *ret, const char *kind, const json_t *object)
{
	struct api_bytes content = {0};

	put_kind(&content, kind, object);
	put_bytes(ret, TAG_ITEM, content.bytes, content.length);
	ret->is_refused |= content.is_refused;
	free(content.bytes);
}

static void put_envelope(struct api_bytes *ret, const char *version, const char *kind,
			 const struct api_bytes *content)
{
	struct api_bytes type = {0};

	put_text(&type, TAG_API_VERSION, version ? version : "");
	put_text(&type, TAG_KIND, kind ? kind : "");
	api_bytes_append(ret, "k8s\0", 4);
	put_bytes(ret, TAG_TYPE, type.bytes, type.length);
	put_bytes(ret, TAG_RAW, content->bytes, content->length);
	put_text(ret, TAG_CONTENT_ENCODING, "");
	put_text(ret, TAG_CONTENT_TYPE, "");
	free(type.bytes);
}

void api_protobuf_object(struct api_bytes *ret, const json_t *object)
{
	const char *kind = json_string_value(json_object_get(object, "kind"));
	const char *version = json_string_value(json_object_get(object, "apiVersion"));
	struct api_bytes content = {0};

	put_kind(&content, kind, object);
	put_envelope(ret, version, kind, &content);
	ret->is_refused |= content.is_refused;
	free(content.bytes);
}

static void put_frame(struct api_bytes *ret, const char *type, const struct api_bytes *object)
{
	struct api_bytes extension = {0}, frame = {0};
	unsigned char length[4];

	put_bytes(&extension, TAG_EXTENSION_RAW, object->bytes, object->length);
	put_text(&frame, TAG_EVENT_TYPE, type ? type : "");
	put_bytes(&frame, TAG_EVENT_OBJECT, extension.bytes, extension.length);
	for (size_t i = 0; i < sizeof(length); i++)
		length[i] = (unsigned char)(frame.length >> (24 - 8 * i));
	api_bytes_append(ret, length, sizeof(length));
	api_bytes_append(ret, frame.bytes, frame.length);
	free(extension.bytes);
	free(frame.bytes);
}

void api_protobuf_event(struct api_bytes *ret, const json_t *event)
{
	struct api_bytes object = {0};

	api_protobuf_object(&object, json_object_get(event, "object"));
	put_frame(ret, json_string_value(json_object_get(event, "type")), &object);
	ret->is_refused |= object.is_refused;
	free(object.bytes);
}

void api_protobuf_bad_event(struct api_bytes *ret, const char *object)
{
	const struct api_bytes content = {.bytes = (char *)object, .length = strlen(object)};
	struct api_bytes envelope = {0};

	put_envelope(&envelope, "v1", "Bad", &content);
	put_frame(ret, "ADDED", &envelope);
	free(envelope.bytes);
}
