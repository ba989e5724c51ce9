/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_REPORT_JSON_H
#define AGENT_REPORT_JSON_H

#include "agent/notify/rejections.h"

#include <jansson.h>
#include <stdint.h>

/* What the reports of `ipvsagent status` are made of; the caller owns each result. */

json_t *report_number(uint64_t number);

/** report_complaint() - why an object, or a part of it, is not used */
char *report_complaint(const struct rejection *rejection);

#endif
