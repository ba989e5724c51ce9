/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto_object.h"

#include "proto_value.h"
#include "proto_wire.h"

#include <errno.h>
#include <kubernetes.pb-c.h>
#include <string.h>

/* Those of every object. Source: k8s.io/apimachinery/pkg/apis/meta/v1/generated.proto */
#define OBJECT_TAG_METADATA 1
#define META_TAG_NAME	    1
#define META_TAG_NAMESPACE  3
#define META_TAG_UID	    5

static const ProtobufCMessageDescriptor *descriptor_of(enum object_kind kind)
{
	switch (kind) {
	case OBJECT_KIND_SERVICE:
		return &kube__service__descriptor;
	case OBJECT_KIND_ENDPOINT_SLICE:
		return &kube__endpoint_slice__descriptor;
	case OBJECT_KIND_NODE:
		return &kube__node__descriptor;
	case OBJECT_KIND_ENDPOINTS:
	case OBJECT_KIND_OTHER:
		break;
	}
	abort();
}

static int unpack(struct proto_arena *arena, const ProtobufCMessageDescriptor *descriptor,
		  const char *bytes, size_t size, struct object_value *ret, struct error *err)
{
	const ProtobufCMessage *message = protobuf_c_message_unpack(
		descriptor, proto_arena_allocator(arena), size, (const uint8_t *)bytes);

	if (!message)
		return error_set(err, -EINVAL, "not a protocol buffer of %s",
				 descriptor->short_name);
	*ret = proto_value_of(message);
	return 0;
}

int proto_object_unpack(struct proto_arena *arena, enum object_kind kind, const char *bytes,
			size_t size, struct object_value *ret, struct error *err)
{
	return unpack(arena, descriptor_of(kind), bytes, size, ret, err);
}

int proto_object_unpack_status(struct proto_arena *arena, const char *bytes, size_t size,
			       struct object_value *ret, struct error *err)
{
	return unpack(arena, &kube__status__descriptor, bytes, size, ret, err);
}

/* Into the arena, for the NUL behind it */
static bool copy_text(struct proto_arena *arena, const struct proto_wire_field *metadata,
		      uint32_t tag, ProtobufCBinaryData *ret)
{
	ProtobufCAllocator *allocator = proto_arena_allocator(arena);
	struct proto_wire_field field;

	if (!proto_wire_find(metadata->bytes, (size_t)metadata->number, tag, &field))
		return false;
	ret->data = allocator->alloc(allocator->allocator_data, (size_t)field.number);
	if (!ret->data)
		return false;
	memcpy(ret->data, field.bytes, (size_t)field.number);
	ret->len = (size_t)field.number;
	return true;
}

struct object_value proto_object_unpack_identity(struct proto_arena *arena, const char *bytes,
						 size_t size)
{
	ProtobufCAllocator *allocator = proto_arena_allocator(arena);
	struct proto_wire_field metadata;
	Kube__Service *object;

	proto_arena_empty(arena);
	if (!proto_wire_find(bytes, size, OBJECT_TAG_METADATA, &metadata))
		return (struct object_value){0};
	object = allocator->alloc(allocator->allocator_data, sizeof(*object));
	kube__service__init(object);
	object->metadata = allocator->alloc(allocator->allocator_data, sizeof(*object->metadata));
	kube__object_meta__init(object->metadata);
	object->metadata->has_name =
		copy_text(arena, &metadata, META_TAG_NAME, &object->metadata->name);
	object->metadata->has_namespace_ =
		copy_text(arena, &metadata, META_TAG_NAMESPACE, &object->metadata->namespace_);
	object->metadata->has_uid =
		copy_text(arena, &metadata, META_TAG_UID, &object->metadata->uid);
	return proto_value_of(&object->base);
}
