/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_SERVER_READING_H
#define AGENT_SERVER_READING_H

#include "server_listing.h"

#include <jansson.h>

/**
 * server_reading() - what the kernel counts, read by a command beside the agent
 * @document: the agent's answer, of whose Services only the virtual servers are read, none if they
 *            have none; NULL: all that the kernel has
 * Return: 0, or a negative errno
 */
int server_reading(const json_t *document, struct server_listing **ret, struct error *err);

#endif
