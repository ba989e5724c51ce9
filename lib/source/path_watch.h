/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_PATH_WATCH_H
#define SOURCE_PATH_WATCH_H

#include "lib/base/error.h"
#include "lib/base/memory.h"

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * struct path_watch - tells which files may have changed, by inotify
 *
 * Knows files and directories that were given by path, and follows them when they are replaced
 * or vanish and come back; a missing place is looked for every second. A file that is a link, or
 * mounted alone, is followed to where it is.
 */
struct path_watch;

/**
 * struct path_watch_handlers - who is told
 * @on_file:       @path was written, replaced or deleted; @is_complete if whoever wrote it is done
 * @on_directory:  what the directory @place holds may be different altogether
 * @on_lost:       @place cannot be watched, because of @err, or with NULL: it can again, and
 *                 on_file or on_directory follows
 *
 * @place counts the paths that were given, from 0. They are called from the loop, and from
 * path_watch_refresh().
 */
struct path_watch_handlers {
	void *owner;
	void (*on_file)(void *owner, const char *path, bool is_complete);
	void (*on_directory)(void *owner, size_t place);
	void (*on_lost)(void *owner, size_t place, const struct error *err);
};

/** path_watch_is_manifest() - a visible name that ends in .yaml, .yml or .json */
bool path_watch_is_manifest(const char *name);

/**
 * path_watch_open() - watch files and directories
 * @paths:  without trailing slashes; copied
 * @ret:    set on success only
 *
 * Return: 0, or a negative errno with the path in @err: -ENOENT if one does not exist.
 */
int path_watch_open(struct ev_loop *loop, const char *const *paths, size_t count,
		    const struct path_watch_handlers *handlers, struct path_watch **ret,
		    struct error *err);

void path_watch_close(struct path_watch *watch);

/** path_watch_refresh() - look at every place anew; calls the handler of each */
void path_watch_refresh(struct path_watch *watch);

#endif
