/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_MODULE_REMEDY_H
#define KERNEL_MODULE_REMEDY_H

#include <stddef.h>

/* Room for the longest remedy with the longest release. */
#define MODULE_REMEDY_SIZE 512

/**
 * module_remedy() - what to do about a module that is not installed
 * @release:  of the running kernel, as in `uname -r`; by it the distribution is known, also in a
 *            container of another one. Distributions divide the kernel's modules among packages.
 * @buffer:   of MODULE_REMEDY_SIZE
 * Return: @buffer
 */
const char *module_remedy(const char *release, char *buffer);

#endif
