/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake_backend.h"

#include <errno.h>

/* Return: whether @change was refused, but the kernel is as it wants now, or was already */
static bool settle(struct fake_kernel *kernel, struct change *change)
{
	struct change second = *change;
	bool has_second = true;

	if (change->kind == CHANGE_KIND_SERVER_ADD && change->result == -EEXIST)
		second.kind = CHANGE_KIND_SERVER_EDIT;
	else if (change->kind == CHANGE_KIND_DESTINATION_ADD && change->result == -EEXIST)
		second.kind = CHANGE_KIND_DESTINATION_EDIT;
	else if (change->kind == CHANGE_KIND_DESTINATION_EDIT && change->result == -ENOENT)
		second.kind = CHANGE_KIND_DESTINATION_ADD;
	else
		has_second = false;
	if (has_second) {
		fake_kernel_apply(kernel, &second, 1);
		change->result = second.result;
		return true;
	}
	if ((change->kind == CHANGE_KIND_SERVER_REMOVE && change->result == -ESRCH) ||
	    (change->kind == CHANGE_KIND_DESTINATION_REMOVE &&
	     (change->result == -ESRCH || change->result == -ENOENT))) {
		change->result = 0;
		return true;
	}
	return false;
}

size_t fake_backend_apply(struct fake_kernel *kernel, struct change *changes, size_t count)
{
	size_t settled = 0;

	for (size_t i = 0; i < count; i++)
		if (fake_kernel_apply(kernel, &changes[i], 1) && settle(kernel, &changes[i]))
			settled++;
	return settled;
}
