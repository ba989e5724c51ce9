/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "object_sink.h"

#include "lib/base/memory.h"

char *rejection_object(const struct rejection *rejection)
{
	return string_printf("%s%s%s", rejection->namespace_name,
			     rejection->namespace_name[0] ? "/" : "", rejection->name);
}
