/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_SETTING_KINDS_H
#define AGENT_SETTING_KINDS_H

#include "setting.h"

/* What the kinds of settings share; for agent/settings only. */

/* The setting's place in @options. */
#define FIELD(type, setting, options) ((type *)(void *)((char *)(options) + (setting)->offset))
#define CONST_FIELD(type, setting, options) \
	((const type *)(const void *)((const char *)(options) + (setting)->offset))

/** prefix_list_add() - Return: 0, or -EINVAL if @text is no CIDR */
int prefix_list_add(struct prefix_list *list, const char *text, struct error *err);

/** prefix_list_json() - a new array; null if the list is empty */
json_t *prefix_list_json(const struct prefix_list *list);

#endif
