/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api_server.h"

#include "api_access.h"
#include "api_answer.h"
#include "api_events.h"
#include "api_faults.h"
#include "api_protobuf.h"
#include "lib/base/memory.h"

#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define PROTOBUF   "application/vnd.kubernetes.protobuf"
#define BODY_LIMIT ((size_t)1 << 20)
/* How often a thread that waits looks whether its client is still there. */
#define LOOK_SECONDS 0.2

struct api_server {
	struct MHD_Daemon *daemon;
	struct api_store *store;
	struct api_lists *lists;
	struct api_faults *faults;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	char *tokens;
	char *users;
	char *requests;
	FILE *log;
	struct api_events *events;
	double bookmark_seconds;
	bool has_client_authority;
	bool is_stopping;
};

/* A request with its body, and then its answer. */
struct exchange {
	struct api_server *server;
	struct MHD_Connection *connection;
	const char *method;
	char *target;
	char user[API_ACCESS_USER_SIZE];
	const char *verb;
	enum api_resource resource;
	struct api_fault fault;
	char *body;
	size_t body_length;
	struct api_watch watch;
	struct timespec end; /* of a watch */
	struct timespec bookmark;
	bool is_watch;
	bool is_protobuf; /* the answer is to be that */
	char *text;	  /* JSON, what is to be said next; a line for each event of a watch */
	struct api_bytes bytes; /* that, as it is sent, from @offset on */
	size_t offset;
	size_t sent;
};

static struct timespec seconds_from_now(double seconds)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += (time_t)seconds;
	at.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
	if (at.tv_nsec >= 1000000000) {
		at.tv_nsec -= 1000000000;
		at.tv_sec++;
	}
	return at;
}

static bool is_past(const struct timespec *at)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > at->tv_sec || (now.tv_sec == at->tv_sec && now.tv_nsec >= at->tv_nsec);
}

static void append_line(char **text, const char *line)
{
	char *longer = string_printf("%s%s\n", *text, line);

	free(*text);
	*text = longer;
}

static int socket_of(struct exchange *exchange)
{
	return MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD)
		->connect_fd;
}

static bool is_client_gone(struct exchange *exchange)
{
	struct pollfd descriptor = {.fd = socket_of(exchange), .events = POLLRDHUP};

	return poll(&descriptor, 1, 0) > 0 && descriptor.revents;
}

/* The lock is held. Return: false if the thread is to end */
static bool wait_for_change(struct exchange *exchange)
{
	struct timespec until = seconds_from_now(LOOK_SECONDS);

	pthread_cond_timedwait(&exchange->server->changed, &exchange->server->lock, &until);
	return !exchange->server->is_stopping && !is_client_gone(exchange);
}

