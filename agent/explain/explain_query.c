/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain_query.h"

#include "lib/base/memory.h"
#include "lib/base/string_list.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

static bool read_protocol(const char *name, uint8_t *ret)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};

	for (size_t i = 0; i < COUNT(protocols); i++)
		if (strcasecmp(address_protocol_name(protocols[i]), name) == 0) {
			*ret = protocols[i];
			return true;
		}
	return false;
}

static int read_target(const char *word, struct explain_query *ret, struct error *err)
{
	auto_memory char *copy = string_dup(word);
	char *slash = strchr(copy, '/');

	ret->protocol = IPPROTO_TCP;
	if (slash) {
		*slash = '\0';
		if (!read_protocol(slash + 1, &ret->protocol))
			return error_set(err, -EINVAL,
					 "\"%s\": the protocol is not tcp, udp or sctp", word);
	}
	if (!address_parse_port(copy, &ret->address, &ret->port) || !ret->port)
		return error_set(err, -EINVAL, "\"%s\" is not ADDRESS:PORT[/PROTO]", word);
	return 0;
}

static int read_client(const char *word, struct explain_query *ret, struct error *err)
{
	if (strcmp(word, "node") == 0)
		ret->client = EXPLAIN_CLIENT_NODE;
	else if (strcmp(word, "outside") == 0)
		ret->client = EXPLAIN_CLIENT_OUTSIDE;
	else if (address_parse(word, &ret->source))
		ret->client = EXPLAIN_CLIENT_ADDRESS;
	else
		return error_set(err, -EINVAL,
				 "\"%s\" is no client: it is an address, \"node\" or \"outside\"",
				 word);
	return 0;
}

int explain_query_read(char *const *words, size_t count, struct explain_query *ret,
		       struct error *err)
{
	size_t target = count > 1 && strcmp(words[1], "to") == 0 ? 2 : 1;
	int r;

	*ret = (struct explain_query){0};
	if (count <= target)
		return error_set(err, -EINVAL, "missing %s",
				 count ? "ADDRESS:PORT" : "CLIENT and ADDRESS:PORT");
	if (count > target + 1)
		return error_set(err, -EINVAL, "unexpected argument \"%s\"", words[target + 1]);
	r = read_client(words[0], ret, err);
	if (r >= 0)
		r = read_target(words[target], ret, err);
	if (r >= 0 && ret->source.family && ret->source.family != ret->address.family)
		return error_set(err, -EINVAL, "%s and %s are not of one IP family", words[0],
				 words[target]);
	return r;
}

int explain_query_parse(const char *text, struct explain_query *ret, struct error *err)
{
	auto_memory char *copy = string_dup(text);
	struct string_list words = {0};
	char *rest = copy, *word;
	int r;

	while ((word = strsep(&rest, " ")))
		if (*word)
			string_list_add(&words, word);
	r = explain_query_read(words.items, words.count, ret, err);
	string_list_clear(&words);
	return r;
}

char *explain_query_text(const struct explain_query *query)
{
	char text[ADDRESS_TEXT_SIZE] = "node", target[ADDRESS_TEXT_SIZE];

	if (query->client == EXPLAIN_CLIENT_OUTSIDE)
		strcpy(text, "outside");
	else if (query->client == EXPLAIN_CLIENT_ADDRESS)
		address_text(&query->source, text);
	return string_printf("%s %s/%s", text,
			     address_port_text(&query->address, query->port, target),
			     address_protocol_name(query->protocol));
}
