/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_AGENT_SETTINGS_H
#define AGENT_AGENT_SETTINGS_H

#include "agent_parts.h"

/** agent_settings_follow() - from now on, changes of the files of settings take effect */
void agent_settings_follow(struct agent *agent);

struct sync_options agent_settings_sync(const struct agent *agent);
struct ledger_options agent_settings_ledger(const struct agent *agent);

#endif
