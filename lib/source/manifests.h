/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_MANIFESTS_H
#define SOURCE_MANIFESTS_H

#include "lib/base/error.h"
#include "lib/base/memory.h"
#include "lib/objects/object_sink.h"
#include "source_effort.h"

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * struct manifests - objects from files, kept up to date
 *
 * Reads .yaml, .yml and .json files, given by path or found in a directory (not below it, and not
 * hidden ones), and watches them with inotify: create, modify, rename, delete, the swap of a
 * ConfigMap volume's ..data link. The sink hears of the objects, and of synced(), from the loop,
 * never from within these functions.
 *
 * What holds:
 * - A file is read 50 ms after it was closed or moved into place, and a second after the last
 *   write if it stays open.
 * - A file that cannot be read or parsed keeps its last good content, is reported with kind
 *   "file", and is tried again at the next event and every 2 s. So is a file that was cut to
 *   nothing, which is what a file looks like that is about to be written.
 * - A wrong object is reported; what was delivered for it before stays in force.
 * - An object that leaves its file is removed, unless another file has it too. Where several files
 *   have it, the first path in byte order wins, and the others inherit.
 * - A directory that vanishes takes nothing with it: its objects stay until it is back and shows
 *   what it holds.
 * - Files over 64 MiB are refused. The loop runs on between files and documents, not within one:
 *   a List of 10,000 objects holds it up, 10,000 documents do not.
 */
struct manifests;

/**
 * struct manifests_options - what to read, and who hears of it
 * @paths:       files and directories; copied
 * @sink:        copied; its strings outlive the manifests
 * @on_ignored:  an object of a kind that no proxy reads; may be NULL
 * @owner:       first argument of @on_ignored
 */
struct manifests_options {
	const char *const *paths;
	size_t path_count;
	struct object_sink sink;
	void (*on_ignored)(void *owner, const char *path, const char *kind, const char *name);
	void *owner;
};

/**
 * manifests_open() - watch the paths and start to read them on @loop
 * @ret:  set on success only
 *
 * Return: 0, or a negative errno that names the path which is missing or cannot be watched.
 */
int manifests_open(struct ev_loop *loop, const struct manifests_options *options,
		   struct manifests **ret, struct error *err);

/** manifests_close() - stop watching; delivered objects stay with the sink; NULL is fine */
void manifests_close(struct manifests *manifests);

/**
 * manifests_is_complete() - every file that is there was read at least once
 *
 * False after synced() means that there may be objects of which nothing is known yet, because
 * their file could never be used so far: nothing may be removed for want of a definition.
 */
bool manifests_is_complete(const struct manifests *manifests);

/** manifests_effort() - what it took so far; valid until manifests_close() */
const struct source_effort *manifests_effort(const struct manifests *manifests);

/** manifests_reload() - read everything again, as after SIGHUP; synced() is called at the end */
void manifests_reload(struct manifests *manifests);

#endif
