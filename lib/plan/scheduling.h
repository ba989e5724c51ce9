/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_SCHEDULING_H
#define PLAN_SCHEDULING_H

#include "desired_options.h"
#include "lib/objects/service.h"
#include "service_state.h"

/**
 * struct scheduling - how a virtual server chooses among its destinations; see struct
 *                     virtual_server
 */
struct scheduling {
	const char *scheduler;
	uint32_t persistence_seconds;
	uint32_t flags;
};

/**
 * scheduling_choose() - for the virtual servers of @service that are for @scope
 *
 * The scheduler is the one that the Service asks for, else with ClientIP affinity
 * --affinity-scheduler, else --ipvs-scheduler. Affinity is the kernel's persistence with any of
 * them; virtual servers by mark have sh instead.
 */
struct scheduling scheduling_choose(const struct service *service,
				    const struct desired_options *options, enum client_scope scope);

/** scheduling_is_missing() - the Service asks for a scheduler that this kernel does not have */
bool scheduling_is_missing(const struct service *service, const struct desired_options *options);

/** scheduling_of() - the virtual server @key of @service, as scheduling_choose() has it */
struct virtual_server scheduling_of(const struct service *service,
				    const struct desired_options *options,
				    const struct virtual_server_key *key);

/**
 * scheduling_left_out() - destinations beyond the places in the table of the server's scheduler
 *
 * They get no connections. Source: Linux, net/netfilter/ipvs/Kconfig, IP_VS_SH_TAB_BITS and others,
 * with their defaults.
 */
uint32_t scheduling_left_out(const struct wanted_server *wanted);

#endif
