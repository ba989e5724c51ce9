/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api_body.h"

#include "lib/base/memory.h"

#include <string.h>

/* What holds for what is under way, and ends when the script no longer has it */
static bool is_lasting(enum api_fault_action action)
{
	return action == API_FAULT_STALL || action == API_FAULT_DRIP;
}

static void look_at_faults(struct api_exchange *exchange)
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
	if (fault.action == API_FAULT_RESET || fault.action == API_FAULT_END ||
	    is_lasting(fault.action))
		exchange->fault = fault;
	else if (is_lasting(exchange->fault.action))
		exchange->fault = (struct api_fault){0};
}

/* Fills exchange->text with what a watch has to say next, waiting for it; false when it is over. */
static bool fetch_events(struct api_exchange *exchange)
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
		if (!exchange->text && api_exchange_is_past(&exchange->bookmark) &&
		    exchange->watch.query.wants_bookmarks) {
			exchange->text = api_watch_bookmark(&exchange->watch, server->store);
			exchange->bookmark =
				api_exchange_seconds_from_now(server->bookmark_seconds);
		}
		if (exchange->text)
			return true;
		if (api_exchange_is_past(&exchange->end) || !api_exchange_wait(exchange))
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
void api_body_encode(struct api_exchange *exchange)
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

static void garble(const struct api_exchange *exchange, char *buffer, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (exchange->sent + i >= exchange->fault.number)
			buffer[i] = (char)~buffer[i];
}

/* Called with the lock held. */
ssize_t api_body_read(struct api_exchange *exchange, char *buffer, size_t size)
{
	const struct api_fault *fault = &exchange->fault;
	size_t length;

	if (exchange->offset == exchange->bytes.length && !exchange->text && exchange->is_watch)
		fetch_events(exchange);
	if (exchange->text)
		api_body_encode(exchange);
	if (exchange->offset == exchange->bytes.length)
		return fault->action == API_FAULT_RESET ? api_exchange_reset(exchange)
							: MHD_CONTENT_READER_END_OF_STREAM;
	look_at_faults(exchange);
	while (fault->action == API_FAULT_STALL && exchange->sent >= fault->number) {
		if (!api_exchange_wait(exchange))
			return MHD_CONTENT_READER_END_WITH_ERROR;
		look_at_faults(exchange);
	}
	if (fault->action == API_FAULT_RESET && exchange->sent >= fault->number)
		return api_exchange_reset(exchange);
	if (fault->action == API_FAULT_DRIP) {
		if (!api_exchange_pause(exchange, (double)fault->number / 1000))
			return MHD_CONTENT_READER_END_WITH_ERROR;
		size = 1;
	}
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
