/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_stream.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/*
 * What surrounds the items of a list: its kind, its resourceVersion, a token of some hundred bytes.
 */
#define ENVELOPE_LIMIT ((size_t)1 << 20)

struct buffer {
	char *text;
	size_t length;
	size_t capacity;
};

static int append(struct buffer *buffer, const char *data, size_t size, size_t limit,
		  struct error *err)
{
	if (!size)
		return 0;
	if (size > limit - buffer->length)
		return error_set(err, -EMSGSIZE, "the server sent an object of more than %zu MiB",
				 limit >> 20);
	if (buffer->capacity < buffer->length + size) {
		buffer->capacity = 2 * (buffer->length + size);
		buffer->text = memory_resize(buffer->text, buffer->capacity, 1);
	}
	memcpy(buffer->text + buffer->length, data, size);
	buffer->length += size;
	return 0;
}

/* What was delivered is gone; a buffer that one huge object blew up is given back. */
static void reset(struct buffer *buffer)
{
	buffer->length = 0;
	if (buffer->capacity <= (size_t)256 << 10)
		return;
	free(buffer->text);
	*buffer = (struct buffer){0};
}

struct kube_lines {
	kube_stream_visitor *visit;
	void *owner;
	struct buffer rest; /* of a line whose end has not come yet */
};

struct kube_lines *kube_lines_new(kube_stream_visitor *visit, void *owner)
{
	struct kube_lines *lines = memory_allocate(sizeof(*lines));

	lines->visit = visit;
	lines->owner = owner;
	return lines;
}

void kube_lines_free(struct kube_lines *lines)
{
	if (!lines)
		return;
	free(lines->rest.text);
	free(lines);
}

static int deliver_line(struct kube_lines *lines, const char *text, size_t length,
			struct error *err)
{
	if (length && text[length - 1] == '\r')
		length--;
	return length ? lines->visit(lines->owner, text, length, err) : 0;
}

int kube_lines_feed(struct kube_lines *lines, const char *data, size_t size, struct error *err)
{
	const char *end = data + size, *newline;
	int r = 0;

	while (r >= 0 && (newline = memchr(data, '\n', (size_t)(end - data)))) {
		size_t length = (size_t)(newline - data);

		if (lines->rest.length) {
			r = append(&lines->rest, data, length, KUBE_STREAM_OBJECT_LIMIT, err);
			if (r >= 0)
				r = deliver_line(lines, lines->rest.text, lines->rest.length, err);
			reset(&lines->rest);
		} else {
			r = deliver_line(lines, data, length, err);
		}
		data = newline + 1;
	}
	if (r >= 0 && data < end)
		r = append(&lines->rest, data, (size_t)(end - data), KUBE_STREAM_OBJECT_LIMIT, err);
	return r;
}

/**
 * enum place - where in the body the next byte is
 *   ENVELOPE   outside of the items
 *   BETWEEN    inside the array "items", before or after an element
 *   ELEMENT    inside an element
 */
enum place { PLACE_ENVELOPE, PLACE_BETWEEN, PLACE_ELEMENT };

/*
 * @depth: open brackets; those of the array and of the element count. @key: the latest string
 * directly in the outermost object; @is_key_of_value: a ':' has followed it.
 */
struct kube_items {
	kube_stream_visitor *visit;
	void *owner;
	enum place place;
	size_t depth;
	bool is_in_string;
	bool is_escaped;
	char key[8];
	size_t key_length;
	bool is_key_of_value;
	struct buffer envelope;
	struct buffer element; /* as far as it came with earlier bytes */
};

struct kube_items *kube_items_new(kube_stream_visitor *visit, void *owner)
{
	struct kube_items *items = memory_allocate(sizeof(*items));

	items->visit = visit;
	items->owner = owner;
	return items;
}

void kube_items_free(struct kube_items *items)
{
	if (!items)
		return;
	free(items->envelope.text);
	free(items->element.text);
	free(items);
}

static void note_key_byte(struct kube_items *items, char byte)
{
	if (items->place != PLACE_ENVELOPE || items->depth != 1)
		return;
	if (items->key_length < sizeof(items->key))
		items->key[items->key_length] = byte;
	items->key_length++;
}

/* Return: the first byte after what belongs to the string at @data */
static const char *skip_string(struct kube_items *items, const char *data, const char *end)
{
	for (; data < end; data++) {
		if (items->is_escaped) {
			items->is_escaped = false;
		} else if (*data == '\\') {
			items->is_escaped = true;
		} else if (*data == '"') {
			items->is_in_string = false;
			return data + 1;
		}
		note_key_byte(items, *data);
	}
	return data;
}