static ssize_t reset(struct exchange *exchange)
{
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	setsockopt(socket_of(exchange), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

static void look_at_faults(struct exchange *exchange)
{
	struct api_server *server = exchange->server;
	/* A streaming list becomes a watch. */
	const char *verb =
		exchange->is_watch && !exchange->watch.has_initial ? "watch" : exchange->verb;
	struct api_fault fault;

	/* What a request was given at its start stays, unless the script has something new. */
	if (!server->faults)
		return;
	fault = api_faults_look(server->faults, api_store_kind(exchange->resource)->resource, verb);
	if (fault.action == API_FAULT_RESET || fault.action == API_FAULT_STALL ||
	    fault.action == API_FAULT_END)
		exchange->fault = fault;
	else if (exchange->fault.action == API_FAULT_STALL)
		exchange->fault = (struct api_fault){0};
}

/* Fills exchange->text with what a watch has to say next, waiting for it; false when it is over. */
static bool fetch_events(struct exchange *exchange)
{
	struct api_server *server = exchange->server;

	for (;;) {
		look_at_faults(exchange);
		if (exchange->fault.action == API_FAULT_RESET || exchange->watch.is_over)
			return false;
		if (exchange->fault.action == API_FAULT_END)
			return false;
		if (exchange->fault.action != API_FAULT_STALL)
			exchange->text = api_watch_next(&exchange->watch, server->store);
		if (!exchange->text && is_past(&exchange->bookmark) &&
		    exchange->watch.query.wants_bookmarks) {
			exchange->text = api_watch_bookmark(&exchange->watch, server->store);
			exchange->bookmark = seconds_from_now(server->bookmark_seconds);
		}
		if (exchange->text)
			return true;
		if (is_past(&exchange->end) || !wait_for_change(exchange))
			return false;
	}
}

/* What no API server could send as a protocol buffer becomes an object that is none. */
static void put_event(struct api_bytes *ret, const char *line, size_t length)
{
	auto_memory char *text = string_printf("%.*s", (int)length, line);
	json_t *event = json_loadb(line, length, 0, NULL);
	size_t before = ret->length;

	api_protobuf_event(ret, event);
	if (ret->is_refused) {
		ret->length = before;
		ret->is_refused = false;
		api_protobuf_bad_event(ret, text);
	}
	json_decref(event);
}

static void put_events(struct api_bytes *ret, const char *lines)
{
	for (const char *line = lines; *line; line += strcspn(line, "\n") + 1)
		put_event(ret, line, strcspn(line, "\n"));
}

/* Return: false for what no API server could send as a protocol buffer */
static bool put_object(struct api_bytes *ret, const char *text)
{
	json_t *object = json_loads(text, 0, NULL);

	if (json_object_get(object, "type"))
		api_protobuf_event(ret, object);
	else
		api_protobuf_object(ret, object);
	json_decref(object);
	return !ret->is_refused;
}

/* Makes of exchange->text what is sent for it. */
static void encode(struct exchange *exchange)
{
	exchange->bytes.length = 0;
	exchange->bytes.is_refused = false;
	exchange->offset = 0;
	if (exchange->is_protobuf && exchange->is_watch) {
		put_events(&exchange->bytes, exchange->text);
	} else if (!exchange->is_protobuf || !put_object(&exchange->bytes, exchange->text)) {
		exchange->is_protobuf = false;
		exchange->bytes.length = 0;
		api_bytes_append(&exchange->bytes, exchange->text, strlen(exchange->text));
	}
	free(take(&exchange->text));
}

static void garble(const struct exchange *exchange, char *buffer, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (exchange->sent + i >= exchange->fault.number)
			buffer[i] = (char)~buffer[i];
}

/* Called with the lock held. */
static ssize_t read_some(struct exchange *exchange, char *buffer, size_t size)
{
	const struct api_fault *fault = &exchange->fault;
	size_t length;

	if (exchange->offset == exchange->bytes.length && !exchange->text && exchange->is_watch)
		fetch_events(exchange);
	if (exchange->text)
		encode(exchange);
	if (exchange->offset == exchange->bytes.length)
		return fault->action == API_FAULT_RESET ? reset(exchange)
							: MHD_CONTENT_READER_END_OF_STREAM;
	look_at_faults(exchange);
	while (fault->action == API_FAULT_STALL && exchange->sent >= fault->number) {
		if (!wait_for_change(exchange))
			return MHD_CONTENT_READER_END_WITH_ERROR;
		look_at_faults(exchange);
	}
	if (fault->action == API_FAULT_RESET && exchange->sent >= fault->number)
		return reset(exchange);
	length = exchange->bytes.length - exchange->offset;
	if (fault->action == API_FAULT_RESET || fault->action == API_FAULT_STALL)
		size = size < fault->number - exchange->sent ? size
							     : fault->number - exchange->sent;
	else if (fault->action == API_FAULT_SPLIT && size > fault->number)
		size = fault->number;
	if (length > size)
		length = size;
	memcpy(buffer, exchange->bytes.bytes + exchange->offset, length);
	if (fault->action == API_FAULT_GARBLE && exchange->is_protobuf)
		garble(exchange, buffer, length);
	exchange->offset += length;
	exchange->sent += length;
	return (ssize_t)length;
}

static ssize_t on_read(void *user, uint64_t position, char *buffer, size_t size)
{
	struct exchange *exchange = user;
	ssize_t length;

	(void)position;
	pthread_mutex_lock(&exchange->server->lock);
	length = read_some(exchange, buffer, size);
	pthread_mutex_unlock(&exchange->server->lock);
	return length;
}

static enum MHD_Result send_answer(struct exchange *exchange, int code)
{
	struct MHD_Response *response;
	enum MHD_Result result;
	char line[4096], retry[32];

	snprintf(line, sizeof(line), "%s %s %s %d", exchange->user, exchange->verb,
		 exchange->target, code);
	append_line(&exchange->server->requests, line);
	if (exchange->server->log) {
		fprintf(exchange->server->log, "%s\n", line);
		fflush(exchange->server->log);
	}
	/* Which encoding it is has to be known before the header is sent. */
	if (exchange->text)
		encode(exchange);
	response =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, on_read, exchange, NULL);
	MHD_add_response_header(response, "Content-Type",
				!exchange->is_protobuf ? "application/json"
				: exchange->is_watch   ? PROTOBUF ";stream=watch"
						       : PROTOBUF);
	MHD_add_response_header(response, "Cache-Control", "no-cache, private");
	if (exchange->fault.action == API_FAULT_STATUS && exchange->fault.retry_seconds) {
		snprintf(retry, sizeof(retry), "%u", exchange->fault.retry_seconds);
		MHD_add_response_header(response, "Retry-After", retry);
	}
	result = MHD_queue_response(exchange->connection, (unsigned int)code, response);
	MHD_destroy_response(response);
	return result;
}

static bool asks_for_protobuf(struct exchange *exchange)
{
	const char *accept = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND,
							 MHD_HTTP_HEADER_ACCEPT);

	return accept && strstr(accept, PROTOBUF);
}

