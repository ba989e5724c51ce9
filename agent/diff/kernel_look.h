/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_KERNEL_LOOK_H
#define AGENT_KERNEL_LOOK_H

#include "agent/status/server_listing.h"
#include "lib/kernel/kernel.h"
#include "lib/plan/ledger.h"

/**
 * kernel_look_take() - read what the kernel holds, in one go; nothing is written
 * @kernel:   of kernel_open_to_read()
 * @ledger:   learns it
 * @listing:  gets virtual servers and destinations, with what the kernel counts
 * @repairs:  what is wrong with marks of set members is appended
 */
int kernel_look_take(struct kernel *kernel, struct ledger *ledger, struct server_listing *listing,
		     struct changes *repairs, struct error *err);

#endif
