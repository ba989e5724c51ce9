/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_field.h"

#include "lib/base/memory.h"

#include <string.h>

const char *status_field_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

json_int_t status_field_number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

char *status_field_address(const json_t *object)
{
	const char *address = status_field_text(object, "address");

	return string_printf(strchr(address, ':') ? "[%s]:%d" : "%s:%d", address,
			     (int)status_field_number(object, "port"));
}

/* With externalTrafficPolicy Local, clients in the cluster have virtual servers of their own. */
const char *status_field_scope(const json_t *server)
{
	return strcmp(status_field_text(server, "clientScope"), "in-cluster") == 0 ? " in-cluster"
										   : "";
}

char *status_field_joined(const json_t *texts)
{
	char *all = string_dup("");
	const json_t *text;
	size_t i;

	json_array_foreach (texts, i, text) {
		char *longer = string_printf("%s%s%s", all, i ? ", " : "", json_string_value(text));

		free(all);
		all = longer;
	}
	return all;
}
