/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * api_clients COUNT PORT SOCKET PAGE {streamed|listed} {compressed|plain} {json|protobuf} [nodes]:
 * what COUNT agents do to the API server on 127.0.0.1:PORT (see api_server), whose commands go to
 * SOCKET. They are the API clients of as many agents, in a few processes, which forget the objects;
 * PAGE objects are asked for at a time. With "nodes" they ask for all Nodes, too. Prints what the
 * server counted for all of them together:
 *
 *   start CONNECTIONS REQUESTS BYTES SECONDS COMPRESSING  until all know everything
 *   change CONNECTIONS REQUESTS BYTES SECONDS             until all know that an endpoint came
 *
 * and ends the server.
 */
#include "object_writer.h"
#include "objects.h"

#include "lib/base/memory.h"
#include "lib/base/string_pool.h"
#include "lib/source/kube/kube_source.h"

#include <arpa/inet.h>
#include <ev.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_SECONDS	900
#define CHANGED_SERVICE 0
#define NEW_ENDPOINT	4000000
/* Each takes five files: three connections, and two that libcurl wakes itself with. */
#define PART_MAX 1500

#define STARTS_PER_TURN	   10
#define START_SECONDS	   0.02
#define QUIET_MICROSECONDS 2000000

struct agent {
	struct agents *agents;
	struct kube_source *source;
	bool is_synced;
};

struct agents {
	struct ev_loop *loop;
	struct string_pool *strings;
	struct agent *items;
	size_t count;
	size_t started;
	size_t synced;
	size_t told; /* of the change */
	bool is_waiting_for_change;
	bool wants_nodes;
	uint16_t port;
	struct kube_listing listing;
	enum kube_encoding encoding;
	ev_timer start;
};

/* @told: from the parts to the whole; @end: closed when they are to end */
struct pipes {
	int told[2];
	int end[2];
};

struct counters {
	size_t connections;
	size_t requests;
	size_t bytes;
	double compressing;
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Return: the length of the answer, 0 if the server hung up */
static size_t ask(uint16_t port, const char *request, char *answer, size_t size)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
					    .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	ssize_t length;

	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    write(fd, request, strlen(request)) < 0)
		die("asking the server");
	length = read(fd, answer, size - 1);
	answer[length > 0 ? length : 0] = '\0';
	close(fd);
	return length > 0 ? (size_t)length : 0;
}

static struct counters ask_counters(uint16_t port)
{
	struct counters counters = {0};
	char answer[1024];
	const char *line;

	ask(port, "GET /counters HTTP/1.1\r\n\r\n", answer, sizeof(answer));
	line = strstr(answer, "connections ");
	if (!line || sscanf(line, "connections %zu requests %zu bytes %zu compressing %lf",
			    &counters.connections, &counters.requests, &counters.bytes,
			    &counters.compressing) != 4) {
		fprintf(stderr, "agents: what counters are these?\n%s\n", answer);
		exit(1);
	}
	return counters;
}

static void on_service(void *owner, struct service *service)
{
	(void)owner;
	service_free(service);
}

static void on_slice(void *owner, struct endpoint_slice *slice)
{
	struct agent *agent = owner;

	endpoint_slice_free(slice);
	if (!agent->agents->is_waiting_for_change)
		return;
	if (++agent->agents->told == agent->agents->count)
		ev_break(agent->agents->loop, EVBREAK_ALL);
}

static void on_node(void *owner, struct node *node)
{
	(void)owner;
	node_free(node);
}

static void on_removed(void *owner, const char *namespace_name, const char *name)
{
	(void)owner;
	fprintf(stderr, "agents: %s/%s was removed\n", namespace_name, name);
	exit(1);
}

static void on_node_removed(void *owner, const char *name)
{
	on_removed(owner, "", name);
}

static void on_rejected(void *owner, const struct rejection *rejection)
{
	(void)owner;
	fprintf(stderr, "agents: %s: %s\n", rejection->name, rejection->reason);
	exit(1);
}

static void note_start(struct agent *agent)
{
	if (++agent->agents->synced == agent->agents->count)
		ev_break(agent->agents->loop, EVBREAK_ALL);
}

static void on_synced(void *owner)
{
	struct agent *agent = owner;

	if (agent->is_synced)
		return;
	agent->is_synced = true;
	if (agent->agents->wants_nodes)
		kube_source_list_nodes(agent->source);
	else
		note_start(agent);
}

static void on_nodes(void *owner, const char *trouble)
{
	if (trouble)
		fprintf(stderr, "agents: %s\n", trouble);
	else
		note_start(owner);
}

static void on_report(void *owner, enum kube_report kind, const char *text)
{
	(void)owner;
	(void)kind;
	fprintf(stderr, "agents: %s\n", text);
}

