/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_http.h"

#include "lib/base/clock.h"
#include "lib/base/timer.h"

#include "kube_backlog.h"
#include "kube_easy.h"
#include "kube_failure.h"
#include "kube_limiter.h"
#include "kube_slice.h"
#include "kube_sockets.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <utlist.h>

#define DEFAULT_PER_SECOND 5.0
#define DEFAULT_BURST	   10

#define CONNECT_SECONDS	  1.5
#define HANDSHAKE_SECONDS 10
#define ANSWER_SECONDS	  30.0
#define SLOW_SECONDS	  30
#define PIECE_SIZE	  ((size_t)32 << 10)
#define BACKLOG_LIMIT	  ((size_t)4 << 20)
#define REFUSAL_LIMIT	  ((size_t)64 << 10)

struct kube_http {
	struct ev_loop *loop;
	CURLM *multi;
	struct kube_sockets *sockets;
	struct timer resume; /* of requests with a backlog */
	struct kube_request *requests;
	struct kube_slice slice;
	double started;
	struct kube_limiter limiter; /* of seconds since @started */
	bool is_limited;
	bool is_reading; /* libcurl is */
	void (*on_response)(void *owner, const char *method, const char *host, int status,
			    double seconds);
	void *owner;
};

/**
 * enum phase - what the request waits for
 *   WAITING     its turn; libcurl does not know of it yet
 *   CONNECTING  a name or a connection; libcurl limits the time, and we that of the TCP handshake
 *   ANSWERING   the header of the answer
 *   RECEIVING   the body
 *   ENDED       on_end() was called, or is about to
 */
enum phase { PHASE_WAITING, PHASE_CONNECTING, PHASE_ANSWERING, PHASE_RECEIVING, PHASE_ENDED };

struct kube_request {
	struct kube_http *http;
	struct kube_request *prev, *next;
	struct kube_easy easy;
	enum phase phase;
	struct timer watchdog;
	struct timer turn;  /* when it comes */
	ev_tstamp progress; /* when it was noted last, as the turn of the loop has it */
	double idle_seconds;
	void (*on_answer)(void *owner, const char *content_type);
	int (*on_body)(void *owner, const char *data, size_t size, struct error *err);
	void (*on_end)(void *owner, const struct kube_response *response);
	void *owner;
	const char *method;
	bool has_token;
	bool is_held;		       /* libcurl reads no more in this turn */
	struct kube_response response; /* how it ended, while there is a backlog */
	struct kube_backlog backlog;   /* of the body */
	struct error body_error;
	char *refusal; /* body of an answer that is no success */
	size_t refusal_length;
	char curl_error[CURL_ERROR_SIZE];
};

static void restart_timer(struct timer *timer, double seconds)
{
	ev_now_update(timer->loop);
	timer_start(timer, seconds);
}

static int http_status_of(struct kube_request *request)
{
	long status = 0;

	curl_easy_getinfo(request->easy.handle, CURLINFO_RESPONSE_CODE, &status);
	return (int)status;
}

static const char *content_type_of(struct kube_request *request)
{
	char *type = NULL;

	curl_easy_getinfo(request->easy.handle, CURLINFO_CONTENT_TYPE, &type);
	return type;
}

static bool is_success(int http_status)
{
	return http_status >= 200 && http_status < 300;
}

/* The time was noted just before. */
static int hand_on(struct kube_request *request, const char *data, size_t size)
{
	int r;

	if (!request->on_body)
		return 0;
	r = request->on_body(request->owner, data, size, &request->body_error);
	kube_slice_note_decoding(&request->http->slice);
	if (r < 0 && !request->body_error.code)
		request->body_error.code = r;
	return r;
}

/* Hands on what is there, or as much of it as the slice allows. */
static int hand_on_backlog(struct kube_request *request, bool is_bounded)
{
	const char *data;
	size_t size;
	int r = 0;

	kube_slice_note(&request->http->slice);
	while (kube_backlog_size(&request->backlog)) {
		if (is_bounded && kube_slice_is_over(&request->http->slice))
			return 0;
		size = kube_backlog_take(&request->backlog, PIECE_SIZE, &data);
		r = hand_on(request, data, size);
		if (r < 0)
			break;
	}
	kube_backlog_clear(&request->backlog);
	return r;
}

