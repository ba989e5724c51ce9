/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PROCESS_CHILD_H
#define PROCESS_CHILD_H

#include "lib/base/error.h"

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * struct child - one run of a program, watched by the event loop
 *
 * It may have as many files open as the agent could before descriptor_limit_raise().
 */
struct child;

/**
 * struct child_request - what is run
 * @arguments:    NULL-terminated; the first is the program, looked up in PATH
 * @environment:  NULL-terminated; NULL: the agent's
 * @input:        for its standard input; NULL: that is /dev/null
 * @output_limit: bytes; it is killed when it has printed as many
 * @shares_errors: its standard error is the agent's; otherwise that is collected, too
 *
 * All of it is copied.
 */
struct child_request {
	const char *const *arguments;
	const char *const *environment;
	const char *input;
	size_t output_limit;
	bool shares_errors;
};

/**
 * struct child_outcome - how it ended
 * @has_started:  false: there was no such program, or it could not be loaded; @code says why
 * @code:         0 if the program ran to its end, whatever its exit status; -ETIMEDOUT if it was
 *                killed for taking too long; -E2BIG if for printing too much
 * @status:       exit status, if @code is 0; 128 + @signal if that ended it
 * @signal:       0 if none did
 * @output:       its standard output, NUL-terminated; belongs to the child, valid during the
 *                callback. It may be a secret: the child leaves no copy of it in memory.
 * @errors:       the same for standard error; "" if that is shared
 */
struct child_outcome {
	bool has_started;
	int code;
	int status;
	int signal;
	const char *output;
	const char *errors;
};

/**
 * child_start() - run a program
 * @loop:    the default loop: libev collects children only there
 * @on_end:  called once from the loop; it may free the child
 *
 * Does not wait, not even until the program has been loaded: that it could not be is an outcome.
 * Return: 0; a negative errno if the agent lacks what that takes (as descriptors), and then
 * on_end() is not called
 */
int child_start(struct ev_loop *loop, const struct child_request *request,
		void (*on_end)(void *owner, const struct child_outcome *outcome), void *owner,
		struct child **ret, struct error *err);

/** child_free() - kills it if it still runs; on_end() is not called any more; NULL is fine */
void child_free(struct child *child);

/**
 * child_wait() - run a program and wait for it, without an event loop
 * @ret_status:  its exit status
 * Blocks for at most ten seconds. Its output is thrown away, and so are its errors.
 */
int child_wait(const struct child_request *request, int *ret_status, struct error *err);

#endif
