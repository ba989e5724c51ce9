/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_SYSCTL_H
#define KERNEL_SYSCTL_H

#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>

/** sysctl_get_text() - without its newline; -ENOENT if unknown, -EMSGSIZE if @size is too small */
int sysctl_get_text(const char *name, char *text, size_t size, struct error *err);

/** sysctl_set_text() - write @text; Return: 0 or a negative errno */
int sysctl_set_text(const char *name, const char *text, struct error *err);

/** sysctl_is_writable() - whether this process may write it here; /proc/sys may be read-only */
bool sysctl_is_writable(const char *name);

/** sysctl_get() - an integer; @name with slashes: "net/ipv4/vs/conntrack"; -ENOENT if unknown */
int sysctl_get(const char *name, int *ret, struct error *err);

/**
 * sysctl_ensure() - write @value unless it is there already
 * Return: 1 if it was written, 0 if nothing had to be done, or a negative errno
 */
int sysctl_ensure(const char *name, int value, struct error *err);

/*
 * A number in a file of its own, outside of /proc/sys; @path is absolute. Return: 0, or a negative
 * errno
 */
int sysctl_read_number(const char *path, int *ret);
int sysctl_write_number(const char *path, int value);

/** sysctl_kernel_version() - major << 16 | minor of the running kernel; 0 if it cannot be read */
unsigned int sysctl_kernel_version(void);

#endif
