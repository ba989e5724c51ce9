/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "drift_injector.h"

#include "object_text.h"

#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <string.h>

/* Of no object of ours; strangers are known by it. */
#define STRANGERS_SCHEDULER "wlc"

void drift_injector_add_strangers(struct fake_kernel *kernel)
{
	auto_free(changes) struct changes *changes = changes_new();
	struct virtual_server servers[2];
	struct change *change;

	memset(servers, 0, sizeof(servers));
	strcpy(servers[0].scheduler, STRANGERS_SCHEDULER);
	servers[0].key.address = object_text_address("172.16.0.1");
	servers[0].key.port = 80;
	servers[0].key.protocol = IPPROTO_TCP;
	strcpy(servers[1].scheduler, STRANGERS_SCHEDULER);
	servers[1].key.firewall_mark = 17;
	servers[1].key.address.family = AF_INET;
	for (size_t i = 0; i < COUNT(servers); i++) {
		changes_add(changes, CHANGE_KIND_SERVER_ADD)->server = servers[i];
		change = changes_add(changes, CHANGE_KIND_DESTINATION_ADD);
		change->destination.server = servers[i].key;
		change->destination.value.address = object_text_address("172.16.1.1");
		change->destination.value.port = 80; /* of weight 0: as if it drained */
	}
	fake_kernel_apply(kernel, changes->items, changes->count);
}

static struct fake_server *random_server(struct cluster_model *world, struct fake_kernel *kernel)
{
	struct fake_server *server;

	for (unsigned int i = 0; i < 8; i++) {
		server = &kernel->servers[cluster_model_random(world,
							       (unsigned int)kernel->server_count)];
		if (strcmp(server->server.scheduler, STRANGERS_SCHEDULER) != 0)
			return server;
	}
	return NULL; /* hardly any but the strangers' */
}

static void meddle_with_ipvs(struct cluster_model *world, struct fake_kernel *kernel)
{
	struct fake_server *server = random_server(world, kernel);
	struct destination_usage *usage = NULL;
	struct change change = {.kind = CHANGE_KIND_DESTINATION_ADD};

	if (!server)
		return;
	if (server->destination_count)
		usage = &server->destinations[cluster_model_random(
			world, (unsigned int)server->destination_count)];
	change.destination.server = server->server.key;
	change.destination.value = (struct destination){
		.address = object_text_address("10.9.9.9"), .port = 99, .weight = 3};
	switch (cluster_model_random(world, 7)) {
	case 0:
		change.kind = CHANGE_KIND_SERVER_REMOVE;
		change.server = server->server;
		break;
	case 1:
		if (usage) {
			change.kind = CHANGE_KIND_DESTINATION_REMOVE;
			change.destination.value = usage->destination;
		}
		break;
	case 2:
		if (usage)
			usage->destination.weight = (uint16_t)cluster_model_random(world, 3);
		return;
	case 3:
		strcpy(server->server.scheduler, "dh");
		return;
	case 4:
		if (usage)
			usage->forwarding_method = IP_VS_CONN_F_DROUTE;
		return;
	case 5:
		/* Another virtual server on a VIP of ours. */
		change.kind = CHANGE_KIND_SERVER_ADD;
		change.server = server->server;
		change.server.key.port = 999;
		if (!fake_kernel_has_address(kernel, &change.server.key.address))
			return;
		break;
	}
	fake_kernel_apply(kernel, &change, 1);
}

static void meddle_with_units(struct cluster_model *world, struct fake_kernel *kernel)
{
	struct change change = {.kind = CHANGE_KIND_MEMBER_REMOVE};

	switch (cluster_model_random(world, 4)) {
	case 0:
		if (!kernel->member_count)
			return;
		change.member = kernel->members[cluster_model_random(
			world, (unsigned int)kernel->member_count)];
		break;
	case 1:
		change.kind = CHANGE_KIND_MEMBER_ADD;
		change.member.kind = SET_KIND_IPVS_IPS;
		change.member.address = object_text_address("10.9.9.8");
		change.member.family = AF_INET;
		break;
	case 2:
		if (!kernel->address_count)
			return;
		change.kind = CHANGE_KIND_ADDRESS_REMOVE;
		change.address = kernel->addresses[cluster_model_random(
			world, (unsigned int)kernel->address_count)];
		break;
	case 3:
		change.kind = CHANGE_KIND_ADDRESS_ADD;
		change.address = object_text_address("10.9.9.7");
		break;
	}
	fake_kernel_apply(kernel, &change, 1);
}

void drift_injector_step(struct cluster_model *world, struct fake_kernel *kernel)
{
	meddle_with_ipvs(world, kernel);
	meddle_with_units(world, kernel);
}
