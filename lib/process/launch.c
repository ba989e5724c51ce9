/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a thread starts programs
 *
 * Whoever starts a program stands still until it has been loaded: vfork(2) returns when execve(2)
 * has succeeded, and that reads the program. A turn of the loop may last 10 ms. On a real kernel
 * (6.12, tests/bench/processor, 1,000 Services, files on 9p) the longest turn of a first start was
 * 411 M instructions without the thread and 8.8 M with it; with the programs in the page cache, 29 M
 * and 8.9 M. What the agent takes in all is the same within 0.1%. Why neither fork(2) nor
 * posix_spawn(3) is used is told in program.c.
 *
 * So a thread does it. It lives as long as one start, owns nothing but its struct launch, allocates
 * nothing (a heap of its own would stay for good), and says on an eventfd that it is done. These
 * are the rules that keep it the only thread worth knowing about:
 *
 *  - Everything it needs is made before, by the loop: the program with its arguments and
 *    environment, the descriptors. It writes @process and @code, and the loop reads them only after
 *    the eventfd.
 *  - Signals are blocked in it, so that handlers run in the loop's thread as if there were no
 *    other.
 *  - The number of the process is known to the thread before it is known to the loop, and the
 *    process may have ended by then. libev would collect it unseen. So as long as there is a launch
 *    all exits are noted, and the one that matters is handed over with the start.
 *  - That a program cannot be started is heard later, like how it ended.
 */
#include "launch.h"

#include "lib/base/memory.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREAD_STACK ((size_t)256 << 10)

/*
 * @program: made before there is a thread, which would get a heap of its own. @process, @code: the
 * thread's, until it was told on @descriptor that they are there.
 */
struct launch {
	struct ev_loop *loop;
	struct program *program;
	pthread_t thread;
	ev_io told;
	int descriptor;
	int descriptors[3];
	pid_t process;
	int code;
	void (*on_launched)(void *owner, const struct launched *launched);
	void *owner;
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

static void *run_thread(void *owner)
{
	struct launch *launch = owner;

	launch->code = program_start(launch->program, &launch->process);
	eventfd_write(launch->descriptor, 1);
	return NULL;
}

/* Nothing of it is left but the process. */
static void free_all(struct launch *launch)
{
	ev_io_stop(launch->loop, &launch->told);
	close(launch->descriptor);
	for (size_t i = 0; i < COUNT(launch->descriptors); i++)
		if (launch->descriptors[i] >= 0)
			close(launch->descriptors[i]);
	program_free(launch->program);
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
	void *owner = launch->owner;
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
		memory_exhausted();
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&launch->thread, &attributes, run_thread, launch);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return -r;
}

int launch_begin(struct ev_loop *loop, const struct program_request *request,
		 void (*on_launched)(void *owner, const struct launched *launched), void *owner,
		 struct launch **ret, struct error *err)
{
	struct launch *launch = memory_allocate(sizeof(*launch));
	int r;

	launch->loop = loop;
	launch->on_launched = on_launched;
	launch->owner = owner;
	memcpy(launch->descriptors, request->descriptors, sizeof(launch->descriptors));
	launch->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ev_io_init(&launch->told, on_told, launch->descriptor, EV_READ);
	r = launch->descriptor < 0 ? -errno : program_new(request, &launch->program);
	if (r >= 0)
		r = start_thread(launch);
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