static void start_string(struct kube_items *items)
{
	items->is_in_string = true;
	if (items->place == PLACE_ENVELOPE && items->depth == 1) {
		items->key_length = 0;
		items->is_key_of_value = false;
	}
}

static bool starts_items(const struct kube_items *items, char byte)
{
	return byte == '[' && items->depth == 2 && items->is_key_of_value &&
	       items->key_length == 5 && memcmp(items->key, "items", 5) == 0;
}

/* Takes one byte outside of strings and elements. */
static int step_envelope(struct kube_items *items, char byte, struct error *err)
{
	if (byte == '"')
		start_string(items);
	else if (byte == '{' || byte == '[')
		items->depth++;
	else if ((byte == '}' || byte == ']') && items->depth-- == 0)
		return error_set(err, -EINVAL, "the response is not JSON");
	else if (byte == ':' && items->depth == 1)
		items->is_key_of_value = true;
	else if (byte == ',' && items->depth == 1)
		items->is_key_of_value = false;
	if (starts_items(items, byte))
		items->place = PLACE_BETWEEN;
	return append(&items->envelope, &byte, 1, ENVELOPE_LIMIT, err);
}

static int step_between(struct kube_items *items, char byte, struct error *err)
{
	switch (byte) {
	case ' ':
	case '\t':
	case '\r':
	case '\n':
	case ',':
		return 0;
	case '{':
		items->place = PLACE_ELEMENT;
		return 0;
	case ']':
		items->depth--;
		items->place = PLACE_ENVELOPE;
		return append(&items->envelope, &byte, 1, ENVELOPE_LIMIT, err);
	default:
		return error_set(err, -EINVAL, "items: an item is not an object");
	}
}

/* Return: the first byte after what belongs to the element at @data */
static const char *skip_element(struct kube_items *items, const char *data, const char *end)
{
	while (data < end) {
		char byte = *data++;

		if (byte == '"') {
			items->is_in_string = true;
			data = skip_string(items, data, end);
		} else if (byte == '{' || byte == '[') {
			items->depth++;
		} else if ((byte == '}' || byte == ']') && --items->depth == 2) {
			break;
		}
	}
	return data;
}

static int feed_element(struct kube_items *items, const char **data, const char *end,
			struct error *err)
{
	const char *start = *data;
	int r = 0;

	if (items->is_in_string)
		*data = skip_string(items, *data, end);
	if (!items->is_in_string)
		*data = skip_element(items, *data, end);
	if (items->depth > 2 || items->element.length) {
		r = append(&items->element, start, (size_t)(*data - start),
			   KUBE_STREAM_OBJECT_LIMIT, err);
		if (r < 0 || items->depth > 2)
			return r;
		r = items->visit(items->owner, items->element.text, items->element.length, err);
		reset(&items->element);
	} else {
		r = items->visit(items->owner, start, (size_t)(*data - start), err);
	}
	items->place = PLACE_BETWEEN;
	return r;
}

int kube_items_feed(struct kube_items *items, const char *data, size_t size, struct error *err)
{
	const char *end = data + size;
	int r = 0;

	while (r >= 0 && data < end) {
		const char *start = data;

		if (items->place == PLACE_ELEMENT) {
			r = feed_element(items, &data, end, err);
		} else if (items->is_in_string) {
			data = skip_string(items, data, end);
			r = append(&items->envelope, start, (size_t)(data - start), ENVELOPE_LIMIT,
				   err);
		} else if (items->place == PLACE_ENVELOPE) {
			r = step_envelope(items, *data++, err);
		} else {
			r = step_between(items, *data, err);
			/* The bracket that opens an element belongs to it. */
			if (items->place != PLACE_ELEMENT)
				data++;
		}
	}
	return r;
}

int kube_items_finish(struct kube_items *items, json_t **ret, struct error *err)
{
	json_error_t problem;
	json_t *envelope;

	if (items->depth || items->is_in_string)
		return error_set(err, -EINVAL, "the response was truncated");
	envelope = json_loadb(items->envelope.text ? items->envelope.text : "",
			      items->envelope.length, 0, &problem);
	if (!envelope)
		return error_set(err, -EINVAL, "the response is not JSON");
	if (!json_is_object(envelope)) {
		json_decref(envelope);
		return error_set(err, -EINVAL, "the response is not an object");
	}
	*ret = envelope;
	return 0;
}
