/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_exec.h"

#include "../../base/descriptor_limit.h"
#include "../object_field.h"
#include "kube_text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIME_LIMIT_SECONDS 60.0

/* @pid: 0 when it has been collected; @descriptor: its standard output, -1 when that has ended. */
struct kube_exec {
	struct ev_loop *loop;
	char *program;
	char *api_version;
	pid_t pid;
	int descriptor;
	int status;
	char *output;
	size_t length;
	struct error problem;
	ev_child exit;
	ev_io readable;
	ev_timer limit;
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

static int read_text(const struct object_field *section, const char *name, char **ret,
		     struct error *err)
{
	struct object_field field = object_field_get(section, name);
	const char *text = "";
	int r = object_field_text(&field, &text, err);

	if (r >= 0 && *text)
		*ret = memory_text(text);
	return r;
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
		return object_field_error(&version, err, "not %s, which the kubeconfig asks for",
					  api_version);
	if (r >= 0)
		r = object_field_object(&status, err);
	if (r >= 0)
		r = read_text(&status, "token", &credential->token, err);
	if (r >= 0)
		r = read_text(&status, "clientCertificateData", &credential->certificate, err);
	if (r >= 0)
		r = read_text(&status, "clientKeyData", &credential->key, err);
	if (r >= 0)
		r = object_field_time(&expires, &credential->expires, err);
	if (r < 0)
		return r;
	if (!credential->certificate != !credential->key)
		return object_field_error(
			&status, err, "clientCertificateData and clientKeyData need each other");
	if (!credential->token && !credential->certificate)
		return object_field_error(&status, err, "neither a token nor a certificate");
	return 0;
}

int kube_exec_parse(const char *text, const char *api_version, struct kube_exec_credential *ret,
		    struct error *err)
{
	struct kube_exec_credential credential = {0};
	json_t *tree = json_loads(text, 0, NULL);
	struct object_field root = object_field_root(tree);
	int r;

