/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api_request.h"

#include "api_body.h"
#include "api_lies.h"
#include "lib/base/memory.h"

#include <string.h>

#define PROTOBUF "application/vnd.kubernetes.protobuf"

static void append_line(char **text, const char *line)
{
	char *longer = string_printf("%s%s\n", *text, line);

	free(*text);
	*text = longer;
}

static ssize_t on_read(void *owner, uint64_t position, char *buffer, size_t size)
{
	struct api_exchange *exchange = owner;
	ssize_t length;

	(void)position;
	pthread_mutex_lock(&exchange->server->lock);
	length = api_body_read(exchange, buffer, size);
	pthread_mutex_unlock(&exchange->server->lock);
	return length;
}

static void note_request(struct api_exchange *exchange, int code)
{
	struct api_server *server = exchange->server;
	char line[4096];

	snprintf(line, sizeof(line), "%s %s %s %d", exchange->user, exchange->verb,
		 exchange->target, code);
	append_line(&server->requests, line);
	if (!server->log)
		return;
	fprintf(server->log, "%s\n", line);
	fflush(server->log);
}

static const char *content_type_of(const struct api_exchange *exchange)
{
	if (exchange->fault.action == API_FAULT_HTML)
		return "text/html; charset=utf-8";
	if (!exchange->is_protobuf)
		return "application/json";
	return exchange->is_watch ? PROTOBUF ";stream=watch" : PROTOBUF;
}

static void add_headers(const struct api_exchange *exchange, struct MHD_Response *response)
{
	const struct api_fault *fault = &exchange->fault;
	auto_memory char *place =
		string_printf("http://127.0.0.1:%zu%s", fault->number, exchange->target);
	char retry[32];

	MHD_add_response_header(response, "Content-Type", content_type_of(exchange));
	MHD_add_response_header(response, "Cache-Control", "no-cache, private");
	if (fault->action == API_FAULT_STATUS && fault->retry_seconds) {
		snprintf(retry, sizeof(retry), "%u", fault->retry_seconds);
		MHD_add_response_header(response, "Retry-After", retry);
	}
	if (fault->action == API_FAULT_REDIRECT)
		MHD_add_response_header(response, "Location", place);
	if (fault->action == API_FAULT_GZIP)
		MHD_add_response_header(response, "Content-Encoding", "gzip");
}

static enum MHD_Result send_answer(struct api_exchange *exchange, int code)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	note_request(exchange, code);
	/* Which encoding it is has to be known before the header is sent. */
	if (exchange->text)
		api_body_encode(exchange);
	response =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, on_read, exchange, NULL);
	add_headers(exchange, response);
	result = MHD_queue_response(exchange->connection, (unsigned int)code, response);
	MHD_destroy_response(response);
	return result;
}

static bool asks_for_protobuf(struct api_exchange *exchange)
{
	const char *accept = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND,
							 MHD_HTTP_HEADER_ACCEPT);

	return accept && strstr(accept, PROTOBUF);
}

static enum MHD_Result send_status(struct api_exchange *exchange, int code, const char *reason,
				   const char *message)
{
	exchange->text = api_answer_status(code, reason, message);
	return send_answer(exchange, code);
}

static const char *argument(struct api_exchange *exchange, const char *name)
{
	return MHD_lookup_connection_value(exchange->connection, MHD_GET_ARGUMENT_KIND, name);
}

static bool is_true(struct api_exchange *exchange, const char *name)
{
	const char *value = argument(exchange, name);

	return value && (strcmp(value, "true") == 0 || strcmp(value, "1") == 0);
}

static void read_query(struct api_exchange *exchange)
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

static enum MHD_Result answer_watch(struct api_exchange *exchange)
{
	struct api_query *query = &exchange->watch.query;
	int code = api_watch_start(&exchange->watch, &exchange->text);
	double bookmark = query->timeout_seconds > 4 ? query->timeout_seconds - 2 : 0.1;

