/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base/address.h"
#include "lib/base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * Addresses and prefixes as objects and flags write them. Whatever the text: no memory error, and
 * what was understood is printed as a text that means the same.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_address(const char *text)
{
	char buffer[ADDRESS_TEXT_SIZE];
	struct address address, again;

	if (!address_parse(text, &address))
		return;
	require(address_parse(address_text(&address, buffer), &again));
	require(address_is_equal(&address, &again) && address_compare(&address, &again) == 0);
	require(strlen(address_port_text(&address, UINT16_MAX, buffer)) < ADDRESS_TEXT_SIZE - 1);
}

static void check_prefix(const char *text)
{
	char buffer[ADDRESS_TEXT_SIZE];
	struct prefix prefix, again;

	if (!address_parse_prefix(text, &prefix))
		return;
	require(prefix.length <= address_length(prefix.address.family) * 8);
	require(prefix_contains(&prefix, &prefix.address));
	require(address_parse_prefix(address_prefix_text(&prefix, buffer), &again));
	require(memcmp(&prefix, &again, sizeof(prefix)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_memory char *text = memory_allocate(size + 1);

	if (size)
		memcpy(text, data, size);
	check_address(text);
	check_prefix(text);
	return 0;
}
