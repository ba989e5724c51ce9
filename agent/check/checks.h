/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_CHECKS_H
#define AGENT_CHECKS_H

#include "agent/settings/options.h"
#include "findings.h"

/*
 * What `ipvsagent check` looks at. Each check only looks: no module is loaded, no table created,
 * nothing written. Each adds what it finds, and nothing if all is well.
 */

/** modules_check() - kernel modules of what the agent programs, and of the configured schedulers */
void modules_check(const struct options *options, struct findings *findings);

/** sysctls_check() - kernel settings that the agent cannot set, and those that disturb Services */
void sysctls_check(const struct options *options, struct findings *findings);

/** ports_check() - NodePorts in the range of ephemeral ports; ports of the agent that are taken */
void ports_check(const struct options *options, struct findings *findings);

/** programs_check() - iptables programs; rules in the variant of iptables that they do not show */
void programs_check(const struct options *options, struct findings *findings);

/** tables_check() - native nftables rules in tables of iptables, which hide them from iptables */
void tables_check(const struct options *options, struct findings *findings);

/** proxies_check() - other proxies that run on this node, and their virtual servers */
void proxies_check(const struct options *options, struct findings *findings);

/** interface_check() - the dummy interface: what it is, and who manages it */
void interface_check(const struct options *options, struct findings *findings);

/** limits_check() - connection tracking that is nearly full */
void limits_check(const struct options *options, struct findings *findings);

/** credentials_check() - the kubeconfig, its certificate, and the clock that both depend on */
void credentials_check(const struct options *options, struct findings *findings);

#endif
