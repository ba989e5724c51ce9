/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto_gather.h"

#include "lib/base/memory.h"

#include <string.h>

#define KEPT_BYTES ((size_t)256 << 10)

void proto_gather_begin(struct proto_gather *gather, size_t size)
{
	/* A buffer that one huge object blew up is given back. */
	if (gather->capacity > KEPT_BYTES)
		proto_gather_clear(gather);
	gather->length = 0;
	gather->left = size;
}

bool proto_gather_take(struct proto_gather *gather, const char **data, const char *end,
		       const char **ret)
{
	const char *begin = *data;
	size_t count = (size_t)(end - begin);

	if (count > gather->left)
		count = gather->left;
	*data += count;
	gather->left -= count;
	if (!gather->left && !gather->length) {
		*ret = begin;
		return true;
	}
	if (gather->capacity < gather->length + count) {
		gather->capacity = 2 * (gather->length + count);
		gather->bytes = memory_resize(gather->bytes, gather->capacity, 1);
	}
	if (count)
		memcpy(gather->bytes + gather->length, begin, count);
	gather->length += count;
	*ret = gather->bytes;
	return !gather->left;
}

void proto_gather_clear(struct proto_gather *gather)
{
	free(gather->bytes);
	*gather = (struct proto_gather){0};
}
