/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/source/documents.h"
#include "lib/source/json_value.h"
#include "lib/source/object_decode.h"

#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * From a manifest to structs. Whatever it is given: no memory error, no string left behind, every
 * refusal in words on one line, and no struct that the planner may not see. The first byte chooses
 * between JSON and YAML.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static bool is_protocol(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
}

static void check_service(const struct service *service)
{
	require(service->name && *service->name && service->namespace_name);
	require(service->cluster_ip_count <= 2);
	for (size_t i = 0; i < service->cluster_ip_count; i++)
		require(service->cluster_ips[i].family == AF_INET ||
			service->cluster_ips[i].family == AF_INET6);
	for (size_t i = 0; i < service->port_count; i++)
		require(service->ports[i].name && service->ports[i].port &&
			is_protocol(service->ports[i].protocol));
}

static void check_slice(const struct endpoint_slice *slice)
{
	require(slice->name && *slice->name && slice->namespace_name);
	for (size_t i = 0; i < slice->endpoint_count; i++)
		require(slice->endpoints[i].address.family == slice->family);
	for (size_t i = 0; i < slice->port_count; i++)
		require(slice->ports[i].name && is_protocol(slice->ports[i].protocol));
}

static int decode_service(const json_t *object, struct error *err)
{
	auto_free(service) struct service *service = NULL;
	int r = object_decode_service(json_value_of(object), &service, err);

	if (r >= 0)
		check_service(service);
	return r;
}

static int decode_slice(const json_t *object, struct string_pool *strings, struct error *err)
{
	auto_free(endpoint_slice) struct endpoint_slice *slice = NULL;
	int r = object_decode_endpoint_slice(json_value_of(object), strings, &slice, err);

	if (r >= 0)
		check_slice(slice);
	return r;
}

static int decode_endpoints(const json_t *object, struct string_pool *strings, struct error *err)
{
	struct endpoint_slices slices = {0};
	int r = object_decode_endpoints(json_value_of(object), strings, &slices, err);

	for (size_t i = 0; i < slices.count; i++)
		check_slice(slices.slices[i]);
	endpoint_slices_clear(&slices);
	return r;
}

static int decode_node(const json_t *object, struct error *err)
{
	auto_free(node) struct node *node = NULL;
	int r = object_decode_node(json_value_of(object), &node, err);

	if (r >= 0)
		require(node->name && node->internal_count <= node->address_count);
	return r;
}

static int on_object(const struct object_identity *identity, const json_t *object,
		     const struct error *problem, void *owner)
{
	struct error err = {0};
	int r = 0;

	require(identity->kind_text && identity->namespace_name && identity->name);
	if (problem)
		return 0;
	switch (identity->kind) {
	case OBJECT_KIND_SERVICE:
		r = decode_service(object, &err);
		break;
	case OBJECT_KIND_ENDPOINT_SLICE:
		r = decode_slice(object, owner, &err);
		break;
	case OBJECT_KIND_ENDPOINTS:
		r = decode_endpoints(object, owner, &err);
		break;
	case OBJECT_KIND_NODE:
		r = decode_node(object, &err);
		break;
	case OBJECT_KIND_OTHER:
		break;
	}
	require(r == 0 || (r == (r > 0 ? 1 : err.code) && *err.text && !strchr(err.text, '\n')));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free(documents) struct documents *documents = NULL;
	struct string_pool *strings;
	struct error err = {0};
	json_t *document;
	size_t line;

	if (size == 0)
		return 0;
	strings = string_pool_new();
	documents = documents_new((const char *)data + 1, size - 1, data[0] == 'j');
	while (documents_next(documents, &document, &line, &err) > 0) {
		object_decode_each(document, on_object, strings, &err);
		documents_problem(documents, document);
		require(!documents_rest_problem(documents));
		json_decref(document);
	}
	require(string_pool_count(strings) == 0);
	string_pool_free(strings);
	return 0;
}
