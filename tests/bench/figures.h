/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include <stddef.h>
#include <stdio.h>

/**
 * struct figure - what was measured under one name at one scale
 * @values:  sorted
 */
struct figure {
	char name[64];
	size_t services;
	double *values;
	size_t count;
	size_t capacity;
};

/** struct figures - in the order in which they first appear */
struct figures {
	struct figure *items;
	size_t count;
	size_t capacity;
	size_t scales[8]; /* numbers of Services, ascending */
	size_t scale_count;
};

/** figures_read() - lines "NAME SERVICES VALUE"; anything else ends the program */
void figures_read(struct figures *figures, FILE *stream);

/** figures_find() - NULL if it was not measured */
const struct figure *figures_find(const struct figures *figures, const char *name, size_t services);

/** figure_quantile() - 0.5 is the median, 0 the least, 1 the most */
double figure_quantile(const struct figure *figure, double share);

#endif
