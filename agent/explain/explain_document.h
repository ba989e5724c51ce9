/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_EXPLAIN_DOCUMENT_H
#define AGENT_EXPLAIN_DOCUMENT_H

#include "explain_facts.h"

#include <jansson.h>

/** explain_document_new() - what `ipvsagent explain -o json` prints, as ipvsagent-explain(8)
 *  describes it; the caller owns it. {"error": "..."} if there is no explanation */
json_t *explain_document_new(const struct explain_sources *sources,
			     const struct explain_query *query);

/** explain_document_answer() - the same for a running agent's socket; @text: as
 *  explain_query_text() writes it */
json_t *explain_document_answer(const struct explain_sources *sources, const char *text);

#endif
