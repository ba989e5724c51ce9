/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_STATUS_ENDPOINTS_H
#define AGENT_STATUS_ENDPOINTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/**
 * status_endpoints_print() - which endpoints of a Service are used and by which rule, and why the
 *                            others are not
 * @service:  of a document after status_document_join()
 *
 * One table for all virtual servers of which the same is to be told.
 */
void status_endpoints_print(const json_t *service, bool is_coloured, FILE *stream);

#endif
