/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How bodies are handed on: completely, and in slices between which the loop turns; and how long a
 * header may take.
 */
#include "lib/source/kube/kube_http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* As kube_http.c has it. */
#define PIECE_SIZE   ((size_t)32 << 10)
#define WAIT_SECONDS 60.

/*
 * A server that sends one answer as fast as it is taken, and a client that counts the turns of the
 * loop. @is_slow: each piece takes longer than a slice. @drip: if it repeats, the server sends the
 * answer a byte each time.
 */
struct stage {
	struct ev_loop *loop;
	ev_io listener;
	ev_io peer;
	ev_prepare turn;
	ev_timer deadline;
	ev_timer drip;
	struct kube_http *http;
	struct kube_request *request;
	char *answer;
	size_t answer_size;
	size_t sent;
	char *body;
	size_t body_size;
	size_t received;
	size_t received_in_turn;
	size_t most_in_turn;
	size_t refused_at; /* 0 = nothing is refused */
	bool is_slow;
	bool is_ended;
	struct kube_response response;
};

static void on_turn(struct ev_loop *loop, ev_prepare *prepare, int events)
{
	struct stage *stage = container_of(prepare, struct stage, turn);

	(void)loop;
	(void)events;
	if (stage->most_in_turn < stage->received_in_turn)
		stage->most_in_turn = stage->received_in_turn;
	stage->received_in_turn = 0;
}

static void on_deadline(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)timer;
	(void)events;
	ev_break(loop, EVBREAK_ALL);
}

static void on_drip(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct stage *stage = container_of(timer, struct stage, drip);

	(void)events;
	if (stage->sent < stage->answer_size)
		stage->sent +=
			(size_t)send(stage->peer.fd, stage->answer + stage->sent, 1, MSG_NOSIGNAL);
	else
		ev_timer_stop(loop, timer);
}

