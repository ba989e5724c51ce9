/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_DRIFT_INJECTOR_H
#define FAKE_DRIFT_INJECTOR_H

#include "cluster_model.h"
#include "fake_kernel.h"

/*
 * Somebody who changes the kernel behind the agent's back. Never touches the objects that
 * drift_injector_add_strangers() added.
 */

/** drift_injector_add_strangers() - virtual servers that are nobody's business: by address, and by
 * mark */
void drift_injector_add_strangers(struct fake_kernel *kernel);

/** drift_injector_step() - remove, add or alter objects of ours at random; may happen to change
 * nothing */
void drift_injector_step(struct cluster_model *world, struct fake_kernel *kernel);

#endif