/* Until its end, if there was no answer. */
static double seconds_until_answer(struct kube_request *request)
{
	double seconds = 0;

	curl_easy_getinfo(request->easy.handle, CURLINFO_STARTTRANSFER_TIME, &seconds);
	if (seconds <= 0)
		curl_easy_getinfo(request->easy.handle, CURLINFO_TOTAL_TIME, &seconds);
	return seconds;
}

/* Takes the request out of libcurl. */
static void end_transfer(struct kube_request *request, const struct kube_response *response)
{
	struct kube_http *http = request->http;
	curl_off_t retry = 0;

	request->phase = PHASE_ENDED;
	request->response = *response;
	timer_stop(&request->watchdog);
	request->response.http_status = http_status_of(request);
	request->response.retry_seconds = -1;
	if (request->response.http_status && !is_success(request->response.http_status)) {
		kube_status_parse(request->response.http_status,
				  request->refusal ? request->refusal : "", request->refusal_length,
				  &request->response.status);
		curl_easy_getinfo(request->easy.handle, CURLINFO_RETRY_AFTER, &retry);
		request->response.retry_seconds =
			retry > 0 ? (double)retry : request->response.status.retry_seconds;
	}
	curl_multi_remove_handle(http->multi, request->easy.handle);
	if (request->response.is_unreached && request->has_token)
		kube_limiter_give_back(&http->limiter, clock_now() - http->started);
	if (http->on_response)
		http->on_response(http->owner, request->method, request->easy.host,
				  request->response.error.code ? 0 : request->response.http_status,
				  seconds_until_answer(request));
}

/* The owner may free the request. */
static void tell_end(struct kube_request *request)
{
	struct kube_response response = request->response;

	if (request->body_error.code)
		response.error = request->body_error;
	request->on_end(request->owner, &response);
}

/* What its body still has to tell is told first. */
static void end(struct kube_request *request, const struct kube_response *response)
{
	end_transfer(request, response);
	if (!kube_backlog_size(&request->backlog))
		tell_end(request);
}

static void explain(struct kube_request *request, CURLcode code, struct kube_response *response)
{
	const struct kube_failure failure = {
		.handle = request->easy.handle,
		.code = code,
		.text = request->curl_error,
		.is_connecting = request->phase == PHASE_CONNECTING,
		.is_receiving = request->phase == PHASE_RECEIVING,
	};

	if (request->body_error.code)
		response->error = request->body_error;
	else
		kube_failure_explain(&failure, response);
}

static void collect_ended(struct kube_http *http)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(http->multi, &left))) {
		struct kube_response response = {0};
		struct kube_request *request;
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&request);
		if (code != CURLE_OK)
			explain(request, code, &response);
		end(request, &response);
	}
}

/* What libcurl still has of what it read goes to the backlog. */
static void let_go(struct kube_http *http)
{
	struct kube_request *request;

	DL_FOREACH(http->requests, request)
	{
		if (!request->is_held)
			continue;
		request->is_held = false;
		curl_easy_pause(request->easy.handle, CURLPAUSE_CONT);
	}
}

static void resume(struct kube_request *request)
{
	int r = hand_on_backlog(request, true);

	if (kube_backlog_size(&request->backlog))
		return;
	if (request->phase == PHASE_ENDED)
		tell_end(request);
	else if (r < 0)
		end(request, &(struct kube_response){.error = request->body_error});
}

/* Hands on what was read; as long as not all of it is, nothing more is read. */
static void resume_all(struct kube_http *http)
{
	struct kube_request *request, *next;
	bool is_over = true;

	for (request = http->requests; request; request = next) {
		next = request->next;
		if (kube_backlog_size(&request->backlog))
			resume(request);
	}
	DL_FOREACH(http->requests, request)
	is_over = is_over && !kube_backlog_size(&request->backlog);
	if (is_over) {
		kube_sockets_resume(http->sockets);
		return;
	}
	kube_sockets_pause(http->sockets);
	restart_timer(&http->resume, 0.);
}

static void on_sockets_ready(void *owner, curl_socket_t socket, int events)
{
	struct kube_http *http = owner;
	int running;

	kube_slice_begin(&http->slice);
	http->is_reading = true;
	curl_multi_socket_action(http->multi, socket, events, &running);
	http->is_reading = false;
	let_go(http);
	resume_all(http);
	collect_ended(http);
	kube_slice_end(&http->slice);
}

static void on_resume(void *owner)
{
	struct kube_http *http = owner;

	kube_slice_begin(&http->slice);
	resume_all(http);
	kube_slice_end(&http->slice);
}

