/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_MODULES_H
#define KERNEL_MODULES_H

#include "lib/base/error.h"

/* What to do where the directory of the running kernel's modules is not there. */
#define MODULES_UNKNOWN_REMEDY                                                                \
	"mount the host's /lib/modules, or load the module on the host beforehand; after an " \
	"upgrade of the kernel, reboot"

/**
 * modules_load() - make sure that a kernel module is there, through libkmod
 * @name:     "ip_vs_rr"
 * @feature:  what needs it, for the error: "scheduler rr"
 *
 * A built-in or loaded module is fine. Without CAP_SYS_MODULE the attempt may fail although the
 * kernel would load the module by itself later: the caller decides what an error means.
 * Return: 0; -ENOENT if this kernel does not have the module, or none of its modules is here; other
 *         negative errno. The error of -ENOENT says what to do.
 */
int modules_load(const char *name, const char *feature, struct error *err);

/**
 * enum module_state - what a module is to this kernel
 *   PRESENT   loaded, or built in
 *   LOADABLE  installed
 *   MISSING   neither
 *   UNKNOWN   not loaded, and the directory of this kernel's modules is not here, as in a container
 */
enum module_state {
	MODULE_STATE_PRESENT,
	MODULE_STATE_LOADABLE,
	MODULE_STATE_MISSING,
	MODULE_STATE_UNKNOWN,
};

/** modules_look() - only looks; a module that modprobe.d(5) forbids is LOADABLE all the same */
enum module_state modules_look(const char *name);

/** modules_remedy() - module_remedy() of the running kernel; until the next call */
const char *modules_remedy(void);

#endif
