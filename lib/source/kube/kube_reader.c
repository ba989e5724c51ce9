/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_reader.h"

#include "kube_stream.h"
#include "lib/source/json_tree.h"
#include "lib/source/json_value.h"
#include "lib/source/object_field.h"
#include "lib/source/proto/proto_arena.h"
#include "lib/source/proto/proto_envelope.h"
#include "lib/source/proto/proto_object.h"
#include "lib/source/proto/proto_stream.h"

#include <errno.h>
#include <string.h>

/* One of those that cut the body is there. @arena: of a protocol buffer. */
struct kube_reader {
	struct kube_reader_options options;
	struct kube_lines *lines;
	struct kube_items *items;
	struct proto_frames *frames;
	struct proto_list *list;
	struct proto_arena *arena;
};

static int skip(const struct kube_reader *reader, const char *reason, struct error *err)
{
	return reader->options.on_skipped(reader->options.owner, reason, err);
}

static int skip_oversize(const struct kube_reader *reader, struct error *err)
{
	return skip(reader, "larger than the maximum size of an object", err);
}

static int deliver(const struct kube_reader *reader, const char *event, struct object_value object,
		   const char *problem, struct error *err)
{
	const char *reason = *problem ? problem : NULL;

	return reader->options.on_object(reader->options.owner, event, object, reason, err);
}

static int on_json_event(void *owner, const char *text, size_t length, struct error *err)
{
	const struct kube_reader *reader = owner;
	json_error_t problem = {0};
	json_t *event = text ? json_tree_load(text, length, 0, NULL, &problem) : NULL;
	json_t *object = json_object_get(event, "object");
	const char *type = json_string_value(json_object_get(event, "type"));
	int r;

	if (!text)
		r = skip_oversize(reader, err);
	else if (!event)
		r = skip(reader, problem.text, err);
	else if (!json_is_object(object))
		r = skip(reader, "the server sent an event without an object", err);
	else
		r = deliver(reader, type ? type : "", json_value_of(object), problem.text, err);
	json_tree_drop(event);
	return r;
}

static int on_json_item(void *owner, const char *text, size_t length, struct error *err)
{
	const struct kube_reader *reader = owner;
	json_error_t problem = {0};
	json_t *object = text ? json_tree_load(text, length, 0, NULL, &problem) : NULL;
	int r;

	if (!text)
		r = skip_oversize(reader, err);
	else if (!object)
		r = skip(reader, problem.text, err);
	else
		r = deliver(reader, NULL, json_value_of(object), problem.text, err);
	json_tree_drop(object);
	return r;
}

/* @event: NULL for an item of a list */
static int take_proto(struct kube_reader *reader, const char *event, const char *bytes, size_t size,
		      struct error *err)
{
	enum object_kind kind = reader->options.kind;
	struct object_value object = {0};
	struct error why = {0};
	int r;

	if (proto_object_unpack(reader->arena, kind, bytes, size, &object, &why) < 0)
		object = proto_object_unpack_identity(reader->arena, bytes, size);
	if (object.type == OBJECT_VALUE_ABSENT)
		r = skip(reader, why.text, err);
	else
		r = deliver(reader, event, object, why.text, err);
	proto_arena_empty(reader->arena);
	return r;
}

/* One that says nothing is an ERROR, too. */
static int take_status(struct kube_reader *reader, const char *event, const char *bytes,
		       size_t size, struct error *err)
{
	struct object_value status = {0};
	int r;

	proto_object_unpack_status(reader->arena, bytes, size, &status, NULL);
	r = deliver(reader, event, status, "", err);
	proto_arena_empty(reader->arena);
	return r;
}

static int on_proto_item(void *owner, const char *bytes, size_t size, struct error *err)
{
	struct kube_reader *reader = owner;

	return bytes ? take_proto(reader, NULL, bytes, size, err) : skip_oversize(reader, err);
}

static int on_proto_event(void *owner, const char *bytes, size_t size, struct error *err)
{
	struct proto_envelope envelope;
	struct proto_event event;
	char type[16];

	if (!proto_event_open(bytes, size, &event) || event.type.size >= sizeof(type) ||
	    !proto_envelope_open(event.object.bytes, event.object.size, &envelope))
		return error_set(err, -EBADMSG, "an event is not a protocol buffer");
	memcpy(type, event.type.bytes, event.type.size);
	type[event.type.size] = '\0';
	return strcmp(type, "ERROR") == 0
		       ? take_status(owner, type, envelope.object.bytes, envelope.object.size, err)
		       : take_proto(owner, type, envelope.object.bytes, envelope.object.size, err);
}

struct kube_reader *kube_reader_new(const struct kube_reader_options *options)
{
	struct kube_reader *reader = memory_allocate(sizeof(*reader));

	reader->options = *options;
	if (options->encoding == KUBE_ENCODING_JSON) {
		if (options->is_watch)
			reader->lines = kube_lines_new(on_json_event, reader);
		else
			reader->items = kube_items_new(on_json_item, reader);
		return reader;
	}
	reader->arena = proto_arena_new();
	if (options->is_watch)
		reader->frames = proto_frames_new(on_proto_event, reader);
	else
		reader->list = proto_list_new(on_proto_item, reader);
	return reader;
}

void kube_reader_free(struct kube_reader *reader)
{
	if (!reader)
		return;
	kube_lines_free(reader->lines);
	kube_items_free(reader->items);
	proto_frames_free(reader->frames);
	proto_list_free(reader->list);
	proto_arena_free(reader->arena);
	free(reader);
}

int kube_reader_feed(struct kube_reader *reader, const char *data, size_t size, struct error *err)
{
	if (reader->lines)
		return kube_lines_feed(reader->lines, data, size, err);
	if (reader->items)
		return kube_items_feed(reader->items, data, size, err);
	if (reader->frames)
		return proto_frames_feed(reader->frames, data, size, err);
	return proto_list_feed(reader->list, data, size, err);
}

void kube_list_end_clear(struct kube_list_end *end)
{
	free(end->version);
	free(end->token);
	*end = (struct kube_list_end){0};
}

static int take_end(const char *kind, const char *version, const char *token,
		    struct kube_list_end *ret, struct error *err)
{
	if (!strstr(kind, "List") || !*version)
		return error_set(err, -EINVAL, "the response is not a list");
	*ret = (struct kube_list_end){.version = string_dup(version), .token = string_dup(token)};
	return 0;
}

static int finish_json(struct kube_reader *reader, struct kube_list_end *ret, struct error *err)
{
	json_t *envelope = NULL;
	struct object_field root, metadata, kind, version, token;
	int r = kube_items_finish(reader->items, &envelope, err);

	if (r < 0)
		return r;
	root = object_field_root(json_value_of(envelope));
	metadata = object_field_get(&root, "metadata");
	kind = object_field_get(&root, "kind");
	version = object_field_get(&metadata, "resourceVersion");
	token = object_field_get(&metadata, "continue");
	r = take_end(object_field_plain_text(&kind), object_field_plain_text(&version),
		     object_field_plain_text(&token), ret, err);
	json_tree_drop(envelope);
	return r;
}

int kube_reader_finish(struct kube_reader *reader, struct kube_list_end *ret, struct error *err)
{
	struct proto_list_end end;
	int r;

	if (reader->items)
		return finish_json(reader, ret, err);
	r = proto_list_finish(reader->list, &end, err);
	return r < 0 ? r : take_end(end.kind, end.version, end.token, ret, err);
}
