/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_exec.h"

#include "kube_text.h"
#include "lib/process/child.h"
#include "lib/source/json_value.h"
#include "lib/source/object_field.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct kube_exec {
	struct child *child;
	char *program;
	char *api_version;
	char *install_hint;
	void (*on_end)(void *owner, struct kube_exec_credential *credential,
		       const struct error *err);
	void *owner;
};

void kube_exec_credential_clear(struct kube_exec_credential *credential)
{
	kube_text_erase(credential->token);
	kube_text_erase(credential->certificate);
	kube_text_erase(credential->key);
	*credential = (struct kube_exec_credential){0};
}

static int parse_status(const struct object_field *root, const char *api_version,
			struct kube_exec_credential *credential, struct error *err)
{
	struct object_field version = object_field_get(root, "apiVersion");
	struct object_field status = object_field_get(root, "status");
	struct object_field expires = object_field_get(&status, "expirationTimestamp");
	const char *version_text = "";
	int r = object_field_text(&version, &version_text, err);

	if (r >= 0 && strcmp(version_text, api_version) != 0)
		return object_field_error(&version, err, "not %s, which the kubeconfig requires",
					  api_version);
	if (r >= 0)
		r = object_field_object(&status, err);
	if (r >= 0)
		r = object_field_copy_text(&status, "token", &credential->token, err);
	if (r >= 0)
		r = object_field_copy_text(&status, "clientCertificateData",
					   &credential->certificate, err);
	if (r >= 0)
		r = object_field_copy_text(&status, "clientKeyData", &credential->key, err);
	if (r >= 0)
		r = object_field_time(&expires, &credential->expires, err);
	if (r < 0)
		return r;
	if (!credential->certificate != !credential->key)
		return object_field_error(
			&status, err,
			"clientCertificateData and clientKeyData must be set together");
	if (!credential->token && !credential->certificate)
		return object_field_error(&status, err, "neither a token nor a certificate");
	return 0;
}

/* Reads the ExecCredential that a plugin printed; no secret gets into the error. */
static int parse_credential(const char *text, const char *api_version,
			    struct kube_exec_credential *ret, struct error *err)
{
	struct kube_exec_credential credential = {0};
	json_t *tree = json_loads(text, 0, NULL);
	struct object_field root = object_field_root(json_value_of(tree));
	int r;

	if (!json_is_object(tree))
		r = error_set(err, -EINVAL, "the output is not an ExecCredential");
	else
		r = parse_status(&root, api_version, &credential, err);
	json_decref(tree);
	if (r < 0) {
		kube_exec_credential_clear(&credential);
		return r;
	}
	*ret = credential;
	return 0;
}

static void set_text(json_t *object, const char *name, const char *text)
{
	if (text)
		json_object_set_new(object, name, json_string(text));
}

static void put_cluster(json_t *spec, const struct kube_config *config)
{
	json_t *cluster = json_object();
	auto_memory char *read = NULL;
	auto_memory char *encoded = NULL;
	const char *authority = config->authority.content;

	if (!authority && config->authority.path &&
	    kube_text_read(config->authority.path, &read, NULL) >= 0)
		authority = read;
	if (authority)
		encoded = kube_text_encode_base64(authority);
	set_text(cluster, "server", config->server);
	set_text(cluster, "tls-server-name", config->tls_server_name);
	set_text(cluster, "proxy-url", config->proxy);
	set_text(cluster, "certificate-authority-data", encoded);
	if (config->is_insecure)
		json_object_set_new(cluster, "insecure-skip-tls-verify", json_true());
	json_object_set_new(spec, "cluster", cluster);
}

/* What the plugin is told, KUBERNETES_EXEC_INFO of client.authentication.k8s.io/v1. */
static char *exec_info(const struct kube_config *config)
{
	json_t *spec = json_object(), *info = json_object();
	char *text, *variable;

	json_object_set_new(spec, "interactive", json_false());
	if (config->exec->gives_cluster)
		put_cluster(spec, config);
	set_text(info, "apiVersion", config->exec->api_version);
	set_text(info, "kind", "ExecCredential");
	json_object_set_new(info, "spec", spec);
	text = json_dumps(info, JSON_COMPACT);
	variable = string_printf("KUBERNETES_EXEC_INFO=%s", text);
	free(text);
	json_decref(info);
	return variable;
}

