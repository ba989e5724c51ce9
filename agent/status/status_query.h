/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_STATUS_QUERY_H
#define AGENT_STATUS_QUERY_H

#include "agent/settings/options.h"

#include <jansson.h>

/**
 * struct status_query - which Services, or whose virtual servers, are asked for
 * @filter:   as in status_report_keys(); "" with a text in @servers, and if nothing is asked for
 * @servers:  how an error names the virtual servers that are asked for: "10.96.0.10:80", "NodePort
 *            30080"; NULL = all those of the Services of @filter
 * @address:  of these; family 0 = they are NodePorts
 * @port:     0 = any
 */
struct status_query {
	char *filter;
	char *servers;
	struct address address;
	uint16_t port;
};

/** status_query_read() - from flags and arguments; -EINVAL with the reason */
int status_query_read(const struct options *options, struct status_query *ret, struct error *err);
void status_query_clear(struct status_query *query);

/** status_query_select() - take out of a status document what is not asked for */
void status_query_select(const struct status_query *query, json_t *document);

/** status_query_service() - "namespace/name" if the document has one Service only, to be freed; else
 *  NULL */
char *status_query_service(const json_t *document);

#endif
