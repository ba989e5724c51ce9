/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "path_watch.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEARCH_SECONDS 1.0

#define REPLACED_EVENTS (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)
#define SELF_EVENTS	(IN_DELETE_SELF | IN_MOVE_SELF)
#define FILE_EVENTS	(SELF_EVENTS | IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB)
#define CONTENT_EVENTS	(REPLACED_EVENTS | FILE_EVENTS)

/*
 * A directory is watched for its content, and its parent for the directory's own name. A file is
 * watched through its parent, because it may be replaced, and itself, because it may be a link to
 * somewhere else or mounted from there. Numbers are inotify's, -1 for none; two places may share
 * one.
 */
struct place {
	char *path;
	char *parent;
	const char *name;
	int content_watch;
	int parent_watch;
	bool is_directory;
	bool is_lost;
};

struct path_watch {
	struct ev_loop *loop;
	ev_io readable;
	ev_timer search;
	struct path_watch_handlers handlers;
	struct place *places;
	size_t count;
	int fd;
};

static bool has_suffix(const char *name, const char *suffix)
{
	size_t length = strlen(name), suffix_length = strlen(suffix);

	return length > suffix_length && strcmp(name + length - suffix_length, suffix) == 0;
}

bool path_watch_is_manifest(const char *name)
{
	return name[0] != '.' &&
	       (has_suffix(name, ".yaml") || has_suffix(name, ".yml") || has_suffix(name, ".json"));
}

static bool is_used(const struct path_watch *watch, int number)
{
	for (size_t i = 0; i < watch->count; i++)
		if (watch->places[i].content_watch == number ||
		    watch->places[i].parent_watch == number)
			return true;
	return false;
}

static void replace_watch(struct path_watch *watch, int *number, int replacement)
{
	int old = *number;

	*number = replacement;
	if (old >= 0 && old != replacement && !is_used(watch, old))
		inotify_rm_watch(watch->fd, old);
}

/* Whether a place is heard of: a file that does not exist is, through its parent. */
static bool is_heard_of(const struct place *place, int parent, int content, int code)
{
	if (parent < 0)
		return false;
	return content >= 0 || (!place->is_directory && code != ENOMEM && code != ENOSPC);
}

/* Watches what is at the place's path now; what was there before is no longer watched. */
static int arm(struct path_watch *watch, struct place *place, struct error *err)
{
	uint32_t parent_events =
		place->is_directory ? REPLACED_EVENTS | SELF_EVENTS : CONTENT_EVENTS;
	const char *missing = place->path;
	int parent, content = -1, code;

	/* Both flavours of interest in one directory have to add up. */
	parent = inotify_add_watch(watch->fd, place->parent,
				   parent_events | IN_MASK_ADD | IN_ONLYDIR);
	if (parent < 0)
		missing = place->parent;
	else
		content = inotify_add_watch(watch->fd, place->path,
					    place->is_directory
						    ? CONTENT_EVENTS | IN_MASK_ADD | IN_ONLYDIR
						    : FILE_EVENTS | IN_MASK_ADD);
	code = errno;
	replace_watch(watch, &place->parent_watch, parent);
	replace_watch(watch, &place->content_watch, content);
	if (is_heard_of(place, parent, content, code))
		return 0;
	return error_set(err, -code, "%s: cannot be watched: %s", missing,
			 code == ENOSPC ? "fs.inotify.max_user_watches is used up"
					: strerror(code));
}

/* As arm(); a place that is lost is looked for from then on. */
static int arm_or_lose(struct path_watch *watch, struct place *place)
{
	bool was_lost = place->is_lost;
	struct error err = {0};
	int r = arm(watch, place, &err);

	place->is_lost = r < 0;
	if (!place->is_lost)
		return 0;
	if (!was_lost)
		watch->handlers.on_lost(watch->handlers.owner, (size_t)(place - watch->places),
					&err);
	if (!ev_is_active(&watch->search))
		ev_timer_start(watch->loop, &watch->search);
	return r;
}

/* Looks at a place anew and tells what became of it. */
static void look(struct path_watch *watch, struct place *place)
{
	size_t index = (size_t)(place - watch->places);
	bool was_lost = place->is_lost;

	if (arm_or_lose(watch, place) < 0)
		return;
	if (was_lost)
		watch->handlers.on_lost(watch->handlers.owner, index, NULL);
	if (place->is_directory)
		watch->handlers.on_directory(watch->handlers.owner, index);
	else
		watch->handlers.on_file(watch->handlers.owner, place->path, true);
}

static void on_search(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct path_watch *watch = container_of(timer, struct path_watch, search);
	bool is_lost = false;

	(void)events;
	for (size_t i = 0; i < watch->count; i++) {
		if (watch->places[i].is_lost)
			look(watch, &watch->places[i]);
		is_lost |= watch->places[i].is_lost;
	}
	if (!is_lost)
		ev_timer_stop(loop, timer);
}

/*
 * Names with two dots are the machinery of ConfigMap volumes: when ..data is swapped, every
 * visible entry leads elsewhere without an event of its own.
 */
static bool is_machinery(const char *name)
{
	return strncmp(name, "..", 2) == 0;
}

static bool is_complete(uint32_t mask)
{
	return !(mask & (IN_MODIFY | IN_CREATE));
}

