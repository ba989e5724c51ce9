/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_text.h"

#include "lib/base/memory.h"

json_t *json_text(const char *text)
{
	json_t *json = json_string(text);
	auto_memory char *plain = json ? NULL : string_dup(text);

	if (json)
		return json;
	for (char *at = plain; *at; at++)
		if ((unsigned char)*at >= 0x80)
			*at = '?';
	return json_string(plain);
}
