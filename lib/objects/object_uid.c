/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "object_uid.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Where the dashes are in the text, by the number of the byte that follows. */
static int is_after_dash(size_t byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

static int digit_of(char letter)
{
	if (letter >= '0' && letter <= '9')
		return letter - '0';
	return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

struct object_uid object_uid_parse(const char *text)
{
	static const struct object_uid none;
	struct object_uid uid = none;

	if (!text || strlen(text) != OBJECT_UID_TEXT_SIZE - 1)
		return none;
	for (size_t i = 0; i < sizeof(uid.bytes); i++) {
		int high, low;

		if (is_after_dash(i) && *text++ != '-')
			return none;
		high = digit_of(*text++);
		low = digit_of(*text++);
		if (high < 0 || low < 0)
			return none;
		uid.bytes[i] = (uint8_t)(high << 4 | low);
	}
	return uid;
}

const char *object_uid_text(const struct object_uid *uid, char ret[OBJECT_UID_TEXT_SIZE])
{
	static const struct object_uid none;
	size_t used = 0;

	*ret = '\0';
	if (memcmp(uid, &none, sizeof(none)) == 0)
		return ret;
	for (size_t i = 0; i < sizeof(uid->bytes); i++) {
		if (is_after_dash(i))
			ret[used++] = '-';
		used += (size_t)snprintf(ret + used, OBJECT_UID_TEXT_SIZE - used, "%02x",
					 uid->bytes[i]);
	}
	return ret;
}
