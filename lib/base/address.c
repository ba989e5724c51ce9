/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool address_parse(const char *text, struct address *ret)
{
	struct address address = {0};

	if (inet_pton(AF_INET, text, address.bytes) == 1)
		address.family = AF_INET;
	else if (inet_pton(AF_INET6, text, address.bytes) == 1)
		address.family = AF_INET6;
	else
		return false;
	*ret = address;
	return true;
}

static void clear_host_bits(struct prefix *prefix)
{
	for (size_t i = 0; i < sizeof(prefix->address.bytes); i++) {
		size_t first = i * 8;

		if (first >= prefix->length)
			prefix->address.bytes[i] = 0;
		else if (first + 8 > prefix->length)
			prefix->address.bytes[i] &=
				(uint8_t)(0xff << (8 - (prefix->length - first)));
	}
}

/* The port after the last colon of @text, which is cut off there. */
static bool cut_port(char *text, uint16_t *ret)
{
	char *colon = strrchr(text, ':'), *end;
	unsigned long port;

	if (!colon || colon[1] < '0' || colon[1] > '9')
		return false;
	port = strtoul(colon + 1, &end, 10);
	if (*end || port < 1 || port > 65535)
		return false;
	*colon = '\0';
	*ret = (uint16_t)port;
	return true;
}

bool address_parse_port(const char *text, struct address *ret, uint16_t *ret_port)
{
	char copy[ADDRESS_TEXT_SIZE], *host = copy;
	size_t length = strlen(text);

	*ret_port = 0;
	if (address_parse(text, ret))
		return true;
	if (length >= sizeof(copy))
		return false;
	memcpy(copy, text, length + 1);
	if (!cut_port(copy, ret_port))
		return false;
	length = strlen(copy);
	if (*host == '[' && copy[length - 1] == ']') {
		copy[length - 1] = '\0';
		host++;
	}
	return address_parse(host, ret) && (host != copy) == (ret->family == AF_INET6);
}

bool address_parse_prefix(const char *text, struct prefix *ret)
{
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	struct prefix prefix;
	unsigned long length;
	size_t address_size;
	char *end;

	if (!slash)
		return false;
	address_size = (size_t)(slash - text);
	if (address_size >= sizeof(address) || slash[1] < '0' || slash[1] > '9')
		return false;
	memcpy(address, text, address_size);
	address[address_size] = '\0';
	if (!address_parse(address, &prefix.address))
		return false;
	length = strtoul(slash + 1, &end, 10);
	if (*end || length > address_length(prefix.address.family) * 8)
		return false;
	prefix.length = (uint16_t)length;
	clear_host_bits(&prefix);
	*ret = prefix;
	return true;
}

const char *address_text(const struct address *address, char buffer[ADDRESS_TEXT_SIZE])
{
	if (!address->family ||
	    !inet_ntop(address->family, address->bytes, buffer, ADDRESS_TEXT_SIZE))
		snprintf(buffer, ADDRESS_TEXT_SIZE, "none");
	return buffer;
}

const char *address_port_text(const struct address *address, uint16_t port,
			      char buffer[ADDRESS_TEXT_SIZE])
{
	char text[INET6_ADDRSTRLEN] = "none";

	if (address->family)
		inet_ntop(address->family, address->bytes, text, sizeof(text));
	snprintf(buffer, ADDRESS_TEXT_SIZE, address->family == AF_INET6 ? "[%s]:%u" : "%s:%u", text,
		 port);
	return buffer;
}

const char *address_prefix_text(const struct prefix *prefix, char buffer[ADDRESS_TEXT_SIZE])
{
	char text[INET6_ADDRSTRLEN] = "none";

	if (prefix->address.family)
		inet_ntop(prefix->address.family, prefix->address.bytes, text, sizeof(text));
	snprintf(buffer, ADDRESS_TEXT_SIZE, "%s/%u", text, prefix->length);
	return buffer;
}

int address_compare(const struct address *a, const struct address *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool address_is_equal(const struct address *a, const struct address *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static int compare(const void *a, const void *b)
{
	return address_compare(a, b);
}

void address_sort(struct address *addresses, size_t count)
{
	if (count)
		qsort(addresses, count, sizeof(*addresses), compare);
}

bool address_is_among(const struct address *address, const struct address *addresses, size_t count)
{
	return count && bsearch(address, addresses, count, sizeof(*addresses), compare);
}

bool address_is_loopback(const struct address *address)
{
	static const uint8_t loopback6[16] = {[15] = 1};

	if (address->family == AF_INET)
		return address->bytes[0] == 127;
	return address->family == AF_INET6 && memcmp(address->bytes, loopback6, 16) == 0;
}

bool address_is_link_local(const struct address *address)
{
	if (address->family == AF_INET)
		return address->bytes[0] == 169 && address->bytes[1] == 254;
	return address->family == AF_INET6 && address->bytes[0] == 0xfe &&
	       (address->bytes[1] & 0xc0) == 0x80;
}

bool address_is_unspecified(const struct address *address)
{
	static const uint8_t zero[16];

	return memcmp(address->bytes, zero, sizeof(zero)) == 0;
}

bool address_is_multicast(const struct address *address)
{
	if (address->family == AF_INET)
		return (address->bytes[0] & 0xf0) == 0xe0;
	return address->family == AF_INET6 && address->bytes[0] == 0xff;
}

bool address_is_broadcast(const struct address *address)
{
	static const uint8_t all_ones[4] = {0xff, 0xff, 0xff, 0xff};

	return address->family == AF_INET &&
	       memcmp(address->bytes, all_ones, sizeof(all_ones)) == 0;
}

size_t address_length(uint16_t family)
{
	return family == AF_INET ? 4 : 16;
}

bool address_shares_prefix(const struct address *a, const struct address *b, uint16_t length)
{
	struct prefix network = {.address = *a, .length = length};

	clear_host_bits(&network);
	return prefix_contains(&network, b);
}

bool prefix_contains(const struct prefix *prefix, const struct address *address)
{
	struct prefix other = {.address = *address, .length = prefix->length};

	if (prefix->address.family != address->family)
		return false;
	clear_host_bits(&other);
	return address_is_equal(&prefix->address, &other.address);
}

bool prefix_list_contains(const struct prefix_list *list, const struct address *address)
{
	for (size_t i = 0; i < list->count; i++)
		if (prefix_contains(&list->items[i], address))
			return true;
	return false;
}

bool prefix_list_is_equal(const struct prefix_list *a, const struct prefix_list *b)
{
	return a->count == b->count &&
	       (!a->count || memcmp(a->items, b->items, a->count * sizeof(*a->items)) == 0);
}

const char *address_protocol_name(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "TCP";
	case IPPROTO_UDP:
		return "UDP";
	case IPPROTO_SCTP:
		return "SCTP";
	default:
		return "?";
	}
}
