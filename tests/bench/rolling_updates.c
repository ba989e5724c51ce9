/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rolling_updates OBJECTS ENDPOINTS ROUNDS PREFIX {new|same}: rolling updates of Service 0, which has that
 * many endpoints, ROUNDS of them, one after the other. An update exchanges a tenth of the endpoints
 * at a time, for endpoints with addresses that were never used before, or for those that the update
 * before took away. Prints "PREFIX.update-NN ENDPOINTS SECONDS": the time from each change until
 * the kernel shows the new endpoints and sends the old ones nothing more, added up.
 */
#include "kernel_view.h"
#include "object_writer.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEPS		   10
#define LIMIT_SECONDS	   30
#define PAUSE_MICROSECONDS 20000

struct run {
	struct object_writer *writer;
	struct kernel_view *view;
	size_t endpoints;
	size_t first; /* endpoint that the Service has now */
};

/* Return: seconds */
static double step(struct run *run, bool is_forward)
{
	size_t count = run->endpoints / STEPS, serving = 0, others = 1;
	double since;

	usleep(PAUSE_MICROSECONDS);
	run->first = is_forward ? run->first + count : run->first - count;
	since = kernel_view_now();
	object_writer_set(run->writer, 0, run->first, run->first + run->endpoints - 1,
			  run->endpoints, run->endpoints);
	while (serving < run->endpoints || others) {
		if (kernel_view_now() > since + LIMIT_SECONDS) {
			fprintf(stderr, "rolling: the kernel does not show it after %d s\n",
				LIMIT_SECONDS);
			exit(1);
		}
		kernel_view_serving(run->view, 0, run->first, run->endpoints, &serving, &others);
	}
	return kernel_view_now() - since;
}

int main(int argc, char **argv)
{
	struct run run = {0};
	size_t rounds;
	bool is_new;

	if (argc != 6) {
		fputs("rolling FEED ENDPOINTS ROUNDS PREFIX {new|same}\n", stderr);
		return 2;
	}
	run.writer = object_writer_open(argv[1]);
	run.endpoints = strtoul(argv[2], NULL, 10);
	rounds = strtoul(argv[3], NULL, 10);
	is_new = strcmp(argv[5], "new") == 0;
	run.view = kernel_view_open();
	kernel_view_yield();
	for (size_t i = 0; i < rounds; i++) {
		double seconds = 0;

		for (size_t k = 0; k < STEPS; k++)
			seconds += step(&run, is_new || i % 2 == 0);
		printf("%s.update-%02zu %zu %.6f\n", argv[4], i + 1, run.endpoints, seconds);
	}
	return 0;
}
