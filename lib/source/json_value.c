/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_value.h"

static struct object_value get(const struct object_value *object, const char *name)
{
	return json_value_of(json_object_get(object->node, name));
}

static struct object_value at(const struct object_value *list, size_t index)
{
	return json_value_of(json_array_get(list->node, index));
}

static size_t count(const struct object_value *list)
{
	return json_array_size(list->node);
}

static const struct object_encoding encoding = {.get = get, .at = at, .count = count};

struct object_value json_value_of(const json_t *json)
{
	struct object_value value = {.encoding = &encoding};

	if (!json || json_is_null(json))
		return (struct object_value){0};
	if (json_is_object(json)) {
		value.type = OBJECT_VALUE_OBJECT;
		value.node = json;
	} else if (json_is_array(json)) {
		value.type = OBJECT_VALUE_LIST;
		value.node = json;
	} else if (json_is_string(json)) {
		value.type = OBJECT_VALUE_TEXT;
		value.text = json_string_value(json);
	} else if (json_is_boolean(json)) {
		value.type = OBJECT_VALUE_BOOLEAN;
		value.boolean = json_is_true(json);
	} else if (json_is_integer(json)) {
		value.type = OBJECT_VALUE_INTEGER;
		value.integer = json_integer_value(json);
	} else {
		value.type = OBJECT_VALUE_OTHER;
	}
	return value;
}
