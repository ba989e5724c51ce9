/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_COMMAND_LINE_H
#define AGENT_COMMAND_LINE_H

#include "options.h"

/**
 * command_line_parse() - read the flags that follow a command, and the file that --config names
 * @argv:  argv[0] is the command's name
 *
 * With --config the file decides, as in kube-proxy: of kube-proxy's flags only those count that
 * have no field in the file, --hostname-override and -v. Flags that are passed over, and what has
 * no effect here, are noted. Of what the file of --ipvsagent-config can say, flags decide.
 * Source: kube-proxy 1.32 cmd/kube-proxy/app/options.go
 *
 * Return: 0 or a negative errno; the error names the flag or the field, and what is wrong with it.
 * -EINVAL if the settings are wrong, others if the file cannot be read
 */
int command_line_parse(struct options *options, enum option_scope scope, int argc, char **argv,
		       struct error *err);

/**
 * command_line_reread() - the same command line once more, with what its files say now
 * @ret:  fresh options; set on success only
 */
int command_line_reread(const struct options *options, struct options **ret, struct error *err);

/** command_line_of_flags() - what the same command line says without its files; only for showing it */
struct options *command_line_of_flags(const struct options *options);

/** command_line_print_flags() - the flags of a command with their meaning, for --help */
void command_line_print_flags(enum option_scope scope);

#endif
