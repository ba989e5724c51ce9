/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool parse_port(const char *text, uint16_t *ret)
{
	char *end;

	errno = 0;
	unsigned long port = strtoul(text, &end, 10);
	if (errno || end == text || *end || port > UINT16_MAX)
		return false;
	*ret = (uint16_t)port;
	return true;
}

static bool parse_protocol(const char *text, struct transport *transport)
{
	static const struct {
		const char *name;
		int type, protocol;
	} known[] = {
		{"tcp", SOCK_STREAM, IPPROTO_TCP},
		{"udp", SOCK_DGRAM, IPPROTO_UDP},
		{"sctp", SOCK_STREAM, IPPROTO_SCTP},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(text, known[i].name) == 0) {
			transport->type = known[i].type;
			transport->protocol = known[i].protocol;
			return true;
		}
	}
	return false;
}

bool transport_parse(const char *protocol, const char *address, const char *port,
		     struct transport *ret)
{
	struct transport parsed = {0};
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	uint16_t number;

	if (!parse_protocol(protocol, &parsed) || !parse_port(port, &number))
		return false;

	if (inet_pton(AF_INET, address, &in.sin_addr) == 1) {
		in.sin_port = htons(number);
		memcpy(&parsed.name, &in, sizeof(in));
		parsed.name_length = sizeof(in);
	} else if (inet_pton(AF_INET6, address, &in6.sin6_addr) == 1) {
		in6.sin6_port = htons(number);
		memcpy(&parsed.name, &in6, sizeof(in6));
		parsed.name_length = sizeof(in6);
	} else {
		return false;
	}

	*ret = parsed;
	return true;
}

int transport_socket(const struct transport *transport)
{
	const int on = 1;
	int fd = socket(transport->name.ss_family, transport->type | SOCK_NONBLOCK,
			transport->protocol);

	if (fd >= 0 && transport->protocol == IPPROTO_SCTP && transport->name.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	return fd;
}

int transport_patience(int milliseconds)
{
	const char *slowness = getenv("KERNEL_TEST_SLOWNESS");
	long times = slowness ? strtol(slowness, NULL, 10) : 1;

	return times > 1 && times <= 1000 ? (int)(milliseconds * times) : milliseconds;
}

void transport_print_name(const struct sockaddr_storage *name, char text[TRANSPORT_TEXT_SIZE])
{
	char address[INET6_ADDRSTRLEN] = "?";
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (name->ss_family == AF_INET) {
		memcpy(&in, name, sizeof(in));
		inet_ntop(AF_INET, &in.sin_addr, address, sizeof(address));
		snprintf(text, TRANSPORT_TEXT_SIZE, "%s:%u", address, ntohs(in.sin_port));
		return;
	}

	memcpy(&in6, name, sizeof(in6));
	if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
		inet_ntop(AF_INET, &in6.sin6_addr.s6_addr[12], address, sizeof(address));
		snprintf(text, TRANSPORT_TEXT_SIZE, "%s:%u", address, ntohs(in6.sin6_port));
	} else {
		inet_ntop(AF_INET6, &in6.sin6_addr, address, sizeof(address));
		snprintf(text, TRANSPORT_TEXT_SIZE, "[%s]:%u", address, ntohs(in6.sin6_port));
	}
}
