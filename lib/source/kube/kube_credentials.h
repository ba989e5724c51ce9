/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_CREDENTIALS_H
#define SOURCE_KUBE_CREDENTIALS_H

#include "kube_config.h"
#include "lib/base/error.h"
#include "lib/base/memory.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * struct kube_access - what one request needs; texts are NULL where there is nothing
 * @server:       URL without a slash at its end
 * @authority:    PEM; NULL: the authorities that the system trusts
 * @is_insecure:  the server's certificate is not checked
 */
struct kube_access {
	const char *server;
	const char *tls_server_name;
	const char *proxy;
	const char *authority;
	const char *certificate;
	const char *key;
	const char *token;
	const char *user;
	const char *password;
	bool is_insecure;
};

/** struct kube_credentials - who we are for the server, as of now */
struct kube_credentials;

/**
 * kube_credentials_new() - credentials as configured
 * @config:    outlives the credentials
 * @on_ready:  after a -EINPROGRESS: the credentials are there, or @err says why not
 */
struct kube_credentials *
kube_credentials_new(struct ev_loop *loop, const struct kube_config *config,
		     void (*on_ready)(void *owner, const struct error *err), void *owner);

/**
 * kube_credentials_watch_certificate() - hear of a client certificate that has expired
 * @on_certificate:  called from kube_credentials_get(), with the owner: once for each certificate
 *                   that turns out to have expired, and once for the valid one that takes its
 *                   place. @text names the file or field and the date.
 */
void kube_credentials_watch_certificate(struct kube_credentials *credentials,
					void (*on_certificate)(void *owner, bool is_expired,
							       const char *text));

/**
 * kube_credentials_certificate_expiry() - until when the client certificate is valid
 *
 * Return: seconds since 1970, of the one that kube_credentials_get() read last; 0 without one
 */
int64_t kube_credentials_certificate_expiry(const struct kube_credentials *credentials);

void kube_credentials_free(struct kube_credentials *credentials);
AUTO_FREE_DEFINE(kube_credentials);

/**
 * kube_credentials_get() - read what the files say now
 * @ret:  set on success only; valid until the next call of any of these functions
 *
 * Return: 0; -EINPROGRESS while a plugin runs; a negative errno if a file or the plugin fails.
 */
int kube_credentials_get(struct kube_credentials *credentials, const struct kube_access **ret,
			 struct error *err);

/** kube_credentials_refused() - the server did not accept them: ask the plugin again */
void kube_credentials_refused(struct kube_credentials *credentials);

#endif
