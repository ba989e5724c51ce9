/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_PLAN_TEXT_H
#define AGENT_PLAN_TEXT_H

#include "plan_result.h"

#include <stdio.h>

/**
 * plan_text_write() - what the original tools take
 * @part:  one part, as its tool reads it; PLAN_PART_ALL: one after the other, each after a line
 *         "# NAME: COMMAND" that names the command which takes it
 */
void plan_text_write(const struct plan_result *result, enum plan_part part, FILE *stream);

#endif
