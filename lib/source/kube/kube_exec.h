/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_EXEC_H
#define SOURCE_KUBE_EXEC_H

#include "kube_config.h"
#include "lib/base/error.h"
#include "lib/base/memory.h"

#include <ev.h>
#include <stdint.h>

/**
 * struct kube_exec_credential - what a plugin gave
 * @token:        or NULL
 * @certificate:  PEM, or NULL
 * @key:          of @certificate
 * @expires:      milliseconds since 1970; 0 = never
 */
struct kube_exec_credential {
	char *token;
	char *certificate;
	char *key;
	int64_t expires;
};

/** kube_exec_credential_clear() - free the texts and zero the struct */
void kube_exec_credential_clear(struct kube_exec_credential *credential);

/**
 * struct kube_exec - one run of a credential plugin
 *
 * Kubeconfigs of managed clusters get their credentials that way, so this is, beside
 * iptables-restore, the one program that the agent runs; without a shell. It gets the agent's
 * environment, an empty standard input, and the agent's standard error, and has a minute.
 */
struct kube_exec;

/**
 * kube_exec_start() - run the plugin
 * @loop:    the default loop: libev collects children only there
 * @on_end:  called once from the loop, with the credential, which it may take, or with an error,
 *           as that there is no such program; it may free the run
 *
 * Does not wait, not even until the program has been loaded.
 * Return: 0; a negative errno if the agent lacks what that takes (as descriptors), and then
 * on_end() is not called
 */
int kube_exec_start(struct ev_loop *loop, const struct kube_config *config,
		    void (*on_end)(void *owner, struct kube_exec_credential *credential,
				   const struct error *err),
		    void *owner, struct kube_exec **ret, struct error *err);

/** kube_exec_free() - kill it if it still runs; on_end() is not called any more; NULL is fine */
void kube_exec_free(struct kube_exec *exec);

#endif
