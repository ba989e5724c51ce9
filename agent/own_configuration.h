/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_OWN_CONFIGURATION_H
#define AGENT_OWN_CONFIGURATION_H

#include "options.h"

/**
 * own_configuration_read() - take the settings that kube-proxy does not have from a file
 * @options:  on failure not to be used
 * @path:     a YAML or JSON mapping of at most 1 MiB; an empty file sets nothing
 *
 * They are apart so that a KubeProxyConfiguration stays valid for kube-proxy. A field that is
 * unknown, or there twice, is an error.
 * Return: 0; -EINVAL, naming file and field; or why it cannot be read
 */
int own_configuration_read(struct options *options, const char *path, struct error *err);

/** own_configuration_parse() - the same, of a text in memory; the error does not name a file */
int own_configuration_parse(struct options *options, const char *text, size_t size,
			    struct error *err);

#endif
