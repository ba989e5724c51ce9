/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settings_log.h"

#include "lib/base/log.h"

#include <string.h>

static enum log_level level_of(int verbosity)
{
	if (verbosity >= 4)
		return LOG_LEVEL_DEBUG;
	return verbosity >= 2 ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING;
}

static bool has_note(const struct options *options, const struct option_note *note)
{
	for (size_t i = 0; options && i < options->note_count; i++)
		if (strcmp(options->notes[i].names, note->names) == 0 &&
		    strcmp(options->notes[i].reason, note->reason) == 0)
			return true;
	return false;
}

void settings_log_set_verbosity(int verbosity)
{
	log_set_level(level_of(verbosity));
}

void settings_log(const struct options *options, const struct options *before)
{
	settings_log_set_verbosity(options->verbosity);
	log_set_format(options->log_format);
	for (size_t i = 0; i < options->note_count; i++) {
		const struct option_note *note = &options->notes[i];

		if (!has_note(before, note))
			log_write(note->is_warning ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "%s: %s",
				  note->names, note->reason);
	}
}