static enum MHD_Result send_status(struct exchange *exchange, int code, const char *reason,
				   const char *message)
{
	exchange->text = api_answer_status(code, reason, message);
	return send_answer(exchange, code);
}

static const char *argument(struct exchange *exchange, const char *name)
{
	return MHD_lookup_connection_value(exchange->connection, MHD_GET_ARGUMENT_KIND, name);
}

static bool is_true(struct exchange *exchange, const char *name)
{
	const char *value = argument(exchange, name);

	return value && (strcmp(value, "true") == 0 || strcmp(value, "1") == 0);
}

static void read_query(struct exchange *exchange)
{
	const char *limit = argument(exchange, "limit");
	const char *timeout = argument(exchange, "timeoutSeconds");

	exchange->watch.query = (struct api_query){
		.resource = exchange->resource,
		.selector = {argument(exchange, "labelSelector"),
			     argument(exchange, "fieldSelector")},
		.version = argument(exchange, "resourceVersion"),
		.version_match = argument(exchange, "resourceVersionMatch"),
		.continue_token = argument(exchange, "continue"),
		.limit = limit ? strtoul(limit, NULL, 10) : 0,
		.timeout_seconds = timeout ? strtod(timeout, NULL) : 1800,
		.is_watch = is_true(exchange, "watch"),
		.wants_bookmarks = is_true(exchange, "allowWatchBookmarks"),
		.wants_initial_events = is_true(exchange, "sendInitialEvents"),
	};
}

static bool find_resource(const char *url, const char *method, enum api_resource *ret)
{
	if (strcmp(url, "/api/v1/services") == 0)
		*ret = API_RESOURCE_SERVICES;
	else if (strcmp(url, "/apis/discovery.k8s.io/v1/endpointslices") == 0)
		*ret = API_RESOURCE_ENDPOINT_SLICES;
	else if (strcmp(url, "/api/v1/nodes") == 0)
		*ret = API_RESOURCE_NODES;
	else if (api_events_has_path(url, method))
		*ret = API_RESOURCE_EVENTS;
	else
		return false;
	return *ret == API_RESOURCE_EVENTS || strcmp(method, "GET") == 0;
}

static enum MHD_Result answer_watch(struct exchange *exchange)
{
	struct api_query *query = &exchange->watch.query;
	int code = api_watch_start(&exchange->watch, &exchange->text);
	double bookmark = query->timeout_seconds > 4 ? query->timeout_seconds - 2 : 0.1;

	if (code != 200)
		return send_answer(exchange, code);
	if (bookmark > exchange->server->bookmark_seconds)
		bookmark = exchange->server->bookmark_seconds;
	exchange->bookmark = seconds_from_now(bookmark);
	exchange->end = seconds_from_now(query->timeout_seconds);
	if (exchange->fault.action == API_FAULT_REFUSE)
		exchange->text = api_watch_refusal();
	else
		exchange->is_watch = true;
	return send_answer(exchange, 200);
}

static enum MHD_Result answer_event(struct exchange *exchange, const char *url)
{
	const struct api_event_request request = {
		.path = url,
		.method = exchange->method,
		.content_type = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND,
							    MHD_HTTP_HEADER_CONTENT_TYPE),
		.body = exchange->body,
		.body_length = exchange->body_length,
	};
	int code = api_events_answer(exchange->server->events, &request, &exchange->text);

	if (exchange->server->log && code < 300)
		fprintf(exchange->server->log, "%s", exchange->text);
	return send_answer(exchange, code);
}