static bool is_same_variable(const char *a, const char *b)
{
	size_t length = strcspn(a, "=");

	return strncmp(a, b, length + 1) == 0;
}

/* The agent's environment, but for what the kubeconfig says otherwise. */
static const char **build_environment(const struct kube_config_exec *exec, const char *info)
{
	size_t count = 0, own = 0;
	const char **environment;

	while (environ[own])
		own++;
	environment = memory_array(own + exec->environment_count + 2, sizeof(*environment));
	environment[count++] = info;
	for (size_t i = 0; i < exec->environment_count; i++)
		environment[count++] = exec->environment[i];
	for (size_t i = 0; i < own; i++) {
		bool is_replaced = is_same_variable(environ[i], info);

		for (size_t j = 0; j < exec->environment_count; j++)
			is_replaced |= is_same_variable(environ[i], exec->environment[j]);
		if (!is_replaced)
			environment[count++] = environ[i];
	}
	return environment;
}

static int judge_end(const struct kube_exec *exec, const struct child_outcome *outcome,
		     struct error *err)
{
	const char *hint = exec->install_hint;

	if (outcome->code == -ETIMEDOUT)
		return error_set(err, outcome->code, "did not end within a minute");
	if (outcome->code == -E2BIG && outcome->has_started)
		return error_set(err, outcome->code, "printed too much output");
	if (outcome->code < 0)
		return error_set(err, outcome->code, "%s%s%.200s", strerror(-outcome->code),
				 hint ? "; " : "", hint ? hint : "");
	if (outcome->signal)
		return error_set(err, -EIO, "ended by signal %d", outcome->signal);
	if (outcome->status != 0)
		return error_set(err, -EIO, "exit status %d", outcome->status);
	return 0;
}

/* Nothing may touch @exec after its on_end(): the owner may have freed it. */
static void on_child_end(void *owner, const struct child_outcome *outcome)
{
	struct kube_exec *exec = owner;
	struct kube_exec_credential credential = {0};
	struct error err = {0};
	int r = judge_end(exec, outcome, &err);

	if (r >= 0)
		r = parse_credential(outcome->output, exec->api_version, &credential, &err);
	if (r < 0)
		error_wrap(&err, r, "credential plugin %s", exec->program);
	exec->on_end(exec->owner, &credential, r < 0 ? &err : NULL);
	kube_exec_credential_clear(&credential);
}

int kube_exec_start(struct ev_loop *loop, const struct kube_config *config,
		    void (*on_end)(void *owner, struct kube_exec_credential *credential,
				   const struct error *err),
		    void *owner, struct kube_exec **ret, struct error *err)
{
	const struct kube_config_exec *configured = config->exec;
	auto_memory char *info = exec_info(config);
	auto_memory const char **environment = build_environment(configured, info);
	const struct child_request request = {
		.arguments = (const char *const *)configured->arguments,
		.environment = environment,
		.output_limit = KUBE_TEXT_LIMIT,
		.shares_errors = true,
	};
	struct kube_exec *exec = memory_allocate(sizeof(*exec));
	int r;

	exec->program = string_dup(configured->arguments[0]);
	exec->api_version = string_dup(configured->api_version);
	exec->install_hint = string_dup(configured->install_hint);
	exec->on_end = on_end;
	exec->owner = owner;
	r = child_start(loop, &request, on_child_end, exec, &exec->child, err);
	if (r < 0) {
		kube_exec_free(exec);
		return error_wrap(err, r, "credential plugin");
	}
	*ret = exec;
	return 0;
}

void kube_exec_free(struct kube_exec *exec)
{
	if (!exec)
		return;
	child_free(exec->child);
	free(exec->program);
	free(exec->api_version);
	free(exec->install_hint);
	free(exec);
}
