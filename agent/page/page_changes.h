/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_PAGE_CHANGES_H
#define AGENT_PAGE_CHANGES_H

#include "agent/notify/history.h"
#include "html.h"

/**
 * page_changes_write() - the last changes of the agent, with their causes; the newest first
 * @history:  NULL: nothing is remembered, and nothing is written
 * @key:      of a Service; NULL = of all
 */
void page_changes_write(struct html *html, const struct history *history, const char *key);

#endif
