/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "object_text.h"

#include "lib/objects/scheduler.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static _Noreturn void reject(const char *word)
{
	fprintf(stderr, "a test's object has the unknown word '%s'\n", word);
	abort();
}

struct address object_text_address(const char *text)
{
	struct address address;

	if (!address_parse(text, &address))
		reject(text);
	return address;
}

struct prefix object_text_prefix(const char *text)
{
	struct prefix prefix;

	if (!address_parse_prefix(text, &prefix))
		reject(text);
	return prefix;
}

/* If @word is NAME=VALUE with that name: its value, else NULL. */
static const char *value_of(const char *word, const char *name)
{
	size_t length = strlen(name);

	return strncmp(word, name, length) == 0 && word[length] == '=' ? word + length + 1 : NULL;
}

static void append_address(struct address **addresses, uint32_t *count, const char *text)
{
	*addresses = memory_resize(*addresses, *count + 1, sizeof(**addresses));
	(*addresses)[(*count)++] = object_text_address(text);
}

static void split_name(const char *text, char **ret_namespace, char **ret_name)
{
	const char *slash = strchr(text, '/');

	if (!slash)
		reject(text);
	*ret_namespace = string_printf("%.*s", (int)(slash - text), text);
	*ret_name = string_dup(slash + 1);
}

struct port_text {
	char name[64];
	uint16_t port, node_port;
	uint8_t protocol;
};

static struct port_text read_port(const char *text)
{
	struct port_text port = {0};
	const char *colon = strchr(text, ':');
	char protocol[8] = "";

	if (!colon || (size_t)(colon - text) >= sizeof(port.name) ||
	    sscanf(colon + 1, "%hu/%7[A-Z]:%hu", &port.port, protocol, &port.node_port) < 2)
		reject(text);
	memcpy(port.name, text, (size_t)(colon - text));
	if (strcmp(protocol, "TCP") == 0)
		port.protocol = IPPROTO_TCP;
	else if (strcmp(protocol, "UDP") == 0)
		port.protocol = IPPROTO_UDP;
	else if (strcmp(protocol, "SCTP") == 0)
		port.protocol = IPPROTO_SCTP;
	else
		reject(text);
	return port;
}

static void append_service_port(struct service *service, const char *text)
{
	struct port_text port = read_port(text);

	service->ports =
		memory_resize(service->ports, service->port_count + 1, sizeof(*service->ports));
	service->ports[service->port_count++] = (struct service_port){
		.name = string_dup(port.name),
		.port = port.port,
		.node_port = port.node_port,
		.protocol = port.protocol,
	};
}

static enum service_type read_type(const char *text)
{
	static const enum service_type types[] = {SERVICE_TYPE_CLUSTER_IP, SERVICE_TYPE_NODE_PORT,
						  SERVICE_TYPE_LOAD_BALANCER,
						  SERVICE_TYPE_EXTERNAL_NAME};

	for (size_t i = 0; i < COUNT(types); i++)
		if (strcmp(service_type_name(types[i]), text) == 0)
			return types[i];
	reject(text);
}

static void read_service_word(struct service *service, const char *word)
{
	const char *value;

	if ((value = value_of(word, "ip"))) {
		append_address(&service->cluster_ips, &service->cluster_ip_count, value);
	} else if ((value = value_of(word, "external"))) {
		append_address(&service->external_ips, &service->external_ip_count, value);
	} else if ((value = value_of(word, "lb"))) {
		append_address(&service->load_balancer_ips, &service->load_balancer_ip_count,
			       value);
	} else if ((value = value_of(word, "proxied"))) {
		append_address(&service->proxied_ips, &service->proxied_ip_count, value);
	} else if ((value = value_of(word, "range"))) {
		service->source_ranges =
			memory_resize(service->source_ranges, service->source_range_count + 1,
				      sizeof(*service->source_ranges));
		service->source_ranges[service->source_range_count++] = object_text_prefix(value);
	} else if ((value = value_of(word, "port"))) {
		append_service_port(service, value);
	} else if ((value = value_of(word, "type"))) {
		service->type = read_type(value);
	} else if ((value = value_of(word, "affinity"))) {
		service->affinity_seconds = (uint32_t)atoi(value);
	} else if ((value = value_of(word, "created"))) {
		service->created = atoi(value);
	} else if ((value = value_of(word, "health"))) {
		service->health_check_node_port = (uint16_t)atoi(value);
	} else if ((value = value_of(word, "proxy"))) {
		service->proxy_name = string_dup(value);
	} else if ((value = value_of(word, "scheduler"))) {
		service->scheduler = scheduler_find(value);
	} else if (strcmp(word, "opted-out") == 0) {
		service->is_opted_out = true;
	} else if (strcmp(word, "unbound") == 0) {
		service->is_unbound = true;
	} else if (strcmp(word, "etp=Local") == 0) {
		service->is_external_local = true;
	} else if (strcmp(word, "itp=Local") == 0) {
		service->is_internal_local = true;
	} else {
		reject(word);
	}
}

