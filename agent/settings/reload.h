/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_RELOAD_H
#define AGENT_RELOAD_H

#include "lib/base/error.h"
#include "options.h"

#include <ev.h>
#include <stdbool.h>

/**
 * struct reload - follows the files of settings while the program runs
 *
 * A file is read again soon after it was written, replaced or led elsewhere by a ConfigMap
 * volume, and when reload_now() says so. A file that cannot be used changes nothing, is
 * complained of once, and is tried again every 2 s. What becomes of it is logged.
 */
struct reload;

/**
 * struct reload_observer - who has to do with it
 * @check:     whether @next can be used here; a negative errno and a reason refuse it
 * @changed:   the options are others now; @before are those of until now, valid during the call
 * @complained: the files cannot be used, and why, or with NULL: they can again; may be NULL
 */
struct reload_observer {
	void *owner;
	int (*check)(void *owner, const struct options *next, struct error *err);
	void (*changed)(void *owner, const struct options *before);
	void (*complained)(void *owner, const char *reason);
};

/**
 * struct reload_state - how it stands, for status and metrics
 * @paths:     the files
 * @error:     why they cannot be used as they are; "" = they are in force
 * @waiting:   names of settings whose new value takes a restart
 * @applied:   how often files were read that changed a setting
 * @rejected:  how often files began to be of no use
 */
struct reload_state {
	struct string_list paths;
	struct string_list waiting;
	char *error;
	unsigned long applied;
	unsigned long rejected;
};

/**
 * reload_new() - follow the files that @options name
 * @options:   what was read of them; their content changes, their place does not
 * @observer:  copied
 *
 * Where inotify cannot be had, this is logged, and only reload_now() reads again.
 */
struct reload *reload_new(struct ev_loop *loop, struct options *options,
			  const struct reload_observer *observer);
void reload_free(struct reload *reload);

/** reload_now() - read the files, as after SIGHUP */
void reload_now(struct reload *reload);

/** reload_state() - valid until reload_free(), its texts until the loop runs on */
const struct reload_state *reload_state(const struct reload *reload);

#endif
