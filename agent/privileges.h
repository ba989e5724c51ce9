/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_PRIVILEGES_H
#define AGENT_PRIVILEGES_H

#include "lib/base/error.h"

/**
 * privileges_check() - does this process have the capabilities that netlink and iptables need?
 * Return: 0, or -EPERM with what is missing and how to get it
 */
int privileges_check(struct error *err);

/**
 * privileges_drop() - give up what the work after the start does not take, for good
 *
 * What is left to this process, to threads that it starts later and to its programs
 * (iptables-restore, credential plugins):
 *
 *   capabilities   CAP_NET_ADMIN for IPVS, ipset, addresses and connection tracking, CAP_NET_RAW
 *                  for iptables. Modules that are needed later are loaded by the kernel itself.
 *   no_new_privs   no program gets more by a set-user-ID bit or by file capabilities
 *   system calls   those of system_calls.c; any other one fails with ENOSYS
 *   memory         no core dump, and no debugger but one with CAP_SYS_PTRACE: it holds tokens and
 *                  keys
 *
 * To be called when modules are loaded and what is set once is set, and before the first program is
 * started.
 * Return: 0, or a negative errno with the reason; what was dropped before stays dropped
 */
int privileges_drop(struct error *err);

#endif
