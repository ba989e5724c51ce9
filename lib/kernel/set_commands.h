/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_SET_COMMANDS_H
#define KERNEL_SET_COMMANDS_H

#include "lib/base/error.h"
#include "lib/plan/changes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct set_commands - what can be done to ipsets, through libipset
 *
 * Members are given to libipset as typed data: its parsers of text look the names of protocols up
 * in files, for every member. After -EPROTO, the answer of the kernel being lost or not understood,
 * the connection is another one. Not thread-safe.
 */
struct set_commands;

/**
 * set_commands_open() - connect, and find out which revision of each type this kernel has
 * Return: 0; -EPERM without CAP_NET_ADMIN; -EPROTO if the kernel has no ip_set or lacks a type
 */
int set_commands_open(struct set_commands **ret, struct error *err);

/** set_commands_close() - NULL is fine */
void set_commands_close(struct set_commands *commands);

/**
 * struct set_shape - what a set is created with
 * @family:     AF_INET or AF_INET6; does not matter for bitmaps
 * @hash_size:  buckets at the beginning; not for bitmaps
 * @capacity:   maxelem; not for bitmaps, which hold every port
 * @has_marks:  its members carry marks
 */
struct set_shape {
	enum set_type type;
	uint16_t family;
	uint32_t hash_size;
	uint32_t capacity;
	bool has_marks;
};

/** set_commands_create() - Return: 0; -EEXIST if there is another set of that name */
int set_commands_create(struct set_commands *commands, const char *name,
			const struct set_shape *shape, struct error *err);

/** set_commands_destroy() - -ENOENT if there is none, -EBUSY if a rule refers to it */
int set_commands_destroy(struct set_commands *commands, const char *name, struct error *err);

/** set_commands_swap() - exchange the contents of two sets at once; rules follow the name */
int set_commands_swap(struct set_commands *commands, const char *a, const char *b,
		      struct error *err);

/**
 * set_commands_send() - add members to a set or remove them, in as few messages as possible
 * @changes:  all MEMBER_ADD or all MEMBER_REMOVE, of members of one kind and family; each gets its
 *            result
 * @marks:    one per change, for members that are added to a set with marks; one that is there
 *            already with another mark gets this one. NULL for sets without marks
 *
 * Return: 0 when each change has its own result, or a negative errno when the kernel could not be
 * reached; then the changes that were not sent have that result
 */
int set_commands_send(struct set_commands *commands, const char *name, struct change *changes,
		      const uint32_t *marks, size_t count, struct error *err);

#endif
