/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipsets_fixture.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

struct ipsets *ipsets_fixture_open(void)
{
	struct ipsets *ipsets = NULL;
	struct error err = {0};

	if (ipsets_open(&ipsets, &err) < 0)
		fail_msg("%s", err.text);
	if (ipsets_ensure(ipsets, &err) < 0)
		fail_msg("%s", err.text);
	return ipsets;
}

struct set_member ipsets_fixture_member(enum set_kind kind, const char *address, uint8_t protocol,
					uint16_t port, const char *source)
{
	struct set_member ret;
	struct prefix prefix;

	memset(&ret, 0, sizeof(ret));
	ret.kind = (uint8_t)kind;
	ret.family = AF_INET;
	ret.protocol = protocol;
	ret.port = port;
	if (address) {
		assert_true(address_parse(address, &ret.address));
		ret.family = (uint8_t)ret.address.family;
	}
	if (source && strchr(source, '/')) {
		assert_true(address_parse_prefix(source, &prefix));
		ret.source = prefix.address;
		ret.prefix_length = (uint8_t)prefix.length;
	} else if (source) {
		assert_true(address_parse(source, &ret.source));
	}
	return ret;
}

struct set_member ipsets_fixture_numbered(uint32_t number)
{
	struct set_member ret =
		ipsets_fixture_member(SET_KIND_CLUSTER_IP, "10.0.0.0", IPPROTO_TCP, 80, NULL);
	uint32_t address = htonl(0x0a000001 + number);

	memcpy(ret.address.bytes, &address, sizeof(address));
	return ret;
}

void ipsets_fixture_add(struct changes *changes, enum change_kind kind, struct set_member value)
{
	struct change *change = changes_add(changes, kind);

	change->member = value;
	change->result = 1; /* neither success nor failure */
}

void ipsets_fixture_apply(struct ipsets *ipsets, struct changes *changes)
{
	struct error err = {0};
	int r;

	do
		r = ipsets_apply(ipsets, changes->items, changes->count, &err);
	while (r > 0);
	if (r < 0)
		fail_msg("%s", err.text);
}

void ipsets_fixture_apply_all(struct ipsets *ipsets, struct changes *changes)
{
	ipsets_fixture_apply(ipsets, changes);
	for (size_t i = 0; i < changes->count; i++)
		assert_int_equal(changes->items[i].result, 0);
}

static void collect(void *owner, const struct set_member *value)
{
	ipsets_fixture_add(owner, CHANGE_KIND_MEMBER_ADD, *value);
}

void ipsets_fixture_observe(struct ipsets *ipsets, struct changes *ret)
{
	struct error err = {0};

	assert_int_equal(ipsets_observe(ipsets, collect, ret, &err), 0);
}

void ipsets_fixture_repair(struct ipsets *ipsets)
{
	auto_free(changes) struct changes *repairs = changes_new();

	ipsets_plan_repairs(ipsets, repairs);
	ipsets_fixture_apply_all(ipsets, repairs);
}

void ipsets_fixture_write_name(struct ipsets *ipsets, enum change_kind kind,
			       const struct virtual_server_key *key)
{
	auto_free(changes) struct changes *names = changes_new();

	ipsets_fixture_add(names, kind, marks_name_of(key));
	ipsets_fixture_apply_all(ipsets, names);
}

size_t ipsets_fixture_count(struct ipsets *ipsets)
{
	auto_free(changes) struct changes *observed = changes_new();

	ipsets_fixture_observe(ipsets, observed);
	return observed->count;
}
