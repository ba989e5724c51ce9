/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settings_change.h"

#include "setting.h"

void settings_change_make(struct options *current, struct options *next,
			  struct settings_change *ret)
{
	*ret = (struct settings_change){0};
	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *setting = &settings[i];

		/* The rest is only on the command line, which stays the same. */
		if (!setting->kind || !(setting->field || setting->own_field) ||
		    setting_is_equal(setting, current, next))
			continue;
		if (setting->bits & SETTING_RESTART) {
			setting_exchange(setting, current, next);
			string_list_add(&ret->waiting, setting_name(setting));
		} else {
			string_list_add(&ret->applied, setting_name(setting));
		}
	}
}

void settings_change_clear(struct settings_change *change)
{
	string_list_clear(&change->applied);
	string_list_clear(&change->waiting);
}
