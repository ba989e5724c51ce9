/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "applier.h"

#include "lib/base/clock.h"

/*
 * How long changes take the kernel varies, most of all between their kinds: on an interface with
 * 10,000 addresses, each costs 0.1 ms, with 50,000 it is 2 ms, and among many virtual servers by
 * mark one more takes 0.5 ms, its destinations 2 us. So pieces that take longer than they should
 * become smaller, and larger again when there is time left.
 */
#define PIECE_FIRST	  128
#define PIECE_MIN	  1
#define PIECE_MAX	  4096
#define PIECE_SECONDS_MAX 0.003

/* @limits: changes in a piece, by kind; @done: how many have their result */
struct applier {
	struct kernel_target target;
	struct changes *changes;
	size_t done;
	size_t limits[CHANGE_KIND_COUNT];
	double seconds;
};

struct applier *applier_new(const struct kernel_target *target)
{
	struct applier *applier = memory_allocate(sizeof(*applier));

	applier->target = *target;
	for (size_t i = 0; i < CHANGE_KIND_COUNT; i++)
		applier->limits[i] = PIECE_FIRST;
	return applier;
}

void applier_free(struct applier *applier)
{
	free(applier);
}

void applier_begin(struct applier *applier, struct changes *changes)
{
	changes_sort(changes);
	applier->changes = changes;
	applier->done = 0;
}

bool applier_is_busy(const struct applier *applier)
{
	return applier->changes;
}

/* A piece of @count took so long. */
static void fit_limit(size_t *limit, size_t count, double seconds)
{
	if (seconds > PIECE_SECONDS_MAX && *limit > PIECE_MIN)
		*limit /= 2;
	else if (seconds < PIECE_SECONDS_MAX / 2 && count == *limit && *limit < PIECE_MAX)
		*limit *= 2;
}

bool applier_run(struct applier *applier, double until)
{
	struct changes *changes = applier->changes;
	double begin = clock_now();

	while (applier->done < changes->count) {
		size_t first = applier->done;
		size_t *limit = &applier->limits[changes->items[first].kind];
		double end;

		applier->done = kernel_apply_some(&applier->target, changes, first, *limit);
		end = clock_now();
		if (applier->done > first)
			fit_limit(limit, applier->done - first, end - begin);
		applier->seconds += end - begin;
		begin = end;
		if (end >= until && applier->done < changes->count)
			return false;
	}
	applier->changes = NULL;
	return true;
}

double applier_seconds(const struct applier *applier)
{
	return applier->seconds;
}
