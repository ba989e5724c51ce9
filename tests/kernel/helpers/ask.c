/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client that reports who answered: the counterpart of answer.
 *
 * Each attempt is a new connection, or a new datagram socket, and prints the line that came back,
 * or one of refused, timeout, unreachable, closed.
 */
#include "transport.h"

#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	LINE_SIZE = 512,
	ANSWERS_MAX = 1024,
};

struct request {
	struct transport destination;
	struct transport source; /* name_length 0: the kernel chooses */
	bool reset;		 /* end connections with a reset */
	int timeout;		 /* milliseconds, for the connection and again for the answer */
};

/* How often one answer came, by the answerer's name or by the failure. */
struct tally {
	size_t count;
	struct {
		char name[64];
		unsigned times;
	} answers[ANSWERS_MAX];
};

static void usage(void)
{
	fputs("usage: ask [OPTION...] {tcp|udp|sctp} ADDRESS PORT\n"
	      "  --count N          attempts (1)\n"
	      "  --interval MS      pause between attempts (0)\n"
	      "  --timeout MS       for the connection, and again for the answer (5000), times\n"
	      "                     KERNEL_TEST_SLOWNESS\n"
	      "  --source ADDRESS   ask from this address\n"
	      "  --source-port P    ask from this port\n"
	      "  --summary          print \"NAME TIMES\" for each answerer instead of each answer\n"
	      "  --reset            end connections with a reset\n"
	      "  --hold             keep one connection; send each line of stdin, print its echo\n"
	      "Exit status: 0 when all attempts were answered, 1 when some were not.\n",
	      stderr);
	exit(2);
}

static const char *failure(int error)
{
	switch (error) {
	case ECONNREFUSED:
	/* SCTP over IPv4 heeds ICMP "protocol unreachable" alone. */
	case ENOPROTOOPT:
		return "refused";
	case ENETUNREACH:
	case EHOSTUNREACH:
	case EACCES:
	case EPERM:
		return "unreachable";
	case ETIMEDOUT:
		return "timeout";
	case ECONNRESET:
	case EPIPE:
		return "closed";
	default:
		return strerror(error);
	}
}

/* Return: 0, or the errno that the socket reports, ETIMEDOUT if nothing happens in time. */
static int wait_for(int fd, short events, int timeout)
{
	struct pollfd polled = {.fd = fd, .events = events};
	int error = 0;
	socklen_t length = sizeof(error);
	int r;

	do
		r = poll(&polled, 1, timeout);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return errno;
	if (r == 0)
		return ETIMEDOUT;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
	return error;
}

/* Return: 0 and *ret to be closed by the caller, or an errno. */
static int open_connection(const struct request *request, int *ret)
{
	const struct transport *to = &request->destination;
	const struct linger at_once = {.l_onoff = 1};
	const int on = 1;
	int error = 0;
	int fd = transport_socket(to);

	if (fd < 0)
		return errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (request->reset)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	if (request->source.name_length && bind(fd, (const struct sockaddr *)&request->source.name,
						request->source.name_length) < 0)
		error = errno;
	if (!error && connect(fd, (const struct sockaddr *)&to->name, to->name_length) < 0)
		error = errno == EINPROGRESS ? wait_for(fd, POLLOUT, request->timeout) : errno;
	if (error) {
		close(fd);
		return error;
	}
	*ret = fd;
	return 0;
}

/* Cuts the newline off. Return: 0, or an errno; ECONNRESET if the peer closed. */
static int read_line(int fd, int timeout, char line[LINE_SIZE])
{
	size_t used = 0;

	while (used == 0 || line[used - 1] != '\n') {
		int error = wait_for(fd, POLLIN, timeout);
		if (error)
			return error;
		ssize_t length = recv(fd, line + used, LINE_SIZE - 1 - used, 0);
		if (length < 0)
			return errno;
		if (length == 0 || used + (size_t)length == LINE_SIZE - 1)
			return ECONNRESET;
		used += (size_t)length;
	}
	line[used - 1] = '\0';
	return 0;
}

static int ask_once(const struct request *request, char line[LINE_SIZE])
{
	int fd;
	int error = open_connection(request, &fd);

	if (error)
		return error;
	if (request->destination.type == SOCK_DGRAM && send(fd, "who\n", 4, MSG_NOSIGNAL) < 0)
		error = errno;
	if (!error)
		error = read_line(fd, request->timeout, line);
	close(fd);
	return error;
}

