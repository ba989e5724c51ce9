/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as JSON, for all that cuts it, leaves parts of it out or mends it before it is parsed.
 * Of what is JSON nothing may be refused, and nothing may be in the tree that is not in the text.
 */
#include "lib/source/json_list.h"
#include "lib/source/json_mend.h"
#include "lib/source/json_tree.h"

#include "lib/base/memory.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* Return: whether all of @part is in @whole, and nothing but members of objects is missing */
static bool is_part(json_t *part, json_t *whole)
{
	const char *name;
	json_t *value;
	size_t i;

	if (json_typeof(part) != json_typeof(whole))
		return false;
	if (json_is_object(part)) {
		json_object_foreach (part, name, value)
			if (!json_object_get(whole, name) ||
			    !is_part(value, json_object_get(whole, name)))
				return false;
		return true;
	}
	if (!json_is_array(part))
		return json_equal(part, whole);
	json_array_foreach (part, i, value)
		if (!is_part(value, json_array_get(whole, i)))
			return false;
	return json_array_size(part) == json_array_size(whole);
}

static void check_tree(const char *text, size_t size, json_t *whole)
{
	json_error_t problem, again;
	json_t *tree = json_tree_load(text, size, 0, NULL, &problem), *second;
	size_t used = 0;

	require(tree || *problem.text);
	if (whole)
		require(tree && !*problem.text && is_part(tree, whole));
	json_tree_drop(tree);
	second = json_tree_load(text, size, JSON_REJECT_DUPLICATES, &used, &again);
	require(!second || used <= size);
	json_tree_drop(second);
}

static void check_mending(const char *text, size_t size, json_t *whole)
{
	auto_memory char *copy = memory_allocate(size + 1);
	json_t *mended;

	memcpy(copy, text, size);
	json_mend(copy, size);
	mended = json_loadb(copy, size, 0, NULL);
	require(!whole || json_equal(mended, whole));
	json_decref(mended);
}

static void check_list(const char *text, size_t size)
{
	struct json_list list = {.text = text, .size = size};
	int r;

	while ((r = json_list_scan(&list)) == 0)
		;
	while (r > 0) {
		r = json_list_next(&list);
		require(r <= 0 || (list.element < size && list.part_length > 0));
	}
	json_list_clear(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Ends where the text ends, so that the sanitizer sees each step beyond it. */
	auto_memory char *text = memory_allocate(size);
	json_t *whole;

	if (!size)
		return 0;
	memcpy(text, data, size);
	whole = json_loadb(text, size, 0, NULL);
	check_tree(text, size, whole);
	check_mending(text, size, whole);
	check_list(text, size);
	json_decref(whole);
	return 0;
}
