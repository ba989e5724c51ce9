/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scheduling.h"

#include "lib/objects/scheduler.h"

#include <linux/ip_vs.h>
#include <string.h>
#include <sys/socket.h>

bool scheduling_is_missing(const struct service *service, const struct desired_options *options)
{
	return service->scheduler && options->missing_schedulers & 1U << service->scheduler;
}

/* @is_own_choice: kube-proxy would have chosen otherwise */
static const char *choose_scheduler(const struct service *service,
				    const struct desired_options *options, bool *is_own_choice)
{
	*is_own_choice = true;
	if (service->scheduler && !scheduling_is_missing(service, options))
		return scheduler_name(service->scheduler);
	if (service->affinity_seconds && strcmp(options->affinity_scheduler, "inherit") != 0)
		return options->affinity_scheduler;
	*is_own_choice = false;
	return options->scheduler;
}

struct scheduling scheduling_choose(const struct service *service,
				    const struct desired_options *options, enum client_scope scope)
{
	bool is_own_choice;
	struct scheduling scheduling = {
		.scheduler = choose_scheduler(service, options, &is_own_choice),
		.persistence_seconds = service->affinity_seconds,
	};

	if (service->affinity_seconds && scope == CLIENT_SCOPE_IN_CLUSTER) {
		/*
		 * Persistence of a virtual server by mark ignores the ports of destinations
		 * (ip_vs_sched_persist()), so here the client's address has to decide alone.
		 */
		scheduling.scheduler = "sh";
		scheduling.persistence_seconds = 0;
		is_own_choice = true;
	}
	/*
	 * sh has places for destinations without weight, too, and refuses whoever comes to one of
	 * them: a tenth of all new clients while one of ten destinations drains.
	 */
	if (is_own_choice && strcmp(scheduling.scheduler, "sh") == 0)
		scheduling.flags |= IP_VS_SVC_F_SCHED_SH_FALLBACK;

	/* kube-proxy makes mh hash the source port too (proxier.go, FlagSourceHash). */
	if (strcmp(scheduling.scheduler, "mh") == 0)
		scheduling.flags |= IP_VS_SVC_F_SCHED2;
	return scheduling;
}

struct virtual_server scheduling_of(const struct service *service,
				    const struct desired_options *options,
				    const struct virtual_server_key *key)
{
	const struct scheduling scheduling =
		scheduling_choose(service, options, (enum client_scope)key->client_scope);
	struct virtual_server server;

	memset(&server, 0, sizeof(server));
	server.key = *key;
	memcpy(server.scheduler, scheduling.scheduler,
	       strnlen(scheduling.scheduler, sizeof(server.scheduler) - 1));
	server.persistence_seconds = scheduling.persistence_seconds;
	server.netmask = key->address.family == AF_INET ? 0xffffffff : 128;
	server.flags = scheduling.flags;
	return server;
}

uint32_t scheduling_left_out(const struct wanted_server *wanted)
{
	static const struct {
		const char *scheduler;
		uint32_t places;
	} tables[] = {{"sh", 256}, {"dh", 256}, {"mh", 4093}};

	for (size_t i = 0; i < COUNT(tables); i++)
		if (strcmp(wanted->server.scheduler, tables[i].scheduler) == 0 &&
		    wanted->destination_count > tables[i].places)
			return wanted->destination_count - tables[i].places;
	return 0;
}
