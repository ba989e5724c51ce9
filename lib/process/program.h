/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PROCESS_PROGRAM_H
#define PROCESS_PROGRAM_H

#include <sys/types.h>

/**
 * struct program_request - what is started
 * @arguments:    NULL-terminated; the first is the program, looked up in PATH
 * @environment:  NULL-terminated; NULL: the agent's
 * @descriptors:  for its standard input, output and error; above 2; -1: the agent's
 */
struct program_request {
	const char *const *arguments;
	const char *const *environment;
	int descriptors[3];
};

/**
 * struct program - all that starting one takes, so that any thread can do it
 *
 * It has no signal blocked or ignored, and from its first instruction on the limit of descriptors
 * that descriptor_limit_raise() found. A file without "#!" is not taken for a script of the shell.
 */
struct program;

/** program_new() - @request is copied; Return: 0 or a negative errno, as -EMFILE */
int program_new(const struct program_request *request, struct program **ret);

/**
 * program_start() - start it, once
 *
 * Whoever does that stands still until the program has been loaded, which takes some milliseconds
 * where that is slow. Allocates nothing.
 * Return: 0; a negative errno if it could not be, and then there is no process of it any more
 */
int program_start(struct program *program, pid_t *ret);

/** program_free() - the process, if there is one, goes on */
void program_free(struct program *program);

#endif
