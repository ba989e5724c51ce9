/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_query.h"

#include "lib/base/memory.h"
#include "status_field.h"

#include <errno.h>
#include <string.h>

static bool is_name(const char *text, size_t length)
{
	return length > 0 && length <= 253 &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-.") >= length;
}

/* NAME is default/NAME, as for kubectl; NAMESPACE/ is everything in it. */
static int read_name(const char *argument, struct status_query *ret, struct error *err)
{
	const char *slash = strchr(argument, '/');

	if (slash ? !is_name(argument, (size_t)(slash - argument)) ||
			    (slash[1] && !is_name(slash + 1, strlen(slash + 1)))
		  : !is_name(argument, strlen(argument)))
		return error_set(
			err, -EINVAL,
			"\"%s\" is not NAMESPACE/NAME, NAME (in default), NAMESPACE/ or ADDRESS[:PORT]",
			argument);
	ret->filter = slash ? string_dup(argument) : string_printf("default/%s", argument);
	return 0;
}

int status_query_read(const struct options *options, struct status_query *ret, struct error *err)
{
	size_t count = options->arguments.count;
	const char *argument = count ? options->arguments.items[0] : NULL;

	*ret = (struct status_query){0};
	if (count > 1)
		return error_set(
			err, -EINVAL,
			"unexpected argument \"%s\"; specify at most one Service or address",
			options->arguments.items[1]);
	if (options->node_port && count)
		return error_set(err, -EINVAL,
				 "unexpected argument \"%s\"; --node-port selects by itself",
				 argument);
	if (options->node_port) {
		ret->port = (uint16_t)options->node_port;
		ret->servers = string_printf("NodePort %d", options->node_port);
	} else if (argument && address_parse_port(argument, &ret->address, &ret->port)) {
		ret->servers = string_dup(argument);
	} else if (argument) {
		return read_name(argument, ret, err);
	}
	ret->filter = string_dup("");
	return 0;
}

void status_query_clear(struct status_query *query)
{
	free(take(&query->filter));
	free(take(&query->servers));
}

static bool is_asked_for(const struct status_query *query, const json_t *server)
{
	struct address address;

	if (query->port && status_field_number(server, "port") != query->port)
		return false;
	if (!query->address.family)
		return strcmp(status_field_text(server, "kind"), "NodePort") == 0;
	return address_parse(status_field_text(server, "address"), &address) &&
	       address_is_equal(&address, &query->address);
}

void status_query_select(const struct status_query *query, json_t *document)
{
	json_t *services = json_object_get(document, "services");

	for (size_t i = json_array_size(services); query->servers && i-- > 0;) {
		json_t *servers = json_object_get(json_array_get(services, i), "servers");

		for (size_t k = json_array_size(servers); k-- > 0;)
			if (!is_asked_for(query, json_array_get(servers, k)))
				json_array_remove(servers, k);
		if (!json_array_size(servers))
			json_array_remove(services, i);
	}
}

char *status_query_service(const json_t *document)
{
	const json_t *services = json_object_get(document, "services");
	const json_t *service = json_array_get(services, 0);

	if (json_array_size(services) != 1)
		return NULL;
	return string_printf("%s/%s", status_field_text(service, "namespace"),
			     status_field_text(service, "name"));
}