struct kube_http *kube_http_new(struct ev_loop *loop,
				void (*on_response)(void *owner, const char *method,
						    const char *host, int status, double seconds),
				void *owner)
{
	struct kube_http *http = memory_allocate(sizeof(*http));

	/* Nothing else of the program uses libcurl, and no thread runs yet. */
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		memory_exhausted();
	http->loop = loop;
	http->slice.loop = loop;
	http->started = clock_now();
	http->on_response = on_response;
	http->owner = owner;
	http->multi = curl_multi_init();
	if (!http->multi)
		memory_exhausted();
	timer_init(&http->resume, http->loop, on_resume, http);
	http->sockets = kube_sockets_new(loop, http->multi, on_sockets_ready, http);
	return http;
}

void kube_http_limit(struct kube_http *http, double per_second, int burst)
{
	double now = clock_now() - http->started;

	http->is_limited = per_second >= 0;
	kube_limiter_init(&http->limiter, per_second > 0 ? per_second : DEFAULT_PER_SECOND,
			  burst > 0 ? burst : DEFAULT_BURST, now);
}

const struct source_effort *kube_http_effort(const struct kube_http *http)
{
	return &http->slice.effort;
}

void kube_http_free(struct kube_http *http)
{
	if (!http)
		return;
	curl_multi_cleanup(http->multi);
	kube_sockets_free(http->sockets);
	timer_stop(&http->resume);
	curl_global_cleanup();
	free(http);
}

static void on_watchdog(void *owner)
{
	struct kube_request *request = owner;
	struct kube_response response = {0};
	curl_off_t connected = 0;

	curl_easy_getinfo(request->easy.handle, CURLINFO_CONNECT_TIME_T, &connected);
	if (request->phase == PHASE_CONNECTING && connected)
		return; /* The TLS handshake is libcurl's to limit. */
	response.is_unreached = request->phase == PHASE_CONNECTING;
	response.is_broken = !response.is_unreached;
	error_set(&response.error, -ETIMEDOUT, "%s",
		  response.is_unreached
			  ? strerror(ETIMEDOUT)
			  : (request->phase == PHASE_ANSWERING ? "no response"
							       : "the response stalled"));
	end(request, &response);
}

/* Called before each attempt to connect, of which there may be several. */
static int on_socket_made(void *owner, curl_socket_t descriptor, curlsocktype purpose)
{
	struct kube_request *request = owner;

	(void)purpose;
	kube_easy_tune_socket(descriptor);
	if (request->phase == PHASE_CONNECTING)
		restart_timer(&request->watchdog, CONNECT_SECONDS);
	return CURL_SOCKOPT_OK;
}

/* Called when the connection stands and the request is about to be sent. */
static int on_connected(void *owner, char *remote, char *local, int remote_port, int local_port)
{
	struct kube_request *request = owner;

	(void)remote;
	(void)local;
	(void)remote_port;
	(void)local_port;
	request->phase = PHASE_ANSWERING;
	restart_timer(&request->watchdog, ANSWER_SECONDS);
	return CURL_PREREQFUNC_OK;
}

static void note_progress(struct kube_request *request)
{
	struct ev_loop *loop = request->http->loop;

	/* Once in a turn is enough, and looks at the clock take long on some machines. */
	if (request->phase == PHASE_RECEIVING && request->progress == ev_now(loop))
		return;
	request->phase = PHASE_RECEIVING;
	timer_stop(&request->watchdog);
	if (request->idle_seconds > 0)
		restart_timer(&request->watchdog, request->idle_seconds);
	request->progress = ev_now(loop);
}

/*
 * An empty line ends the header; that of an interim answer (1xx) is followed by another one. Single
 * lines are no progress: a server that sends one now and then has the time of an answer for all.
 */
static size_t on_header(char *data, size_t size, size_t count, void *owner)
{
	struct kube_request *request = owner;
	int status = http_status_of(request);

	if ((*data != '\r' && *data != '\n') || status < 200)
		return size * count;
	note_progress(request);
	if (request->on_answer && is_success(status))
		request->on_answer(request->owner, content_type_of(request));
	return size * count;
}

static size_t keep_refusal(struct kube_request *request, const char *data, size_t size)
{
	size_t kept = size;

	if (kept > REFUSAL_LIMIT - request->refusal_length)
		kept = REFUSAL_LIMIT - request->refusal_length;
	request->refusal = memory_resize(request->refusal, request->refusal_length + kept + 1, 1);
	memcpy(request->refusal + request->refusal_length, data, kept);
	request->refusal_length += kept;
	return size;
}

