/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_STATUS_HEADER_H
#define AGENT_STATUS_HEADER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/**
 * status_header_print() - how the agent and its node are, in some lines, and an empty one
 * @document:  about all Services, with status_document_count(), and "check" if there was one
 */
void status_header_print(const json_t *document, bool is_coloured, FILE *stream);

#endif
