/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setting.h"

#include <errno.h>
#include <string.h>

bool setting_is_of(const struct setting *setting, enum option_scope scope)
{
	if (scope == OPTION_SCOPE_CHECK && setting->scope & OPTION_SCOPE_RUN)
		return !(setting->bits & SETTING_ACTION);
	if (scope == OPTION_SCOPE_EXPLAIN && setting->scope & OPTION_SCOPE_PLAN)
		return setting->kind != &setting_kind_plan_part;
	return setting->scope & scope;
}

static int set_elements(const struct setting *setting, struct options *options, const char *text,
			struct error *err)
{
	auto_memory char *copy = string_dup(text);
	char *rest = NULL;
	int r = 0;

	for (char *item = strtok_r(copy, ", ", &rest); item && r >= 0;
	     item = strtok_r(NULL, ", ", &rest))
		r = setting->kind->set(setting, options, item, err);
	return r;
}

int setting_set(const struct setting *setting, struct options *options, const char *text,
		struct error *err)
{
	if (setting->ignored) {
		auto_memory char *name = string_printf("--%s", setting->flag);

		options_note(options, false, name, setting->ignored);
	}
	if (!setting->kind) {
		auto_memory char *given = string_printf("%s=%s", setting->flag, text);

		string_list_add(&options->unused, given);
		return 0;
	}
	if (!*text && setting->bits & SETTING_NOT_EMPTY)
		return error_set(err, -EINVAL, "must not be empty");
	if (!*text && setting->kind->empty_is_unset)
		return 0;
	if (setting->kind->form == SETTING_FORM_LIST && !(setting->bits & SETTING_WHOLE))
		return set_elements(setting, options, text, err);
	return setting->kind->set(setting, options, text, err);
}

void setting_exchange(const struct setting *setting, struct options *a, struct options *b)
{
	char *first = (char *)a + setting->offset, *second = (char *)b + setting->offset;

	for (size_t i = 0; i < setting->kind->size; i++) {
		char byte = first[i];

		first[i] = second[i];
		second[i] = byte;
	}
}

bool setting_is_equal(const struct setting *setting, const struct options *a,
		      const struct options *b)
{
	json_t *first = setting->kind->get(setting, a), *second = setting->kind->get(setting, b);
	bool is_equal = json_equal(first, second);

	json_decref(first);
	json_decref(second);
	return is_equal;
}

const char *setting_name(const struct setting *setting)
{
	if (setting->field)
		return setting->field;
	return setting->own_field ? setting->own_field : setting->flag;
}

bool setting_is_switch(const struct setting *setting)
{
	return setting->kind ? setting->kind->form == SETTING_FORM_SWITCH
			     : setting->default_json && strcmp(setting->default_json, "false") == 0;
}