static int hold(const struct request *request)
{
	char line[LINE_SIZE], *typed = NULL;
	size_t size = 0;
	ssize_t length;
	int fd;
	int error = open_connection(request, &fd);

	if (!error)
		error = read_line(fd, request->timeout, line);
	if (!error)
		puts(line);
	while (!error && (length = getline(&typed, &size, stdin)) > 0) {
		if (send(fd, typed, (size_t)length, MSG_NOSIGNAL) < 0)
			error = errno;
		else
			error = read_line(fd, request->timeout, line);
		if (!error)
			puts(line);
	}
	free(typed);
	if (error)
		puts(failure(error));
	return error ? 1 : 0;
}

static void tally_add(struct tally *tally, const char *answer)
{
	size_t length = strcspn(answer, " ");
	size_t i = 0;

	if (length >= sizeof(tally->answers[0].name))
		length = sizeof(tally->answers[0].name) - 1;
	while (i < tally->count && (strncmp(tally->answers[i].name, answer, length) != 0 ||
				    tally->answers[i].name[length]))
		i++;
	if (i == ANSWERS_MAX)
		return;
	if (i == tally->count) {
		memcpy(tally->answers[i].name, answer, length);
		tally->count++;
	}
	tally->answers[i].times++;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void tally_print(struct tally *tally)
{
	qsort(tally->answers, tally->count, sizeof(tally->answers[0]), compare_names);
	for (size_t i = 0; i < tally->count; i++)
		printf("%s %u\n", tally->answers[i].name, tally->answers[i].times);
}

static int ask(const struct request *request, long count, long interval, bool summary)
{
	static struct tally tally;
	const struct timespec pause = {interval / 1000, interval % 1000 * 1000000};
	char line[LINE_SIZE];
	int status = 0;

	for (long i = 0; i < count; i++) {
		int error = ask_once(request, line);
		const char *answer = error ? failure(error) : line;

		if (error)
			status = 1;
		if (summary)
			tally_add(&tally, answer);
		else
			puts(answer);
		if (interval && i + 1 < count)
			nanosleep(&pause, NULL);
	}
	if (summary)
		tally_print(&tally);
	return status;
}

static long parse_number(const char *text, long least, long most)
{
	char *end;

	errno = 0;
	long number = strtol(text, &end, 10);
	if (errno || end == text || *end || number < least || number > most)
		usage();
	return number;
}

int main(int argc, char **argv)
{
	enum { COUNT = 1, INTERVAL, TIMEOUT, SOURCE, SOURCE_PORT, SUMMARY, RESET, HOLD };
	static const struct option options[] = {
		{"count", required_argument, NULL, COUNT},
		{"interval", required_argument, NULL, INTERVAL},
		{"timeout", required_argument, NULL, TIMEOUT},
		{"source", required_argument, NULL, SOURCE},
		{"source-port", required_argument, NULL, SOURCE_PORT},
		{"summary", no_argument, NULL, SUMMARY},
		{"reset", no_argument, NULL, RESET},
		{"hold", no_argument, NULL, HOLD},
		{0},
	};
	struct request request = {.timeout = 5000};
	const char *source = NULL, *source_port = "0";
	long count = 1, interval = 0;
	bool summary = false, held = false;
	int option;

	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (option) {
		case COUNT:
			count = parse_number(optarg, 1, 100000000);
			break;
		case INTERVAL:
			interval = parse_number(optarg, 0, 3600000);
			break;
		case TIMEOUT:
			request.timeout = (int)parse_number(optarg, 1, 3600000);
			break;
		case SOURCE:
			source = optarg;
			break;
		case SOURCE_PORT:
			source_port = optarg;
			break;
		case SUMMARY:
			summary = true;
			break;
		case RESET:
			request.reset = true;
			break;
		case HOLD:
			held = true;
			break;
		default:
			usage();
		}
	}
	if (argc - optind != 3 || !transport_parse(argv[optind], argv[optind + 1], argv[optind + 2],
						   &request.destination))
		usage();
	if (!source && strcmp(source_port, "0") != 0)
		source = request.destination.name.ss_family == AF_INET ? "0.0.0.0" : "::";
	if (source && !transport_parse(argv[optind], source, source_port, &request.source))
		usage();

	request.timeout = transport_patience(request.timeout);
	setvbuf(stdout, NULL, _IOLBF, 0);
	return held ? hold(&request) : ask(&request, count, interval, summary);
}