static void on_itself(struct path_watch *watch, struct place *place,
		      const struct inotify_event *event)
{
	/* A file that loses its name to another one hears of its attributes. */
	if (event->mask & (SELF_EVENTS | IN_IGNORED | IN_ATTRIB))
		look(watch, place);
	else
		watch->handlers.on_file(watch->handlers.owner, place->path,
					is_complete(event->mask));
}

static void on_content(struct path_watch *watch, struct place *place,
		       const struct inotify_event *event, const char *name)
{
	if (event->mask & (SELF_EVENTS | IN_IGNORED)) {
		look(watch, place);
	} else if (is_machinery(name)) {
		watch->handlers.on_directory(watch->handlers.owner,
					     (size_t)(place - watch->places));
	} else if (path_watch_is_manifest(name)) {
		auto_memory char *path = string_printf(
			"%s/%s", strcmp(place->path, "/") == 0 ? "" : place->path, name);

		watch->handlers.on_file(watch->handlers.owner, path, is_complete(event->mask));
	}
}

static void on_parent(struct path_watch *watch, struct place *place,
		      const struct inotify_event *event, const char *name)
{
	bool is_own = strcmp(name, place->name) == 0;

	if ((event->mask & (SELF_EVENTS | IN_IGNORED)) ||
	    (place->is_directory && is_own && (event->mask & REPLACED_EVENTS))) {
		look(watch, place);
	} else if (!place->is_directory && (is_own || is_machinery(name))) {
		if ((event->mask & REPLACED_EVENTS) && arm_or_lose(watch, place) < 0)
			return;
		watch->handlers.on_file(watch->handlers.owner, place->path,
					is_complete(event->mask));
	}
}

static void on_event(struct path_watch *watch, const struct inotify_event *event)
{
	const char *name = event->len ? event->name : "";

	for (size_t i = 0; i < watch->count; i++) {
		struct place *place = &watch->places[i];
		bool is_content = place->content_watch == event->wd;
		bool is_parent = place->parent_watch == event->wd;

		/* A number that the kernel took back must not be given to inotify_rm_watch(). */
		if (event->mask & IN_IGNORED) {
			place->content_watch = is_content ? -1 : place->content_watch;
			place->parent_watch = is_parent ? -1 : place->parent_watch;
		}
		if (event->mask & IN_Q_OVERFLOW)
			look(watch, place);
		else if (is_content && !place->is_directory)
			on_itself(watch, place, event);
		else if (is_content)
			on_content(watch, place, event, name);
		else if (is_parent)
			on_parent(watch, place, event, name);
	}
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
	struct path_watch *watch = container_of(io, struct path_watch, readable);
	_Alignas(struct inotify_event) char buffer[16384];
	ssize_t size = read(watch->fd, buffer, sizeof(buffer));

	(void)loop;
	(void)events;
	for (ssize_t offset = 0; offset < size;) {
		const struct inotify_event *event = (const void *)(buffer + offset);

		on_event(watch, event);
		offset += (ssize_t)(sizeof(*event) + event->len);
	}
}

static int open_place(struct path_watch *watch, struct place *place, const char *path,
		      struct error *err)
{
	const char *slash = strrchr(path, '/');
	struct stat status;

	place->path = string_dup(path);
	place->parent = slash == path ? string_dup("/")
			: slash	      ? string_printf("%.*s", (int)(slash - path), path)
				      : string_dup(".");
	place->name = slash ? place->path + (slash - path) + 1 : place->path;
	place->content_watch = -1;
	place->parent_watch = -1;
	if (stat(path, &status) < 0)
		return error_set(err, -errno, "%s: %s", path, strerror(errno));
	place->is_directory = S_ISDIR(status.st_mode);
	return arm(watch, place, err);
}

int path_watch_open(struct ev_loop *loop, const char *const *paths, size_t count,
		    const struct path_watch_handlers *handlers, struct path_watch **ret,
		    struct error *err)
{
	struct path_watch *watch = memory_allocate(sizeof(*watch));
	int r = 0;

	watch->loop = loop;
	watch->handlers = *handlers;
	watch->places = memory_array(count, sizeof(*watch->places));
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	ev_io_init(&watch->readable, on_readable, watch->fd, EV_READ);
	ev_timer_init(&watch->search, on_search, SEARCH_SECONDS, SEARCH_SECONDS);
	if (watch->fd < 0)
		r = error_set(err, -errno, "inotify: %s", strerror(errno));
	while (r >= 0 && watch->count < count) {
		struct place *place = &watch->places[watch->count];

		r = open_place(watch, place, paths[watch->count], err);
		watch->count++;
	}
	if (r < 0) {
		path_watch_close(watch);
		return r;
	}
	ev_io_start(loop, &watch->readable);
	*ret = watch;
	return 0;
}

void path_watch_close(struct path_watch *watch)
{
	if (!watch)
		return;
	ev_io_stop(watch->loop, &watch->readable);
	ev_timer_stop(watch->loop, &watch->search);
	if (watch->fd >= 0)
		close(watch->fd);
	for (size_t i = 0; i < watch->count; i++) {
		free(watch->places[i].path);
		free(watch->places[i].parent);
	}
	free(watch->places);
	free(watch);
}

void path_watch_refresh(struct path_watch *watch)
{
	for (size_t i = 0; i < watch->count; i++)
		look(watch, &watch->places[i]);
}
