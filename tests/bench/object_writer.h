/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_OBJECT_WRITER_H
#define BENCH_OBJECT_WRITER_H

#include <stddef.h>

/**
 * struct object_writer - how the benchmark changes objects: a directory of manifests, or the server
 *
 * Of manifests only the Services can be changed that have a file of their own, see write_manifests. Each
 * function returns when the change is in place there: the file renamed, or the command sent to the
 * server, which sends the event at once.
 */
struct object_writer;

/** object_writer_open() - @path: a directory, or the socket that api_server takes commands from */
struct object_writer *object_writer_open(const char *path);

/**
 * object_writer_set() - the Service and its slice are like this now
 * @first:  number of the first endpoint; @last: of the last one, which need not follow the others
 * @count:  endpoints: @first and those that follow, and @last as the last
 * @ready:  how many of them are ready, from the first on
 */
void object_writer_set(struct object_writer *writer, size_t service, size_t first, size_t last,
		       size_t count, size_t ready);

/** object_writer_remove() - the Service and its slice are gone */
void object_writer_remove(struct object_writer *writer, size_t service);

#endif
