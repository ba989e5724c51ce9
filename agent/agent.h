/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "agent/settings/options.h"
#include "lib/base/error.h"

/**
 * agent_run() - be the node's service proxy until SIGTERM or SIGINT
 *
 * Leaves the kernel's state in place when it ends. Follows the files of settings, so @options
 * change; SIGHUP reads these and the manifests again.
 * Return: 0 after a signal; a negative errno if the environment does not allow the work, with
 * what is missing in @err; -EBUSY if another agent runs in this network namespace
 */
int agent_run(struct options *options, struct error *err);

#endif
