/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/agent/agent_fixture.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * What a client sends to the status socket of an agent that has a few Services. Whatever it is: no
 * memory error, lines of JSON for an answer, and a last one that says that it is the last.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* More than an answer about so few Services takes. */
#define TURNS_MAX 200

#define ANSWER_MAX ((size_t)1 << 20)

static struct fixture fixture;
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static char answer[ANSWER_MAX];

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void remove_socket(void)
{
	unlink(address.sun_path);
}

static void set_up(void)
{
	struct answer_kind kinds[ANSWERS_COUNT];
	struct control *control;
	struct error err = {0};

	fixture_set_up(&fixture);
	add_service(&fixture, "default/web ip=10.96.0.1 port=http:80/TCP");
	add_slice(&fixture, "default/web-1 service=web port=http:8080/TCP 10.244.1.1");
	add_service(&fixture, "kube-system/dns ip=10.96.0.2 port=dns:53/UDP");
	program(&fixture);
	answers_fill(&fixture.sources, kinds);
	snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/status_socket_fuzz.%d",
		 (int)getpid());
	require(control_open(fixture.loop, address.sun_path, kinds, COUNT(kinds), &control, &err) ==
		0);
	atexit(remove_socket);
}

/* Return: the length of the answer; @ret_is_whole: whether the agent ended it */
static size_t receive(int fd, size_t turns, bool *ret_is_whole)
{
	size_t length = 0;

	*ret_is_whole = false;
	for (size_t i = 0; i < turns; i++) {
		ssize_t got;

		ev_run(fixture.loop, EVRUN_NOWAIT);
		while ((got = recv(fd, answer + length, sizeof(answer) - length, MSG_DONTWAIT)) > 0)
			length += (size_t)got;
		require(length < sizeof(answer));
		if (got == 0) {
			*ret_is_whole = true;
			break;
		}
	}
	return length;
}

static void check(size_t length, bool is_whole)
{
	json_t *line = NULL;
	char *end;

	for (char *at = answer; at < answer + length; at = end + 1) {
		end = memchr(at, '\n', (size_t)(answer + length - at));
		require(end);
		json_decref(line);
		line = json_loadb(at, (size_t)(end - at), 0, NULL);
		require(json_is_object(line));
	}
	require(!length || !is_whole || json_object_get(line, "complete") ||
		json_object_get(line, "error"));
	json_decref(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool is_asked = memchr(data, '\n', size), is_whole;
	size_t length;
	int fd;

	if (!fixture.loop)
		set_up();
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	require(connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
	(void)!send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
	length = receive(fd, is_asked ? TURNS_MAX : 4, &is_whole);
	check(length, is_whole);
	require(!is_asked || is_whole);
	close(fd);
	ev_run(fixture.loop, EVRUN_NOWAIT);
	return 0;
}
