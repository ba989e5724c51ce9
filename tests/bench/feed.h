/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_FEED_H
#define BENCH_FEED_H

#include <stddef.h>

/**
 * struct feed - how the benchmark changes objects: a directory of manifests, or the server
 *
 * Of manifests only the Services can be changed that have a file of their own, see generate. Each
 * function returns when the change is in place there: the file renamed, or the command sent to the
 * server, which sends the event at once.
 */
struct feed;

/** feed_open() - @path: a directory, or the socket that serve takes commands from */
struct feed *feed_open(const char *path);

/**
 * feed_set() - the Service and its slice are like this now
 * @first:  number of the first endpoint; @last: of the last one, which need not follow the others
 * @count:  endpoints: @first and those that follow, and @last as the last
 * @ready:  how many of them are ready, from the first on
 */
void feed_set(struct feed *feed, size_t service, size_t first, size_t last, size_t count,
	      size_t ready);

/** feed_remove() - the Service and its slice are gone */
void feed_remove(struct feed *feed, size_t service);

#endif
