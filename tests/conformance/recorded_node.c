/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recorded_node.h"

#include "text_lines.h"

#include <errno.h>
#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define WORD_COUNT 16

/* The words of a command; the text they point into is cut up. */
struct words {
	char *items[WORD_COUNT];
	size_t count;
};

struct replay {
	const struct recorded_addresses *addresses;
	struct fake_kernel *kernel;
	struct recorded_actions *actions;
};

int recorded_addresses_parse(const char *text, struct recorded_addresses **ret, struct error *err)
{
	auto_free(text_lines) struct text_lines *lines = text_lines_new(text);
	auto_free(recorded_addresses) struct recorded_addresses *addresses =
		memory_allocate(sizeof(*addresses));

	for (size_t i = 0; i < lines->count; i++) {
		char interface[16], address[ADDRESS_TEXT_SIZE];
		struct interface_address *item;

		if (sscanf(lines->items[i], "%*d: %15s inet%*[6 ] %63[0-9a-f.:]/", interface,
			   address) != 2)
			return error_set(err, -EINVAL, "node.txt: %s", lines->items[i]);
		addresses->items = memory_grow(addresses->items, addresses->count,
					       &addresses->capacity, sizeof(*addresses->items));
		item = &addresses->items[addresses->count++];
		memset(item, 0, sizeof(*item));
		memcpy(item->interface, interface, strlen(interface));
		if (!address_parse(address, &item->address))
			return error_set(err, -EINVAL, "node.txt: %s", lines->items[i]);
	}
	*ret = take(&addresses);
	return 0;
}

void recorded_addresses_free(struct recorded_addresses *addresses)
{
	if (!addresses)
		return;
	free(addresses->items);
	free(addresses);
}

static void split(char *line, struct words *ret)
{
	char *word, *rest = line;

	memset(ret, 0, sizeof(*ret));
	while (ret->count < WORD_COUNT && (word = strsep(&rest, " ")))
		if (*word)
			ret->items[ret->count++] = word;
}

static bool word_is(const struct words *words, size_t index, const char *text)
{
	return index < words->count && strcmp(words->items[index], text) == 0;
}

/* The word after an option; NULL if it is not there. */
static const char *option_value(const struct words *words, const char *option)
{
	for (size_t i = 0; i + 1 < words->count; i++)
		if (word_is(words, i, option))
			return words->items[i + 1];
	return NULL;
}

/* "10.0.0.1:80", "[fd00::1]:80" */
static bool parse_endpoint(const char *text, struct address *address, uint16_t *port)
{
	char host[ADDRESS_TEXT_SIZE];

	if (!text || (sscanf(text, "[%63[^]]]:%hu", host, port) != 2 &&
		      sscanf(text, "%63[0-9.]:%hu", host, port) != 2))
		return false;
	return address_parse(host, address);
}

static bool parse_server(const struct words *words, struct virtual_server_key *ret)
{
	static const struct {
		const char *option;
		uint16_t protocol;
	} options[] = {{"-t", IPPROTO_TCP}, {"-u", IPPROTO_UDP}, {"--sctp-service", IPPROTO_SCTP}};

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < COUNT(options); i++) {
		ret->protocol = options[i].protocol;
		if (parse_endpoint(option_value(words, options[i].option), &ret->address,
				   &ret->port))
			return true;
	}
	return false;
}

static int apply(struct replay *replay, struct change *change)
{
	fake_kernel_apply(replay->kernel, change, 1);
	return change->result;
}

static int add_server(struct replay *replay, const struct words *words)
{
	struct change change = {.kind = CHANGE_KIND_SERVER_ADD};
	const char *scheduler = option_value(words, "-s");
	size_t length = scheduler ? strlen(scheduler) : 0;

	if (!parse_server(words, &change.server.key) || !length || length >= SCHEDULER_NAME_SIZE ||
	    words->count != 6)
		return -EINVAL;
	memcpy(change.server.scheduler, scheduler, length);
	change.server.netmask = change.server.key.address.family == AF_INET ? 0xffffffff : 128;
	return apply(replay, &change);
}

static int add_destination(struct replay *replay, const struct words *words)
{
	struct change change = {.kind = CHANGE_KIND_DESTINATION_ADD};
	struct destination *destination = &change.destination.value;
	const char *weight = option_value(words, "-w");
	const struct fake_server *server;
	uint32_t method;
	int r;

	if (!parse_server(words, &change.destination.server) || !weight || words->count != 9 ||
	    !parse_endpoint(option_value(words, "-r"), &destination->address, &destination->port) ||
	    sscanf(weight, "%hu", &destination->weight) != 1)
		return -EINVAL;
	if (word_is(words, 6, "-m"))
		method = IP_VS_CONN_F_MASQ;
	else if (word_is(words, 6, "-g"))
		method = IP_VS_CONN_F_DROUTE;
	else
		return -EINVAL;
	r = apply(replay, &change);
	if (r < 0)
		return r;
	server = fake_kernel_find_server(replay->kernel, &change.destination.server);
	fake_server_find_destination(server, destination)->forwarding_method = method;
	return 0;
}

