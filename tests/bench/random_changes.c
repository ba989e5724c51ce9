/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * random_changes OBJECTS ENDPOINTS CHANGEABLE COUNT: changes Services at random, of the first
 * CHANGEABLE, as fast as they are taken: endpoints come, go, stop being ready; Services go and come
 * back. Then all are as they were in the beginning, and it ends when the kernel shows that.
 */
#include "kernel_view.h"
#include "object_writer.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SEED		  1
#define LIMIT_SECONDS	  60
#define LOOK_MICROSECONDS 2000

/* As in change_latency: endpoints that no Service has in the beginning. */
#define FIRST_NEW_ENDPOINT 5000000
#define NEW_ENDPOINTS	   1000

struct run {
	struct object_writer *writer;
	struct kernel_view *view;
	size_t endpoints;
	size_t changeable;
	bool *is_removed;
};

static size_t pick(size_t limit)
{
	return (size_t)random() % limit;
}

static void restore(struct run *run, size_t service)
{
	object_writer_set(run->writer, service, service * run->endpoints,
			  (service + 1) * run->endpoints - 1, run->endpoints, run->endpoints);
	run->is_removed[service] = false;
}

static void change(struct run *run)
{
	size_t service = pick(run->changeable), count = run->endpoints - pick(3);
	size_t last = service * run->endpoints + count - 1;

	if (!run->is_removed[service] && pick(20) == 0) {
		object_writer_remove(run->writer, service);
		run->is_removed[service] = true;
		return;
	}
	if (pick(2))
		last = FIRST_NEW_ENDPOINT + pick(NEW_ENDPOINTS);
	object_writer_set(run->writer, service, service * run->endpoints, last, count,
			  count - pick(2));
	run->is_removed[service] = false;
}

static bool is_restored(const struct run *run, size_t service)
{
	for (size_t i = 0; i < run->endpoints; i++)
		if (kernel_view_weight(run->view, service, service * run->endpoints + i) != 1)
			return false;
	return kernel_view_answers(run->view, service);
}

static void wait_for_kernel(const struct run *run)
{
	double end = kernel_view_now() + LIMIT_SECONDS;

	for (size_t i = 0; i < run->changeable; i++) {
		while (!is_restored(run, i)) {
			if (kernel_view_now() > end) {
				fprintf(stderr,
					"random_changes: Service %zu is not back after %d s\n", i,
					LIMIT_SECONDS);
				exit(1);
			}
			usleep(LOOK_MICROSECONDS);
		}
	}
}

int main(int argc, char **argv)
{
	struct run run;
	size_t count;

	if (argc != 5) {
		fputs("random_changes FEED ENDPOINTS CHANGEABLE COUNT\n", stderr);
		return 2;
	}
	run.writer = object_writer_open(argv[1]);
	run.endpoints = strtoul(argv[2], NULL, 10);
	run.changeable = strtoul(argv[3], NULL, 10);
	count = strtoul(argv[4], NULL, 10);
	run.view = kernel_view_open();
	run.is_removed = calloc(run.changeable, sizeof(*run.is_removed));
	if (!run.is_removed)
		abort();
	srandom(SEED);
	for (size_t i = 0; i < count; i++)
		change(&run);
	for (size_t i = 0; i < run.changeable; i++)
		restore(&run, i);
	wait_for_kernel(&run);
	free(run.is_removed);
	return 0;
}
