/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "objects.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE	       16
#define FIRST_NODE_PORT	       20000
#define FIRST_BALANCER_ADDRESS 0x0a700001

enum objects_shape objects_shape(void)
{
	static const char *const names[] = {"plain", "node-ports", "local"};
	const char *name = getenv("OBJECTS_SHAPE");

	for (size_t i = 0; name && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return (enum objects_shape)i;
	if (name && *name) {
		fprintf(stderr, "OBJECTS_SHAPE: what is \"%s\"?\n", name);
		exit(1);
	}
	return OBJECTS_PLAIN;
}

uint16_t objects_node_port(size_t service)
{
	return (uint16_t)(FIRST_NODE_PORT + service);
}

uint32_t objects_service_address(size_t service)
{
	return 0x0a600000 + 1 + (uint32_t)service;
}

uint32_t objects_endpoint_address(size_t endpoint)
{
	return 0x0a800000 + 1 + (uint32_t)endpoint;
}

bool objects_endpoint_is_local(size_t endpoint)
{
	return endpoint % OBJECTS_NODE_COUNT == 0;
}

static const char *address_text(uint32_t address, char text[TEXT_SIZE])
{
	snprintf(text, TEXT_SIZE, "%u.%u.%u.%u", address >> 24, address >> 16 & 255,
		 address >> 8 & 255, address & 255);
	return text;
}

static void write_metadata(FILE *stream, const char *name, const char *suffix, size_t number)
{
	fprintf(stream,
		"{\"name\":\"%s%s\",\"namespace\":\"bench\","
		"\"uid\":\"f913d111-0305-4efa-9cde-%012zx\",\"resourceVersion\":\"%zu\","
		"\"creationTimestamp\":\"2025-11-20T12:40:51Z\",\"labels\":{\"app\":\"%s\","
		"\"app.kubernetes.io/managed-by\":\"Helm\",\"kubernetes.io/service-name\":\"%s\"}",
		name, suffix, number, 1000 + number, name, name);
}

void objects_write_service(FILE *stream, size_t service)
{
	static const char *const types[] = {"ClusterIP", "NodePort", "LoadBalancer"};
	enum objects_shape shape = objects_shape();
	char name[32], address[TEXT_SIZE];

	snprintf(name, sizeof(name), "service-%05zu", service);
	address_text(objects_service_address(service), address);
	fputs("{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":", stream);
	write_metadata(stream, name, "", service);
	fputs(",\"managedFields\":[{\"manager\":\"helm\",\"operation\":\"Update\","
	      "\"apiVersion\":\"v1\",\"time\":\"2025-11-20T12:40:51Z\",\"fieldsType\":\"FieldsV1\","
	      "\"fieldsV1\":{\"f:metadata\":{\"f:labels\":{\".\":{},\"f:app\":{}}},\"f:spec\":"
	      "{\"f:internalTrafficPolicy\":{},\"f:ports\":{\".\":{},"
	      "\"k:{\\\"port\\\":80,\\\"protocol\\\":\\\"TCP\\\"}\":{\".\":{},\"f:name\":{},"
	      "\"f:port\":{},\"f:protocol\":{},\"f:targetPort\":{}}},\"f:selector\":{},"
	      "\"f:sessionAffinity\":{},\"f:type\":{}}}}]}",
	      stream);
	fprintf(stream,
		",\"spec\":{\"ports\":[{\"name\":\"http\",\"protocol\":\"TCP\",\"port\":%d,"
		"\"targetPort\":%d",
		OBJECTS_PORT, OBJECTS_TARGET_PORT);
	if (shape != OBJECTS_PLAIN)
		fprintf(stream, ",\"nodePort\":%u", objects_node_port(service));
	fprintf(stream,
		"}],\"selector\":{\"app\":\"%s\"},\"clusterIP\":\"%s\","
		"\"clusterIPs\":[\"%s\"],\"type\":\"%s\",\"sessionAffinity\":\"None\","
		"\"ipFamilies\":[\"IPv4\"],\"ipFamilyPolicy\":\"SingleStack\",%s"
		"\"internalTrafficPolicy\":\"Cluster\"},\"status\":{\"loadBalancer\":{",
		name, address, address, types[shape],
		shape == OBJECTS_LOCAL ? "\"externalTrafficPolicy\":\"Local\"," : "");
	if (shape == OBJECTS_LOCAL)
		fprintf(stream, "\"ingress\":[{\"ip\":\"%s\"}]",
			address_text(FIRST_BALANCER_ADDRESS + (uint32_t)service, address));
	fputs("}}}", stream);
}

static void write_endpoint(FILE *stream, const char *service_name, size_t endpoint, bool is_ready)
{
	const char *ready = is_ready ? "true" : "false";
	char address[TEXT_SIZE], node[32] = OBJECTS_NODE_NAME;

	if (!objects_endpoint_is_local(endpoint))
		snprintf(node, sizeof(node), "node-%zu", endpoint % OBJECTS_NODE_COUNT);
	fprintf(stream,
		"{\"addresses\":[\"%s\"],\"conditions\":{\"ready\":%s,\"serving\":%s,"
		"\"terminating\":false},\"nodeName\":\"%s\",\"targetRef\":{\"kind\":\"Pod\","
		"\"namespace\":\"bench\",\"name\":\"%s-5d59d67564-%05zx\","
		"\"uid\":\"1690fec8-fadd-4653-8bab-%012zx\"},\"zone\":\"zone-%zu\"}",
		address_text(objects_endpoint_address(endpoint), address), ready, ready, node,
		service_name, endpoint & 0xfffff, endpoint, endpoint % 3);
}

void objects_write_slice(FILE *stream, size_t service, size_t first, size_t last, size_t count,
			 size_t ready)
{
	char name[32];

	snprintf(name, sizeof(name), "service-%05zu", service);
	fputs("{\"apiVersion\":\"discovery.k8s.io/v1\",\"kind\":\"EndpointSlice\",\"metadata\":",
	      stream);
	write_metadata(stream, name, "-x7k2p", service);
	fprintf(stream,
		",\"generateName\":\"%s-\",\"ownerReferences\":[{\"apiVersion\":\"v1\","
		"\"kind\":\"Service\",\"name\":\"%s\",\"uid\":\"f913d111-0305-4efa-9cde-%012zx\","
		"\"controller\":true,\"blockOwnerDeletion\":true}],\"generation\":1},"
		"\"addressType\":\"IPv4\",\"endpoints\":[",
		name, name, service);
	for (size_t i = 0; i < count; i++) {
		if (i)
			putc(',', stream);
		write_endpoint(stream, name, i + 1 < count ? first + i : last, i < ready);
	}
	fprintf(stream, "],\"ports\":[{\"name\":\"http\",\"protocol\":\"TCP\",\"port\":%d}]}",
		OBJECTS_TARGET_PORT);
}