static bool find_set(const char *name, struct set_member *ret)
{
	static const uint16_t families[] = {AF_INET, AF_INET6};

	for (size_t i = 0; i < COUNT(families) * SET_KIND_COUNT; i++) {
		enum set_kind kind = (enum set_kind)(i % SET_KIND_COUNT);
		uint16_t family = families[i / SET_KIND_COUNT];

		if (strcmp(set_kind_name(kind, family), name) != 0)
			continue;
		memset(ret, 0, sizeof(*ret));
		ret->kind = (uint8_t)kind;
		ret->family = (uint8_t)family;
		return true;
	}
	return false;
}

static int add_member(struct replay *replay, const char *set, const char *element)
{
	struct change change = {.kind = CHANGE_KIND_MEMBER_ADD};
	char address[ADDRESS_TEXT_SIZE];

	if (!find_set(set, &change.member))
		return -EINVAL;
	switch (set_kind_type((enum set_kind)change.member.kind)) {
	case SET_TYPE_BITMAP_PORT:
		if (sscanf(element, "%hu", &change.member.port) != 1)
			return -EINVAL;
		break;
	case SET_TYPE_HASH_IP_PORT:
		if (sscanf(element, "%63[^,],tcp:%hu", address, &change.member.port) != 2 ||
		    !address_parse(address, &change.member.address))
			return -EINVAL;
		change.member.protocol = IPPROTO_TCP;
		break;
	case SET_TYPE_HASH_IP:
	case SET_TYPE_HASH_IP_PORT_IP:
	case SET_TYPE_HASH_IP_PORT_NET:
		return -EINVAL;
	}
	return apply(replay, &change);
}

static int add_address(struct replay *replay, char *text, const char *interface)
{
	struct change change = {.kind = CHANGE_KIND_ADDRESS_ADD};

	if (!address_parse(strsep(&text, "/"), &change.address) || !interface)
		return -EINVAL;
	if (strcmp(interface, "kube-ipvs0") == 0)
		return apply(replay, &change);
	for (size_t i = 0; i < replay->addresses->count; i++)
		if (address_is_equal(&replay->addresses->items[i].address, &change.address) &&
		    strcmp(replay->addresses->items[i].interface, interface) == 0)
			return 0;
	return -EADDRNOTAVAIL;
}

static int run_command(struct replay *replay, struct words *words)
{
	if (word_is(words, 0, "ipvsadm") && word_is(words, 1, "-A"))
		return add_server(replay, words);
	if (word_is(words, 0, "ipvsadm") && word_is(words, 1, "-a"))
		return add_destination(replay, words);
	if (word_is(words, 0, "ipset") && word_is(words, 1, "create")) {
		struct set_member member;

		return words->count > 2 && find_set(words->items[2], &member) ? 0 : -EINVAL;
	}
	if (word_is(words, 0, "ipset") && word_is(words, 1, "add") && words->count == 4)
		return add_member(replay, words->items[2], words->items[3]);
	if (word_is(words, 0, "ip") && word_is(words, 1, "link"))
		return 0; /* what the interface is for shows in the addresses that it gets */
	for (size_t i = 1; word_is(words, 0, "ip") && i + 2 < words->count; i++)
		if (word_is(words, i, "addr") && word_is(words, i + 1, "add"))
			return add_address(replay, words->items[i + 2], option_value(words, "dev"));
	return -EINVAL;
}

/* "# a TCP connection from 10.244.1.3 through VIP to DESTINATION is open before and during ..." */
static int open_connection(struct replay *replay, const char *remark)
{
	char virtual[ADDRESS_TEXT_SIZE], real[ADDRESS_TEXT_SIZE];
	struct virtual_server_key key = {.protocol = IPPROTO_TCP};
	struct destination destination = {0};
	struct destination_usage *usage;
	const struct fake_server *server;

	if (sscanf(remark,
		   "# a TCP connection from %*s through %63s to %63s is open before and during",
		   virtual, real) != 2 ||
	    !parse_endpoint(virtual, &key.address, &key.port) ||
	    !parse_endpoint(real, &destination.address, &destination.port))
		return -EINVAL;
	server = fake_kernel_find_server(replay->kernel, &key);
	usage = server ? fake_server_find_destination(server, &destination) : NULL;
	if (usage)
		usage->active_connections = 1;
	return 0;
}

static int heed_remark(struct replay *replay, const char *remark)
{
	if (strstr(remark, "is stopped before the objects change and started again afterwards")) {
		replay->actions->is_restart = true;
		return 0;
	}
	return open_connection(replay, remark);
}

int recorded_actions_apply(const char *text, const struct recorded_addresses *addresses,
			   struct fake_kernel *kernel, struct recorded_actions *ret,
			   struct error *err)
{
	auto_free(text_lines) struct text_lines *lines = text_lines_new(text);
	struct replay replay = {addresses, kernel, ret};

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < lines->count; i++) {
		auto_memory char *copy = string_dup(lines->items[i]);
		struct words words;
		int r;

		if (*copy == '#') {
			r = heed_remark(&replay, copy);
		} else {
			split(copy, &words);
			r = run_command(&replay, &words);
		}
		if (r < 0)
			return error_set(err, r, "actions.txt: %s", lines->items[i]);
	}
	return 0;
}
