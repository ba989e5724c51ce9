/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto_envelope.h"
#include "proto_gather.h"
#include "proto_stream.h"
#include "proto_wire.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Every list of the API has them. Source: k8s.io/api/core/v1/generated.proto, ServiceList */
#define LIST_TAG_METADATA 1
#define LIST_TAG_ITEM	  2
#define META_TAG_VERSION  2
#define META_TAG_CONTINUE 3

/* A field's number, and a length: twice the longest varint. */
#define HEADER_BYTES 20

/* What surrounds the items: a type, a version, a token of some hundred bytes. */
#define ENVELOPE_MAX ((size_t)1 << 20)

/**
 * enum place - what the next byte belongs to
 *   MAGIC     that which an envelope begins with; ENVELOPE follows
 *   ENVELOPE  a field of the envelope; LIST after the header of the one that has the list
 *   LIST      a field of the list; ENVELOPE when as many bytes have come as were announced
 */
enum place { PLACE_MAGIC, PLACE_ENVELOPE, PLACE_LIST };

/**
 * enum content - what the bytes of a field are
 *   OVERSIZE  an item that is not kept
 *   OTHER     nothing that matters
 */
enum content {
	CONTENT_NONE,
	CONTENT_TYPE,
	CONTENT_METADATA,
	CONTENT_ITEM,
	CONTENT_OVERSIZE,
	CONTENT_OTHER,
};

/*
 * @header: of a field, as far as it has come; the magic is one, too. @left: bytes of the list that are
 * still to come. @content: what the bytes are that @bytes gathers; those of OVERSIZE and
 * OTHER are only counted, in @skipped.
 */
struct proto_list {
	proto_stream_visitor *visit;
	void *owner;
	enum place place;
	char header[HEADER_BYTES];
	size_t header_bytes;
	uint64_t left;
	enum content content;
	struct proto_gather bytes;
	uint64_t skipped;
	char *kind;
	char *version;
	char *token;
};

struct proto_list *proto_list_new(proto_stream_visitor *visit, void *owner)
{
	struct proto_list *list = memory_allocate(sizeof(*list));

	list->visit = visit;
	list->owner = owner;
	return list;
}

void proto_list_free(struct proto_list *list)
{
	if (!list)
		return;
	proto_gather_clear(&list->bytes);
	free(list->kind);
	free(list->version);
	free(list->token);
	free(list);
}

static int set_text(char **text, const char *message, size_t size, uint32_t tag)
{
	struct proto_wire_field field;

	free(take(text));
	if (proto_wire_find(message, size, tag, &field))
		*text = string_printf("%.*s", (int)field.number, field.bytes);
	return 0;
}

static int take_content(struct proto_list *list, const char *bytes, size_t size, struct error *err)
{
	enum content content = list->content;

	list->content = CONTENT_NONE;
	switch (content) {
	case CONTENT_ITEM:
		return list->visit(list->owner, bytes, size, err);
	case CONTENT_TYPE:
		return set_text(&list->kind, bytes, size, PROTO_ENVELOPE_TAG_TYPE_KIND);
	case CONTENT_METADATA:
		set_text(&list->version, bytes, size, META_TAG_VERSION);
		return set_text(&list->token, bytes, size, META_TAG_CONTINUE);
	case CONTENT_OVERSIZE:
		return list->visit(list->owner, NULL, 0, err);
	case CONTENT_NONE:
	case CONTENT_OTHER:
		break;
	}
	return 0;
}

static int cut_error(struct error *err)
{
	return error_set(err, -EBADMSG, "the response was truncated or is not a protocol buffer");
}

static enum content content_of(enum place place, uint32_t tag)
{
	if (place == PLACE_ENVELOPE)
		return tag == PROTO_ENVELOPE_TAG_TYPE ? CONTENT_TYPE : CONTENT_OTHER;
	if (tag == LIST_TAG_METADATA)
		return CONTENT_METADATA;
	return tag == LIST_TAG_ITEM ? CONTENT_ITEM : CONTENT_OTHER;
}

static int begin_content(struct proto_list *list, const struct proto_wire_field *field,
			 struct error *err)
{
	enum content content = content_of(list->place, field->tag);

