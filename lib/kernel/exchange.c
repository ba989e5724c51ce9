/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why netlink goes through io_submit
 *
 * IPVS tells the destinations of a virtual server only in a dump for that server. A socket carries
 * one dump at a time, so 10,000 servers are 10,000 requests, each to be written when the answer
 * before has been read: a write, a read of the destinations, a read of the end. That is 30,000
 * system calls in each verification. They cannot be batched as changes are, where many messages go
 * in one datagram, since a dump that begins while another runs is refused.
 *
 * Native asynchronous I/O is used here for the one thing that it does on sockets: it is not
 * asynchronous there, but carries out the list of reads and writes there and then, in order, in one
 * call. 32 exchanges are 96 steps; with the call that collects the results, that is two system
 * calls instead of 96. The socket does not block. The kernel prepares the first part of an answer
 * within the write, and the next within the read before, so that each step finds what it is to
 * read. An answer of more than two parts, or one that is not as expected, is asked for once more by
 * netlink.c, alone and in the ordinary way.
 *
 * What it gains depends on what a system call costs. In the test kernel that is 15 us (see
 * tests/bench/README.md), and 30,000 of them would be 0.45 s of a verification that may take 0.5 s
 * in all. What it gains on hardware has not been measured.
 *
 * Nothing depends on it. Where the kernel has no io_submit, or a filter of system calls forbids it,
 * exchanger_run() says so, and netlink.c asks one by one.
 */
#include "exchange.h"

#include "lib/base/memory.h"

#include <errno.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STEPS	   3 /* of an exchange: write, read, read */
#define STEP_LIMIT (STEPS * EXCHANGE_LIMIT)

/* @setup: 0, or why there is no context */
struct exchanger {
	aio_context_t context;
	int setup;
};

struct exchanger *exchanger_new(void)
{
	struct exchanger *exchanger = memory_allocate(sizeof(*exchanger));

	if (syscall(SYS_io_setup, STEP_LIMIT, &exchanger->context) < 0)
		exchanger->setup = -errno;
	return exchanger;
}

void exchanger_free(struct exchanger *exchanger)
{
	if (!exchanger)
		return;
	if (!exchanger->setup)
		syscall(SYS_io_destroy, exchanger->context);
	free(exchanger);
}

static void prepare(struct iocb *step, int descriptor, uint16_t operation, const void *bytes,
		    size_t length, ssize_t *result)
{
	memset(step, 0, sizeof(*step));
	step->aio_data = (uintptr_t)result;
	step->aio_lio_opcode = operation;
	step->aio_fildes = (uint32_t)descriptor;
	step->aio_buf = (uintptr_t)bytes;
	step->aio_nbytes = length;
}

/* Waits for nothing: on a socket that does not block, what was submitted is done. */
static void collect(struct exchanger *exchanger, long submitted)
{
	struct io_event events[STEP_LIMIT];
	long count;

	while (submitted > 0) {
		count = syscall(SYS_io_getevents, exchanger->context, submitted, submitted, events,
				NULL);
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return;
		for (long i = 0; i < count; i++)
			/* A pointer that we stored there. */
			/* NOLINTNEXTLINE(performance-no-int-to-ptr) */
			*(ssize_t *)(uintptr_t)events[i].data = (ssize_t)events[i].res;
		submitted -= count;
	}
}

int exchanger_run(struct exchanger *exchanger, int descriptor, struct exchange *exchanges,
		  size_t count)
{
	struct iocb steps[STEP_LIMIT], *pointers[STEP_LIMIT];
	ssize_t written[EXCHANGE_LIMIT];
	long submitted;

	if (exchanger->setup)
		return exchanger->setup;

	for (size_t i = 0; i < count; i++) {
		struct exchange *exchange = &exchanges[i];

		prepare(&steps[STEPS * i], descriptor, IOCB_CMD_PWRITE, exchange->request,
			exchange->request_length, &written[i]);
		for (size_t j = 0; j < COUNT(exchange->answers); j++) {
			exchange->answer_lengths[j] = -ECANCELED;
			prepare(&steps[STEPS * i + 1 + j], descriptor, IOCB_CMD_PREAD,
				exchange->answers[j], exchange->answer_sizes[j],
				&exchange->answer_lengths[j]);
		}
	}
	for (size_t i = 0; i < STEPS * count; i++)
		pointers[i] = &steps[i];

	submitted = syscall(SYS_io_submit, exchanger->context, (long)(STEPS * count), pointers);
	if (submitted < 0) {
		exchanger->setup = -errno;
		syscall(SYS_io_destroy, exchanger->context);
		return exchanger->setup;
	}
	collect(exchanger, submitted);
	return 0;
}
