/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_MARKS_H
#define KERNEL_MARKS_H

#include "lib/base/memory.h"
#include "lib/plan/changes.h"
#include "lib/plan/proxy_state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct marks - which firewall mark stands for which virtual server of CLIENT_SCOPE_IN_CLUSTER
 *
 * Only a table: no socket. The set MARK_NAMES holds the same in the kernel, so that marks stay what
 * they are when the agent starts again. Keys are those of the virtual servers.
 */
struct marks;

/** marks_new() - @range: valid, or with a mask of 0 no range at all; copied */
struct marks *marks_new(const struct mark_range *range);
void marks_free(struct marks *marks);
AUTO_FREE_DEFINE(marks);

/** marks_key_of() - the virtual server that a member of IN_CLUSTER or MARK_NAMES stands for */
struct virtual_server_key marks_key_of(const struct set_member *member);

/** marks_find() - the mark of @key; 0 = it has none */
uint32_t marks_find(const struct marks *marks, const struct virtual_server_key *key);

/** marks_set_value() - what the set gives to packets: the mark of @key without
 * mark_range_valid_bit(); 0 = it has none */
uint32_t marks_set_value(const struct marks *marks, const struct virtual_server_key *key);

/** marks_take() - the same, choosing a free one if it has none; 0 = there is none left */
uint32_t marks_take(struct marks *marks, const struct virtual_server_key *key);

/** marks_drop() - the mark of @key is free again */
void marks_drop(struct marks *marks, const struct virtual_server_key *key);

/**
 * marks_learn() - the kernel says that @mark stands for @key
 *
 * Return: whether it does now. If not the mark is out of range or another key's, or the key has
 * another one; virtual servers with such a mark, unless it is in use here, are stale ones of ours.
 */
bool marks_learn(struct marks *marks, const struct virtual_server_key *key, uint32_t mark);

/**
 * marks_translate() - what a virtual server by firewall mark is to us
 * @key:  as the kernel says, with a mark and a family; becomes that of the virtual server for which
 *        the mark stands; of a stale one of ours it gets CLIENT_SCOPE_IN_CLUSTER, and a mark of
 *        somebody else stays as it is and is not chosen from now on
 */
void marks_translate(struct marks *marks, struct virtual_server_key *key);

/** enum mark_use - what in the kernel has the mark: a virtual server, a member of IN_CLUSTER, or
 * one of MARK_NAMES; bits */
enum mark_use { MARK_USE_SERVER = 1, MARK_USE_MEMBER = 2, MARK_USE_NAME = 4 };

/** marks_set_use() - nothing if @key has no mark */
void marks_set_use(struct marks *marks, const struct virtual_server_key *key, enum mark_use use,
		   bool is_used);

/** marks_uses() - what has the mark of @key, or'ed together; 0 if it has no mark */
unsigned int marks_uses(const struct marks *marks, const struct virtual_server_key *key);

/** marks_has_seen() - whether a look at all that has this use has come to its end */
bool marks_has_seen(const struct marks *marks, enum mark_use use);

/*
 * Looking at all that is there: what was not seen between _begin and _end is not used. Without
 * _end, because the look was cut short, everything stays as it was.
 */
void marks_scan_begin(struct marks *marks, enum mark_use use);
void marks_scan_see(struct marks *marks, const struct virtual_server_key *key, enum mark_use use);
void marks_scan_end(struct marks *marks, enum mark_use use);

/** marks_foreign_count() - marks in our range that virtual servers of others were seen to have */
size_t marks_foreign_count(const struct marks *marks);

/** marks_name_of() - the member of the set MARK_NAMES that names the mark of @key */
struct set_member marks_name_of(const struct virtual_server_key *key);

/*
 * Where the kernel, as it was looked at, differs from the table:
 * marks_plan_removal() - @wrong, a member of IN_CLUSTER or MARK_NAMES with another mark than that of
 *                        its virtual server, goes if it still is wrong
 * marks_plan_names()   - names that are missing come. Those of nothing go, once all virtual servers
 *                        were looked at
 * @changes: are appended
 */
void marks_plan_removal(const struct marks *marks, const struct set_member *wrong,
			struct changes *changes);
void marks_plan_names(const struct marks *marks, struct changes *changes);

#endif
