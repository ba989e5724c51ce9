/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Has the abstract UNIX socket NAME of its network namespace, as anybody may: "squatter NAME".
 * Prints "holding" and waits for a signal.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (argc != 2 || strlen(argv[1]) + 1 >= sizeof(address.sun_path)) {
		fprintf(stderr, "usage: squatter NAME\n");
		return 2;
	}
	memcpy(address.sun_path + 1, argv[1], strlen(argv[1]));
	if (fd < 0 ||
	    bind(fd, (struct sockaddr *)&address,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(argv[1]))) < 0) {
		perror("squatter");
		return 1;
	}
	puts("holding");
	fflush(stdout);
	pause();
	return 0;
}
