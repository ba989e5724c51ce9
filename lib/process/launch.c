/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launch.h"

#include "../base/descriptor_limit.h"
#include "../base/memory.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREAD_STACK ((size_t)256 << 10)

/* What posix_spawnp(3) is given. Made before there is a thread, which would get a heap of its own.
 */
struct call {
	char **arguments;
	char **environment;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
};

/* @process, @code: the thread's, until it was told on @descriptor that they are there */
struct launch {
	struct ev_loop *loop;
	struct call call;
	pthread_t thread;
	ev_io told;
	int descriptor;
	int descriptors[3];
	pid_t process;
	int code;
	void (*on_launched)(void *user, const struct launched *launched);
	void *user;
};

/*
 * libev collects every child that has ended, also one that nobody watches yet, since only the
 * thread knows of it. So as long as there is a launch, all exits are noted. libev tells of each
 * before it collects the next one and before anything else, such as the end of a launch. Numbers of
 * processes are not given again before all others were.
 */
struct collected {
	pid_t process;
	int status;
};

static struct {
	ev_child any;
	size_t launches;
	struct collected *items;
	size_t count, capacity;
} exits;

static void on_any_exit(struct ev_loop *loop, ev_child *watcher, int events)
{
	(void)loop;
	(void)events;
	exits.items = memory_grow(exits.items, exits.count, &exits.capacity, sizeof(*exits.items));
	exits.items[exits.count++] =
		(struct collected){.process = watcher->rpid, .status = watcher->rstatus};
}

static void note_exits(struct ev_loop *loop)
{
	if (exits.launches++)
		return;
	ev_child_init(&exits.any, on_any_exit, 0, 0);
	ev_child_start(loop, &exits.any);
}

static const struct collected *find_exit(pid_t process)
{
	for (size_t i = 0; i < exits.count; i++)
		if (exits.items[i].process == process)
			return &exits.items[i];
	return NULL;
}

static void forget_exits(struct ev_loop *loop)
{
	if (--exits.launches)
		return;
	ev_child_stop(loop, &exits.any);
	free(take(&exits.items));
	exits.count = exits.capacity = 0;
}

static char **copy_texts(const char *const *texts)
{
	size_t count = 0;
	char **copy;

	while (texts[count])
		count++;
	copy = memory_array(count + 1, sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		copy[i] = memory_text(texts[i]);
	return copy;
}

static void free_texts(char **texts)
{
	for (size_t i = 0; texts[i]; i++)
		free(texts[i]);
	free(texts);
}

static void call_prepare(struct call *call, const struct launch_request *request)
{
	sigset_t signals;

	call->arguments = copy_texts(request->arguments);
	call->environment = copy_texts(request->environment ? request->environment
							    : (const char *const *)environ);
	if (posix_spawn_file_actions_init(&call->actions) ||
	    posix_spawnattr_init(&call->attributes))
		abort();
	for (int i = 0; i < 3; i++)
		posix_spawn_file_actions_adddup2(&call->actions, request->descriptors[i], i);
	/* The agent ignores and blocks signals that a program expects to be killed by. */
	sigemptyset(&signals);
	posix_spawnattr_setsigmask(&call->attributes, &signals);
	sigfillset(&signals);
	posix_spawnattr_setsigdefault(&call->attributes, &signals);
	posix_spawnattr_setflags(&call->attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static void call_clear(struct call *call)
{
	posix_spawn_file_actions_destroy(&call->actions);
	posix_spawnattr_destroy(&call->attributes);
	free_texts(call->arguments);
	free_texts(call->environment);
}

/* Return: when the program has been loaded, 0; or a negative errno */
static int call_make(const struct call *call, pid_t *ret)
{
	int r = posix_spawnp(ret, call->arguments[0], &call->actions, &call->attributes,
			     call->arguments, call->environment);

	if (r == 0)
		descriptor_limit_pass_on(*ret);
	return -r;
}

int launch_now(const struct launch_request *request, pid_t *ret)
{
	struct call call;
	int r;

	call_prepare(&call, request);
	r = call_make(&call, ret);
	call_clear(&call);
	return r;
}

static void *run_thread(void *user)
{
	struct launch *launch = user;

	launch->code = call_make(&launch->call, &launch->process);
	eventfd_write(launch->descriptor, 1);
	return NULL;
}

/* Nothing of it is left but the process. */
static void free_all(struct launch *launch)
{
	ev_io_stop(launch->loop, &launch->told);
	close(launch->descriptor);
	for (size_t i = 0; i < COUNT(launch->descriptors); i++)
		close(launch->descriptors[i]);
	call_clear(&launch->call);
	free(launch);
}

/* After it: its result may be read. Return: what is known of it */
static struct launched end_thread(struct launch *launch)
{
	struct launched launched = {0};
	const struct collected *collected;

	pthread_join(launch->thread, NULL);
	launched.code = launch->code;
	if (launch->code == 0) {
		collected = find_exit(launch->process);
		launched.process = launch->process;
		launched.has_ended = collected;
		launched.status = collected ? collected->status : 0;
	}
	forget_exits(launch->loop);
	return launched;
}

static void on_told(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct launch *launch = container_of(watcher, struct launch, told);
	void (*on_launched)(void *, const struct launched *) = launch->on_launched;
	void *owner = launch->user;
	struct launched launched = end_thread(launch);

	(void)loop;
	(void)events;
	free_all(launch);
	on_launched(owner, &launched);
}

/* Signals are for the thread of the loop. Return: 0 or a negative errno */
static int start_thread(struct launch *launch)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	int r;

	if (pthread_attr_init(&attributes) || pthread_attr_setstacksize(&attributes, THREAD_STACK))
		abort();
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&launch->thread, &attributes, run_thread, launch);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return -r;
}

int launch_begin(struct ev_loop *loop, const struct launch_request *request,
		 void (*on_launched)(void *user, const struct launched *launched), void *user,
		 struct launch **ret, struct error *err)
{
	struct launch *launch = memory_allocate(sizeof(*launch));
	int r;

	launch->loop = loop;
	launch->on_launched = on_launched;
	launch->user = user;
	memcpy(launch->descriptors, request->descriptors, sizeof(launch->descriptors));
	call_prepare(&launch->call, request);
	launch->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ev_io_init(&launch->told, on_told, launch->descriptor, EV_READ);
	r = launch->descriptor < 0 ? -errno : start_thread(launch);
	if (r < 0) {
		error_set(err, r, "starting %s: %s", request->arguments[0], strerror(-r));
		free_all(launch);
		return r;
	}
	note_exits(loop);
	ev_io_start(loop, &launch->told);
	*ret = launch;
	return 0;
}

void launch_cancel(struct launch *launch)
{
	struct launched launched;

	if (!launch)
		return;
	launched = end_thread(launch);
	free_all(launch);
	if (launched.code < 0 || launched.has_ended)
		return;
	kill(launched.process, SIGKILL);
	while (waitpid(launched.process, NULL, 0) < 0 && errno == EINTR)
		;
}
