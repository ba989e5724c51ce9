/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_credentials.h"

#include "kube_certificate.h"
#include "kube_exec.h"
#include "kube_text.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

/* However soon it expires: a clock that is wrong must not make a plugin be asked without end. */
#define GIVEN_MILLISECONDS_MIN 5000

/*
 * The texts are what @access points to; those of the plugin are in @given. @expiry: of the
 * client certificate; 0 without one. @told_expiry: when the one expired that was told of last; 0 if
 * it has not, as far as is known.
 */
struct kube_credentials {
	struct ev_loop *loop;
	const struct kube_config *config;
	struct kube_access access;
	char *authority;
	char *certificate;
	char *key;
	char *token;
	struct kube_exec *exec;
	struct kube_exec_credential given;
	bool has_given;
	int64_t expiry;
	int64_t told_expiry;
	void (*on_ready)(void *owner, const struct error *err);
	void (*on_certificate)(void *owner, bool is_expired, const char *text);
	void *owner;
};

struct kube_credentials *
kube_credentials_new(struct ev_loop *loop, const struct kube_config *config,
		     void (*on_ready)(void *owner, const struct error *err), void *owner)
{
	struct kube_credentials *credentials = memory_allocate(sizeof(*credentials));

	credentials->loop = loop;
	credentials->config = config;
	credentials->on_ready = on_ready;
	credentials->owner = owner;
	return credentials;
}

static void forget_texts(struct kube_credentials *credentials)
{
	kube_text_erase(take(&credentials->authority));
	kube_text_erase(take(&credentials->certificate));
	kube_text_erase(take(&credentials->key));
	kube_text_erase(take(&credentials->token));
}

void kube_credentials_free(struct kube_credentials *credentials)
{
	if (!credentials)
		return;
	kube_exec_free(credentials->exec);
	kube_exec_credential_clear(&credentials->given);
	forget_texts(credentials);
	free(credentials);
}

void kube_credentials_watch_certificate(struct kube_credentials *credentials,
					void (*on_certificate)(void *owner, bool is_expired,
							       const char *text))
{
	credentials->on_certificate = on_certificate;
}

static int64_t now_milliseconds(void)
{
	return (int64_t)time(NULL) * 1000;
}

static void keep_for_a_while(struct kube_exec_credential *credential)
{
	int64_t least = now_milliseconds() + GIVEN_MILLISECONDS_MIN;

	if (credential->expires && credential->expires < least)
		credential->expires = least;
}

static void on_exec_end(void *owner, struct kube_exec_credential *credential,
			const struct error *err)
{
	struct kube_credentials *credentials = owner;

	kube_exec_free(take(&credentials->exec));
	if (!err) {
		kube_exec_credential_clear(&credentials->given);
		credentials->given = *credential;
		keep_for_a_while(&credentials->given);
		*credential = (struct kube_exec_credential){0};
		credentials->has_given = true;
	}
	credentials->on_ready(credentials->owner, err);
}

static bool has_expired(const struct kube_exec_credential *credential)
{
	return credential->expires && credential->expires <= now_milliseconds();
}

static int ask_plugin(struct kube_credentials *credentials, struct error *err)
{
	int r;

	if (credentials->has_given && !has_expired(&credentials->given))
		return 0;
	if (credentials->exec)
		return -EINPROGRESS;
	r = kube_exec_start(credentials->loop, credentials->config, on_exec_end, credentials,
			    &credentials->exec, err);
	return r < 0 ? r : -EINPROGRESS;
}

static int read_file(const struct kube_config_file *file, const char *what, char **ret,
		     struct error *err)
{
	int r;

	if (file->content || !file->path) {
		*ret = string_dup(file->content);
		return 0;
	}
	r = kube_text_read(file->path, ret, err);
	return r < 0 ? error_wrap(err, r, "%s", what) : 0;
}

/* It becomes part of a header. */
static bool is_token(const char *text)
{
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return *text;
}

