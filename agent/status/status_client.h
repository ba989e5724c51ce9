/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_STATUS_CLIENT_H
#define AGENT_STATUS_CLIENT_H

#include "lib/base/error.h"

#include <jansson.h>

/**
 * status_client_ask() - the running agent's whole answer, from its socket
 * @verb:    of answers.h
 * @filter:  what of it; "" = all
 * @ret:     {"agent": the first line, "services": [the others]}; set on success only; owned by the
 *           caller
 *
 * Blocks; gives up when the agent says nothing for ten seconds.
 * Return: 0; -ECONNREFUSED if no agent runs; -EACCES without permission; -ETIMEDOUT; -EPROTO for
 * an answer that is refused, cut short or not understood
 */
int status_client_ask(const char *socket_path, const char *verb, const char *filter, json_t **ret,
		      struct error *err);

/**
 * status_client_question() - an answer of one line
 * @question:  its verb, a blank and the argument
 * @ret:       the object; owned by the caller
 *
 * As status_client_ask() otherwise.
 */
int status_client_question(const char *socket_path, const char *question, json_t **ret,
			   struct error *err);

#endif
