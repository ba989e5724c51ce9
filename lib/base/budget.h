/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_BUDGET_H
#define BASE_BUDGET_H

#include <stddef.h>

/*
 * A budget is how much work a step may still do before it has to return, in objects that are looked
 * at. What cannot be divided may cost more than is left.
 */

/** budget_spend() - @work was done */
static inline void budget_spend(size_t *budget, size_t work)
{
	*budget -= work < *budget ? work : *budget;
}

#endif
