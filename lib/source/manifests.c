/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "manifests.h"

#include "lib/base/clock.h"
#include "lib/base/timer.h"
#include "manifest_reader.h"
#include "path_watch.h"
#include "precedence.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>
#include <utlist.h>

#define SETTLED_SECONDS 0.05 /* after a file was closed: its neighbours may change with it */
#define QUIET_SECONDS	1.0  /* after a write to a file that stays open */
#define RETRY_SECONDS	2.0  /* of what cannot be used */
#define SLICE_SECONDS	0.003

/* Between two looks at the clock, which take long on some machines. */
#define DOCUMENTS_PER_TURN 4
#define OBJECTS_PER_TURN   64

/**
 * enum file_change - whether a file has changed since it was queued last
 *   NONE  no; > OPEN, DONE when it is written
 *   OPEN  yes, and whoever writes it may go on: it is read at @due; > DONE when that one closes it,
 *         NONE when it is queued
 *   DONE  yes, and it is read with the next batch; > OPEN when it is written once more, NONE when it
 *         is queued
 */
enum file_change { FILE_CHANGE_NONE, FILE_CHANGE_OPEN, FILE_CHANGE_DONE };

/**
 * enum file_use - what became of the content that was read last
 *   UNREAD    there is none yet; > GOOD, USELESS
 *   GOOD      its objects are in force; > STALE when it is replaced by what is of no use
 *   USELESS   it never was good, and is tried again; > GOOD
 *   STALE     likewise, but the objects of the last good one stay in force; > GOOD
 */
enum file_use { FILE_USE_UNREAD, FILE_USE_GOOD, FILE_USE_USELESS, FILE_USE_STALE };

/*
 * @is_queued: part of the batch that is being read, whether or not it changes meanwhile. @hash: of
 * the content tried last, good or not; @complaint: why it was not. @is_listed: while a directory is
 * listed, it was found there.
 */
struct file {
	UT_hash_handle hh;
	struct definition_list *definitions;
	size_t object_count;
	char *complaint;
	uint64_t hash;
	ev_tstamp due;
	struct file *waiting_prev;
	struct file *waiting_next;
	struct file *queued_prev;
	struct file *queued_next;
	enum file_change change;
	enum file_use use;
	bool is_queued;
	bool has_hash;
	bool is_listed;
	char path[];
};

/* A path that was given. The rest is for directories only. */
struct place {
	char *path;
	char *complaint;
	bool is_waiting;
	bool is_unreadable;
};

struct manifests {
	struct ev_loop *loop;
	struct manifests_options options;
	struct precedence *precedence;
	struct path_watch *watch;
	struct place *places;
	size_t place_count;
	struct file *files;
	struct file *waiting;
	struct file *queued;
	struct file *current;
	struct file_content content; /* of the current file, taken in before there is a reader */
	struct manifest_reader *reader;
	struct definition_list
		*adding; /* those of the file that was read last, as long as any are left */
	struct timer due;
	struct timer work;
	struct timer retry;
	struct source_effort effort;
	bool is_busy;
};

static void complain(struct manifests *manifests, char **complaint, const char *path,
		     const char *reason, bool is_partial)
{
	const struct object_sink *sink = &manifests->options.sink;
	const struct rejection rejection = {.kind = "file",
					    .namespace_name = "",
					    .name = path,
					    .reason = reason,
					    .is_partial = is_partial};

	if (string_equal(*complaint, reason))
		return;
	sink->rejected(sink->owner, &rejection);
	free(*complaint);
	*complaint = string_dup(reason);
}

static struct file *find_file(struct manifests *manifests, const char *path)
{
	struct file *file;

	HASH_FIND_STR(manifests->files, path, file);
	return file;
}

static struct file *find_or_add_file(struct manifests *manifests, const char *path)
{
	struct file *file = find_file(manifests, path);
	size_t length = strlen(path);

	if (file)
		return file;
	file = memory_allocate(sizeof(*file) + length + 1);
	memcpy(file->path, path, length);
	HASH_ADD_KEYPTR(hh, manifests->files, file->path, length, file);
	return file;
}

static void stop_waiting(struct manifests *manifests, struct file *file)
{
	if (file->change != FILE_CHANGE_NONE)
		DL_DELETE2(manifests->waiting, file, waiting_prev, waiting_next);
	file->change = FILE_CHANGE_NONE;
}

static void enqueue(struct manifests *manifests, struct file *file)
{
	stop_waiting(manifests, file);
	if (!file->is_queued)
		DL_APPEND2(manifests->queued, file, queued_prev, queued_next);
	file->is_queued = true;
}

