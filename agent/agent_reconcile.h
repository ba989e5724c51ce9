/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_AGENT_RECONCILE_H
#define AGENT_AGENT_RECONCILE_H

#include "agent_parts.h"

/*
 * What follows when something was planned, applied or observed, or a part of the kernel is lost.
 * agent_reconcile_open()        - what is to be opened with all privileges; the error says what the
 *                                 node lacks
 * agent_reconcile_create_sync() - without anything to do yet
 * agent_reconcile_watch()       - observe the kernel, and let the first pass begin after that
 */
int agent_reconcile_open(struct agent *agent, struct error *err);
void agent_reconcile_create_sync(struct agent *agent);
void agent_reconcile_watch(struct agent *agent);

#endif
