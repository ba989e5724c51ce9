/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_stream.h"

#include "lib/source/json_scan.h"
#include "lib/source/json_tree.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* What surrounds the items of a list: its kind, its version, a token of some hundred bytes. */
#define ENVELOPE_LIMIT ((size_t)1 << 20)

/* @is_overfull: there was more than the limit; nothing is kept until the next reset. */
struct buffer {
	char *text;
	size_t length;
	size_t capacity;
	bool is_overfull;
};

/* What was delivered is gone; a buffer that one huge object blew up is given back. */
static void reset(struct buffer *buffer)
{
	buffer->length = 0;
	buffer->is_overfull = false;
	if (buffer->capacity <= (size_t)256 << 10)
		return;
	free(buffer->text);
	*buffer = (struct buffer){0};
}

static void append(struct buffer *buffer, const char *data, size_t size, size_t limit)
{
	if (!size || buffer->is_overfull)
		return;
	if (size > limit - buffer->length) {
		reset(buffer);
		buffer->is_overfull = true;
		return;
	}
	if (buffer->capacity < buffer->length + size) {
		buffer->capacity = 2 * (buffer->length + size);
		buffer->text = memory_resize(buffer->text, buffer->capacity, 1);
	}
	memcpy(buffer->text + buffer->length, data, size);
	buffer->length += size;
}

