/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_IPSETS_H
#define KERNEL_IPSETS_H

#include "../base/error.h"
#include "../plan/changes.h"

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

/**
 * ipsets_ensure() - create the sets that are missing, with kube-proxy's parameters
 *
 * A set of our name with the wrong type or family: -EEXIST, the error names it.
 */
int ipsets_ensure(struct ipsets *ipsets, struct error *err);

/**
 * ipsets_observe_set() - call @on_member for every member of our set number @index, from 0
 * Return: 1 if there is a set with the next number, 0 if not, or a negative errno
 */
int ipsets_observe_set(struct ipsets *ipsets, size_t index,
		       void (*on_member)(void *user, const struct set_member *member), void *user,
		       struct error *err);

/** ipsets_observe() - of all sets */
int ipsets_observe(struct ipsets *ipsets,
		   void (*on_member)(void *user, const struct set_member *member), void *user,
		   struct error *err);

/**
 * ipsets_apply() - carry out MEMBER_* changes in order, batched; contract as ipvs_apply()
 *
 * Adding what is there and removing what is not are successes. A set that is full, or close to
 * it, is grown first: a larger one is created, filled and swapped in without a gap.
 */
int ipsets_apply(struct ipsets *ipsets, struct change *changes, size_t count, struct error *err);

/** ipsets_usage() - fill @ret with one entry per set; Return: how many */
size_t ipsets_usage(struct ipsets *ipsets, struct ipset_usage ret[2 * SET_KIND_COUNT]);

/** ipsets_destroy() - remove our sets; one that a rule still refers to: -EBUSY, the others go */
int ipsets_destroy(struct ipsets *ipsets, struct error *err);

#endif
