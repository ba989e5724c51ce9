/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_SETTINGS_LOG_H
#define AGENT_SETTINGS_LOG_H

#include "options.h"

/**
 * settings_log() - log as much as @options want, and what is noted in them
 * @before:  options whose notes have been logged already; NULL = none
 */
void settings_log(const struct options *options, const struct options *before);

/** settings_log_set_verbosity() - as -v says, until the settings are read again */
void settings_log_set_verbosity(int verbosity);

#endif
