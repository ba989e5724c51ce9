/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_STATUS_TRAFFIC_H
#define AGENT_STATUS_TRAFFIC_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/** status_traffic_print() - what each virtual server of a Service has had; nothing if nobody counted */
void status_traffic_print(const json_t *service, bool is_coloured, FILE *stream);

#endif
