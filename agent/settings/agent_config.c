/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent_config.h"

#include "settings_file.h"

#include <errno.h>
#include <string.h>

static const char *own_field(const struct setting *setting)
{
	return setting->own_field;
}

static bool is_of_kube_proxy(const char *field)
{
	for (size_t i = 0; i < setting_count; i++)
		if (string_equal(settings[i].field, field) ||
		    (settings[i].field && strncmp(settings[i].field, field, strlen(field)) == 0 &&
		     settings[i].field[strlen(field)] == '.'))
			return true;
	return false;
}

static int refuse(struct options *options, const char *field, struct error *err)
{
	(void)options;
	return error_set(err, -EINVAL,
			 is_of_kube_proxy(field)
				 ? "unknown field; it belongs in the KubeProxyConfiguration"
				 : "unknown field");
}

static const struct settings_file own_file = {
	.what = "mapping of settings",
	.is_strict = true,
	.field = own_field,
	.on_unknown = refuse,
};

int agent_config_read(struct options *options, const char *path, struct error *err)
{
	return settings_file_read(options, &own_file, path, err);
}

int agent_config_parse(struct options *options, const char *text, size_t size, struct error *err)
{
	return settings_file_parse(options, &own_file, text, size, err);
}
