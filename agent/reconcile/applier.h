/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_APPLIER_H
#define AGENT_APPLIER_H

#include "lib/kernel/kernel.h"

#include <stdbool.h>

/**
 * struct applier - carries out a list of changes over as many turns of the loop as that takes
 *
 * The longer the list, the fuller the batches that the kernel gets: in one piece it gets what is of
 * one kind, as long as that does not take too long.
 */
struct applier;

/** applier_new() - @target is copied */
struct applier *applier_new(const struct kernel_target *target);

/** applier_free() - NULL is fine; what is left of the list is not carried out */
void applier_free(struct applier *applier);
AUTO_FREE_DEFINE(applier);

/**
 * applier_begin() - sort @changes, for applier_run() to carry them out
 * @changes:  stay the caller's, who must leave them alone until all are done; may be empty
 */
void applier_begin(struct applier *applier, struct changes *changes);

/** applier_is_busy() - a list was begun, and applier_run() has not come to its end */
bool applier_is_busy(const struct applier *applier);

/**
 * applier_run() - carry on, for one piece at least
 * @until:  clock_now() from which on no other piece is begun; a piece takes a few milliseconds
 * Return: whether all are done, each with its result
 */
bool applier_run(struct applier *applier, double until);

/** applier_seconds() - spent on kernel operations since applier_new() */
double applier_seconds(const struct applier *applier);

#endif