static bool is_empty(const struct buffer *buffer)
{
	return !buffer->length && !buffer->is_overfull;
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

static int deliver_rest(struct kube_lines *lines, struct error *err)
{
	struct buffer *rest = &lines->rest;
	int r = rest->is_overfull ? lines->visit(lines->owner, NULL, 0, err)
				  : deliver_line(lines, rest->text, rest->length, err);

	reset(rest);
	return r;
}

int kube_lines_feed(struct kube_lines *lines, const char *data, size_t size, struct error *err)
{
	const char *end = data + size, *newline;
	int r = 0;

	while (r >= 0 && (newline = memchr(data, '\n', (size_t)(end - data)))) {
		size_t length = (size_t)(newline - data);

		if (is_empty(&lines->rest)) {
			r = deliver_line(lines, data, length, err);
		} else {
			append(&lines->rest, data, length, KUBE_STREAM_OBJECT_LIMIT);
			r = deliver_rest(lines, err);
		}
		data = newline + 1;
	}
	if (r >= 0)
		append(&lines->rest, data, (size_t)(end - data), KUBE_STREAM_OBJECT_LIMIT);
	return r;
}

/**
 * enum place - where in the body the next byte is
 *   ENVELOPE   outside of the items
 *   BETWEEN    inside the array "items", before or after an element
 *   ELEMENT    inside an element with brackets
 *   SCALAR     inside an element without, which is no object
 */
enum place { PLACE_ENVELOPE, PLACE_BETWEEN, PLACE_ELEMENT, PLACE_SCALAR };

#define ITEMS_DEPTH 2 /* brackets that are open between two elements */

/*
 * @key: the latest string directly in the outermost object, as much of it as matters;
 * @is_key_of_value: a ':' has followed it.
 */
struct kube_items {
	kube_stream_visitor *visit;
	void *owner;
	enum place place;
	struct json_scan scan;
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

static int append_envelope(struct kube_items *items, const char *data, size_t size,
			   struct error *err)
{
	append(&items->envelope, data, size, ENVELOPE_LIMIT);
	return items->envelope.is_overfull
		       ? error_set(err, -EMSGSIZE,
				   "the server sent a list with %zu MiB around its items",
				   ENVELOPE_LIMIT >> 20)
		       : 0;
}

/* A string of the envelope, or a part of one; the closing quote counts as part of a key. */
static int feed_string(struct kube_items *items, const char **data, const char *end,
		       struct error *err)
{
	const char *start = *data;
	size_t length;

	*data = json_scan_string(&items->scan, start, end);
	length = (size_t)(*data - start);
	if (items->scan.depth == 1) {
		for (size_t i = 0; i < length && items->key_length + i < sizeof(items->key); i++)
			items->key[items->key_length + i] = start[i];
		items->key_length += length;
	}
	return append_envelope(items, start, length, err);
}

static void start_string(struct kube_items *items)
{
	items->scan.is_in_string = true;
	if (items->scan.depth == 1) {
		items->key_length = 0;
		items->is_key_of_value = false;
	}
}

static bool starts_items(const struct kube_items *items, char byte)
{
	return byte == '[' && items->scan.depth == ITEMS_DEPTH && items->is_key_of_value &&
	       items->key_length == 6 && memcmp(items->key, "items\"", 6) == 0;
}

/* Takes one byte outside of strings and elements. */
static int step_envelope(struct kube_items *items, char byte, struct error *err)
{
	if (byte == '"')
		start_string(items);
	else if (byte == '{' || byte == '[')
		items->scan.depth++;
	else if ((byte == '}' || byte == ']') && items->scan.depth-- == 0)
		return error_set(err, -EINVAL, "the response is not JSON");
	else if (byte == ':' && items->scan.depth == 1)
		items->is_key_of_value = true;
	else if (byte == ',' && items->scan.depth == 1)
		items->is_key_of_value = false;
	if (starts_items(items, byte))
		items->place = PLACE_BETWEEN;
	return append_envelope(items, &byte, 1, err);
}

/* Takes a byte, unless it begins an element. */
static int step_between(struct kube_items *items, const char **data, struct error *err)
{
	char byte = **data;

	if (byte == '{' || byte == '[') {
		items->place = PLACE_ELEMENT;
		return 0;
	}
	if (byte != ',' && byte != ']' && byte != '}' && !json_scan_is_blank(byte)) {
		items->place = PLACE_SCALAR;
		return 0;
	}
	(*data)++;
	if (byte == '}')
		return error_set(err, -EINVAL, "the response is not JSON");
	if (byte != ']')
		return 0;
	items->scan.depth--;
	items->place = PLACE_ENVELOPE;
	return append_envelope(items, &byte, 1, err);
}

/* Return: behind what belongs to the scalar at @data; the scan is in no string if it has ended */
static const char *scan_scalar(struct kube_items *items, const char *data, const char *end,
			       bool *ret_has_ended)
{
	while (data < end) {
		if (items->scan.is_in_string)
			data = json_scan_string(&items->scan, data, end);
		else if (*data == ',' || *data == ']' || *data == '}')
			break;
		else
			items->scan.is_in_string = *data++ == '"';
	}
	*ret_has_ended = data < end;
	return data;
}

static int deliver_element(struct kube_items *items, struct error *err)
{
	struct buffer *element = &items->element;
	int r = items->visit(items->owner, element->is_overfull ? NULL : element->text,
			     element->length, err);

	reset(element);
	return r;
}

static int feed_element(struct kube_items *items, const char **data, const char *end,
			struct error *err)
{
	const char *start = *data;
	bool has_ended;

	if (items->place == PLACE_ELEMENT) {
		*data = json_scan_brackets(&items->scan, ITEMS_DEPTH, start, end);
		has_ended = items->scan.depth == ITEMS_DEPTH && !items->scan.is_in_string;
	} else {
		*data = scan_scalar(items, start, end, &has_ended);
	}
	if (has_ended)
		items->place = PLACE_BETWEEN;
	if (has_ended && is_empty(&items->element))
		return items->visit(items->owner, start, (size_t)(*data - start), err);
	append(&items->element, start, (size_t)(*data - start), KUBE_STREAM_OBJECT_LIMIT);
	return has_ended ? deliver_element(items, err) : 0;
}

int kube_items_feed(struct kube_items *items, const char *data, size_t size, struct error *err)
{
	const char *end = data + size;
	int r = 0;

	while (r >= 0 && data < end) {
		if (items->place == PLACE_ELEMENT || items->place == PLACE_SCALAR)
			r = feed_element(items, &data, end, err);
		else if (items->place == PLACE_BETWEEN)
			r = step_between(items, &data, err);
		else if (items->scan.is_in_string)
			r = feed_string(items, &data, end, err);
		else
			r = step_envelope(items, *data++, err);
	}
	return r;
}

int kube_items_finish(struct kube_items *items, json_t **ret, struct error *err)
{
	json_error_t problem;
	json_t *envelope;

	if (items->scan.depth || items->scan.is_in_string)
		return error_set(err, -EINVAL, "the response was truncated");
	envelope = json_tree_load(items->envelope.text ? items->envelope.text : "",
				  items->envelope.length, 0, NULL, &problem);
	if (!envelope || *problem.text) {
		json_tree_drop(envelope);
		return error_set(err, -EINVAL, "the response is not JSON");
	}
	if (!json_is_object(envelope)) {
		json_tree_drop(envelope);
		return error_set(err, -EINVAL, "the response is not an object");
	}
	*ret = envelope;
	return 0;
}
