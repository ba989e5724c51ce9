/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_BACKLOG_H
#define SOURCE_KUBE_BACKLOG_H

#include <stddef.h>

/** struct kube_backlog - bytes that came and were not handed on yet, in order; {0} is empty */
struct kube_backlog {
	char *bytes;
	size_t length;
	size_t capacity;
	size_t done;
};

/** kube_backlog_size() - how many bytes there are */
static inline size_t kube_backlog_size(const struct kube_backlog *backlog)
{
	return backlog->length - backlog->done;
}

/** kube_backlog_add() - a copy of these bytes comes last */
void kube_backlog_add(struct kube_backlog *backlog, const char *bytes, size_t size);

/**
 * kube_backlog_take() - the first bytes leave
 * @most:  of them
 * @ret:   they, until the next kube_backlog_add() or kube_backlog_clear()
 * Return: how many; 0 = there are none
 */
size_t kube_backlog_take(struct kube_backlog *backlog, size_t most, const char **ret);

/** kube_backlog_clear() - forgets what is there; memory that is worth it goes back */
void kube_backlog_clear(struct kube_backlog *backlog);

/** kube_backlog_free() - not @backlog itself */
void kube_backlog_free(struct kube_backlog *backlog);

#endif
