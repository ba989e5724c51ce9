/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct address - an IP address
 * @bytes:   network byte order; IPv4 uses the first four, the rest is zero
 * @family:  AF_INET, AF_INET6, or 0 for "none"
 *
 * A value without padding: compare and hash it as bytes.
 */
struct address {
	uint8_t bytes[16];
	uint16_t family;
};

/** struct prefix - a CIDR block; host bits are zero */
struct prefix {
	struct address address;
	uint16_t length;
};

/** struct prefix_list - CIDR blocks; who has it owns @items */
struct prefix_list {
	struct prefix *items;
	size_t count;
};

/* Room for the text of any address, prefix or bracketed address with port, with its NUL. */
#define ADDRESS_TEXT_SIZE 64

/** address_parse() - textual IPv4 or IPv6 address, strictly as inet_pton(3); false if it is none */
bool address_parse(const char *text, struct address *ret);

/** address_parse_port() - "127.0.0.1:80", "[::1]:80", or an address alone, whose port is 0 then; false
 *  if it is none */
bool address_parse_port(const char *text, struct address *ret, uint16_t *ret_port);

/** address_parse_prefix() - "ADDRESS/LENGTH"; host bits are cleared; false if it is none */
bool address_parse_prefix(const char *text, struct prefix *ret);

/** address_text() - the usual text of @address, written to and returned as @buffer */
const char *address_text(const struct address *address, char buffer[ADDRESS_TEXT_SIZE]);

/** address_port_text() - "10.0.0.1:80" or "[fd00::1]:80" */
const char *address_port_text(const struct address *address, uint16_t port,
			      char buffer[ADDRESS_TEXT_SIZE]);

/** address_prefix_text() - "10.0.0.0/8" */
const char *address_prefix_text(const struct prefix *prefix, char buffer[ADDRESS_TEXT_SIZE]);

/** address_compare() - total order: family, then bytes */
int address_compare(const struct address *a, const struct address *b);

bool address_is_equal(const struct address *a, const struct address *b);

/** address_sort() - into the order of address_compare() */
void address_sort(struct address *addresses, size_t count);

/** address_is_among() - whether @addresses, which are sorted, have @address */
bool address_is_among(const struct address *address, const struct address *addresses, size_t count);

/** address_is_loopback() - 127.0.0.0/8 or ::1 */
bool address_is_loopback(const struct address *address);

/** address_is_link_local() - 169.254.0.0/16 or fe80::/10 */
bool address_is_link_local(const struct address *address);

/** address_is_unspecified() - 0.0.0.0 or :: */
bool address_is_unspecified(const struct address *address);

/** address_is_multicast() - 224.0.0.0/4 or ff00::/8 */
bool address_is_multicast(const struct address *address);

/** address_is_broadcast() - 255.255.255.255 */
bool address_is_broadcast(const struct address *address);

/** address_length() - bytes of an address of @family: 4 or 16 */
size_t address_length(uint16_t family);

/** address_shares_prefix() - both are of one family, and in one network of @length bits */
bool address_shares_prefix(const struct address *a, const struct address *b, uint16_t length);

/** prefix_contains() - whether @address is of the prefix's family and inside it */
bool prefix_contains(const struct prefix *prefix, const struct address *address);

/** prefix_list_contains() - whether @address is inside any of them */
bool prefix_list_contains(const struct prefix_list *list, const struct address *address);

/** prefix_list_is_equal() - the same ones in the same order */
bool prefix_list_is_equal(const struct prefix_list *a, const struct prefix_list *b);

/** address_protocol_name() - "TCP", "UDP", "SCTP" for the IPPROTO_ numbers; "?" for others */
const char *address_protocol_name(uint8_t protocol);

#endif
