/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_STATUS_DOCUMENT_H
#define AGENT_STATUS_DOCUMENT_H

#include "server_listing.h"

#include <jansson.h>

/*
 * The document that `ipvsagent status -o json` prints, and from which the tables are made: what
 * the agent says, joined with the connections that the kernel counts. ipvsagent-status(8)
 * describes it.
 */

/**
 * status_document_keys() - the virtual servers that the Services of the answer have
 * Return: an array of @count keys; the caller frees it
 */
struct virtual_server_key *status_document_keys(const json_t *document, size_t *count);

/** status_document_each() - each virtual server that a Service of the answer has, with the Service's
 *  "namespace/name" */
void status_document_each(const json_t *document,
			  void (*visit)(void *owner, const char *service,
					const struct virtual_server_key *server),
			  void *owner);

/**
 * status_document_join() - turn destinations into objects with their usage, and count endpoints
 * @document:  the agent's answer, in which destinations are texts; altered
 * @listing:   what the kernel holds; NULL if it could not be read: then there are no counts
 *
 * A destination that the agent wants and the kernel lacks has no weight; one that the kernel has
 * and the agent no longer wants (it drains) is not "wanted". A virtual server that another Service
 * has is not joined with the kernel's.
 */
void status_document_join(json_t *document, const struct server_listing *listing);

/** status_document_count() - of an answer about all Services: how many are in which state */
void status_document_count(json_t *document);

/** status_document_of_kernel() - what can be told without an agent; the caller owns the result */
json_t *status_document_of_kernel(const struct server_listing *listing);

#endif
