/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_FAKE_BACKEND_H
#define FAKE_FAKE_BACKEND_H

#include "fake_kernel.h"

/**
 * fake_backend_apply() - changes as lib/kernel carries them out
 *
 * As fake_kernel_apply(), but where the kernel refuses because an object is there already, or is
 * missing, it is made to be as the change wants it.
 * Return: in how many cases that was necessary; never, as long as nobody else changes the kernel
 */
size_t fake_backend_apply(struct fake_kernel *kernel, struct change *changes, size_t count);

#endif
