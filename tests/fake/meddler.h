/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_MEDDLER_H
#define FAKE_MEDDLER_H

#include "fake_kernel.h"
#include "world.h"

/*
 * Somebody who changes the kernel behind the agent's back. Never touches the objects that
 * meddler_add_strangers() added.
 */

/** meddler_add_strangers() - virtual servers that are nobody's business: by address, and by mark */
void meddler_add_strangers(struct fake_kernel *kernel);

/** meddler_step() - remove, add or alter objects of ours at random; may happen to change nothing */
void meddler_step(struct world *world, struct fake_kernel *kernel);

#endif