static void dequeue(struct manifests *manifests, struct file *file)
{
	if (file->is_queued)
		DL_DELETE2(manifests->queued, file, queued_prev, queued_next);
	file->is_queued = false;
}

static void free_file(struct manifests *manifests, struct file *file)
{
	stop_waiting(manifests, file);
	dequeue(manifests, file);
	HASH_DEL(manifests->files, file);
	precedence_withdraw(manifests->precedence, file->definitions);
	free(file->complaint);
	free(file);
}

/* The next batch starts in @delay seconds, or earlier if it would anyway. */
static void start_due(struct manifests *manifests, ev_tstamp delay)
{
	if (manifests->is_busy)
		return;
	timer_hasten(&manifests->due, delay);
}

/* A file that is written once more while it waits goes on waiting, for that writer. */
static void wait_for(struct manifests *manifests, struct file *file, bool is_complete)
{
	ev_tstamp delay = is_complete ? SETTLED_SECONDS : QUIET_SECONDS;

	if (file->change == FILE_CHANGE_NONE)
		DL_APPEND2(manifests->waiting, file, waiting_prev, waiting_next);
	else if (file->change == FILE_CHANGE_DONE && is_complete)
		return;
	file->change = is_complete ? FILE_CHANGE_DONE : FILE_CHANGE_OPEN;
	file->due = clock_now() + delay;
	start_due(manifests, delay);
}

static void on_file(void *owner, const char *path, bool is_complete)
{
	struct manifests *manifests = owner;

	wait_for(manifests, find_or_add_file(manifests, path), is_complete);
}

static void on_directory(void *owner, size_t index)
{
	struct manifests *manifests = owner;

	manifests->places[index].is_waiting = true;
	start_due(manifests, SETTLED_SECONDS);
}

static void on_lost(void *owner, size_t index, const struct error *err)
{
	struct manifests *manifests = owner;
	struct place *place = &manifests->places[index];
	auto_memory char *reason =
		err ? string_printf("%s; keeping its previous objects", err->text) : NULL;

	complain(manifests, &place->complaint, place->path, reason, false);
}

static bool is_useless(const struct file *file)
{
	return file->use == FILE_USE_USELESS || file->use == FILE_USE_STALE;
}

static void on_retry(void *owner)
{
	struct manifests *manifests = owner;
	struct file *file, *next;

	HASH_ITER (hh, manifests->files, file, next)
		if (is_useless(file))
			wait_for(manifests, file, true);
	for (size_t i = 0; i < manifests->place_count; i++)
		if (manifests->places[i].is_unreadable)
			on_directory(manifests, i);
}

/* A file that cannot be used keeps its objects. */
static void set_unusable(struct manifests *manifests, struct file *file, const struct error *err)
{
	file->use = file->use == FILE_USE_GOOD || file->use == FILE_USE_STALE ? FILE_USE_STALE
									      : FILE_USE_USELESS;
	timer_ensure(&manifests->retry, RETRY_SECONDS);
	/* That it grew while it was read needs no operator. */
	if (err->code != -EAGAIN)
		complain(manifests, &file->complaint, file->path, err->text, false);
}

static bool has_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	auto_memory char *directory =
		!slash ? string_dup(".") : string_printf("%.*s/", (int)(slash - path), path);

	return access(directory, F_OK) == 0;
}

/*
 * Deleting a file removes its objects. Where the whole directory is gone, someone may have
 * unmounted or is about to replace it: that takes nothing with it.
 */
static void handle_absence(struct manifests *manifests, struct file *file)
{
	if (!has_directory(file->path))
		return;
	complain(manifests, &file->complaint, file->path, NULL, false);
	free_file(manifests, file);
}

static void set_unreadable(struct manifests *manifests, struct file *file, const struct error *err)
{
	file->has_hash = false;
	set_unusable(manifests, file, err);
}

/* The content is taken in before anything is made of it: a later change does not disturb. */
static void start_file(struct manifests *manifests, struct file *file)
{
	struct error err = {0};
	int r = file_content_open(&manifests->content, file->path, &err);

	if (r == -ENOENT || r == -ENOTDIR)
		handle_absence(manifests, file);
	else if (r < 0)
		set_unreadable(manifests, file, &err);
	else
		manifests->current = file;
}

