/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "missing_schedulers.h"

#include "lib/objects/scheduler.h"

#include <errno.h>

uint32_t missing_schedulers(const struct changes *changes)
{
	uint32_t missing = 0;

	for (size_t i = 0; i < changes->count; i++) {
		const struct change *change = &changes->items[i];

		if (change->result == -ENOENT && (change->kind == CHANGE_KIND_SERVER_ADD ||
						  change->kind == CHANGE_KIND_SERVER_EDIT))
			missing |= 1U << scheduler_find(change->server.scheduler);
	}
	return missing & ~1U;
}
