/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api_server.h"

#include "api_request.h"
#include "lib/base/memory.h"

#include <string.h>

#define BODY_LIMIT ((size_t)1 << 20)

static enum MHD_Result on_request(void *owner, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *size, void **state)
{
	struct api_server *server = owner;
	struct api_exchange *exchange = *state;
	enum MHD_Result result;
	size_t length = *size;

	(void)version;
	if (!exchange->connection) {
		exchange->server = server;
		exchange->connection = connection;
		exchange->method = method;
		return MHD_YES;
	}
	if (length) {
		if (exchange->body_length + length > BODY_LIMIT)
			return MHD_NO;
		exchange->body = memory_resize(exchange->body, exchange->body_length + length, 1);
		memcpy(exchange->body + exchange->body_length, data, length);
		exchange->body_length += length;
		*size = 0;
		return MHD_YES;
	}
	pthread_mutex_lock(&server->lock);
	result = api_request_answer(exchange, url);
	pthread_mutex_unlock(&server->lock);
	return result;
}

/* The first word about a request; what is returned comes back as *state. */
static void *on_target(void *owner, const char *target, struct MHD_Connection *connection)
{
	struct api_exchange *exchange = memory_allocate(sizeof(*exchange));

	(void)owner;
	(void)connection;
	exchange->target = string_dup(target);
	return exchange;
}

static void on_completed(void *owner, struct MHD_Connection *connection, void **state,
			 enum MHD_RequestTerminationCode code)
{
	struct api_exchange *exchange = *state;

	(void)owner;
	(void)connection;
	(void)code;
	if (!exchange)
		return;
	free(exchange->text);
	free(exchange->bytes.bytes);
	free(exchange->target);
	free(exchange->body);
	free(exchange);
	*state = NULL;
}

struct api_server *api_server_new(const struct api_server_options *options)
{
	struct api_server *server = memory_allocate(sizeof(*server));
	pthread_condattr_t attributes;

	pthread_mutex_init(&server->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&server->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	server->store = api_store_new(options->first_version);
	server->lists = api_lists_new();
	server->requests = string_dup("");
	server->events = api_events_new();
	server->bookmark_seconds = options->bookmark_seconds > 0 ? options->bookmark_seconds : 60;
	server->log = options->log;
	server->has_client_authority = options->client_authority;
	return server;
}

bool api_server_listen(struct api_server *server, const struct api_server_options *options)
{
	unsigned int flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
			     MHD_USE_POLL | MHD_USE_ITC;
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)options->certificate},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)options->key},
		{options->client_authority ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0,
		 (void *)options->client_authority},
		{MHD_OPTION_END, 0, NULL},
	};

	server->daemon = MHD_start_daemon(
		flags | (options->certificate ? MHD_USE_TLS : 0), (uint16_t)options->port, NULL,
		NULL, on_request, server, MHD_OPTION_ARRAY, options->certificate ? tls : &tls[3],
		MHD_OPTION_URI_LOG_CALLBACK, on_target, server, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, server, MHD_OPTION_END);
	return server->daemon;
}

void api_server_free(struct api_server *server)
{
	if (!server)
		return;
	pthread_mutex_lock(&server->lock);
	server->is_stopping = true;
	pthread_cond_broadcast(&server->changed);
	pthread_mutex_unlock(&server->lock);
	if (server->daemon)
		MHD_stop_daemon(server->daemon);
	api_faults_free(server->faults);
	api_lists_free(server->lists);
	api_store_free(server->store);
	pthread_cond_destroy(&server->changed);
	pthread_mutex_destroy(&server->lock);
	free(server->tokens);
	free(server->users);
	free(server->requests);
	api_events_free(server->events);
	free(server);
}

unsigned int api_server_port(const struct api_server *server)
{
	return MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

struct api_store *api_server_lock(struct api_server *server)
{
	pthread_mutex_lock(&server->lock);
	return server->store;
}

void api_server_unlock(struct api_server *server)
{
	pthread_cond_broadcast(&server->changed);
	pthread_mutex_unlock(&server->lock);
}

static void replace(struct api_server *server, char **field, const char *text)
{
	api_server_lock(server);
	free(*field);
	*field = string_dup(text);
	api_server_unlock(server);
}

void api_server_set_tokens(struct api_server *server, const char *text)
{
	replace(server, &server->tokens, text);
}

void api_server_set_users(struct api_server *server, const char *text)
{
	replace(server, &server->users, text);
}

bool api_server_set_faults(struct api_server *server, const char *script)
{
	struct api_faults *faults = api_faults_new(script);

	if (!faults)
		return false;
	api_server_lock(server);
	api_faults_free(server->faults);
	server->faults = faults;
	api_server_unlock(server);
	return true;
}

void api_server_compact(struct api_server *server)
{
	api_store_compact(api_server_lock(server));
	api_lists_expire(server->lists);
	api_server_unlock(server);
}

void api_server_rewind(struct api_server *server, long version)
{
	api_store_rewind(api_server_lock(server), version);
	api_lists_expire(server->lists);
	api_server_unlock(server);
}

char *api_server_requests(struct api_server *server)
{
	char *copy;

	api_server_lock(server);
	copy = string_dup(server->requests);
	api_server_unlock(server);
	return copy;
}

char *api_server_events(struct api_server *server)
{
	char *text;

	api_server_lock(server);
	text = api_events_text(server->events);
	api_server_unlock(server);
	return text;
}
