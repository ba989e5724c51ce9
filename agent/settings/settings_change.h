/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_SETTINGS_CHANGE_H
#define AGENT_SETTINGS_CHANGE_H

#include "options.h"

/**
 * struct settings_change - what changes when options take the place of others while the program
 * runs
 * @applied:  names of the settings that count from then on
 * @waiting:  names of those that take a restart
 */
struct settings_change {
	struct string_list applied;
	struct string_list waiting;
};

/**
 * settings_change_make() - compare @next with @current, which is in force
 * @ret:  for settings_change_clear()
 *
 * Settings that take a restart are exchanged: afterwards @next has what is in force of these.
 */
void settings_change_make(struct options *current, struct options *next,
			  struct settings_change *ret);
void settings_change_clear(struct settings_change *change);

#endif
