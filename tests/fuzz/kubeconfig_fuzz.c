/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/source/kube/kube_config.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * A kubeconfig. Whatever the file holds: no memory error, a refusal that says why on one line, or a
 * configuration that can be used.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_exec(const struct kube_config_exec *exec)
{
	require(exec->api_version && exec->arguments && exec->arguments[0]);
	require(!exec->arguments[exec->argument_count]);
	for (size_t i = 0; i < exec->environment_count; i++)
		require(strchr(exec->environment[i], '='));
}

static void check(const struct kube_config *config)
{
	require(config->origin && config->server && strstr(config->server, "://"));
	require(!config->certificate.content || config->key.content || config->key.path);
	if (config->exec)
		check_exec(config->exec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int file = memfd_create("kubeconfig", MFD_CLOEXEC);
	struct kube_config *config = NULL;
	struct error err = {0};
	char path[32];

	require(file >= 0 && write(file, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	if (kube_config_load(&(struct kube_config_place){.kubeconfig = path}, &config, &err) < 0)
		require(*err.text && !strchr(err.text, '\n'));
	else
		check(config);
	kube_config_free(config);
	close(file);
	return 0;
}
