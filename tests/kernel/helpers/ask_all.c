/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client that asks many questions at once: of questions that nobody answers, many take no longer
 * than one.
 *
 * Each line of stdin is a question, "LABEL KIND ADDRESS PORT". The kind is http, which asks for the
 * status, or tcp or sctp, which wait for the greeting of answer; udp, which sends a datagram.
 * Each question is asked several times. Each line of stdout is the LABEL and the different answers,
 * sorted: NAME<SOURCE>, or a status; "fail" if all attempts failed, "+fail" at the end if some did.
 *
 * Every attempt has a source port of its own, from the number given on. The kernel would take the
 * same one for different destinations; if these are virtual servers that share an endpoint, IPVS
 * cannot tell the connections apart.
 */
#include "transport.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
	QUESTIONS_MAX = 512,
	ATTEMPTS = 6,
	AT_ONCE = 2048,
	ANSWER_SIZE = 128,
	SILENCE = 1500,	     /* milliseconds; TCP repeats what was lost after 1000 */
	SCTP_SILENCE = 3500, /* SCTP repeats it after 3000, however fast the machine is */
	PAUSE = 2,	     /* milliseconds, after each question */
};

struct question {
	char label[ANSWER_SIZE];
	struct transport destination;
	const char *request; /* sent first; NULL: the server begins */
	char answers[ATTEMPTS][ANSWER_SIZE];
	int answer_count;
	int failures;
};

/* An attempt under way. */
struct attempt {
	struct question *question;
};

static struct question questions[QUESTIONS_MAX];
static struct attempt attempts[AT_ONCE];
static struct pollfd polled[AT_ONCE];
static nfds_t open_count;
static uint16_t next_port;

static void die(const char *what)
{
	fprintf(stderr, "ask_all: %s\n", what);
	exit(2);
}

static size_t read_questions(void)
{
	char kind[8], address[64], port[8];
	size_t count = 0;

	while (count < QUESTIONS_MAX &&
	       scanf("%127s %7s %63s %7s", questions[count].label, kind, address, port) == 4) {
		bool is_http = strcmp(kind, "http") == 0;

		if (!transport_parse(is_http ? "tcp" : kind, address, port,
				     &questions[count].destination))
			die("a question is malformed");
		if (is_http)
			questions[count].request = "GET / HTTP/1.0\r\n\r\n";
		else if (strcmp(kind, "udp") == 0)
			questions[count].request = "who\n";
		count++;
	}
	if (!feof(stdin))
		die("too many questions, or malformed ones");
	return count;
}

/* "NAME peer=ADDRESS:PORT", or "HTTP/1.1 STATUS" */
static void note_answer(struct question *question, char *line)
{
	char *answer = question->answers[question->answer_count];
	char *peer = strstr(line, " peer="), *port = strrchr(line, ':');

	line[strcspn(line, "\r\n")] = '\0';
	if (strncmp(line, "HTTP/", 5) == 0) {
		snprintf(answer, ANSWER_SIZE, "%.3s", line + strcspn(line, " ") + 1);
	} else if (peer && port > peer) {
		*peer = *port = '\0';
		peer += strlen(" peer=");
		/* An IPv6 address is in brackets, because of its port. */
		peer += *peer == '[';
		peer[strcspn(peer, "]")] = '\0';
		snprintf(answer, ANSWER_SIZE, "%.40s<%.60s>", line, peer);
	} else {
		question->failures++;
		return;
	}
	question->answer_count++;
}

static void attempt_end(nfds_t index)
{
	close(polled[index].fd);
	open_count--;
	polled[index] = polled[open_count];
	attempts[index] = attempts[open_count];
}

/* Takes the next source port; both kinds of names have family and port in the same places. */
static void bind_port(int fd, sa_family_t family)
{
	struct sockaddr_in6 source = {.sin6_family = family, .sin6_port = htons(next_port++)};
	socklen_t length = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(source);

	if (bind(fd, (const struct sockaddr *)&source, length) < 0)
		die(strerror(errno));
}