/* Return: whether the file has to be read */
static bool is_news(struct manifests *manifests, struct file *file)
{
	const struct file_content *content = &manifests->content;
	struct error err = {0};

	if (file->has_hash && file->hash == content->hash) {
		if (is_useless(file))
			timer_ensure(&manifests->retry, RETRY_SECONDS);
		return false;
	}
	file->has_hash = true;
	file->hash = content->hash;
	if (content->size || !file->object_count)
		return true;
	error_set(&err, -EINVAL,
		  "empty; keeping its previous objects until it is rewritten or deleted");
	set_unusable(manifests, file, &err);
	return false;
}

static void take_in(struct manifests *manifests)
{
	const struct manifests_options *options = &manifests->options;
	struct file *file = manifests->current;
	struct error err = {0};
	int r = file_content_step(&manifests->content, &err);

	if (r > 0)
		return;
	if (r == 0 && is_news(manifests, file)) {
		manifests->reader =
			manifest_reader_new(file->path, &manifests->content, options->sink.strings,
					    options->on_ignored, options->owner);
		return;
	}
	if (r < 0)
		set_unreadable(manifests, file, &err);
	manifests->current = NULL;
}

static void finish_file(struct manifests *manifests)
{
	struct file *file = manifests->current;
	size_t count;
	struct definition *definitions = manifest_reader_take(manifests->reader, &count);

	precedence_withdraw(manifests->precedence, file->definitions);
	manifests->adding = file->definitions = precedence_begin(file->path, definitions, count);
	file->object_count = count;
	file->use = FILE_USE_GOOD;
	complain(manifests, &file->complaint, file->path,
		 manifest_reader_problem(manifests->reader), true);
}

static void step_file(struct manifests *manifests)
{
	struct error err = {0};
	int r = 1;

	for (int i = 0; i < DOCUMENTS_PER_TURN && r > 0; i++)
		r = manifest_reader_step(manifests->reader, &err);
	if (r > 0)
		return;
	if (r < 0)
		set_unusable(manifests, manifests->current, &err);
	else
		finish_file(manifests);
	manifest_reader_free(take(&manifests->reader));
	manifests->current = NULL;
}

static bool is_directly_in(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	if (length && directory[length - 1] == '/')
		length--;
	return strncmp(path, directory, length) == 0 && path[length] == '/' &&
	       !strchr(path + length + 1, '/');
}

/* Queues what the directory holds, and what it held and no longer does. */
static void list_directory(struct manifests *manifests, struct place *place)
{
	struct file *file, *next;
	struct dirent *entry;
	DIR *stream = opendir(place->path);

	place->is_waiting = false;
	place->is_unreadable = !stream;
	if (!stream) {
		auto_memory char *reason = string_printf(
			"cannot be listed: %s; keeping its previous objects", strerror(errno));

		complain(manifests, &place->complaint, place->path, reason, false);
		timer_ensure(&manifests->retry, RETRY_SECONDS);
		return;
	}
	complain(manifests, &place->complaint, place->path, NULL, false);
	while ((entry = readdir(stream))) {
		auto_memory char *path = NULL;

		if (!path_watch_is_manifest(entry->d_name))
			continue;
		path = string_printf("%s/%s", strcmp(place->path, "/") == 0 ? "" : place->path,
				     entry->d_name);
		file = find_or_add_file(manifests, path);
		file->is_listed = true;
		enqueue(manifests, file);
	}
	closedir(stream);
	HASH_ITER (hh, manifests->files, file, next) {
		if (!file->is_listed && is_directly_in(file->path, place->path))
			enqueue(manifests, file);
		file->is_listed = false;
	}
}

/* Waits for whatever changes are known and not part of a batch. */
static void wait_for_rest(struct manifests *manifests)
{
	struct file *file;

	DL_FOREACH2(manifests->waiting, file, waiting_next)
	start_due(manifests, file->due - clock_now());
	for (size_t i = 0; i < manifests->place_count; i++)
		if (manifests->places[i].is_waiting)
			start_due(manifests, SETTLED_SECONDS);
}

static void on_due(void *owner)
{
	struct manifests *manifests = owner;
	struct file *file, *next;
	bool has_work = false;

	for (size_t i = 0; i < manifests->place_count; i++) {
		if (!manifests->places[i].is_waiting)
			continue;
		list_directory(manifests, &manifests->places[i]);
		has_work = true;
	}
	/* What was closed by now goes along: an object may have moved from one file to another. */
	DL_FOREACH_SAFE2(manifests->waiting, file, next, waiting_next)
	{
		if (file->change == FILE_CHANGE_OPEN && file->due > clock_now())
			continue;
		enqueue(manifests, file);
		has_work = true;
	}
	/* The file that the timer was meant for may have been written once more. */
	if (!has_work) {
		wait_for_rest(manifests);
		return;
	}
	manifests->is_busy = true;
	timer_start(&manifests->work, 0.);
}

