/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_INSTANCE_LOCK_H
#define AGENT_INSTANCE_LOCK_H

#include "lib/base/error.h"

/**
 * struct instance_lock - being the only agent of this network namespace
 *
 * A kernel object that only a process with CAP_NET_ADMIN in this network namespace can have
 * (namespace_lock), so that nobody else can keep the agent from starting, and two agents in
 * containers of their own do find each other. Where the kernel has no such object: a locked file of
 * root's, which processes with the same /run share. Either is gone with the process, however it
 * ends.
 */
struct instance_lock;

/**
 * instance_lock_take()
 * @ret:  set on success only
 * Return: 0; -EBUSY if another agent has it; another negative errno
 */
int instance_lock_take(struct instance_lock **ret, struct error *err);

/**
 * instance_lock_take_file() - the second way, for tests
 * @directory:  created with mode 0700 if it is missing; otherwise it has to be root's or ours, and
 *              nobody else's to write
 */
int instance_lock_take_file(const char *directory, struct instance_lock **ret, struct error *err);

/** instance_lock_release() - NULL is fine */
void instance_lock_release(struct instance_lock *lock);

#endif