/*
 * libcurl reads a socket until it is empty, or a hundred times, and a peer on this machine fills it
 * as fast. With HTTP/2 it must not be stopped: versions up to 7.88 at least forget what they hold
 * back of a stream that ends meanwhile.
 */
static void stop_reading(struct kube_request *request)
{
	long version = CURL_HTTP_VERSION_NONE;

	curl_easy_getinfo(request->easy.handle, CURLINFO_HTTP_VERSION, &version);
	if (!request->http->is_reading || request->is_held || version >= CURL_HTTP_VERSION_2_0)
		return;
	request->is_held = true;
	curl_easy_pause(request->easy.handle, CURLPAUSE_RECV);
}

/* Handed on in large pieces, the rest of them after libcurl has read what there is. */
static size_t on_data(char *data, size_t size, size_t count, void *owner)
{
	struct kube_request *request = owner;
	struct kube_http *http = request->http;
	int r = 0;

	size *= count;
	if (!is_success(http_status_of(request)))
		return keep_refusal(request, data, size);
	note_progress(request);
	kube_backlog_add(&request->backlog, data, size);
	if (!http->is_reading || kube_backlog_size(&request->backlog) < PIECE_SIZE)
		return size;
	r = hand_on_backlog(request, kube_backlog_size(&request->backlog) < BACKLOG_LIMIT);
	if (kube_slice_is_over(&http->slice))
		stop_reading(request);
	return r < 0 ? 0 : size;
}

static void set_callbacks(struct kube_request *request)
{
	CURL *easy = request->easy.handle;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)PIECE_SIZE);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->curl_error);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket_made);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, request);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, request);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, request);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
}

static void set_limits(struct kube_request *request, const struct kube_request_options *options)
{
	CURL *easy = request->easy.handle;

	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, options->is_fresh ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, options->is_compressed ? "gzip" : NULL);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)HANDSHAKE_SECONDS);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)options->bytes_per_second_min);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)SLOW_SECONDS);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(options->total_seconds * 1000));
}

static void send_off(struct kube_request *request)
{
	request->phase = PHASE_CONNECTING;
	if (curl_multi_add_handle(request->http->multi, request->easy.handle) != CURLM_OK)
		memory_exhausted();
}

static void on_turn(void *owner)
{
	send_off(owner);
}

/* Return: seconds until the request may be sent */
static double take_turn(struct kube_request *request)
{
	struct kube_http *http = request->http;
	double now = clock_now() - http->started, wait;

	if (!http->is_limited)
		return 0;
	wait = kube_limiter_wait(&http->limiter, now);
	kube_limiter_take(&http->limiter, now);
	request->has_token = true;
	return wait;
}

struct kube_request *kube_request_new(struct kube_http *http, const struct kube_access *access,
				      const struct kube_request_options *options)
{
	struct kube_request *request = memory_allocate(sizeof(*request));
	double wait;

	request->http = http;
	request->idle_seconds = options->idle_seconds;
	request->on_answer = options->on_answer;
	request->on_body = options->on_body;
	request->on_end = options->on_end;
	request->owner = options->owner;
	request->method = options->call.method;
	timer_init(&request->watchdog, http->loop, on_watchdog, request);
	timer_init(&request->turn, http->loop, on_turn, request);
	kube_easy_open(&request->easy, access, &options->call);
	set_callbacks(request);
	set_limits(request, options);
	DL_APPEND(http->requests, request);
	wait = options->is_continued ? 0 : take_turn(request);
	if (wait > 0)
		restart_timer(&request->turn, wait);
	else
		send_off(request);
	return request;
}

void kube_request_free(struct kube_request *request)
{
	if (!request)
		return;
	timer_stop(&request->watchdog);
	timer_stop(&request->turn);
	if (request->phase != PHASE_ENDED && request->phase != PHASE_WAITING)
		curl_multi_remove_handle(request->http->multi, request->easy.handle);
	DL_DELETE(request->http->requests, request);
	kube_easy_close(&request->easy);
	kube_backlog_free(&request->backlog);
	free(request->refusal);
	free(request);
}

void kube_request_allow_idle(struct kube_request *request)
{
	request->idle_seconds = 0;
	curl_easy_setopt(request->easy.handle, CURLOPT_LOW_SPEED_LIMIT, 0L);
	if (request->phase == PHASE_RECEIVING)
		timer_stop(&request->watchdog);
}
