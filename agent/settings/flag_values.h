/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_FLAG_VALUES_H
#define AGENT_FLAG_VALUES_H

#include "options.h"

/**
 * flag_values_text() - a line "NAME=VALUE" for each flag of the command, by name
 *
 * As given on the command line, or the default: what files say does not count, nor what the agent
 * makes of it. The caller frees it.
 * Source: kube-proxy 1.36, staging/src/k8s.io/component-base/zpages/flagz, and pflag, which writes
 * the values.
 */
char *flag_values_text(const struct options *options);

#endif
