/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_NODE_SETUP_H
#define AGENT_NODE_SETUP_H

#include "agent/settings/options.h"
#include "lib/base/error.h"
#include "lib/kernel/kernel.h"

/*
 * What the kernel of the node has to have before anything is programmed: modules, sysctls and
 * timeouts.
 */

/**
 * node_setup_sysctls() - the kernel settings that IPVS behind a dummy interface needs, and the
 * limits of connection tracking
 *
 * Source: kube-proxy 1.32 pkg/proxy/ipvs/proxier.go NewProxier(),
 * pkg/proxy/conntrack/sysctls.go. What cannot be set is logged;
 * a read-only /proc/sys with the right values already is fine. The number of tracked connections
 * can only be set in the initial network namespace.
 */
void node_setup_sysctls(const struct options *options);

/**
 * node_setup_scheduler() - whether the kernel has the schedulers that the options name
 *
 * Where libkmod does not find the module (a container without /lib/modules, say) the kernel itself
 * is asked.
 * Return: 0, or -ENOENT with the name of the module that is missing
 */
int node_setup_scheduler(const struct options *options, struct ipvs *ipvs, struct error *err);

/** node_setup_timeouts() - IPVS timeouts, where the options set any */
int node_setup_timeouts(const struct options *options, struct ipvs *ipvs, struct error *err);

/**
 * node_setup_follow() - the same for options that take the place of @before while the agent runs
 *
 * What is to be left as it is from now on stays as it was set; what is refused is logged.
 */
void node_setup_follow(const struct options *options, const struct options *before,
		       struct ipvs *ipvs);

/**
 * node_setup_programs() - load the modules that the iptables programs would load by themselves, which
 * they cannot do once CAP_SYS_MODULE is dropped
 */
void node_setup_programs(void);

/**
 * node_setup_init() - --init-only: load modules, set sysctls and timeouts, and nothing else
 *
 * An agent that runs afterwards needs neither CAP_SYS_MODULE nor a writable /proc/sys.
 * Return: 0 or a negative errno, as for privileges_check() and node_setup_scheduler()
 */
int node_setup_init(const struct options *options, struct error *err);

/**
 * node_setup_connection_limit() - net.netfilter.nf_conntrack_max for a number of processors
 *
 * So many per processor, 1,048,576 at most; the minimum of the options may be more than that.
 * Source: kube-proxy 1.37 cmd/kube-proxy/app/conntrack.go, kubernetes/kubernetes#137002.
 * Return: 0 = leave it as it is
 */
int node_setup_connection_limit(const struct conntrack_options *options, long processors);

#endif
