/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

struct ipvs *ipvs_fixture_open(void)
{
	struct error err = {0};
	struct ipvs *ipvs = NULL;

	if (ipvs_open(&ipvs, &err) < 0)
		fail_msg("%s", err.text);
	return ipvs;
}

struct address ipvs_fixture_address(const char *text)
{
	struct address ret;

	assert_true(address_parse(text, &ret));
	return ret;
}

struct virtual_server_key ipvs_fixture_key(const char *text, uint16_t port, uint16_t protocol)
{
	return (struct virtual_server_key){
		.address = ipvs_fixture_address(text), .port = port, .protocol = protocol};
}

struct virtual_server ipvs_fixture_server(struct virtual_server_key key, const char *scheduler,
					  uint32_t persistence_seconds)
{
	struct virtual_server ret = {.key = key, .persistence_seconds = persistence_seconds};

	ret.netmask = key.address.family == AF_INET ? 0xffffffff : 128;
	snprintf(ret.scheduler, sizeof(ret.scheduler), "%s", scheduler);
	return ret;
}

void ipvs_fixture_add_server(struct changes *changes, enum change_kind kind,
			     struct virtual_server value)
{
	changes_add(changes, kind)->server = value;
}

void ipvs_fixture_add_destination(struct changes *changes, enum change_kind kind,
				  struct virtual_server_key server, const char *text, uint16_t port,
				  uint16_t weight)
{
	struct change *change = changes_add(changes, kind);

	change->destination.server = server;
	change->destination.value = (struct destination){ipvs_fixture_address(text), port, weight};
}

void ipvs_fixture_apply(struct ipvs *ipvs, struct changes *changes)
{
	struct error err = {0};

	for (size_t i = 0; i < changes->count; i++)
		changes->items[i].result = IPVS_FIXTURE_UNTOUCHED;
	if (ipvs_apply(ipvs, changes->items, changes->count, &err) < 0)
		fail_msg("%s", err.text);
}

void ipvs_fixture_apply_all(struct ipvs *ipvs, struct changes *changes)
{
	char text[6 * ADDRESS_TEXT_SIZE];

	ipvs_fixture_apply(ipvs, changes);
	for (size_t i = 0; i < changes->count; i++)
		if (changes->items[i].result != 0)
			fail_msg("%s: %s", change_text(&changes->items[i], text),
				 strerror(-changes->items[i].result));
	changes_clear(changes);
}