/* The request is a matter of one packet, and not looked at. */
static void on_peer(struct ev_loop *loop, ev_io *io, int events)
{
	struct stage *stage = container_of(io, struct stage, peer);
	char request[2048];
	ssize_t size;

	if (events & EV_READ) {
		if (read(io->fd, request, sizeof(request)) <= 0) {
			ev_io_stop(loop, io);
			return;
		}
		ev_io_stop(loop, io);
		if (stage->drip.repeat > 0) {
			ev_timer_again(loop, &stage->drip);
			return;
		}
		ev_io_set(io, io->fd, EV_WRITE);
		ev_io_start(loop, io);
		return;
	}
	size = send(io->fd, stage->answer + stage->sent, stage->answer_size - stage->sent,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	if (size > 0)
		stage->sent += (size_t)size;
	if (stage->sent == stage->answer_size)
		ev_io_stop(loop, io);
}

static void on_connection(struct ev_loop *loop, ev_io *io, int events)
{
	struct stage *stage = container_of(io, struct stage, listener);
	int peer = accept(io->fd, NULL, NULL);

	(void)events;
	assert_true(peer >= 0);
	ev_io_set(&stage->peer, peer, EV_READ);
	ev_io_start(loop, &stage->peer);
}

static int on_body(void *owner, const char *data, size_t size, struct error *err)
{
	const struct timespec longer_than_a_slice = {.tv_nsec = 6000000};
	struct stage *stage = owner;

	assert_true(stage->received + size <= stage->body_size);
	assert_memory_equal(data, stage->body + stage->received, size);
	stage->received += size;
	stage->received_in_turn += size;
	if (stage->is_slow)
		nanosleep(&longer_than_a_slice, NULL);
	if (stage->refused_at && stage->received >= stage->refused_at)
		return error_set(err, -EINVAL, "that is enough");
	return 0;
}

static void on_end(void *owner, const struct kube_response *response)
{
	struct stage *stage = owner;

	stage->is_ended = true;
	stage->response = *response;
	kube_request_free(take(&stage->request));
	ev_break(stage->loop, EVBREAK_ALL);
}

static void append(struct stage *stage, const char *bytes, size_t size)
{
	stage->answer = memory_resize(stage->answer, stage->answer_size + size, 1);
	memcpy(stage->answer + stage->answer_size, bytes, size);
	stage->answer_size += size;
}

/* @chunk: bytes in each chunk; 0: the length is told beforehand */
static void write_answer(struct stage *stage, size_t size, size_t chunk)
{
	char line[200];

	stage->body = memory_resize(NULL, size, 1);
	stage->body_size = size;
	for (size_t i = 0; i < size; i++)
		stage->body[i] = (char)('a' + (i + i / 1000) % 26);
	if (chunk)
		snprintf(line, sizeof(line),
			 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	else
		snprintf(line, sizeof(line), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
			 size);
	append(stage, line, strlen(line));
	for (size_t done = 0; chunk && done < size; done += chunk) {
		size_t length = chunk < size - done ? chunk : size - done;

		snprintf(line, sizeof(line), "%zx\r\n", length);
		append(stage, line, strlen(line));
		append(stage, stage->body + done, length);
		append(stage, "\r\n", 2);
	}
	if (chunk)
		append(stage, "0\r\n\r\n", 5);
	else
		append(stage, stage->body, size);
}

static uint16_t listen_for_one(struct stage *stage)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(listener >= 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
	ev_io_init(&stage->listener, on_connection, listener, EV_READ);
	ev_init(&stage->peer, on_peer);
	ev_io_start(stage->loop, &stage->listener);
	return ntohs(address.sin_port);
}

/* Runs the loop until the answer to one request has ended. */
static void perform(struct stage *stage)
{
	struct kube_access access = {0};
	const struct kube_request_options options = {
		.call = {.method = "GET", .path = "/"},
		.on_body = on_body,
		.on_end = on_end,
		.owner = stage,
	};
	char server[60];

	signal(SIGPIPE, SIG_IGN);
	stage->loop = ev_loop_new(EVFLAG_AUTO);
	snprintf(server, sizeof(server), "http://127.0.0.1:%u", listen_for_one(stage));
	access.server = server;
	stage->http = kube_http_new(stage->loop, NULL, NULL);
	ev_prepare_init(&stage->turn, on_turn);
	ev_prepare_start(stage->loop, &stage->turn);
	ev_timer_init(&stage->deadline, on_deadline, WAIT_SECONDS, 0.);
	ev_timer_start(stage->loop, &stage->deadline);
	stage->request = kube_request_new(stage->http, &access, &options);
	ev_run(stage->loop, 0);
	assert_true(stage->is_ended);
	assert_int_equal(stage->response.http_status, 200);
}

static void leave(struct stage *stage)
{
	kube_http_free(stage->http);
	ev_io_stop(stage->loop, &stage->peer);
	ev_timer_stop(stage->loop, &stage->drip);
	close(stage->peer.fd);
	close(stage->listener.fd);
	ev_loop_destroy(stage->loop);
	free(stage->answer);
	free(stage->body);
}

static void check_complete(size_t size, size_t chunk, bool is_slow)
{
	struct stage stage = {.is_slow = is_slow};

	ev_init(&stage.drip, on_drip);
	write_answer(&stage, size, chunk);
	perform(&stage);
	assert_string_equal(stage.response.error.text, "");
	assert_int_equal(stage.response.error.code, 0);
	assert_int_equal(stage.received, size);
	if (is_slow)
		assert_in_range(stage.most_in_turn, 1, PIECE_SIZE);
	leave(&stage);
}

static void test_complete(void **state)
{
	(void)state;
	check_complete(1, 0, false);
	check_complete(1, 1, false);
	check_complete((size_t)3 << 20, 0, false);
	check_complete((size_t)3 << 20, 5000, false);
}

/* The end of the answer is in what libcurl had read when the slice was over. */
static void test_end_within_slice(void **state)
{
	(void)state;
	check_complete(PIECE_SIZE + 100, 0, true);
	check_complete(PIECE_SIZE + 100, 5000, true);
	check_complete(2 * PIECE_SIZE - 1000, 700, true);
	check_complete(2 * PIECE_SIZE, PIECE_SIZE, true);
}

/* However fast the server is, one slow piece is all that a turn of the loop does. */
static void test_slices(void **state)
{
	(void)state;
	check_complete(40 * PIECE_SIZE, 0, true);
	check_complete(40 * PIECE_SIZE, 3000, true);
	check_complete(20 * PIECE_SIZE, 3 * PIECE_SIZE, true);
}

static void check_refused(size_t size, size_t refused_at, bool is_slow)
{
	struct stage stage = {.is_slow = is_slow, .refused_at = refused_at};

	ev_init(&stage.drip, on_drip);
	write_answer(&stage, size, 4000);
	perform(&stage);
	assert_int_equal(stage.response.error.code, -EINVAL);
	assert_string_equal(stage.response.error.text, "that is enough");
	assert_false(stage.response.is_broken);
	assert_true(stage.received < refused_at + PIECE_SIZE);
	leave(&stage);
}

/* In the middle, and in what comes after libcurl has done its part. */
static void test_refused_body(void **state)
{
	(void)state;
	check_refused((size_t)1 << 20, 1, false);
	check_refused((size_t)1 << 20, 5 * PIECE_SIZE, true);
	check_refused(100, 100, false);
	check_refused(2 * PIECE_SIZE - 1000, PIECE_SIZE + 1, true);
}

static void drip(struct stage *stage, double pause)
{
	ev_timer_init(&stage->drip, on_drip, 0., pause);
	perform(stage);
}

/* Byte by byte, and with an interim answer before it: all is well if it comes in time. */
static void test_slow_header(void **state)
{
	static const char interim[] = "HTTP/1.1 103 Early Hints\r\nLink: none\r\n\r\n";
	struct stage stage = {0};

	(void)state;
	append(&stage, interim, strlen(interim));
	write_answer(&stage, 3, 0);
	drip(&stage, 0.01);
	assert_string_equal(stage.response.error.text, "");
	assert_int_equal(stage.received, 3);
	leave(&stage);
}

/* What has begun may go on for ever, if nobody limits it but by pauses. */
static void test_endless_header(void **state)
{
	static const char begin[] = "HTTP/1.1 200 OK\r\n", line[] = "X-Line: 1\r\n";
	struct stage stage = {0};

	(void)state;
	append(&stage, begin, strlen(begin));
	for (size_t i = 0; i < 100; i++)
		append(&stage, line, strlen(line));
	drip(&stage, 0.1);
	assert_int_equal(stage.response.error.code, -ETIMEDOUT);
	assert_string_equal(stage.response.error.text, "no response");
	assert_true(stage.response.is_broken);
	assert_true(stage.sent < stage.answer_size);
	leave(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_complete),    cmocka_unit_test(test_end_within_slice),
		cmocka_unit_test(test_slices),	    cmocka_unit_test(test_refused_body),
		cmocka_unit_test(test_slow_header), cmocka_unit_test(test_endless_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
