/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as the body of a list and of a watch, in pieces whose size the first byte says. What is
 * cut out of a list that is JSON has to be what a parser of the whole finds in it, and the size of
 * the pieces must not make a difference.
 */
#include "lib/source/json_tree.h"
#include "lib/source/kube/kube_status.h"
#include "lib/source/kube/kube_stream.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_element(void *owner, const char *text, size_t length, struct error *err)
{
	json_t *element = json_loadb(text, length, JSON_DECODE_ANY, NULL);

	if (!element)
		return error_set(err, -1, "not JSON");
	json_array_append_new(owner, element);
	return 0;
}

/* Return: its items; NULL if it cannot be read */
static json_t *read_list(const char *text, size_t size, size_t piece)
{
	json_t *elements = json_array(), *envelope = NULL;
	struct kube_items *items = kube_items_new(on_element, elements);
	struct error err = {0};
	int r = 0;

	for (size_t done = 0; r >= 0 && done < size; done += piece)
		r = kube_items_feed(items, text + done, size - done < piece ? size - done : piece,
				    &err);
	if (r >= 0)
		r = kube_items_finish(items, &envelope, &err);
	kube_items_free(items);
	json_tree_drop(envelope);
	if (r >= 0)
		return elements;
	json_decref(elements);
	return NULL;
}

static int on_line(void *owner, const char *text, size_t length, struct error *err)
{
	size_t *total = owner;

	(void)err;
	if (!length || memchr(text, '\n', length))
		abort();
	*total += length;
	return 0;
}

static size_t read_lines(const char *text, size_t size, size_t piece)
{
	size_t total = 0;
	struct kube_lines *lines = kube_lines_new(on_line, &total);
	struct error err = {0};

	for (size_t done = 0; done < size; done += piece)
		if (kube_lines_feed(lines, text + done, size - done < piece ? size - done : piece,
				    &err) < 0)
			abort();
	kube_lines_free(lines);
	return total;
}

/* A list with two "items" is no list of an API server: a parser takes the second, we take both. */
static bool has_items_once(const char *text, size_t size)
{
	const char *first = memmem(text, size, "\"items\"", 7);
	size_t rest = first ? size - (size_t)(first + 1 - text) : 0;

	return !first || !memmem(first + 1, rest, "\"items\"", 7);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	struct kube_status status;
	json_t *whole, *items, *list, *again;

	if (size < 1)
		return 0;
	size--;
	whole = json_loadb(text, size, 0, NULL);
	list = read_list(text, size, (size_t)data[0] + 1);
	again = read_list(text, size, size + 1);
	if (!json_equal(list, again) && (list || again))
		abort();
	items = json_object_get(whole, "items");
	if (json_is_object(whole) && has_items_once(text, size) && json_is_array(items) &&
	    !json_equal(items, list))
		abort();
	if (read_lines(text, size, (size_t)data[0] + 1) != read_lines(text, size, size + 1))
		abort();
	kube_status_parse(500, text, size, &status);
	json_decref(whole);
	json_decref(list);
	json_decref(again);
	return 0;
}
