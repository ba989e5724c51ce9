/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_EXCHANGE_H
#define KERNEL_EXCHANGE_H

#include <stddef.h>
#include <sys/types.h>

/**
 * struct exchange - a request on a netlink socket, and two reads of the answer
 * @answers:         buffers for the datagrams of the answer
 * @answer_sizes:    bytes of each; a longer datagram is cut
 * @answer_lengths:  set by exchanger_run(): bytes read, or a negative errno
 */
struct exchange {
	const void *request;
	size_t request_length;
	void *answers[2];
	size_t answer_sizes[2];
	ssize_t answer_lengths[2];
};

/* As many as one call takes. */
#define EXCHANGE_LIMIT 32

/**
 * struct exchanger - carries out exchanges with two system calls for all of them
 *
 * A netlink socket serves one dump at a time, so thousands of them mean thousands of requests, each
 * of which has to wait until the answer before it was read. Linux's native asynchronous I/O takes
 * the whole sequence in one go, and on sockets carries it out there and then, in order.
 */
struct exchanger;

struct exchanger *exchanger_new(void);

/** exchanger_free() - NULL is fine */
void exchanger_free(struct exchanger *exchanger);

/**
 * exchanger_run() - write, read and read again for each of @exchanges
 * @descriptor:  a connected socket that does not block
 * @count:       1 to EXCHANGE_LIMIT
 * Return: 0; or -ENOSYS or another negative errno where the kernel or a sandbox does not have
 * asynchronous I/O, now and for each later call: nothing was sent then
 */
int exchanger_run(struct exchanger *exchanger, int descriptor, struct exchange *exchanges,
		  size_t count);

#endif
