/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_KUBE_PROXY_CONFIG_H
#define AGENT_KUBE_PROXY_CONFIG_H

#include "options.h"

#include <jansson.h>

/**
 * kube_proxy_config_read() - take the settings of a KubeProxyConfiguration, v1alpha1
 * @options:  fresh ones; on failure they are not to be used
 * @path:     a YAML or JSON file of at most 1 MiB
 *
 * null, "" and, where kubeadm writes it so, zero stand for the default. Unknown fields and repeated
 * ones (the last counts) are noted as warnings, fields that have no effect here as such, unless
 * they have their default value. A mode other than ipvs is an error; none is ipvs.
 * Source: kube-proxy 1.32 cmd/kube-proxy/app/options.go loadConfig(),
 * pkg/proxy/apis/config/v1alpha1/defaults.go
 *
 * Return: 0; -EINVAL, naming file and field, if it is no such configuration; or why it cannot be
 * read
 */
int kube_proxy_config_read(struct options *options, const char *path, struct error *err);

/** kube_proxy_config_parse() - the same, of a text in memory; the error does not name a file */
int kube_proxy_config_parse(struct options *options, const char *text, size_t size,
			    struct error *err);

/**
 * kube_proxy_config_json() - @options as a KubeProxyConfiguration, every field spelled out
 *
 * Fields without effect have kube-proxy's defaults. Our own settings are not in it.
 * Return: a new object, for json_decref()
 */
json_t *kube_proxy_config_json(const struct options *options);

/** kube_proxy_config_write() - kube_proxy_config_json() as YAML into a file; Return: 0 or negative
 * errno */
int kube_proxy_config_write(const struct options *options, const char *path, struct error *err);

#endif
