/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * agent_start SERVICES ENDPOINTS LOG COMMAND...: starts the agent in the background, its stderr in LOG,
 * and waits until the kernel shows that many Services with that many endpoints each and the agent
 * says in LOG that it has programmed them. Prints
 *
 *   pid NUMBER
 *   start SECONDS       of the monotonic clock
 *   bound SECONDS       from the start until as many addresses had been added (not if they were
 *                       there)
 *   programmed SECONDS  from the start until the agent said so
 */
#include "kernel_view.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_SECONDS	  120
#define MONITOR_BYTES	  (64 << 20)
#define LOG_BYTES	  65536
#define MESSAGES_PER_TURN 64
#define MESSAGE_BYTES	  512

/* To look takes the agent's processor: 0.1 ms each time in the test kernel. */
#define LOOK_MICROSECONDS 5000

static void die(const char *what)
{
	fprintf(stderr, "launch: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_monitor(void)
{
	const struct sockaddr_nl address = {.nl_family = AF_NETLINK,
					    .nl_groups = RTMGRP_IPV4_IFADDR};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
	int size = MONITOR_BYTES;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		die("listening to rtnetlink");
	return fd;
}

static size_t count_addresses(int monitor)
{
	static _Alignas(struct nlmsghdr) char buffers[MESSAGES_PER_TURN][MESSAGE_BYTES];
	struct mmsghdr messages[MESSAGES_PER_TURN] = {0};
	struct iovec vectors[MESSAGES_PER_TURN];
	size_t count = 0;
	int received;

	for (size_t i = 0; i < MESSAGES_PER_TURN; i++) {
		vectors[i] = (struct iovec){buffers[i], MESSAGE_BYTES};
		messages[i].msg_hdr.msg_iov = &vectors[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	while ((received = recvmmsg(monitor, messages, MESSAGES_PER_TURN, 0, NULL)) > 0) {
		for (int i = 0; i < received; i++) {
			const struct nlmsghdr *header = (const void *)buffers[i];

			count += header->nlmsg_type == RTM_NEWADDR;
		}
	}
	if (received < 0 && errno != EAGAIN)
		die("listening to rtnetlink");
	return count;
}

static bool has_programmed(const char *log)
{
	static char text[LOG_BYTES];
	int fd = open(log, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return false;
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[length > 0 ? length : 0] = '\0';
	return strstr(text, ": programmed ");
}

static pid_t start(const char *log, char **command)
{
	pid_t pid = fork();
	int fd;

	if (pid < 0)
		die("fork");
	if (pid)
		return pid;
	fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0)
		die(log);
	close(fd);
	execvp(command[0], command);
	die(command[0]);
	return 0;
}

static void check(struct kernel_view *view, size_t services, size_t endpoints)
{
	size_t servers, destinations;

	kernel_view_count(view, services, &servers, &destinations);
	if (servers == services && destinations == services * endpoints)
		return;
	fprintf(stderr,
		"launch: the kernel has %zu of %zu virtual servers and %zu of %zu destinations\n",
		servers, services, destinations, services * endpoints);
	exit(1);
}

int main(int argc, char **argv)
{
	size_t services, endpoints, addresses = 0;
	double begin, bound = 0, programmed;
	struct kernel_view *view;
	int monitor;
	pid_t pid;

	if (argc < 5) {
		fputs("launch SERVICES ENDPOINTS LOG COMMAND...\n", stderr);
		return 2;
	}
	services = strtoul(argv[1], NULL, 10);
	endpoints = strtoul(argv[2], NULL, 10);
	unlink(argv[3]);
	view = kernel_view_open();
	monitor = open_monitor();
	begin = kernel_view_now();
	pid = start(argv[3], argv + 4);
	kernel_view_yield();
	while (!has_programmed(argv[3])) {
		if (waitpid(pid, NULL, WNOHANG) == pid ||
		    kernel_view_now() > begin + LIMIT_SECONDS) {
			fprintf(stderr, "launch: the agent ended or took too long, see %s\n",
				argv[3]);
			return 1;
		}
		addresses += count_addresses(monitor);
		if (bound <= 0 && addresses >= services)
			bound = kernel_view_now() - begin;
		usleep(LOOK_MICROSECONDS);
	}
	programmed = kernel_view_now() - begin;
	addresses += count_addresses(monitor);
	if (bound <= 0 && addresses >= services)
		bound = programmed;
	check(view, services, endpoints);
	printf("pid %d\n", (int)pid);
	printf("start %.6f\n", begin);
	if (bound > 0)
		printf("bound %.6f\n", bound);
	printf("programmed %.6f\n", programmed);
	return 0;
}
