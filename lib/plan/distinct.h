/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_DISTINCT_H
#define PLAN_DISTINCT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct distinct - finds an item of an array by the bytes that it begins with; for arrays that
 * only grow, and of which no two items are to begin alike
 * @item_size, @key_size:  of the array's items, and of what they begin with; set by the caller, the
 *                         rest is zero at first
 * @slots:                 positions in the array, from 1; 0: free
 */
struct distinct {
	size_t item_size, key_size;
	uint32_t *slots;
	size_t slot_count;
	uint32_t count;
};

void distinct_clear(struct distinct *distinct);

/**
 * distinct_add() - take @key in, unless an item begins with it
 * @items:  the array, with an item for each key that was taken in
 * @ret:    the position of that item, or where the caller has to append one
 * Return: whether it is new
 */
bool distinct_add(struct distinct *distinct, const void *items, const void *key, uint32_t *ret);

#endif
