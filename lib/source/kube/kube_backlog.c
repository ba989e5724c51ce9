/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_backlog.h"

#include "lib/base/memory.h"

#include <string.h>

#define FIRST_CAPACITY ((size_t)64 << 10)

/* So much stays for what comes next: fresh memory costs more than the copy. */
#define KEPT_CAPACITY ((size_t)128 << 10)

void kube_backlog_add(struct kube_backlog *backlog, const char *bytes, size_t size)
{
	size_t needed = backlog->length + size;

	if (backlog->capacity < needed) {
		backlog->capacity = needed <= FIRST_CAPACITY ? FIRST_CAPACITY : 2 * needed;
		backlog->bytes = memory_resize(backlog->bytes, backlog->capacity, 1);
	}
	memcpy(backlog->bytes + backlog->length, bytes, size);
	backlog->length = needed;
}

size_t kube_backlog_take(struct kube_backlog *backlog, size_t most, const char **ret)
{
	size_t size = kube_backlog_size(backlog);

	if (size > most)
		size = most;
	*ret = backlog->bytes + backlog->done;
	backlog->done += size;
	return size;
}

void kube_backlog_clear(struct kube_backlog *backlog)
{
	backlog->length = backlog->done = 0;
	if (backlog->capacity > KEPT_CAPACITY)
		kube_backlog_free(backlog);
}

void kube_backlog_free(struct kube_backlog *backlog)
{
	free(backlog->bytes);
	*backlog = (struct kube_backlog){0};
}