static int read_token(struct kube_credentials *credentials, struct error *err)
{
	const struct kube_config *config = credentials->config;
	const char *given = credentials->has_given ? credentials->given.token : NULL;
	int r = 0;

	if (given)
		credentials->token = string_dup(given);
	else if (config->token_path)
		r = kube_text_read(config->token_path, &credentials->token, err);
	if ((r < 0 || !credentials->token) && config->token) {
		credentials->token = string_dup(config->token);
		r = 0;
	}
	if (r < 0)
		return error_wrap(err, r, "token");
	if (credentials->token && !is_token(kube_text_trim(credentials->token)))
		return error_set(
			err, -EINVAL, "%s: not a token",
			given ? "the token of the credential plugin"
			      : (config->token_path ? config->token_path : config->origin));
	return 0;
}

static int read_certificate(struct kube_credentials *credentials, struct error *err)
{
	const struct kube_config *config = credentials->config;
	int r;

	if (credentials->has_given && credentials->given.certificate) {
		credentials->certificate = string_dup(credentials->given.certificate);
		credentials->key = string_dup(credentials->given.key);
		return 0;
	}
	r = read_file(&config->certificate, "client certificate", &credentials->certificate, err);
	if (r >= 0)
		r = read_file(&config->key, "client key", &credentials->key, err);
	return r;
}

static char *certificate_name(const struct kube_credentials *credentials)
{
	const struct kube_config *config = credentials->config;

	if (credentials->has_given && credentials->given.certificate)
		return string_printf("clientCertificateData of credential plugin %s",
				     config->exec->arguments[0]);
	if (config->certificate.content)
		return string_dup("client-certificate-data");
	return string_printf("client-certificate %s", config->certificate.path);
}

static void tell_expiry(const struct kube_credentials *credentials, int64_t expiry, bool is_expired)
{
	auto_memory char *name = certificate_name(credentials);
	auto_memory char *text = NULL;
	char when[32] = "";
	const time_t seconds = expiry;
	struct tm broken_down;

	gmtime_r(&seconds, &broken_down);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &broken_down);
	text = string_printf(is_expired ? "%s expired at %s; using it until it is replaced"
					: "%s is valid until %s",
			     name, when);
	credentials->on_certificate(credentials->owner, is_expired, text);
}

/* The server says no more than that it knows nobody, so this is worth a line. */
static void judge_certificate(struct kube_credentials *credentials)
{
	int64_t expiry = kube_certificate_expiry(credentials->certificate);
	bool is_expired = expiry && expiry <= now_milliseconds() / 1000;
	bool is_news = is_expired ? expiry != credentials->told_expiry
				  : expiry && credentials->told_expiry;

	if (is_news && credentials->on_certificate)
		tell_expiry(credentials, expiry, is_expired);
	if (is_news)
		credentials->told_expiry = is_expired ? expiry : 0;
	credentials->expiry = expiry;
}

int kube_credentials_get(struct kube_credentials *credentials, const struct kube_access **ret,
			 struct error *err)
{
	const struct kube_config *config = credentials->config;
	int r = config->exec ? ask_plugin(credentials, err) : 0;

	if (r < 0)
		return r;
	forget_texts(credentials);
	r = read_file(&config->authority, "certificate authority", &credentials->authority, err);
	if (r >= 0)
		r = read_certificate(credentials, err);
	if (r >= 0)
		r = read_token(credentials, err);
	if (r < 0)
		return error_wrap(err, r, "%s", config->origin);
	judge_certificate(credentials);
	credentials->access = (struct kube_access){
		.server = config->server,
		.tls_server_name = config->tls_server_name,
		.proxy = config->proxy,
		.authority = credentials->authority,
		.certificate = credentials->certificate,
		.key = credentials->key,
		.token = credentials->token,
		.user = config->user,
		.password = config->password,
		.is_insecure = config->is_insecure,
	};
	*ret = &credentials->access;
	return 0;
}

int64_t kube_credentials_certificate_expiry(const struct kube_credentials *credentials)
{
	return credentials->expiry;
}

void kube_credentials_refused(struct kube_credentials *credentials)
{
	credentials->has_given = false;
}