static void start_agent(struct agents *agents)
{
	struct agent *agent = &agents->items[agents->started++];
	auto_memory char *master = string_printf("http://127.0.0.1:%u", agents->port);
	const struct kube_source_options options = {
		.master = master,
		.node_name = OBJECTS_NODE_NAME,
		.listing = agents->listing,
		.encoding = agents->encoding,
		.requests_per_second = -1,
		.sink = {.owner = agent,
			 .strings = agents->strings,
			 .service_set = on_service,
			 .service_removed = on_removed,
			 .endpoint_slice_set = on_slice,
			 .endpoint_slice_removed = on_removed,
			 .node_set = on_node,
			 .node_removed = on_node_removed,
			 .rejected = on_rejected,
			 .synced = on_synced},
		.on_nodes = on_nodes,
		.on_report = on_report,
		.owner = agent,
	};
	struct error err = {0};

	agent->agents = agents;
	if (kube_source_open(agents->loop, &options, &agent->source, &err) < 0) {
		fprintf(stderr, "agents: %s\n", err.text);
		exit(1);
	}
}

/* As nodes do, they do not all start in the same millisecond. */
static void on_start(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct agents *agents = container_of(timer, struct agents, start);

	(void)events;
	for (size_t i = 0; i < STARTS_PER_TURN && agents->started < agents->count; i++)
		start_agent(agents);
	if (agents->started == agents->count)
		ev_timer_stop(loop, timer);
}

static void raise_limit(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		die("limits");
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		die("limits");
}

/* Writes a byte when all know everything, and one when all know of the change. */
static _Noreturn void run_part(struct agents *agents, const struct pipes *pipes)
{
	char end;

	close(pipes->end[1]);
	agents->items = memory_array(agents->count, sizeof(*agents->items));
	agents->strings = string_pool_new();
	agents->loop = ev_default_loop(EVFLAG_AUTO);
	ev_timer_init(&agents->start, on_start, 0., START_SECONDS);
	ev_timer_start(agents->loop, &agents->start);
	ev_run(agents->loop, 0);
	agents->is_waiting_for_change = true;
	if (write(pipes->told[1], "s", 1) != 1)
		die("telling");
	ev_run(agents->loop, 0);
	if (write(pipes->told[1], "c", 1) != 1)
		die("telling");
	/* The connections are there until the server has ended. */
	exit(read(pipes->end[0], &end, 1) == 0 ? 0 : 1);
}

static size_t start_parts(struct agents *agents, size_t count, const struct pipes *pipes)
{
	size_t parts = 0;

	for (size_t begun = 0; begun < count; parts++) {
		pid_t pid;

		agents->count = count - begun < PART_MAX ? count - begun : PART_MAX;
		begun += agents->count;
		pid = fork();
		if (pid < 0)
			die("fork");
		if (pid == 0)
			run_part(agents, pipes);
	}
	return parts;
}

static void await_and_print(const struct agents *agents, const char *what, size_t parts,
			    const struct pipes *pipes, const struct counters *before, double begin)
{
	struct counters after;
	double seconds;
	char byte;

	for (size_t i = 0; i < parts; i++)
		if (read(pipes->told[0], &byte, 1) != 1)
			die("waiting for the agents");
	seconds = now() - begin;
	/* The watches that follow lists are asked for meanwhile. */
	usleep(QUIET_MICROSECONDS);
	after = ask_counters(agents->port);
	printf("%s %zu %zu %zu %.3f %.6f\n", what, after.connections - before->connections,
	       after.requests - before->requests, after.bytes - before->bytes, seconds,
	       after.compressing - before->compressing);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct agents agents = {0};
	struct counters before;
	struct pipes pipes;
	struct object_writer *writer;
	char answer[64];
	size_t parts;
	double begin;

	if (argc != 8 && argc != 9) {
		fputs("api_clients COUNT PORT SOCKET PAGE {streamed|listed} {compressed|plain} "
		      "{json|protobuf} [nodes]\n",
		      stderr);
		return 2;
	}
	agents.port = (uint16_t)strtoul(argv[2], NULL, 10);
	writer = object_writer_open(argv[3]);
	agents.listing.page_size = (int)strtol(argv[4], NULL, 10);
	agents.listing.is_streamed = strcmp(argv[5], "streamed") == 0;
	agents.listing.is_compressed = strcmp(argv[6], "compressed") == 0;
	agents.encoding =
		strcmp(argv[7], "protobuf") == 0 ? KUBE_ENCODING_PROTOBUF : KUBE_ENCODING_JSON;
	agents.wants_nodes = argc == 9;
	signal(SIGPIPE, SIG_IGN);
	raise_limit();
	alarm(LIMIT_SECONDS);
	if (pipe(pipes.told) < 0 || pipe(pipes.end) < 0)
		die("pipe");

	before = ask_counters(agents.port);
	begin = now();
	parts = start_parts(&agents, strtoul(argv[1], NULL, 10), &pipes);
	close(pipes.told[1]);
	await_and_print(&agents, "start", parts, &pipes, &before, begin);

	before = ask_counters(agents.port);
	begin = now();
	object_writer_set(writer, CHANGED_SERVICE, 0, NEW_ENDPOINT, 11, 11);
	await_and_print(&agents, "change", parts, &pipes, &before, begin);

	/* Who closes first keeps the ports for a minute, and there are not so many. */
	ask(agents.port, "GET /end HTTP/1.1\r\n\r\n", answer, sizeof(answer));
	close(pipes.end[1]);
	while (parts--)
		wait(NULL);
	return 0;
}
