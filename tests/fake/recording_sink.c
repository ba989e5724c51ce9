/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recording_sink.h"

#include "lib/base/address.h"
#include "lib/base/memory.h"
#include "lib/base/string_pool.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct recording_sink *recording_sink_new(void)
{
	struct recording_sink *noted = memory_allocate(sizeof(*noted));

	noted->strings = string_pool_new();
	noted->text = string_dup("");
	return noted;
}

void recording_sink_free(struct recording_sink *noted)
{
	string_pool_free(noted->strings);
	free(noted->text);
	free(noted);
}

static void append(struct recording_sink *noted, const char *text)
{
	size_t length = strlen(text);

	noted->text = memory_resize(noted->text, noted->length + length + 1, 1);
	memcpy(noted->text + noted->length, text, length + 1);
	noted->length += length;
}

void recording_sink_add(struct recording_sink *noted, const char *format, ...)
{
	va_list arguments;
	char line[2000];

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	append(noted, line);
	append(noted, "\n");
}

void recording_sink_clear(struct recording_sink *noted)
{
	noted->length = 0;
	noted->text[0] = '\0';
}

static void on_service_set(void *owner, struct service *service)
{
	struct recording_sink *noted = owner;
	char text[ADDRESS_TEXT_SIZE];

	append(noted, "+ Service ");
	append(noted, service->namespace_name);
	append(noted, "/");
	append(noted, service->name);
	append(noted, " ");
	append(noted, service_type_name(service->type));
	for (size_t i = 0; i < service->cluster_ip_count; i++) {
		append(noted, " ");
		append(noted, address_text(&service->cluster_ips[i], text));
	}
	for (size_t i = 0; i < service->port_count; i++) {
		auto_memory char *port =
			string_printf(" %s:%u", service->ports[i].name, service->ports[i].port);

		append(noted, port);
	}
	append(noted, "\n");
	service_free(service);
}

static void on_service_removed(void *owner, const char *namespace_name, const char *name)
{
	recording_sink_add(owner, "- Service %s/%s", namespace_name, name);
}

static const char *conditions_text(const struct endpoint *endpoint)
{
	if (endpoint->is_ready)
		return "";
	if (endpoint->is_serving)
		return endpoint->is_terminating ? "(serving,terminating)" : "(serving)";
	return endpoint->is_terminating ? "(terminating)" : "(unready)";
}

static void on_endpoint_slice_set(void *owner, struct endpoint_slice *slice)
{
	struct recording_sink *noted = owner;
	auto_memory char *start =
		string_printf("+ EndpointSlice %s/%s of %s", slice->namespace_name, slice->name,
			      slice->service_name ? slice->service_name : "nobody");
	char text[ADDRESS_TEXT_SIZE];

	append(noted, start);
	for (size_t i = 0; i < slice->endpoint_count; i++) {
		append(noted, " ");
		append(noted, address_text(&slice->endpoints[i].address, text));
		append(noted, conditions_text(&slice->endpoints[i]));
	}
	append(noted, "\n");
	endpoint_slice_free(slice);
}

static void on_endpoint_slice_removed(void *owner, const char *namespace_name, const char *name)
{
	recording_sink_add(owner, "- EndpointSlice %s/%s", namespace_name, name);
}

static void on_node_set(void *owner, struct node *node)
{
	recording_sink_add(owner, "+ Node %s zone %s", node->name,
			   node->zone ? node->zone : "none");
	node_free(node);
}

static void on_node_removed(void *owner, const char *name)
{
	recording_sink_add(owner, "- Node %s", name);
}

static void on_rejected(void *owner, const struct rejection *rejection)
{
	recording_sink_add(owner, "%c %s %s/%s: %s", rejection->is_partial ? '~' : '!',
			   rejection->kind, rejection->namespace_name, rejection->name,
			   rejection->reason ? rejection->reason : "fine");
}

static void on_synced(void *owner)
{
	recording_sink_add(owner, "synced");
}

struct object_sink recording_sink_sink(struct recording_sink *noted)
{
	return (struct object_sink){
		.owner = noted,
		.strings = noted->strings,
		.service_set = on_service_set,
		.service_removed = on_service_removed,
		.endpoint_slice_set = on_endpoint_slice_set,
		.endpoint_slice_removed = on_endpoint_slice_removed,
		.node_set = on_node_set,
		.node_removed = on_node_removed,
		.rejected = on_rejected,
		.synced = on_synced,
	};
}
