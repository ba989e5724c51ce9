/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_WANTED_REPORT_H
#define AGENT_WANTED_REPORT_H

#include "status_report.h"

/**
 * struct wanted_report - the kernel objects that one Service wants, as `ipvsagent diff` asks for them
 *
 * One JSON object: {"service": "namespace/name", "created", "servers": [[address, port, protocol,
 * client scope, scheduler, persistence in seconds, netmask, flags, origin, [[address, port,
 * weight]]]], "members": [[kind, family, protocol, prefix length, port, address, source]],
 * "addresses": []}. Numbers are those of struct service_state. Between this program and itself: of
 * two releases, neither has to understand the other; ipvsagent diff refuses what does not fit.
 */
struct wanted_report;

/** wanted_report_new() - as of now, whatever changes before the end; Return: NULL if the Service
 *  @key wants nothing */
struct wanted_report *wanted_report_new(const struct status_sources *sources, const char *key);
void wanted_report_free(struct wanted_report *report);

/**
 * wanted_report_step() - write the next part, some hundred objects at most
 * Return: false at the end, when the object is complete
 */
bool wanted_report_step(struct wanted_report *report, json_dump_callback_t write, void *owner);

/** wanted_report_agent() - what does not belong to a Service: the node, the rules, the range of marks,
 *  the VIPs of deleted Services; the caller owns the result */
json_t *wanted_report_agent(const struct status_sources *sources);

#endif
