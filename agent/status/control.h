/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_CONTROL_H
#define AGENT_CONTROL_H

#include "lib/base/error.h"
#include "status_report.h"

#include <ev.h>

/**
 * struct control - the UNIX socket at which the running agent answers `ipvsagent status` and others
 *
 * A client sends one line, "status" or "status FILTER" (answers.h has them all), and receives lines
 * of JSON: the agent, each Service, and {"complete":true}; or {"error":"..."}. An answer without
 * either end was cut short. Another question is answered by its object and {"complete":true}. Answers are produced in small pieces as fast as the client reads, so
 * that neither a slow client nor a large one holds up the loop.
 */
struct control;

/**
 * control_open() - listen at @path
 * @sources:  copied; what it points to must outlive the control
 *
 * Creates the last directory of @path with mode 0700 if it is missing, and replaces a socket that
 * a killed agent left behind. The socket has mode 0600, and whoever is neither root nor the agent's
 * own user is refused, whatever its mode.
 * Return: 0; -EADDRINUSE if an agent answers at @path already; other negative errno
 */
int control_open(struct ev_loop *loop, const char *path, const struct status_sources *sources,
		 struct control **ret, struct error *err);

/**
 * struct control_question - what can be asked at the socket beside the status
 * @verb:    the first word of the line that asks
 * @answer:  to what follows it and a blank: an object, or {"error": "..."}; taken
 */
struct control_question {
	const char *verb;
	json_t *(*answer)(void *owner, const char *argument);
	void *owner;
};

/** control_set_question() - answer this as well, from now on; copied */
void control_set_question(struct control *control, const struct control_question *question);

/** control_close() - hang up on every client and remove the socket; NULL is fine */
void control_close(struct control *control);

#endif
