/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_CLEANUP_H
#define AGENT_CLEANUP_H

#include "agent/settings/options.h"
#include "lib/base/error.h"

#include <stdio.h>

/**
 * cleanup_run() - remove what this agent, or kube-proxy in IPVS mode, left in the kernel
 *
 * The virtual servers on addresses of the dummy interface and those that our sets name (but not in
 * --ipvs-exclude-cidrs), those by firewall mark that are ours, KUBE-* chains with the jumps to them,
 * KUBE-* sets, the dummy interface. Nothing else: IPVS is never flushed.
 *
 * With --for-kube-proxy only what kube-proxy does not have: the virtual servers by firewall mark,
 * chains, rules and sets. Connections through the former have --drain-timeout to end.
 *
 * Return: 0; -EBUSY while an agent runs here; or the negative errno of what could not be removed
 * (the rest is removed all the same)
 */
int cleanup_run(const struct options *options, struct error *err);

/**
 * cleanup_list() - `cleanup --dry-run`: print to @stream what cleanup_run() would remove
 *
 * Only reads, and so may be called while an agent runs, whose objects are listed as well.
 * Return: 0, or the negative errno of what could not be read (the rest is listed all the same)
 */
int cleanup_list(const struct options *options, FILE *stream, struct error *err);

#endif
