/* SPDX-License-Identifier: GPL-2.0-or-later */
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
