/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_INSTANCE_LOCK_H
#define AGENT_INSTANCE_LOCK_H

#include "lib/base/error.h"

/**
 * instance_lock_take() - be the only agent of this network namespace
 *
 * An abstract UNIX socket: it belongs to the network namespace, as our work does, and is gone with
 * the process however it ends.
 * @ret:  to be given to instance_lock_release(); set on success only
 * Return: 0; -EBUSY if another agent has it
 */
int instance_lock_take(int *ret, struct error *err);

/** instance_lock_release() - a negative @lock is fine */
void instance_lock_release(int lock);

#endif
