/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_IPSETS_H
#define KERNEL_IPSETS_H

#include "lib/base/error.h"
#include "lib/plan/changes.h"
#include "marks.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * struct ipsets - the KUBE-* sets of one network namespace, through libipset
 *
 * Every set of enum set_kind in both families (IPv6 can be left out). Not thread-safe.
 */
struct ipsets;

/** struct ipset_usage - one set, for status and metrics; @capacity 0 = unlimited (bitmaps) */
struct ipset_usage {
	enum set_kind kind;
	uint16_t family;
	uint32_t member_count;
	uint32_t capacity;
};

/** ipsets_open() - connect; -EPERM without CAP_NET_ADMIN, -EPROTO if the kernel has no ip_set */
int ipsets_open(struct ipsets **ret, struct error *err);
void ipsets_close(struct ipsets *ipsets);

/** ipsets_reopen() - connect again, after a failure that may be the connection's; an observation
 *  that has begun is given up. Return: as ipsets_open(), and then @ipsets stays as it was */
int ipsets_reopen(struct ipsets *ipsets, struct error *err);

/**
 * ipsets_use_marks() - give members of SET_KIND_IN_CLUSTER the marks of their virtual servers
 * @marks:  stays the caller's; NULL = none. A member whose virtual server has no mark cannot be
 *          added: -EAGAIN
 *
 * Where @marks and the sets SET_KIND_MARK_NAMES differ, ipsets_plan_repairs() tells the changes that
 * make up for it.
 */
void ipsets_use_marks(struct ipsets *ipsets, struct marks *marks);

/** ipsets_ensure_begin() - look which sets there are; ipsets_ensure_step() follows until it does
 * not return 1 */
int ipsets_ensure_begin(struct ipsets *ipsets, struct error *err);

/**
 * ipsets_ensure_step() - create some of those that are missing, with kube-proxy's parameters
 *
 * Return: 1 if there are more; 0 at the end; or the first failure of all steps, after which all
 * others have been created. A set of our name with the wrong type or family: -EEXIST, the error
 * names it. Sets with marks may be more than the kernel can do; see ipsets_has_marks().
 */
int ipsets_ensure_step(struct ipsets *ipsets, struct error *err);

/** ipsets_ensure() - the same at once */
int ipsets_ensure(struct ipsets *ipsets, struct error *err);

/** ipsets_has_marks() - whether ipsets_ensure() found or made the sets with marks; else why not */
bool ipsets_has_marks(const struct ipsets *ipsets, const char **ret_reason);

/**
 * ipsets_observe_begin() - call @on_member for every member of our sets, in steps; the names of
 * marks are no members in this sense
 * @on_member, @owner: used until the last step
 *
 * ipsets_observe_step() follows until it does not return 1. Meanwhile ipsets_apply() may be called;
 * of members that it writes in this time it may or may not be told that they are there, but never
 * after they were removed. An observation that was begun before and has not ended is given up.
 * Of members of IN_CLUSTER with another mark than that of their virtual server it is not told.
 */
int ipsets_observe_begin(struct ipsets *ipsets,
			 void (*on_member)(void *owner, const struct set_member *member),
			 void *owner, struct error *err);

/**
 * ipsets_observe_step() - up to about a thousand members of one set
 * Return: 1 if there are more; 0 at the end; -EINTR if a set was replaced meanwhile by one with
 * more room: begin again
 */
int ipsets_observe_step(struct ipsets *ipsets, struct error *err);

/** ipsets_observe() - the same at once */
int ipsets_observe(struct ipsets *ipsets,
		   void (*on_member)(void *owner, const struct set_member *member), void *owner,
		   struct error *err);

/**
 * ipsets_plan_repairs() - what has to change in sets with marks, by the observation that has ended
 * @changes:  are appended, to be applied before other observations: members of IN_CLUSTER with a wrong
 *            mark go (whoever wants them adds them again), names that are missing come, and those
 *            that stand for nothing go
 */
void ipsets_plan_repairs(const struct ipsets *ipsets, struct changes *changes);

/**
 * ipsets_apply() - carry out MEMBER_* changes in order, batched; contract as ipvs_apply()
 *
 * Adding what is there and removing what is not are successes. So is the removal of the name of a
 * mark that is in use, which stays; where it is not, the mark is free again.
 *
 * A set that would be full, or close to it, is grown first: a larger one is created, filled and
 * swapped in without a gap. Return: 1 while that is done, and nothing of @changes is: call again with
 * the same, as each call takes a step of a few milliseconds
 */
int ipsets_apply(struct ipsets *ipsets, struct change *changes, size_t count, struct error *err);

/** ipsets_usage() - fill @ret with one entry per set; Return: how many */
size_t ipsets_usage(struct ipsets *ipsets, struct ipset_usage ret[2 * SET_KIND_COUNT]);

/** ipsets_destroy() - remove our sets, or those only that kube-proxy does not have; one that a rule
 * still refers to: -EBUSY, the others go */
int ipsets_destroy(struct ipsets *ipsets, bool only_own, struct error *err);

#endif
