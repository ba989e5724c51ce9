/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/explain/explain_query.h"
#include "lib/base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * A question about a packet, from the command line and at the agent's socket. Whatever the text: no
 * memory error, a reason if it is refused, and what was understood has a text that means the same.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_memory char *text = memory_allocate(size + 1), *written = NULL;
	struct explain_query query, again;
	struct error err = {0};

	if (size)
		memcpy(text, data, size);
	if (explain_query_parse(text, &query, &err) < 0) {
		require(*err.text);
		return 0;
	}
	written = explain_query_text(&query);
	require(explain_query_parse(written, &again, &err) == 0);
	require(again.client == query.client && again.port == query.port &&
		again.protocol == query.protocol);
	require(address_is_equal(&again.address, &query.address));
	require(address_is_equal(&again.source, &query.source));
	return 0;
}