/* The lock is held. Return: true if the fault leaves nothing to answer */
static bool suffer(struct exchange *exchange, enum MHD_Result *ret)
{
	struct timespec until = seconds_from_now((double)exchange->fault.number / 1000);
	auto_memory char *message = NULL;

	switch (exchange->fault.action) {
	case API_FAULT_STATUS:
		message = string_printf("status %zu was ordered", exchange->fault.number);
		*ret = send_status(exchange, (int)exchange->fault.number, NULL, message);
		return true;
	case API_FAULT_DELAY:
		while (!is_past(&until) && wait_for_change(exchange))
			;
		return false;
	case API_FAULT_HANG:
		while (wait_for_change(exchange))
			;
		*ret = MHD_NO;
		return true;
	case API_FAULT_RESET:
		if (exchange->fault.number)
			return false;
		reset(exchange);
		*ret = MHD_NO;
		return true;
	case API_FAULT_UNACCEPTABLE:
		if (!exchange->is_protobuf)
			return false;
		exchange->is_protobuf = false;
		*ret = send_status(exchange, 406, "NotAcceptable",
				   "only the following media types are accepted: application/json");
		return true;
	case API_FAULT_JSON:
		exchange->is_protobuf = false;
		return false;
	case API_FAULT_NONE:
	case API_FAULT_GARBLE:
	case API_FAULT_REFUSE:
	case API_FAULT_STALL:
	case API_FAULT_SPLIT:
	case API_FAULT_END:
		break;
	}
	return false;
}

static const char *event_verb(const struct exchange *exchange)
{
	return strcmp(exchange->method, "PATCH") == 0 ? "patch" : "create";
}

/* The lock is held. */
static enum MHD_Result answer(struct exchange *exchange, const char *url)
{
	struct api_server *server = exchange->server;
	enum MHD_Result result;
	int code;

	exchange->verb = "get";
	exchange->is_protobuf = asks_for_protobuf(exchange);
	if (!api_access_authenticate(exchange->connection, server->tokens,
				     server->has_client_authority, exchange->user)) {
		strcpy(exchange->user, "?");
		return send_status(exchange, 401, "Unauthorized", "Unauthorized");
	}
	if (!find_resource(url, exchange->method, &exchange->resource))
		return send_status(exchange, 404, "NotFound",
				   "the server could not find the requested resource");
	read_query(exchange);
	exchange->verb = exchange->resource == API_RESOURCE_EVENTS    ? event_verb(exchange)
			 : exchange->watch.query.wants_initial_events ? "stream"
			 : exchange->watch.query.is_watch	      ? "watch"
								      : "list";
	if (server->faults)
		exchange->fault = api_faults_take(server->faults,
						  api_store_kind(exchange->resource)->resource,
						  exchange->verb);
	if (suffer(exchange, &result))
		return result;
	if (!api_access_is_allowed(server->users, exchange->user)) {
		exchange->text = api_answer_forbidden(
			exchange->resource, exchange->user,
			strcmp(exchange->verb, "stream") == 0 ? "watch" : exchange->verb);
		return send_answer(exchange, 403);
	}
	if (exchange->resource == API_RESOURCE_EVENTS)
		return answer_event(exchange, url);
	if (exchange->watch.query.is_watch)
		return answer_watch(exchange);
	code = api_lists_answer(server->lists, server->store, &exchange->watch.query,
				&exchange->text);
	return send_answer(exchange, code);
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *size, void **state)
{
	struct api_server *server = user;
	struct exchange *exchange = *state;
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
	result = answer(exchange, url);
	pthread_mutex_unlock(&server->lock);
	return result;
}

/* The first word about a request; what is returned comes back as *state. */
static void *on_target(void *user, const char *target, struct MHD_Connection *connection)
{
	struct exchange *exchange = memory_allocate(sizeof(*exchange));

	(void)user;
	(void)connection;
	exchange->target = string_dup(target);
	return exchange;
}

static void on_completed(void *user, struct MHD_Connection *connection, void **state,
			 enum MHD_RequestTerminationCode code)
{
	struct exchange *exchange = *state;

	(void)user;
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