static void attempt_begin(struct question *question)
{
	const struct transport *to = &question->destination;
	int fd = transport_socket(to);

	if (fd < 0)
		die(strerror(errno));
	bind_port(fd, to->name.ss_family);
	if (connect(fd, (const struct sockaddr *)&to->name, to->name_length) < 0 &&
	    errno != EINPROGRESS) {
		close(fd);
		question->failures++;
		return;
	}
	polled[open_count] = (struct pollfd){.fd = fd, .events = POLLOUT};
	attempts[open_count++] = (struct attempt){.question = question};
}

/* Return: false when the attempt is over */
static bool attempt_continue(const struct attempt *attempt, struct pollfd *socket_polled)
{
	struct question *question = attempt->question;
	char line[512];
	ssize_t length;

	if (socket_polled->revents & POLLOUT && !(socket_polled->revents & POLLERR)) {
		socket_polled->events = POLLIN;
		if (!question->request || send(socket_polled->fd, question->request,
					       strlen(question->request), MSG_NOSIGNAL) >= 0)
			return true;
	}
	length = recv(socket_polled->fd, line, sizeof(line) - 1, 0);
	if (length <= 0) {
		question->failures++;
		return false;
	}
	line[length] = '\0';
	note_answer(question, line);
	return false;
}

/* Attends to what is under way; Return: false if nothing came of it within @timeout */
static bool attend(int timeout)
{
	int r = poll(polled, open_count, timeout);

	if (r < 0 && errno != EINTR)
		die(strerror(errno));
	/* Backwards: ending one moves the last, which has been looked at, into its place. */
	for (nfds_t i = open_count; r > 0 && i-- > 0;)
		if (polled[i].revents && !attempt_continue(&attempts[i], &polled[i]))
			attempt_end(i);
	return r != 0;
}

/* Waits for what is under way until nothing has come for @silence. */
static void gather(int silence)
{
	while (open_count && attend(silence))
		;
	while (open_count) {
		attempts[open_count - 1].question->failures++;
		attempt_end(open_count - 1);
	}
}

/* All datagrams at once would be more than a server's buffer holds, which has no turn meanwhile. */
static void let_others_work(void)
{
	const struct timespec pause = {.tv_nsec = PAUSE * 1000000};

	attend(0);
	nanosleep(&pause, NULL);
	attend(0);
}

/*
 * How long nothing comes before nothing is to come. Of SCTP on two processors the server's first
 * data may overtake its COOKIE ACK; then the client drops them, and the server repeats them.
 */
static int silence_of(size_t count)
{
	int silence = transport_patience(SILENCE);

	for (size_t i = 0; i < count; i++)
		if (questions[i].destination.protocol == IPPROTO_SCTP && silence < SCTP_SILENCE)
			silence = SCTP_SILENCE;
	return silence;
}

static void allow_descriptors(void)
{
	struct rlimit limit = {.rlim_cur = 2 * AT_ONCE, .rlim_max = 2 * AT_ONCE};

	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		die(strerror(errno));
}

static int compare_answers(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void print_answers(struct question *question)
{
	qsort(question->answers, (size_t)question->answer_count, sizeof(question->answers[0]),
	      compare_answers);
	fputs(question->label, stdout);
	for (int i = 0; i < question->answer_count; i++)
		if (!i || strcmp(question->answers[i], question->answers[i - 1]) != 0)
			printf(" %s", question->answers[i]);
	if (question->failures)
		fputs(question->answer_count ? " +fail" : " fail", stdout);
	putchar('\n');
}

int main(int argc, char **argv)
{
	size_t count;
	int silence;

	if (argc != 2)
		die("usage: ask_all FIRST-SOURCE-PORT");
	allow_descriptors();
	next_port = (uint16_t)strtoul(argv[1], NULL, 10);
	count = read_questions();
	silence = silence_of(count);

	for (size_t i = 0; i < count; i++) {
		if (open_count + ATTEMPTS > AT_ONCE)
			gather(silence);
		for (int attempt = 0; attempt < ATTEMPTS; attempt++)
			attempt_begin(&questions[i]);
		let_others_work();
	}
	gather(silence);
	for (size_t i = 0; i < count; i++)
		print_answers(&questions[i]);
	return 0;
}