	if (list->place == PLACE_LIST && field->number > list->left)
		return cut_error(err);
	if (content == CONTENT_ITEM && field->number > PROTO_STREAM_OBJECT_MAX)
		content = CONTENT_OVERSIZE;
	if ((content == CONTENT_TYPE || content == CONTENT_METADATA) &&
	    field->number > ENVELOPE_MAX)
		return cut_error(err);
	list->content = content;
	if (content == CONTENT_OTHER || content == CONTENT_OVERSIZE)
		list->skipped = field->number;
	else
		proto_gather_begin(&list->bytes, (size_t)field->number);
	if (field->number)
		return 0;
	return take_content(list, "", 0, err);
}

static int begin_field(struct proto_list *list, const struct proto_wire_field *field,
		       struct error *err)
{
	if (field->type != PROTO_WIRE_BYTES)
		return 0;
	if (list->place == PLACE_ENVELOPE && field->tag == PROTO_ENVELOPE_TAG_RAW) {
		list->place = PLACE_LIST;
		list->left = field->number;
		return 0;
	}
	return begin_content(list, field, err);
}

static int step_header(struct proto_list *list, char byte, struct error *err)
{
	struct proto_wire wire = {.at = list->header};
	struct proto_wire_field field;
	int r;

	list->header[list->header_bytes++] = byte;
	if (list->place == PLACE_MAGIC) {
		if (list->header_bytes < PROTO_ENVELOPE_MAGIC_SIZE)
			return 0;
		list->place = PLACE_ENVELOPE;
		list->header_bytes = 0;
		return proto_envelope_is_one(list->header, PROTO_ENVELOPE_MAGIC_SIZE)
			       ? 0
			       : error_set(err, -EBADMSG, "the response is not a protocol buffer");
	}
	wire.end = list->header + list->header_bytes;
	r = proto_wire_header(&wire, &field);
	if (r < 0)
		return cut_error(err);
	if (r == 0)
		return 0;
	list->header_bytes = 0;
	return begin_field(list, &field, err);
}

/* Return: how many of the bytes belong to the field that is being read */
static int step_content(struct proto_list *list, const char **data, const char *end,
			struct error *err)
{
	size_t count = (size_t)(end - *data), size;
	const char *bytes;

	if (list->content == CONTENT_OTHER || list->content == CONTENT_OVERSIZE) {
		if (count > list->skipped)
			count = (size_t)list->skipped;
		*data += count;
		list->skipped -= count;
		return list->skipped ? 0 : take_content(list, NULL, 0, err);
	}
	size = list->bytes.length + list->bytes.left;
	if (!proto_gather_take(&list->bytes, data, end, &bytes))
		return 0;
	return take_content(list, bytes, size, err);
}

int proto_list_feed(struct proto_list *list, const char *data, size_t size, struct error *err)
{
	const char *end = data + size;
	int r = 0;

	while (r >= 0 && data < end) {
		bool is_in_list = list->place == PLACE_LIST;
		const char *stop =
			is_in_list && list->left < (uint64_t)(end - data) ? data + list->left : end;
		const char *begin = data;

		if (is_in_list && !list->left) {
			if (list->header_bytes || list->content != CONTENT_NONE)
				return cut_error(err);
			list->place = PLACE_ENVELOPE;
			continue;
		}
		/* Counted before what is read may say how long the next part is. */
		if (list->content == CONTENT_NONE) {
			list->left -= is_in_list ? 1 : 0;
			r = step_header(list, *data++, err);
		} else {
			r = step_content(list, &data, stop, err);
			list->left -= is_in_list ? (uint64_t)(data - begin) : 0;
		}
	}
	return r;
}

static const char *text_or_empty(const char *text)
{
	return text ? text : "";
}

int proto_list_finish(struct proto_list *list, struct proto_list_end *ret, struct error *err)
{
	bool is_whole = list->place == PLACE_ENVELOPE || (list->place == PLACE_LIST && !list->left);

	if (!is_whole || list->header_bytes || list->content != CONTENT_NONE)
		return error_set(err, -EBADMSG, "the response was truncated");
	ret->kind = text_or_empty(list->kind);
	ret->version = text_or_empty(list->version);
	ret->token = text_or_empty(list->token);
	return 0;
}
