/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clients that go on asking while a node changes, and know who may answer. Lines of stdin:
 *
 *   ask NAMESPACE PROTOCOL ADDRESS PORT SOURCE WHO   from now on each round asks this once, with a
 *                                         connection or a datagram of its own
 *   hold NAMESPACE PROTOCOL ADDRESS PORT SOURCE WHO   a connection that stays; each round says a
 *                                         line over it, whose echo is due from who greeted it
 *   forget                                ends all of these
 *   round                                 answered with the counts when a round has ended that began
 *                                         after this was read
 *
 * SOURCE is an address, or "any". WHO are names, or NAME<SOURCE> with the address that the endpoint
 * sees, separated by commas; "none" among them means that there may be no answer. stdout gets
 * "MADE LOST MISROUTED OPEN" for each round that was asked for:
 *
 *   MADE       what was answered as it should be: new connections, and lines over those that stay
 *   LOST       what was not answered
 *   MISROUTED  what was answered by somebody else
 *   OPEN       what nobody may answer, and was: let through to a socket that accepts it
 *
 * stderr gets a line for each of the latter three. Rounds follow each other until stdin ends, with a
 * pause of so many milliseconds as the first argument says (30); the questions of one are under way at
 * the same time.
 */
#include "transport.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	QUESTIONS_MAX = 64,
	TEXT_SIZE = 128,
	LINE_SIZE = 512,
	PATIENCE = 5000, /* milliseconds, until what is due is lost */
	SILENCE = 40,	 /* milliseconds, until what need not come does not come */
	FIRST_PORT = 10000,
	LAST_PORT = 60000,
};

/**
 * enum state - of a question
 *   IDLE        no socket
 *   CONNECTING  in this round; becomes ASKED, or IDLE
 *   ASKED       an answer is due in this round; becomes IDLE, or OPEN if it is one that stays
 *   OPEN        a connection that stays, between two rounds; becomes ASKED
 *   GONE        one that stayed and has ended
 */
enum state { STATE_IDLE, STATE_CONNECTING, STATE_ASKED, STATE_OPEN, STATE_GONE };

struct question {
	char text[4 * TEXT_SIZE]; /* as it was read */
	char namespace[TEXT_SIZE];
	char who[TEXT_SIZE];
	struct transport destination, source;
	bool has_source, stays;
	enum state state;
	int fd;
};

static struct question questions[QUESTIONS_MAX];
static size_t question_count;
static unsigned long made, lost, misrouted, let_in;
static uint16_t next_port = FIRST_PORT;
static int pause_time = 30;

static void die(const char *what)
{
	fprintf(stderr, "keep_asking: %s: %s\n", what, strerror(errno));
	exit(2);
}

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

/* From now on, sockets are made there. */
static void enter(const char *namespace)
{
	static char current[TEXT_SIZE];
	char path[2 * TEXT_SIZE];
	int fd;

	if (strcmp(current, namespace) == 0)
		return;
	snprintf(path, sizeof(path), "/run/netns/%s", namespace);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		die(path);
	close(fd);
	snprintf(current, sizeof(current), "%s", namespace);
}

/* Whether @name is among the names of @list. */
static bool is_listed(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = list; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, name, length) == 0 && (!at[length] || at[length] == ','))
			return true;
	}
	return false;
}

static void complain(const struct question *question, const char *what, const char *answer)
{
	fprintf(stderr, "%s: %s: %s\n", what, question->text, answer);
}

/* "NAME peer=ADDRESS:PORT": becomes NAME and NAME<ADDRESS> */
static void judge(struct question *question, char *line)
{
	char *peer = strstr(line, " peer="), *port = strrchr(line, ':'), full[LINE_SIZE];

	line[strcspn(line, "\r\n")] = '\0';
	if (peer && port > peer) {
		*peer = *port = '\0';
		peer += strlen(" peer=");
		peer += *peer == '['; /* around an IPv6 address */
		peer[strcspn(peer, "]")] = '\0';
	} else {
		peer = line + strlen(line);
	}
	snprintf(full, sizeof(full), "%s<%s>", line, peer);
	if (is_listed(question->who, line) || is_listed(question->who, full)) {
		made++;
	} else if (strcmp(question->who, "none") == 0) {
		let_in++;
		complain(question, "open", full);
	} else {
		misrouted++;
		complain(question, "misrouted", full);
	}
}