	if (!json_is_object(tree))
		r = error_set(err, -EINVAL, "the output is no ExecCredential");
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
	variable = memory_format("KUBERNETES_EXEC_INFO=%s", text);
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
static char **build_environment(const struct kube_config_exec *exec, char *info)
{
	size_t count = 0, own = 0;
	char **environment;

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

static int spawn(const struct kube_config *config, int output, pid_t *ret)
{
	auto_memory char *info = exec_info(config);
	auto_memory char **environment = build_environment(config->exec, info);
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t signals;
	int r;

	if (posix_spawn_file_actions_init(&actions) || posix_spawnattr_init(&attributes))
		abort();
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	/* The agent ignores and blocks signals that a program expects to be killed by. */
	sigemptyset(&signals);
	posix_spawnattr_setsigmask(&attributes, &signals);
	sigfillset(&signals);
	posix_spawnattr_setsigdefault(&attributes, &signals);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	descriptor_limit_suspend();
	r = posix_spawnp(ret, config->exec->arguments[0], &actions, &attributes,
			 config->exec->arguments, environment);
	descriptor_limit_resume();
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return -r;
}

static void stop_watchers(struct kube_exec *exec)
{
	ev_child_stop(exec->loop, &exec->exit);
	ev_io_stop(exec->loop, &exec->readable);
	ev_timer_stop(exec->loop, &exec->limit);
}

static int judge(struct kube_exec *exec, struct kube_exec_credential *credential, struct error *err)
{
	int r = exec->problem.code;

	if (r < 0)
		*err = exec->problem;
	else if (WIFSIGNALED(exec->status))
		r = error_set(err, -EIO, "ended by signal %d", WTERMSIG(exec->status));
	else if (WEXITSTATUS(exec->status) != 0)
		r = error_set(err, -EIO, "exit status %d", WEXITSTATUS(exec->status));
	else
		r = kube_exec_parse(exec->output, exec->api_version, credential, err);
	return r < 0 ? error_wrap(err, r, "credential plugin %s", exec->program) : 0;
}

/* Nothing may touch @exec after this: the owner may have freed it. */
static void end_if_done(struct kube_exec *exec)
{
	struct kube_exec_credential credential = {0};
	struct error err = {0};
	int r;

	if (exec->pid || exec->descriptor >= 0)
		return;
	stop_watchers(exec);
	r = judge(exec, &credential, &err);
	exec->on_end(exec->owner, &credential, r < 0 ? &err : NULL);
	kube_exec_credential_clear(&credential);
}

static void close_output(struct kube_exec *exec)
{
	ev_io_stop(exec->loop, &exec->readable);
	if (exec->descriptor >= 0)
		close(exec->descriptor);
	exec->descriptor = -1;
}

static void give_up(struct kube_exec *exec, int code, const char *reason)
{
	if (!exec->problem.code)
		error_set(&exec->problem, code, "%s", reason);
	if (exec->pid)
		kill(exec->pid, SIGKILL);
	close_output(exec);
	end_if_done(exec);
}

static void on_exit_status(struct ev_loop *loop, ev_child *watcher, int events)
{
	struct kube_exec *exec = container_of(watcher, struct kube_exec, exit);

	(void)events;
	ev_child_stop(loop, watcher);
	exec->pid = 0;
	exec->status = watcher->rstatus;
	end_if_done(exec);
}

static void on_readable(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct kube_exec *exec = container_of(watcher, struct kube_exec, readable);
	ssize_t length =
		read(exec->descriptor, exec->output + exec->length, KUBE_TEXT_LIMIT - exec->length);

	(void)loop;
	(void)events;
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (length > 0) {
		exec->length += (size_t)length;
		if (exec->length == KUBE_TEXT_LIMIT)
			give_up(exec, -E2BIG, "prints too much");
		return;
	}
	close_output(exec);
	end_if_done(exec);
}

static void on_limit(struct ev_loop *loop, ev_timer *watcher, int events)
{
	(void)loop;
	(void)events;
	give_up(container_of(watcher, struct kube_exec, limit), -ETIMEDOUT,
		"did not end within a minute");
}

int kube_exec_start(struct ev_loop *loop, const struct kube_config *config,
		    void (*on_end)(void *owner, struct kube_exec_credential *credential,
				   const struct error *err),
		    void *owner, struct kube_exec **ret, struct error *err)
{
	const struct kube_config_exec *configured = config->exec;
	const char *hint = configured->install_hint;
	struct kube_exec *exec;
	int output[2];
	pid_t pid = 0;
	int r;

	if (!ev_is_default_loop(loop))
		return error_set(err, -EINVAL, "a credential plugin needs the default event loop");
	if (pipe2(output, O_CLOEXEC) < 0)
		return error_set(err, -errno, "a pipe: %s", strerror(errno));
	r = spawn(config, output[1], &pid);
	close(output[1]);
	if (r < 0) {
		close(output[0]);
		return error_set(err, r, "credential plugin %s: %s%s%.200s",
				 configured->arguments[0], strerror(-r), hint ? "; " : "",
				 hint ? hint : "");
	}
	fcntl(output[0], F_SETFL, O_NONBLOCK);
	exec = memory_allocate(sizeof(*exec));
	exec->loop = loop;
	exec->program = memory_text(configured->arguments[0]);
	exec->api_version = memory_text(configured->api_version);
	exec->pid = pid;
	exec->descriptor = output[0];
	exec->output = memory_allocate(KUBE_TEXT_LIMIT + 1);
	exec->on_end = on_end;
	exec->owner = owner;
	ev_child_init(&exec->exit, on_exit_status, pid, 0);
	ev_io_init(&exec->readable, on_readable, exec->descriptor, EV_READ);
	ev_timer_init(&exec->limit, on_limit, TIME_LIMIT_SECONDS, 0.);
	ev_now_update(loop);
	ev_child_start(loop, &exec->exit);
	ev_io_start(loop, &exec->readable);
	ev_timer_start(loop, &exec->limit);
	*ret = exec;
	return 0;
}

void kube_exec_free(struct kube_exec *exec)
{
	if (!exec)
		return;
	stop_watchers(exec);
	if (exec->pid) {
		kill(exec->pid, SIGKILL);
		while (waitpid(exec->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close_output(exec);
	free(exec->program);
	free(exec->api_version);
	kube_text_erase(exec->output);
	free(exec);
}
