/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "program.h"

#include "lib/base/descriptor_limit.h"
#include "lib/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH_DEFAULT "/bin:/usr/bin"
#define EXIT_FAILED  127

/*
 * @paths: where the program may be; the first that can be run is it. @problem: a pipe through which
 * the process says, as a negative errno, that it could not become the program; it is closed without
 * a word when it has.
 */
struct program {
	char **arguments;
	char **environment;
	char **paths;
	int descriptors[3];
	int problem[2];
};

static char **copy_texts(const char *const *texts)
{
	size_t count = 0;
	char **copy;

	while (texts[count])
		count++;
	copy = memory_array(count + 1, sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		copy[i] = string_dup(texts[i]);
	return copy;
}

static void free_texts(char **texts)
{
	for (size_t i = 0; texts[i]; i++)
		free(texts[i]);
	free(texts);
}

static char **list_paths(const char *program)
{
	const char *path = getenv("PATH");
	size_t count = 1, length;
	char **paths;

	if (!path)
		path = PATH_DEFAULT;
	if (!*program || strchr(program, '/'))
		path = "";
	for (const char *c = path; *c; c++)
		count += *c == ':';
	paths = memory_array(count + 1, sizeof(*paths));
	for (size_t i = 0; i < count; i++, path += length + 1) {
		length = strcspn(path, ":");
		paths[i] = length ? string_printf("%.*s/%s", (int)length, path, program)
				  : string_dup(program);
	}
	return paths;
}

int program_new(const struct program_request *request, struct program **ret)
{
	struct program *program;
	int problem[2];

	if (pipe2(problem, O_CLOEXEC) < 0)
		return -errno;
	program = memory_allocate(sizeof(*program));
	program->arguments = copy_texts(request->arguments);
	program->environment = copy_texts(request->environment ? request->environment
							       : (const char *const *)environ);
	program->paths = list_paths(request->arguments[0]);
	memcpy(program->descriptors, request->descriptors, sizeof(program->descriptors));
	memcpy(program->problem, problem, sizeof(program->problem));
	*ret = program;
	return 0;
}

void program_free(struct program *program)
{
	if (!program)
		return;
	for (size_t i = 0; i < COUNT(program->problem); i++)
		if (program->problem[i] >= 0)
			close(program->problem[i]);
	free_texts(program->arguments);
	free_texts(program->environment);
	free_texts(program->paths);
	free(program);
}

/* The agent ignores and blocks signals that a program expects to be killed by. They are let
 * through when there is no handler of the agent left. */
static void reset_signals(void)
{
	const struct sigaction by_default = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		sigaction(i, &by_default, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the new process, which has the memory in common with the agent as long as it is not the
 * program: nothing may be allocated or changed here. */
static _Noreturn void become(const struct program *program)
{
	int code = -ENOENT;

	for (int i = 0; i < 3; i++)
		if (program->descriptors[i] >= 0)
			dup2(program->descriptors[i], i);
	descriptor_limit_restore();
	reset_signals();
	for (char **path = program->paths; *path; path++) {
		execve(*path, program->arguments, program->environment);
		if (errno == EACCES) {
			code = -EACCES;
		} else if (errno != ENOENT && errno != ENOTDIR) {
			code = -errno;
			break;
		}
	}
	(void)!write(program->problem[1], &code, sizeof(code));
	_exit(EXIT_FAILED);
}

/*
 * Not posix_spawn(3), with which a program would start with the agent's limit of descriptors; not
 * fork(2), which would have every thread wait while all memory is marked for copying.
 * Return: as fork(2), when the new process has become the program or has ended
 */
static __attribute__((noinline)) pid_t divide(const struct program *program)
{
	/* NOLINTBEGIN(clang-analyzer-security.insecureAPI.vfork, clang-analyzer-unix.Vfork): see
	 * above; Linux lets the new process call whatever respects that it shares our memory. */
	pid_t process = vfork();

	if (process == 0)
		become(program);
	/* NOLINTEND(clang-analyzer-security.insecureAPI.vfork, clang-analyzer-unix.Vfork) */
	return process;
}

/* Return: 0, or what the process said */
static int read_problem(const struct program *program)
{
	int code = 0;
	ssize_t length;

	do {
		length = read(program->problem[0], &code, sizeof(code));
	} while (length < 0 && errno == EINTR);
	return length == sizeof(code) ? code : 0;
}

int program_start(struct program *program, pid_t *ret)
{
	sigset_t all, before;
	pid_t process;
	int r;

	/* No handler of the agent may run in the new process. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	process = divide(program);
	r = process < 0 ? -errno : 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	close(program->problem[1]);
	program->problem[1] = -1;
	if (r < 0)
		return r;
	r = read_problem(program);
	if (r < 0) {
		while (waitpid(process, NULL, 0) < 0 && errno == EINTR)
			;
		return r;
	}
	*ret = process;
	return 0;
}
