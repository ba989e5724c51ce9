/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "child.h"

#include "launch.h"
#include "lib/base/memory.h"
#include "lib/base/timer.h"
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* iptables-restore waits for the lock for some seconds; the largest rule sets take a few more. */
#define TIME_LIMIT_SECONDS	60.0
#define WAIT_LIMIT_MILLISECONDS 10000
#define ERRORS_LIMIT		((size_t)64 << 10)
#define CHUNK			((size_t)32 << 10)

/* What a program prints on one of its outputs; @text has room for a NUL after @length. */
struct stream {
	ev_io readable;
	int descriptor; /* -1 when it has ended */
	char *text;
	size_t length;
	size_t capacity;
};

struct child {
	struct ev_loop *loop;
	struct launch *launch; /* NULL when it has been started */
	bool has_started;
	bool is_running; /* or being started */
	pid_t pid;	 /* 0 before it runs, and when it has been collected */
	ev_child exit;
	struct timer limit;
	ev_io writable;
	int input_descriptor; /* -1 when all is written */
	char *input;
	size_t input_length;
	size_t input_done;
	struct stream output;
	struct stream errors;
	size_t output_limit;
	int code;
	int status;
	int signal;
	void (*on_end)(void *owner, const struct child_outcome *outcome);
	void *owner;
};

static void close_descriptor(int *descriptor)
{
	if (*descriptor >= 0)
		close(*descriptor);
	*descriptor = -1;
}

static bool has_ended(const struct child *child)
{
	return !child->is_running && child->output.descriptor < 0 && child->errors.descriptor < 0;
}

static void stop_watchers(struct child *child)
{
	ev_child_stop(child->loop, &child->exit);
	timer_stop(&child->limit);
	ev_io_stop(child->loop, &child->writable);
	ev_io_stop(child->loop, &child->output.readable);
	ev_io_stop(child->loop, &child->errors.readable);
}

/* Nothing may touch @child after this: the owner may have freed it. */
static void end(struct child *child)
{
	struct child_outcome outcome = {.code = child->code,
					.status = child->status,
					.signal = child->signal,
					.has_started = child->has_started,
					.output = child->output.text,
					.errors = child->errors.text};

	stop_watchers(child);
	child->on_end(child->owner, &outcome);
}

static void give_up(struct child *child, int code)
{
	if (!child->code)
		child->code = code;
	if (child->pid)
		kill(child->pid, SIGKILL);
	ev_io_stop(child->loop, &child->output.readable);
	ev_io_stop(child->loop, &child->errors.readable);
	close_descriptor(&child->output.descriptor);
	close_descriptor(&child->errors.descriptor);
	if (has_ended(child))
		end(child);
}

static void take_status(struct child *child, int status)
{
	child->pid = 0;
	child->is_running = false;
	child->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	child->status = child->signal ? 128 + child->signal : WEXITSTATUS(status);
	if (has_ended(child))
		end(child);
}

static void on_exit_status(struct ev_loop *loop, ev_child *watcher, int events)
{
	struct child *child = container_of(watcher, struct child, exit);

	(void)events;
	ev_child_stop(loop, watcher);
	take_status(child, watcher->rstatus);
}

static void on_launched(void *owner, const struct launched *launched)
{
	struct child *child = owner;

	child->launch = NULL;
	child->has_started = launched->code >= 0;
	if (launched->code < 0) {
		child->is_running = false;
		give_up(child, launched->code);
		return;
	}
	if (child->input_descriptor >= 0)
		ev_io_start(child->loop, &child->writable);
	if (launched->has_ended) {
		take_status(child, launched->status);
		return;
	}
	child->pid = launched->process;
	ev_child_set(&child->exit, child->pid, 0);
	ev_child_start(child->loop, &child->exit);
	if (child->code < 0)
		kill(child->pid, SIGKILL);
}

static void on_limit(void *owner)
{
	give_up(owner, -ETIMEDOUT);
}

