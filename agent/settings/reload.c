/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reload.h"

#include "command_line.h"
#include "lib/base/log.h"
#include "lib/base/timer.h"
#include "lib/source/path_watch.h"
#include "settings_change.h"
#include "settings_log.h"

#include <string.h>

#define SETTLED_SECONDS 0.05 /* after a file was closed: the other one may change with it */
#define QUIET_SECONDS	1.0  /* after a write to a file that stays open */
#define RETRY_SECONDS	2.0  /* of what cannot be used */

struct reload {
	struct ev_loop *loop;
	struct options *options;
	struct reload_observer observer;
	struct path_watch *watch; /* NULL: nothing to follow, or no inotify */
	struct reload_state state;
	struct timer due;
};

static void schedule(struct reload *reload, double after)
{
	timer_stop(&reload->due);
	timer_start(&reload->due, after);
}

static void set_text(char **text, const char *value)
{
	char *copy = string_dup(value);

	free(*text);
	*text = copy;
}

static void complain(struct reload *reload, const char *reason)
{
	schedule(reload, RETRY_SECONDS);
	if (strcmp(reload->state.error, reason) == 0)
		return;
	if (!*reload->state.error)
		reload->state.rejected++;
	set_text(&reload->state.error, reason);
	log_warning("%s; keeping the previous settings", reason);
	if (reload->observer.complained)
		reload->observer.complained(reload->observer.owner, reason);
}

static void settle(struct reload *reload)
{
	auto_memory char *paths = NULL;

	if (!*reload->state.error)
		return;
	set_text(&reload->state.error, "");
	paths = string_list_join(&reload->state.paths);
	log_info("%s: valid again", paths);
	if (reload->observer.complained)
		reload->observer.complained(reload->observer.owner, NULL);
}

static void set_waiting(struct reload *reload, struct string_list *names)
{
	struct string_list *waiting = &reload->state.waiting;
	auto_memory char *text = string_list_join(names);

	if (names->count && !string_list_is_equal(waiting, names))
		log_warning("%s: new values take effect after a restart", text);
	string_list_clear(waiting);
	*waiting = *names;
	*names = (struct string_list){0};
}

/* @next gets what was in force until now. */
static void go_over(struct reload *reload, struct options *next)
{
	struct settings_change change;
	auto_memory char *applied = NULL;

	settings_change_make(reload->options, next, &change);
	options_exchange(reload->options, next);
	settings_log(reload->options, next);
	set_waiting(reload, &change.waiting);
	applied = string_list_join(&change.applied);
	if (change.applied.count) {
		reload->state.applied++;
		log_info("applied new values of %s", applied);
	}
	settings_change_clear(&change);
	reload->observer.changed(reload->observer.owner, next);
}

static void read_again(struct reload *reload)
{
	auto_free(options) struct options *next = NULL;
	struct error err = {0};
	int r = command_line_reread(reload->options, &next, &err);

	if (r >= 0)
		r = reload->observer.check(reload->observer.owner, next, &err);
	if (r < 0) {
		complain(reload, err.text);
		return;
	}
	settle(reload);
	go_over(reload, next);
}

static void on_due(void *owner)
{
	reload_now(owner);
}

static void on_file(void *owner, const char *path, bool is_complete)
{
	(void)path;
	schedule(owner, is_complete ? SETTLED_SECONDS : QUIET_SECONDS);
}

static void on_directory(void *owner, size_t place)
{
	(void)place;
	schedule(owner, SETTLED_SECONDS);
}

static void on_lost(void *owner, size_t place, const struct error *err)
{
	(void)place;
	(void)err;
	schedule(owner, SETTLED_SECONDS);
}

void reload_now(struct reload *reload)
{
	timer_stop(&reload->due);
	if (reload->state.paths.count)
		read_again(reload);
}

const struct reload_state *reload_state(const struct reload *reload)
{
	return &reload->state;
}

struct reload *reload_new(struct ev_loop *loop, struct options *options,
			  const struct reload_observer *observer)
{
	struct reload *reload = memory_allocate(sizeof(*reload));
	const struct path_watch_handlers handlers = {
		.owner = reload,
		.on_file = on_file,
		.on_directory = on_directory,
		.on_lost = on_lost,
	};
	struct string_list *paths;
	struct error err = {0};

	reload->loop = loop;
	reload->options = options;
	reload->observer = *observer;
	reload->state.error = string_dup("");
	timer_init(&reload->due, reload->loop, on_due, reload);
	paths = &reload->state.paths;
	if (options->configuration_path)
		string_list_add(paths, options->configuration_path);
	if (options->agent_config_path)
		string_list_add(paths, options->agent_config_path);
	if (!paths->count)
		return reload;
	if (path_watch_open(loop, (const char *const *)paths->items, paths->count, &handlers,
			    &reload->watch, &err) < 0)
		log_warning("%s; send SIGHUP to apply changes of the settings", err.text);

	/* They may have changed between being read and being watched. */
	schedule(reload, SETTLED_SECONDS);
	return reload;
}

void reload_free(struct reload *reload)
{
	if (!reload)
		return;
	timer_stop(&reload->due);
	path_watch_close(reload->watch);
	string_list_clear(&reload->state.paths);
	string_list_clear(&reload->state.waiting);
	free(reload->state.error);
	free(reload);
}
