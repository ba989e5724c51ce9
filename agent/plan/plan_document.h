/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_PLAN_DOCUMENT_H
#define AGENT_PLAN_DOCUMENT_H

#include "plan_result.h"

#include <jansson.h>

/** plan_document_new() - what `ipvsagent plan -o json` prints, as ipvsagent-plan(8) describes it; the
 *  caller owns it */
json_t *plan_document_new(const struct plan_result *result);

#endif
