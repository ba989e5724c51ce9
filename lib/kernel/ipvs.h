/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_IPVS_H
#define KERNEL_IPVS_H

#include "ipvs_types.h"
#include "lib/base/error.h"
#include "lib/plan/changes.h"
#include "lib/plan/proxy_state.h"
#include "marks.h"

/**
 * struct ipvs - the kernel's virtual server table, over generic netlink
 *
 * One per network namespace (that of the thread which opens it). Not thread-safe.
 */
struct ipvs;

/**
 * struct ipvs_visitor - receives a dump
 * @server:       once for each virtual server, before its destinations
 * @traffic:      after @server, where the kernel counts in 64 bits (since 4.1)
 * @destination:  once for each destination
 * Each may be NULL. A negative return value ends the dump and becomes its result.
 */
struct ipvs_visitor {
	int (*server)(void *owner, const struct virtual_server *server);
	int (*traffic)(void *owner, const struct virtual_server_key *server,
		       const struct ipvs_traffic *traffic);
	int (*destination)(void *owner, const struct virtual_server_key *server,
			   const struct destination_usage *usage);
};

/**
 * ipvs_open() - connect to the kernel's IPVS
 * Return: 0; -ENOENT without the ip_vs module; -EPERM without CAP_NET_ADMIN
 */
int ipvs_open(struct ipvs **ret, struct error *err);

/**
 * ipvs_reopen() - connect again, after a failure that may be the connection's
 *
 * Return: 0; 1 if this is another IPVS: the module was unloaded and loaded again, and everything
 * that it held is gone, its sysctls and timeouts included; or as ipvs_open(), and then @ipvs stays
 * as it was
 */
int ipvs_reopen(struct ipvs *ipvs, struct error *err);
void ipvs_close(struct ipvs *ipvs);

/**
 * ipvs_use_marks() - from now on virtual servers of CLIENT_SCOPE_IN_CLUSTER are those with the
 * marks of
 * @marks
 * @marks:  stays the caller's; without, there are no such virtual servers. One that has no mark yet
 *          cannot be added: -ENOSPC
 */
void ipvs_use_marks(struct ipvs *ipvs, struct marks *marks);

/**
 * ipvs_observe() - read every virtual server, with its destinations if @visitor wants them
 *
 * Blocks: one dump for the servers, then the destinations of each. A server that vanishes in
 * between is not an error.
 */
int ipvs_observe(struct ipvs *ipvs, const struct ipvs_visitor *visitor, void *owner,
		 struct error *err);

/**
 * ipvs_observe_begin() - read every virtual server, in steps; @visitor's destinations do not count
 * @visitor, @owner: used until the last step
 *
 * ipvs_observe_step() follows until it does not return 1, then ipvs_observe_end(). Meanwhile changes
 * may be applied, and destinations be read. Where the table of virtual servers itself changes, one
 * may come twice or not at all; before Linux 7 the table is that of all network namespaces. So there
 * is _again and _left_out, before _end. One that was begun before and has not ended is given up.
 */
int ipvs_observe_begin(struct ipvs *ipvs, const struct ipvs_visitor *visitor, void *owner,
		       struct error *err);

/** ipvs_observe_step() - some hundred of them; Return: 1 if there are more, 0 at the end */
int ipvs_observe_step(struct ipvs *ipvs, struct error *err);

/** ipvs_observe_again() - all of them once more, to the same visitor; steps follow as before */
int ipvs_observe_again(struct ipvs *ipvs, struct error *err);

/**
 * ipvs_observe_left_out() - those that were expected and did not come, by their keys
 *
 * Blocks: two system calls for each. The visitor is told of those that exist.
 */
int ipvs_observe_left_out(struct ipvs *ipvs, const struct virtual_server_key *servers, size_t count,
			  struct error *err);

/** ipvs_observe_end() - marks that no virtual server was seen to have are without one */
void ipvs_observe_end(struct ipvs *ipvs);

/** ipvs_observe_destinations() - the destinations of one virtual server; -ESRCH if there is none */
int ipvs_observe_destinations(struct ipvs *ipvs, const struct virtual_server_key *server,
			      const struct ipvs_visitor *visitor, void *owner, struct error *err);

/**
 * ipvs_observe_destinations_of() - the destinations of several virtual servers
 *
 * Two system calls for each server. The key that the visitor gets points into @servers. One that
 * vanished has no destinations.
 */
int ipvs_observe_destinations_of(struct ipvs *ipvs, const struct virtual_server_key *servers,
				 size_t count, const struct ipvs_visitor *visitor, void *owner,
				 struct error *err);

/**
 * ipvs_observe_these() - several virtual servers, by their keys, with traffic and destinations
 *
 * Blocks: two system calls for each, and two more for its destinations. One that does not exist is
 * left out.
 */
int ipvs_observe_these(struct ipvs *ipvs, const struct virtual_server_key *servers, size_t count,
		       const struct ipvs_visitor *visitor, void *owner, struct error *err);

/**
 * ipvs_apply() - carry out SERVER_* and DESTINATION_* changes in order, in batches
 * @changes:  other kinds are passed over; each of ours gets its result
 *
 * Return: 0 when each change was sent and has its own result (which may be an error), or a
 * negative errno when the connection itself failed; then unsent changes have that result.
 */
int ipvs_apply(struct ipvs *ipvs, struct change *changes, size_t count, struct error *err);

/**
 * ipvs_has_scheduler() - whether the kernel knows a scheduler, or can load it
 *
 * It is asked with a virtual server on a firewall mark that no packet has, which is removed again.
 * Return: false only if the kernel says so
 */
bool ipvs_has_scheduler(struct ipvs *ipvs, const char *name);

int ipvs_set_timeouts(struct ipvs *ipvs, const struct ipvs_timeouts *timeouts, struct error *err);

#endif
