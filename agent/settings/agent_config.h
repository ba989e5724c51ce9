/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_CONFIG_H
#define AGENT_CONFIG_H

#include "options.h"

/**
 * agent_config_read() - take the settings that kube-proxy does not have from a file
 * @options:  on failure not to be used
 * @path:     a YAML or JSON mapping of at most 1 MiB; an empty file sets nothing
 *
 * They are apart so that a KubeProxyConfiguration stays valid for kube-proxy. A field that is
 * unknown, or there twice, is an error.
 * Return: 0; -EINVAL, naming file and field; or why it cannot be read
 */
int agent_config_read(struct options *options, const char *path, struct error *err);

/** agent_config_parse() - the same, of a text in memory; the error does not name a file */
int agent_config_parse(struct options *options, const char *text, size_t size, struct error *err);

#endif