	if (code != 200)
		return send_answer(exchange, code);
	if (bookmark > exchange->server->bookmark_seconds)
		bookmark = exchange->server->bookmark_seconds;
	exchange->bookmark = api_exchange_seconds_from_now(bookmark);
	exchange->end = api_exchange_seconds_from_now(query->timeout_seconds);
	if (exchange->fault.action == API_FAULT_REFUSE)
		exchange->text = api_watch_refusal();
	else if (exchange->fault.action == API_FAULT_EXPIRE)
		exchange->text = api_watch_expiry(&exchange->watch, exchange->server->store);
	else if (exchange->fault.action == API_FAULT_BRIEF)
		exchange->text = api_watch_bookmark(&exchange->watch, exchange->server->store);
	else
		exchange->is_watch = true;
	return send_answer(exchange, 200);
}

static enum MHD_Result answer_list(struct api_exchange *exchange)
{
	bool is_endless = exchange->fault.action == API_FAULT_ENDLESS;
	auto_memory char *lie = NULL;
	int code;

	if (is_endless)
		exchange->watch.query.continue_token = NULL;
	code = api_lists_answer(exchange->server->lists, exchange->server->store,
				&exchange->watch.query, &exchange->text);
	if (is_endless)
		api_lists_promise_more(&exchange->text);
	lie = api_lies_answer(exchange->fault.action, exchange->text);
	if (!lie)
		return send_answer(exchange, code);
	note_request(exchange, code);
	api_exchange_send(exchange, lie, strlen(lie));
	return MHD_NO;
}

static enum MHD_Result answer_event(struct api_exchange *exchange, const char *url)
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
static bool suffer(struct api_exchange *exchange, enum MHD_Result *ret)
{
	struct timespec until =
		api_exchange_seconds_from_now((double)exchange->fault.number / 1000);
	auto_memory char *message = NULL;

	switch (exchange->fault.action) {
	case API_FAULT_STATUS:
		message = string_printf("status %zu was ordered", exchange->fault.number);
		*ret = send_status(exchange, (int)exchange->fault.number, NULL, message);
		return true;
	case API_FAULT_DELAY:
		while (!api_exchange_is_past(&until) && api_exchange_wait(exchange))
			;
		return false;
	case API_FAULT_HANG:
		while (api_exchange_wait(exchange))
			;
		*ret = MHD_NO;
		return true;
	case API_FAULT_RESET:
		if (exchange->fault.number)
			return false;
		api_exchange_reset(exchange);
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
	case API_FAULT_EMPTY:
		exchange->watch.query.selector.fields = "metadata.name=";
		return false;
	case API_FAULT_REDIRECT:
		*ret = send_status(exchange, 302, NULL, "elsewhere");
		return true;
	case API_FAULT_HTML:
		exchange->is_protobuf = false;
		exchange->text = api_lies_page();
		*ret = send_answer(exchange, 200);
		return true;
	case API_FAULT_GZIP:
		exchange->is_protobuf = false;
		api_lies_blanks(&exchange->bytes, exchange->fault.number);
		*ret = send_answer(exchange, 200);
		return true;
	case API_FAULT_NONE:
	case API_FAULT_GARBLE:
	case API_FAULT_REFUSE:
	case API_FAULT_STALL:
	case API_FAULT_SPLIT:
	case API_FAULT_DRIP:
	case API_FAULT_END:
	case API_FAULT_EXPIRE:
	case API_FAULT_BRIEF:
	case API_FAULT_ENDLESS:
	case API_FAULT_SHORT:
	case API_FAULT_LONG:
	case API_FAULT_CHUNK:
		break;
	}
	return false;
}

static const char *event_verb(const struct api_exchange *exchange)
{
	return strcmp(exchange->method, "PATCH") == 0 ? "patch" : "create";
}

/* The lock is held. */
enum MHD_Result api_request_answer(struct api_exchange *exchange, const char *url)
{
	struct api_server *server = exchange->server;
	enum MHD_Result result;

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
	return answer_list(exchange);
}
