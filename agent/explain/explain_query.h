/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_EXPLAIN_QUERY_H
#define AGENT_EXPLAIN_QUERY_H

#include "lib/base/address.h"
#include "lib/base/error.h"

#include <stddef.h>
#include <stdint.h>

/**
 * enum explain_client - who asks
 *   NODE     a program of the node, from whatever address the kernel chooses
 *   OUTSIDE  a client outside of the cluster and of all source ranges, of which nothing else is known
 *   ADDRESS  whoever has that address
 */
enum explain_client { EXPLAIN_CLIENT_NODE, EXPLAIN_CLIENT_OUTSIDE, EXPLAIN_CLIENT_ADDRESS };

/**
 * struct explain_query - "CLIENT ADDRESS:PORT/PROTO"
 * @source:    of EXPLAIN_CLIENT_ADDRESS; else family 0
 * @protocol:  IPPROTO_TCP, IPPROTO_UDP or IPPROTO_SCTP
 */
struct explain_query {
	enum explain_client client;
	struct address source;
	struct address address;
	uint16_t port;
	uint8_t protocol;
};

/**
 * explain_query_read() - from the words of a command line
 * @words:  "CLIENT", perhaps "to", and "ADDRESS:PORT", "[ADDRESS]:PORT", with "/tcp" (the default),
 *          "/udp" or "/sctp" in letters of any size
 * Return: 0, or -EINVAL with the reason
 */
int explain_query_read(char *const *words, size_t count, struct explain_query *ret,
		       struct error *err);

/** explain_query_parse() - likewise from one text, with blanks between the words */
int explain_query_parse(const char *text, struct explain_query *ret, struct error *err);

/** explain_query_text() - a text that explain_query_parse() reads; the caller frees it */
char *explain_query_text(const struct explain_query *query);

#endif
