/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_CONTROL_H
#define AGENT_CONTROL_H

#include "answers.h"
#include "lib/base/error.h"

#include <ev.h>

/**
 * struct control - the UNIX socket at which the running agent answers `ipvsagent status` and others
 *
 * A client sends one line, a verb or "VERB FILTER", and receives lines of JSON: the head of the
 * answer, the lines that follow it, as for "status" one for each Service, and {"complete":true}; or
 * {"error":"..."}. An answer without either end was cut short. Answers are produced in small pieces as
 * fast as the client reads, so that neither a slow client nor a large one holds up the loop.
 */
struct control;

/**
 * control_open() - listen at @path
 * @kinds:  what can be asked for; copied, and the owners must outlive the control
 *
 * Creates the last directory of @path with mode 0700 if it is missing, and replaces a socket that
 * a killed agent left behind. The socket has mode 0600, and whoever is neither root nor the agent's
 * own user is refused, whatever its mode. Where there is no room for it, or nothing can be written,
 * that is logged and tried again every five seconds.
 * Return: 0; -EADDRINUSE if an agent answers at @path already; other negative errno
 */
int control_open(struct ev_loop *loop, const char *path, const struct answer_kind *kinds,
		 size_t kind_count, struct control **ret, struct error *err);

/** control_close() - hang up on every client and remove the socket; NULL is fine */
void control_close(struct control *control);

#endif
