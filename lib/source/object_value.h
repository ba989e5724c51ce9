/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_OBJECT_VALUE_H
#define SOURCE_OBJECT_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A value somewhere in an API object, whichever encoding the object came in. What decodes objects
 * sees values only, so that both encodings are checked alike and give the same structs.
 */

/**
 * enum object_value_type - what a value is
 *   ABSENT   the object does not have it; JSON's null
 *   OBJECT   has members with names; a map has, too
 *   LIST     has elements
 *   INSTANT  a point in time as a number; JSON has times as TEXT
 *   OTHER    is there, and none of these: a fraction, a text that is no UTF-8 or has a NUL
 */
enum object_value_type {
	OBJECT_VALUE_ABSENT,
	OBJECT_VALUE_OBJECT,
	OBJECT_VALUE_LIST,
	OBJECT_VALUE_TEXT,
	OBJECT_VALUE_BOOLEAN,
	OBJECT_VALUE_INTEGER,
	OBJECT_VALUE_INSTANT,
	OBJECT_VALUE_OTHER,
};

/**
 * struct object_value - all zero is ABSENT
 * @encoding:  of an OBJECT or LIST: how to reach what is in it
 * @node:      of an OBJECT or LIST: the encoding's
 * @schema:    likewise
 * @text:      of a TEXT; UTF-8
 * @boolean:   of a BOOLEAN
 * @integer:   of an INTEGER, or of an INSTANT in seconds since 1970
 *
 * It points into the object and is valid as long as that.
 */
struct object_value {
	enum object_value_type type;
	const struct object_encoding *encoding;
	const void *schema;
	union {
		const void *node;
		const char *text;
		int64_t integer;
		bool boolean;
	};
};

/**
 * struct object_encoding - how to get around in a kind of tree
 * @get:    a member of an OBJECT; ABSENT if there is none
 * @at:     an element of a LIST; ABSENT behind its end
 * @count:  the elements of a LIST
 */
struct object_encoding {
	struct object_value (*get)(const struct object_value *object, const char *name);
	struct object_value (*at)(const struct object_value *list, size_t index);
	size_t (*count)(const struct object_value *list);
};

#endif
