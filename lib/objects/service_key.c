/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service_key.h"

#include "lib/base/memory.h"

#include <string.h>

char *service_key_namespace(const char *key)
{
	const char *slash = strchr(key, '/');

	return slash ? string_printf("%.*s", (int)(slash - key), key) : NULL;
}

const char *service_key_name(const char *key)
{
	const char *slash = strchr(key, '/');

	return slash ? slash + 1 : NULL;
}
