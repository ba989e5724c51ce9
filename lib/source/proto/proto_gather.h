/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_PROTO_GATHER_H
#define SOURCE_PROTO_GATHER_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct proto_gather - so many bytes, which arrive in pieces; zeroed at first
 * @left:  how many are still to come
 *
 * Memory follows what has arrived, not what was announced. What arrives in one piece is not copied.
 */
struct proto_gather {
	size_t left;
	/* private */
	char *bytes;
	size_t length;
	size_t capacity;
};

/** proto_gather_begin() - @size bytes come */
void proto_gather_begin(struct proto_gather *gather, size_t size);

/**
 * proto_gather_take() - take what belongs to it from @data, which is moved on
 * @ret:  when true is returned, all of it; valid until the next call, and as long as @data
 */
bool proto_gather_take(struct proto_gather *gather, const char **data, const char *end,
		       const char **ret);

/** proto_gather_clear() - give the memory back */
void proto_gather_clear(struct proto_gather *gather);

#endif
