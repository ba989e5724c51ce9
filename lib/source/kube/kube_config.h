/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_CONFIG_H
#define SOURCE_KUBE_CONFIG_H

#include "lib/base/error.h"
#include "lib/base/memory.h"

#include <stdbool.h>
#include <stddef.h>

/* Where Kubernetes puts the token and the CA of a pod's service account. */
#define KUBE_CONFIG_SERVICE_ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"

/** struct kube_config_file - a text in the configuration itself, or in a file; the first wins */
struct kube_config_file {
	char *content;
	char *path;
};

/**
 * struct kube_config_exec - the credential plugin of a user
 * @api_version:      client.authentication.k8s.io/v1 or .../v1beta1
 * @arguments:        NULL-terminated; the first is the program
 * @environment:      "NAME=VALUE", to be added to that of the agent
 * @gives_cluster:    the plugin is told about the cluster
 * @install_hint:     for whoever lacks the program; may be NULL
 */
struct kube_config_exec {
	char *api_version;
	char **arguments;
	size_t argument_count;
	char **environment;
	size_t environment_count;
	bool gives_cluster;
	char *install_hint;
};

/**
 * struct kube_config - how to reach an API server, as configured; nothing is read from the files
 * that it names
 * @origin:           "kubeconfig /etc/x", "in-cluster configuration", "--master"
 * @server:           URL without a slash at its end
 * @tls_server_name:  name in the server's certificate, if not the one in @server
 * @proxy:            URL; NULL: what HTTPS_PROXY and NO_PROXY say
 * @token:            in the configuration; if there is also @token_path, that file comes first
 * @exec:             NULL if there is none
 *
 * Texts are NULL where the configuration says nothing.
 */
struct kube_config {
	char *origin;
	char *server;
	char *tls_server_name;
	char *proxy;
	struct kube_config_file authority;
	struct kube_config_file certificate;
	struct kube_config_file key;
	char *token;
	char *token_path;
	char *user;
	char *password;
	struct kube_config_exec *exec;
	bool is_insecure;
};

/**
 * struct kube_config_place - where the configuration is to be found
 * @kubeconfig:       path or NULL
 * @master:           URL that replaces the configured one, or NULL
 * @service_account:  directory, KUBE_CONFIG_SERVICE_ACCOUNT but for tests
 */
struct kube_config_place {
	const char *kubeconfig;
	const char *master;
	const char *service_account;
};

/**
 * kube_config_load() - read the configuration
 * @ret:  set on success only
 *
 * In this order: the given kubeconfig; the files of $KUBECONFIG, merged as client-go does it (the
 * first that defines something wins, missing files are skipped); a pod's service account, if
 * KUBERNETES_SERVICE_HOST is set; @master alone.
 *
 * Return: 0, or a negative errno with file, field and reason, without secrets.
 */
int kube_config_load(const struct kube_config_place *place, struct kube_config **ret,
		     struct error *err);

void kube_config_free(struct kube_config *config);
AUTO_FREE_DEFINE(kube_config);

#endif