struct service *object_text_service(const char *text)
{
	auto_memory char *words = string_dup(text);
	struct service *service = memory_allocate(sizeof(*service));
	char *rest = NULL, *word = strtok_r(words, " ", &rest);

	split_name(word, &service->namespace_name, &service->name);
	while ((word = strtok_r(NULL, " ", &rest)))
		read_service_word(service, word);
	return service;
}

static void append_slice_port(struct endpoint_slice *slice, const char *text)
{
	struct port_text port = read_port(text);

	slice->ports = memory_resize(slice->ports, slice->port_count + 1, sizeof(*slice->ports));
	slice->ports[slice->port_count++] = (struct endpoint_slice_port){
		.name = string_pool_get(slice->strings, port.name),
		.port = port.port,
		.protocol = port.protocol,
	};
}

/* Cuts @word at its last @mark; Return: what comes after it, or NULL */
static char *cut_at(char *word, char mark)
{
	char *at = strrchr(word, mark);

	if (!at)
		return NULL;
	*at = '\0';
	return at + 1;
}

/* Cuts @word at its first @mark, which then is between names; Return: "a,b", or NULL */
static char *cut_names(char *word, char mark)
{
	char *names = strchr(word, mark);

	if (!names)
		return NULL;
	*names++ = '\0';
	for (char *at = names; *at; at++)
		if (*at == mark)
			*at = ',';
	return names;
}

static void append_endpoint(struct endpoint_slice *slice, char *word)
{
	struct endpoint endpoint = {.is_ready = true, .is_serving = true};
	const char *condition = cut_at(word, '!'), *node;
	struct endpoint_hints hints = {.nodes = cut_names(word, '~')};

	if (condition && strcmp(condition, "unready") == 0) {
		endpoint.is_ready = endpoint.is_serving = false;
	} else if (condition && strcmp(condition, "terminating") == 0) {
		endpoint.is_ready = false;
		endpoint.is_terminating = true;
	} else if (condition && strcmp(condition, "ended") == 0) {
		endpoint.is_ready = endpoint.is_serving = false;
		endpoint.is_terminating = true;
	} else if (condition) {
		reject(condition);
	}
	hints.zones = cut_names(word, '+');
	if (hints.zones || hints.nodes)
		endpoint_set_hints(slice, &endpoint, &hints);
	node = cut_at(word, '@');
	endpoint.node_name = string_pool_get(slice->strings, node);
	endpoint.address = object_text_address(word);
	slice->endpoints = memory_resize(slice->endpoints, slice->endpoint_count + 1,
					 sizeof(*slice->endpoints));
	slice->endpoints[slice->endpoint_count++] = endpoint;
}

struct endpoint_slice *object_text_slice(struct string_pool *strings, const char *text)
{
	auto_memory char *words = string_dup(text);
	struct endpoint_slice *slice = memory_allocate(sizeof(*slice));
	char *rest = NULL, *word = strtok_r(words, " ", &rest);
	const char *value;

	slice->strings = strings;
	slice->family = AF_INET;
	split_name(word, &slice->namespace_name, &slice->name);
	while ((word = strtok_r(NULL, " ", &rest))) {
		if ((value = value_of(word, "service")))
			slice->service_name = string_dup(value);
		else if ((value = value_of(word, "port")))
			append_slice_port(slice, value);
		else if (strcmp(word, "family=6") == 0)
			slice->family = AF_INET6;
		else if (strcmp(word, "family=FQDN") == 0)
			slice->family = 0;
		else
			append_endpoint(slice, word);
	}
	return slice;
}
