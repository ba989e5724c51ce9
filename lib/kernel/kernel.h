/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_KERNEL_H
#define KERNEL_KERNEL_H

#include "ipsets.h"
#include "ipvs.h"
#include "lib/base/error.h"
#include "lib/plan/changes.h"
#include "link.h"

/**
 * struct kernel - the three netlink facilities of one network namespace
 * @link, @ipsets, @ipvs:  open while the kernel is; for observation
 * @marks:                 how virtual servers of CLIENT_SCOPE_IN_CLUSTER are known to the kernel
 */
struct kernel {
	struct link *link;
	struct ipsets *ipsets;
	struct ipvs *ipvs;
	struct marks *marks;
};

/**
 * kernel_open() - connect to all of them, loading modules where they are missing
 * @link_name:  of the dummy interface
 * @range:      marks for virtual servers of CLIENT_SCOPE_IN_CLUSTER; with a mask of 0 there are
 *              none to choose, and those that the kernel has count as stale ones of ours
 *
 * Return: 0, or the negative errno of the first that cannot work here; @err names the feature and
 * what to do
 */
int kernel_open(const char *link_name, const struct mark_range *range, struct kernel **ret,
		struct error *err);

/** kernel_open_to_read() - the same for whoever only observes: loads no module itself, though the
 *  kernel may, as for every program that asks it */
int kernel_open_to_read(const char *link_name, const struct mark_range *range, struct kernel **ret,
			struct error *err);
void kernel_close(struct kernel *kernel);

/**
 * kernel_reopen() - connect to one facility again, after a failure that may be the connection's
 *
 * Its module is loaded if that is missing. Return: 0; 1 if what the facility held is gone, sysctls
 * included, since its module was unloaded meanwhile; or a negative errno as kernel_open(), and then
 * everything stays as it was
 */
int kernel_reopen(struct kernel *kernel, enum facility facility, struct error *err);

/**
 * struct kernel_target - what changes are applied to; a fake one in tests of the logic
 * @apply:  all @changes belong to @facility; contract as ipvs_apply(), or 1: nothing is done yet, and
 *          the same call has to follow, as with ipsets_apply()
 */
struct kernel_target {
	void *owner;
	int (*apply)(void *owner, enum facility facility, struct change *changes, size_t count,
		     struct error *err);
};

/** kernel_target() - the real kernel as a target of changes */
struct kernel_target kernel_target(struct kernel *kernel);

/**
 * kernel_apply() - carry out sorted changes in their order
 * @changes:  each gets its result
 *
 * One failure stays one, but for those that depend on it: see struct change, @guard.
 */
void kernel_apply(const struct kernel_target *target, struct changes *changes);

/**
 * kernel_apply_some() - the same for some of them: one piece, of one kind
 * @first:  those before it have their results
 * @limit:  how many at most; 1 or more
 * Return: the position of the first one that is left, or how many there are. It may be @first, after a
 * step of what has to be done before: call again
 */
size_t kernel_apply_some(const struct kernel_target *target, struct changes *changes, size_t first,
			 size_t limit);

#endif
