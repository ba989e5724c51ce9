/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_NAMESPACE_LOCK_H
#define KERNEL_NAMESPACE_LOCK_H

#include "lib/base/error.h"

/**
 * struct namespace_lock - what one process of a network namespace can have, and the kernel grants
 *
 * A group of NFLOG that no rule sends packets to: the kernel binds it to one netlink socket of the
 * network namespace, asks for CAP_NET_ADMIN there, and frees it when the socket is closed, however
 * the process ends. So it belongs to the network namespace, as our work does, whatever containers
 * and file systems its processes live in, and nobody can hold it who could not undo our work, too.
 */
struct namespace_lock;

/**
 * namespace_lock_take()
 * @ret:  set on success only
 * Return: 0; -EBUSY if another process has it; -EOPNOTSUPP if the kernel has no NFLOG; another
 * negative errno, with the reason
 */
int namespace_lock_take(struct namespace_lock **ret, struct error *err);

/** namespace_lock_release() - NULL is fine */
void namespace_lock_release(struct namespace_lock *lock);

#endif
