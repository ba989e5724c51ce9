/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_EXPLAIN_PRINT_H
#define AGENT_EXPLAIN_PRINT_H

#include <jansson.h>
#include <stdio.h>

/** explain_print() - explain_document_new() in lines for people */
void explain_print(const json_t *document, FILE *stream);

#endif
