/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFORMANCE_CORPUS_H
#define CONFORMANCE_CORPUS_H

#include "lib/base/memory.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * struct corpus - the recorded cases of a directory; their names sorted
 * @has_in_cluster:  ipvs.txt is read with in_cluster_apply(); true at first
 */
struct corpus {
	char *directory;
	char **names;
	size_t count;
	size_t capacity;
	bool has_in_cluster;
};

/** corpus_new() - NULL, with errno, if the directory cannot be read */
struct corpus *corpus_new(const char *directory);
void corpus_free(struct corpus *corpus);
AUTO_FREE_DEFINE(corpus);

/** corpus_has_step() - whether a case has a step; they count from 1 */
bool corpus_has_step(const struct corpus *corpus, const char *name, unsigned int step);

/**
 * corpus_read() - a file of a case
 * @step:  0 = a file of the case itself; otherwise one of that step
 * Return: its content, with departures_apply(), which the caller frees; NULL if there is no such
 * file
 */
char *corpus_read(const struct corpus *corpus, const char *name, unsigned int step,
		  const char *file);

#endif
