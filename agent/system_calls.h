/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_SYSTEM_CALLS_H
#define AGENT_SYSTEM_CALLS_H

#include "lib/base/error.h"

/**
 * system_calls_restrict() - a seccomp filter: what is not listed in system_calls.c fails with ENOSYS
 *
 * ENOSYS, since libraries take that for an older kernel, and do it another way. The filter holds for
 * all programs that are started afterwards, too. It takes no_new_privs or CAP_SYS_ADMIN.
 * If libseccomp crashes meanwhile, that is told on standard error before the program ends by the signal.
 * Return: 0, or a negative errno: -EINVAL from a kernel without seccomp
 */
int system_calls_restrict(struct error *err);

#endif
