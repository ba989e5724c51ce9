/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PROCESS_LAUNCH_H
#define PROCESS_LAUNCH_H

#include "lib/base/error.h"
#include "program.h"

#include <ev.h>
#include <stdbool.h>
#include <sys/types.h>

/**
 * struct launch - a program that is being started
 *
 * Whoever does that stands still until it has been loaded. So a thread does it, which lives as long
 * as that, and the loop goes on.
 */
struct launch;

/**
 * struct launched - what came of it
 * @code:       0, or a negative errno: why there is no such process
 * @process:    its number, if it has not ended; the receiver watches it
 * @has_ended:  it has been collected already, with
 * @status:     this, as of waitpid(2)
 */
struct launched {
	int code;
	pid_t process;
	bool has_ended;
	int status;
};

/**
 * launch_begin() - start a program
 * @loop:         the default loop: libev collects children only there
 * @request:      is copied; the descriptors are taken over, and closed as soon as the
 *                program has them
 * @on_launched:  called once from the loop, when @ret is gone
 *
 * Return: 0; a negative errno if the agent lacks what that takes: then the descriptors are closed,
 * too
 */
int launch_begin(struct ev_loop *loop, const struct program_request *request,
		 void (*on_launched)(void *owner, const struct launched *launched), void *owner,
		 struct launch **ret, struct error *err);

/** launch_cancel() - waits until the program runs, ends it and collects it; on_launched() is not
 *  called any more; NULL is fine */
void launch_cancel(struct launch *launch);

#endif
