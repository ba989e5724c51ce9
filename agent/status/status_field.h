/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_STATUS_FIELD_H
#define AGENT_STATUS_FIELD_H

#include <jansson.h>

/* Fields of the documents that ipvsagent-status(8) describes, whatever is missing. */

/** status_field_text() - "" if there is none; borrowed */
const char *status_field_text(const json_t *object, const char *name);

/** status_field_number() - 0 if there is none */
json_int_t status_field_number(const json_t *object, const char *name);

/** status_field_address() - "ADDRESS:PORT" of a virtual server or a destination; owned by the caller */
char *status_field_address(const json_t *object);

/** status_field_scope() - " in-cluster" of a virtual server for clients in the cluster alone, or "" */
const char *status_field_scope(const json_t *server);

/** status_field_joined() - a list of texts, separated by ", "; owned by the caller */
char *status_field_joined(const json_t *texts);

#endif
