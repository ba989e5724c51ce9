/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_SETTINGS_FILE_H
#define AGENT_SETTINGS_FILE_H

#include "setting.h"

/**
 * struct settings_file - one kind of file that settings can be in: a YAML or JSON mapping
 * @what:        what such a file is called in errors: "KubeProxyConfiguration"
 * @is_strict:   a field that is there twice is an error, not a note. Such a file may be empty
 * @field:       the dotted name that a setting has in such files; NULL = none
 * @on_tree:     a look at the mapping as a whole, before its fields are taken; may be NULL
 * @on_unknown:  about a field that no setting has; a negative errno makes the file bad
 */
struct settings_file {
	const char *what;
	bool is_strict;
	const char *(*field)(const struct setting *setting);
	int (*on_tree)(struct options *options, const json_t *tree, struct error *err);
	int (*on_unknown)(struct options *options, const char *field, struct error *err);
};

/**
 * settings_file_read() - take the settings of a file of at most 1 MiB
 * @options:  on failure not to be used
 *
 * null, "" and, where SETTING_ZERO_DEFAULT says so, zero stand for the default. Fields without
 * effect that differ from their default are noted.
 * Return: 0; -EINVAL, naming file and field; or why it cannot be read
 */
int settings_file_read(struct options *options, const struct settings_file *file, const char *path,
		       struct error *err);

/** settings_file_parse() - the same, of a text in memory; the error does not name a file */
int settings_file_parse(struct options *options, const struct settings_file *file, const char *text,
			size_t size, struct error *err);

#endif
