/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_EXPLAIN_WORDS_H
#define AGENT_EXPLAIN_WORDS_H

#include "explain_facts.h"

/* What the steps of an explanation say, in words for operators; the caller frees each text. */

/** explain_words_pods() - by what pods are told from clients outside: "--detect-local-mode: pods are
 *  in 10.244.0.0/16" */
char *explain_words_pods(const struct ruleset_options *rules);

/** explain_words_mention() - "the ClusterIP of Service default/web"; of nothing: "" */
char *explain_words_mention(const struct explain_facts *facts);

/** explain_words_field() - the field of the Service in which the address is: "spec.clusterIPs"; "" if
 *  it is in none */
const char *explain_words_field(enum explain_mention mention);

/** explain_words_unbound() - why the node does not hold an address of a Service; "" if that is not
 *  known */
char *explain_words_unbound(const struct explain_facts *facts);

/** explain_words_no_server() - why there is no virtual server for the address and port */
char *explain_words_no_server(const struct explain_facts *facts);

/** explain_words_policy() - of which field it is who gets the connections of @server:
 *  "spec.externalTrafficPolicy of Service default/web is Local" */
char *explain_words_policy(const struct explain_server *server);

/** explain_words_scheduler() - where its scheduler is set */
char *explain_words_scheduler(const struct explain_server *server,
			      const struct desired_options *options);

/** explain_words_of() - "FIELD of Service NAMESPACE/NAME" */
char *explain_words_of(const char *field, const struct service_view *view);

#endif