static void on_reread(void *owner, const char *path)
{
	struct manifests *manifests = owner;
	struct file *file = find_file(manifests, path);

	file->has_hash = false;
	wait_for(manifests, file, true);
}

static void end_batch(struct manifests *manifests)
{
	const struct object_sink *sink = &manifests->options.sink;

	manifests->is_busy = false;
	file_content_clear(&manifests->content);
	wait_for_rest(manifests);
	sink->synced(sink->owner);
}

/* Return: what the time goes to */
static double *work(struct manifests *manifests)
{
	struct file *file = manifests->queued;

	if (manifests->adding) {
		if (precedence_add(manifests->precedence, manifests->adding, OBJECTS_PER_TURN))
			manifests->adding = NULL;
		return &manifests->effort.decoding;
	}
	if (manifests->reader) {
		step_file(manifests);
		return &manifests->effort.decoding;
	}
	if (manifests->current) {
		take_in(manifests);
		return &manifests->effort.reading;
	}
	if (file) {
		dequeue(manifests, file);
		start_file(manifests, file);
		return &manifests->effort.reading;
	}
	if (precedence_settle(manifests->precedence, OBJECTS_PER_TURN, on_reread, manifests))
		end_batch(manifests);
	return &manifests->effort.delivering;
}

static void on_work(void *owner)
{
	struct manifests *manifests = owner;
	ev_tstamp begin = clock_now(), end = begin + SLICE_SECONDS, now;

	do {
		double *effort = work(manifests);

		now = clock_now();
		*effort += now - begin;
		begin = now;
		if (!manifests->is_busy)
			return;
	} while (now < end);
	timer_start(&manifests->work, 0.);
}

static char *without_trailing_slashes(const char *path)
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		length--;
	return string_printf("%.*s", (int)length, path);
}

int manifests_open(struct ev_loop *loop, const struct manifests_options *options,
		   struct manifests **ret, struct error *err)
{
	struct manifests *manifests = memory_allocate(sizeof(*manifests));
	const struct path_watch_handlers handlers = {
		.owner = manifests,
		.on_file = on_file,
		.on_directory = on_directory,
		.on_lost = on_lost,
	};
	auto_memory const char **paths = memory_array(options->path_count, sizeof(*paths));
	int r;

	manifests->loop = loop;
	manifests->options = *options;
	manifests->options.paths = NULL;
	manifests->precedence = precedence_new(&options->sink);
	manifests->places = memory_array(options->path_count, sizeof(*manifests->places));
	manifests->place_count = options->path_count;
	for (size_t i = 0; i < options->path_count; i++)
		paths[i] = manifests->places[i].path = without_trailing_slashes(options->paths[i]);
	timer_init(&manifests->due, manifests->loop, on_due, manifests);
	timer_init(&manifests->work, manifests->loop, on_work, manifests);
	timer_init(&manifests->retry, manifests->loop, on_retry, manifests);
	r = path_watch_open(loop, paths, options->path_count, &handlers, &manifests->watch, err);
	if (r < 0) {
		manifests_close(manifests);
		return r;
	}
	manifests_reload(manifests);
	*ret = manifests;
	return 0;
}

void manifests_close(struct manifests *manifests)
{
	struct file *file, *next;

	if (!manifests)
		return;
	timer_stop(&manifests->due);
	timer_stop(&manifests->work);
	timer_stop(&manifests->retry);
	path_watch_close(manifests->watch);
	manifest_reader_free(manifests->reader);
	file_content_clear(&manifests->content);
	HASH_ITER (hh, manifests->files, file, next)
		free_file(manifests, file);
	precedence_free(manifests->precedence);
	for (size_t i = 0; i < manifests->place_count; i++) {
		free(manifests->places[i].path);
		free(manifests->places[i].complaint);
	}
	free(manifests->places);
	free(manifests);
}

void manifests_reload(struct manifests *manifests)
{
	path_watch_refresh(manifests->watch);
	start_due(manifests, 0.);
}

const struct source_effort *manifests_effort(const struct manifests *manifests)
{
	return &manifests->effort;
}

bool manifests_is_complete(const struct manifests *manifests)
{
	for (const struct file *file = manifests->files; file; file = file->hh.next)
		if (file->use != FILE_USE_GOOD && file->use != FILE_USE_STALE)
			return false;
	for (size_t i = 0; i < manifests->place_count; i++)
		if (manifests->places[i].is_unreadable)
			return false;
	return true;
}