static void end(struct question *question, enum state state)
{
	if (question->fd >= 0)
		close(question->fd);
	question->fd = -1;
	question->state = state;
}

static void end_without_answer(struct question *question, const char *why)
{
	if (!is_listed(question->who, "none")) {
		lost++;
		complain(question, "lost", why);
	}
	end(question, question->stays ? STATE_GONE : STATE_IDLE);
}

/* Both kinds of names have the port in the same place. */
static void set_port(struct sockaddr_storage *name, uint16_t port)
{
	((struct sockaddr_in *)name)->sin_port = htons(port);
}

/*
 * The kernel would take the same source port for different destinations; if these are virtual
 * servers that share an endpoint, IPVS cannot tell the connections apart.
 */
static void bind_source(struct question *question)
{
	struct transport source = question->source;

	if (!question->has_source) {
		source.name.ss_family = question->destination.name.ss_family;
		source.name_length = question->destination.name_length;
	}
	for (;;) {
		next_port = next_port == LAST_PORT ? FIRST_PORT : (uint16_t)(next_port + 1);
		set_port(&source.name, next_port);
		if (bind(question->fd, (struct sockaddr *)&source.name, source.name_length) == 0)
			return;
		if (errno != EADDRINUSE)
			die(question->text);
	}
}

static void begin(struct question *question)
{
	const struct linger at_once = {.l_onoff = 1};
	const struct transport *to = &question->destination;

	enter(question->namespace);
	question->fd = transport_socket(to);
	if (question->fd < 0)
		die(question->text);
	setsockopt(question->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	bind_source(question);
	question->state = STATE_CONNECTING;
	if (connect(question->fd, (const struct sockaddr *)&to->name, to->name_length) < 0 &&
	    errno != EINPROGRESS)
		end_without_answer(question, strerror(errno));
}

static void say(struct question *question)
{
	question->state = STATE_ASKED;
	if (send(question->fd, "who\n", strlen("who\n"), MSG_NOSIGNAL) < 0)
		end_without_answer(question, strerror(errno));
}

/* The first answer to one that stays says who has to give the others. */
static void take_greeting(struct question *question, char *line)
{
	judge(question, line);
	snprintf(question->who, sizeof(question->who), "%.100s who", line);
	question->state = STATE_OPEN;
}

static void take_answer(struct question *question)
{
	char line[LINE_SIZE];
	ssize_t length = recv(question->fd, line, sizeof(line) - 1, 0);

	if (length <= 0) {
		end_without_answer(question, length ? strerror(errno) : "closed");
		return;
	}
	line[length] = '\0';
	if (!question->stays) {
		judge(question, line);
		end(question, STATE_IDLE);
	} else if (strstr(line, " peer=")) {
		take_greeting(question, line);
	} else {
		judge(question, line);
		question->state = STATE_OPEN;
	}
}

static void attend(struct question *question, short events)
{
	int error = 0;
	socklen_t length = sizeof(error);

	if (question->state == STATE_ASKED) {
		take_answer(question);
		return;
	}
	getsockopt(question->fd, SOL_SOCKET, SO_ERROR, &error, &length);
	if (error || events & (POLLERR | POLLHUP)) {
		end_without_answer(question, strerror(error));
	} else if (strcmp(question->who, "none") == 0 &&
		   question->destination.type == SOCK_STREAM) {
		let_in++;
		complain(question, "open", "accepted");
		end(question, STATE_IDLE);
	} else if (question->destination.type == SOCK_DGRAM) {
		say(question);
	} else {
		question->state = STATE_ASKED; /* the server begins */
	}
}

/* Return: whether an answer is due that has to come, or one of those that may come */
static bool is_waiting(bool for_due)
{
	for (size_t i = 0; i < question_count; i++)
		if ((questions[i].state == STATE_CONNECTING || questions[i].state == STATE_ASKED) &&
		    (!for_due || !is_listed(questions[i].who, "none")))
			return true;
	return false;
}

/* Return: false if nothing came of any question within @timeout */
static bool attend_all(int timeout)
{
	struct pollfd polled[QUESTIONS_MAX];
	bool is_active = false;

	for (size_t i = 0; i < question_count; i++) {
		enum state state = questions[i].state;

		polled[i] = (struct pollfd){.fd = -1};
		if (state == STATE_CONNECTING || state == STATE_ASKED)
			polled[i] = (struct pollfd){
				.fd = questions[i].fd,
				.events = state == STATE_CONNECTING ? POLLOUT : POLLIN,
			};
	}
	if (poll(polled, question_count, timeout) < 0 && errno != EINTR)
		die("poll");
	for (size_t i = 0; i < question_count; i++) {
		if (polled[i].fd >= 0 && polled[i].revents) {
			attend(&questions[i], polled[i].revents);
			is_active = true;
		}
	}
	return is_active;
}

static void ask_round(void)
{
	long long limit = now() + transport_patience(PATIENCE);

	for (size_t i = 0; i < question_count; i++) {
		if (questions[i].state == STATE_IDLE)
			begin(&questions[i]);
		else if (questions[i].state == STATE_OPEN)
			say(&questions[i]);
	}
	while (is_waiting(true) && now() < limit)
		attend_all((int)(limit - now()));
	while (is_waiting(false) && attend_all(SILENCE))
		;
	for (size_t i = 0; i < question_count; i++)
		if (questions[i].state == STATE_CONNECTING || questions[i].state == STATE_ASKED)
			end_without_answer(&questions[i], "timeout");
}

static void forget(void)
{
	for (size_t i = 0; i < question_count; i++)
		end(&questions[i], STATE_IDLE);
	question_count = 0;
}

static void add(const char *line, bool stays)
{
	struct question *question = &questions[question_count];
	char protocol[8], address[64], port[8], source[64];

	*question = (struct question){.stays = stays, .fd = -1};
	if (question_count == QUESTIONS_MAX ||
	    sscanf(line, "%*s %127s %7s %63s %7s %63s %127s", question->namespace, protocol,
		   address, port, source, question->who) != 6 ||
	    !transport_parse(protocol, address, port, &question->destination)) {
		fprintf(stderr, "keep_asking: not understood: %s\n", line);
		exit(2);
	}
	question->has_source = strcmp(source, "any") != 0;
	if (question->has_source && !transport_parse(protocol, source, "0", &question->source))
		die(line);
	snprintf(question->text, sizeof(question->text), "%s", line);
	question_count++;
}

/* Return: whether a round was asked for */
static bool obey(const char *line)
{
	if (strncmp(line, "ask ", strlen("ask ")) == 0)
		add(line, false);
	else if (strncmp(line, "hold ", strlen("hold ")) == 0)
		add(line, true);
	else if (strcmp(line, "forget") == 0)
		forget();
	else if (strcmp(line, "round") == 0)
		return true;
	else if (*line)
		die(line);
	return false;
}

/*
 * Reads what is there on stdin, of which the last line may be incomplete.
 * Return: whether a round was asked for; -1 at the end
 */
static int read_commands(void)
{
	static char buffer[16384];
	static size_t used;
	struct pollfd polled = {.fd = STDIN_FILENO, .events = POLLIN};
	bool is_asked = false;
	char *line = buffer, *newline;
	ssize_t length;

	if (poll(&polled, 1, question_count ? pause_time : -1) <= 0)
		return 0;
	length = read(STDIN_FILENO, buffer + used, sizeof(buffer) - 1 - used);
	if (length <= 0)
		return -1;
	used += (size_t)length;
	buffer[used] = '\0';
	while ((newline = strchr(line, '\n'))) {
		*newline = '\0';
		is_asked |= obey(line);
		line = newline + 1;
	}
	used -= (size_t)(line - buffer);
	memmove(buffer, line, used);
	return is_asked;
}

int main(int argc, char **argv)
{
	int asked;

	if (argc > 1)
		pause_time = atoi(argv[1]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((asked = read_commands()) >= 0) {
		ask_round();
		if (asked)
			printf("%lu %lu %lu %lu\n", made, lost, misrouted, let_in);
	}
	return 0;
}
