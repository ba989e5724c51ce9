/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs_connections.h"

#include "lib/base/memory.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define PATH "/proc/net/ip_vs_conn"

/* "0A600035" or "fd00:0096:0000:0000:0000:0000:0000:0035" */
static bool parse_address(const char *text, struct address *ret)
{
	unsigned int number;
	int length = 0;

	if (strchr(text, ':'))
		return address_parse(text, ret);
	if (sscanf(text, "%8x%n", &number, &length) != 1 || text[length])
		return false;
	*ret = (struct address){.family = AF_INET,
				.bytes = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
					  (uint8_t)(number >> 8), (uint8_t)number}};
	return true;
}

static uint8_t protocol_of(const char *name)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};

	for (size_t i = 0; i < COUNT(protocols); i++)
		if (strcmp(address_protocol_name(protocols[i]), name) == 0)
			return protocols[i];
	return 0;
}

bool ipvs_connection_parse(const char *line, struct ipvs_connection *ret)
{
	char protocol[8], client[48], address[48], endpoint[48];
	unsigned int client_port, port, endpoint_port;

	*ret = (struct ipvs_connection){0};
	if (sscanf(line, "%7s %47s %4x %47s %4x %47s %4x %15s %9u", protocol, client, &client_port,
		   address, &port, endpoint, &endpoint_port, ret->state, &ret->seconds) != 9)
		return false;
	ret->protocol = protocol_of(protocol);
	ret->client_port = (uint16_t)client_port;
	ret->port = (uint16_t)port;
	ret->endpoint_port = (uint16_t)endpoint_port;
	return ret->protocol && parse_address(client, &ret->client) &&
	       parse_address(address, &ret->address) && parse_address(endpoint, &ret->endpoint);
}

int ipvs_connections_each(void (*visit)(void *owner, const struct ipvs_connection *connection),
			  void *owner, struct error *err)
{
	FILE *stream = fopen(PATH, "re");
	struct ipvs_connection connection;
	char line[256];
	int r = 0;

	if (!stream && errno == ENOENT)
		return 0;
	if (!stream)
		return error_set(err, -errno, PATH ": %s", strerror(errno));
	while (fgets(line, sizeof(line), stream))
		if (ipvs_connection_parse(line, &connection))
			visit(owner, &connection);
	if (ferror(stream))
		r = error_set(err, -EIO, PATH ": %s", strerror(errno));
	fclose(stream);
	return r;
}