static void on_writable(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct child *child = container_of(watcher, struct child, writable);
	ssize_t sent = 0;

	(void)events;
	if (child->input_done < child->input_length)
		sent = send(child->input_descriptor, child->input + child->input_done,
			    child->input_length - child->input_done, MSG_NOSIGNAL);
	if (sent < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (sent > 0)
		child->input_done += (size_t)sent;
	/* A program that does not read to the end says why on standard error. */
	if (sent < 0 || child->input_done == child->input_length) {
		ev_io_stop(loop, watcher);
		close_descriptor(&child->input_descriptor);
	}
}

static void erase(char *text, size_t length)
{
	explicit_bzero(text, length);
	free(text);
}

static void append(struct stream *stream, const char *bytes, size_t length)
{
	if (stream->length + length >= stream->capacity) {
		size_t capacity = 2 * (stream->length + length) + 1;
		char *text = memory_array(capacity, 1);

		memcpy(text, stream->text, stream->length);
		erase(stream->text, stream->length);
		stream->text = text;
		stream->capacity = capacity;
	}
	memcpy(stream->text + stream->length, bytes, length);
	stream->length += length;
	stream->text[stream->length] = '\0';
}

/* Return: false when there was nothing to read now */
static bool read_some(struct stream *stream, size_t limit)
{
	char chunk[CHUNK];
	ssize_t length = read(stream->descriptor, chunk, sizeof(chunk));
	size_t kept;

	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (length <= 0) {
		close_descriptor(&stream->descriptor);
		return true;
	}
	kept = (size_t)length;
	if (kept > limit - stream->length)
		kept = limit - stream->length;
	append(stream, chunk, kept);
	explicit_bzero(chunk, (size_t)length);
	return true;
}

static void on_output(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct child *child = container_of(watcher, struct child, output.readable);

	(void)events;
	if (!read_some(&child->output, child->output_limit))
		return;
	if (child->output.length == child->output_limit) {
		give_up(child, -E2BIG);
		return;
	}
	if (child->output.descriptor < 0)
		ev_io_stop(loop, watcher);
	if (has_ended(child))
		end(child);
}

static void on_errors(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct child *child = container_of(watcher, struct child, errors.readable);

	(void)events;
	if (!read_some(&child->errors, ERRORS_LIMIT))
		return;
	if (child->errors.descriptor < 0)
		ev_io_stop(loop, watcher);
	if (has_ended(child))
		end(child);
}

static void set_non_blocking(int descriptor)
{
	if (descriptor >= 0)
		fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

static void watch_stream(struct ev_loop *loop, struct stream *stream,
			 void (*on_readable)(struct ev_loop *loop, ev_io *watcher, int events))
{
	set_non_blocking(stream->descriptor);
	ev_io_init(&stream->readable, on_readable, stream->descriptor, EV_READ);
	if (stream->descriptor >= 0)
		ev_io_start(loop, &stream->readable);
}

static void watch(struct child *child)
{
	struct ev_loop *loop = child->loop;

	set_non_blocking(child->input_descriptor);
	ev_init(&child->exit, on_exit_status);
	ev_io_init(&child->writable, on_writable, child->input_descriptor, EV_WRITE);
	timer_init(&child->limit, loop, on_limit, child);
	ev_now_update(loop);
	timer_start(&child->limit, TIME_LIMIT_SECONDS);
	watch_stream(loop, &child->output, on_output);
	watch_stream(loop, &child->errors, on_errors);
}

static void free_all(struct child *child)
{
	close_descriptor(&child->input_descriptor);
	close_descriptor(&child->output.descriptor);
	close_descriptor(&child->errors.descriptor);
	free(child->input);
	erase(child->output.text, child->output.length);
	erase(child->errors.text, child->errors.length);
	free(child);
}

static int open_pipe(int *ours, int *theirs)
{
	int pair[2];

	if (pipe2(pair, O_CLOEXEC) < 0)
		return -errno;
	*ours = pair[0];
	*theirs = pair[1];
	return 0;
}

/* Not a pipe, which would send SIGPIPE. */
static int open_input(int *ours, int *theirs)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	*ours = pair[0];
	*theirs = pair[1];
	return 0;
}

static int open_nothing(int flags, int *theirs)
{
	*theirs = open("/dev/null", flags | O_CLOEXEC);
	return *theirs < 0 ? -errno : 0;
}

static int open_streams(struct child *child, const struct child_request *request, int theirs[3])
{
	int r = request->input ? open_input(&child->input_descriptor, &theirs[0])
			       : open_nothing(O_RDONLY, &theirs[0]);

	if (r >= 0)
		r = open_pipe(&child->output.descriptor, &theirs[1]);
	if (r >= 0 && !request->shares_errors)
		r = open_pipe(&child->errors.descriptor, &theirs[2]);
	return r;
}

int child_start(struct ev_loop *loop, const struct child_request *request,
		void (*on_end)(void *owner, const struct child_outcome *outcome), void *owner,
		struct child **ret, struct error *err)
{
	struct program_request starts = {.arguments = request->arguments,
					 .environment = request->environment,
					 .descriptors = {-1, -1, -1}};
	const char *program = request->arguments[0];
	struct child *child;
	int r;

	if (!ev_is_default_loop(loop))
		return error_set(err, -EINVAL, "%s needs the default event loop", program);
	child = memory_allocate(sizeof(*child));
	*child = (struct child){
		.loop = loop,
		.is_running = true,
		.input_descriptor = -1,
		.input = string_dup(request->input),
		.input_length = request->input ? strlen(request->input) : 0,
		.output = {.descriptor = -1, .text = string_dup("")},
		.errors = {.descriptor = -1, .text = string_dup("")},
		.output_limit = request->output_limit,
		.on_end = on_end,
		.owner = owner,
	};
	r = open_streams(child, request, starts.descriptors);
	if (r < 0) {
		for (size_t i = 0; i < COUNT(starts.descriptors); i++)
			close_descriptor(&starts.descriptors[i]);
		error_set(err, r, "starting %s: %s", program, strerror(-r));
	} else {
		r = launch_begin(loop, &starts, on_launched, child, &child->launch, err);
	}
	if (r < 0) {
		free_all(child);
		return r;
	}
	watch(child);
	*ret = child;
	return 0;
}

void child_free(struct child *child)
{
	if (!child)
		return;
	stop_watchers(child);
	launch_cancel(child->launch);
	if (child->pid) {
		kill(child->pid, SIGKILL);
		while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	free_all(child);
}

/* Return: as waitpid(2) */
static pid_t wait_for(pid_t pid, int *status)
{
	const struct timespec pause = {.tv_nsec = 2000000};
	pid_t r = 0;

	for (int waited = 0; waited < WAIT_LIMIT_MILLISECONDS && !r; waited += 2) {
		r = waitpid(pid, status, WNOHANG);
		if (!r)
			nanosleep(&pause, NULL);
	}
	return r;
}

/* Return: 0 or a negative errno */
static int start_now(const struct program_request *request, pid_t *ret)
{
	struct program *program;
	int r = program_new(request, &program);

	if (r < 0)
		return r;
	r = program_start(program, ret);
	program_free(program);
	return r;
}

int child_wait(const struct child_request *request, int *ret_status, struct error *err)
{
	struct program_request starts = {.arguments = request->arguments,
					 .environment = request->environment,
					 .descriptors = {-1, -1, -1}};
	const char *program = request->arguments[0];
	int input = -1, status = 0, r;
	pid_t pid = -1, waited;

	r = open_input(&input, &starts.descriptors[0]);
	if (r >= 0)
		r = open_nothing(O_WRONLY, &starts.descriptors[1]);
	if (r >= 0)
		r = open_nothing(O_WRONLY, &starts.descriptors[2]);
	if (r >= 0)
		r = start_now(&starts, &pid);
	for (size_t i = 0; i < COUNT(starts.descriptors); i++)
		close_descriptor(&starts.descriptors[i]);
	/* Short enough for the socket's buffer; if it is not read, the exit status tells. */
	if (r >= 0 && request->input)
		(void)!send(input, request->input, strlen(request->input), MSG_NOSIGNAL);
	close_descriptor(&input);
	if (r < 0)
		return error_set(err, r, "starting %s: %s", program, strerror(-r));

	waited = wait_for(pid, &status);
	if (waited == 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return error_set(err, -ETIMEDOUT, "%s timed out", program);
	}
	if (waited < 0)
		return error_set(err, -errno, "waiting for %s: %s", program, strerror(errno));
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 0;
}
