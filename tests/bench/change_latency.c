/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * change_latency OBJECTS SERVICES ENDPOINTS PREFIX SAMPLES: the time from a single change to the moment when
 * the kernel shows it, SAMPLES of each kind, at an agent that has programmed that many Services and
 * is idle. Prints "PREFIX.KIND SERVICES SECONDS" for each.
 *
 * The kernel is asked in a loop that runs only while nobody else wants the processor.
 */
#include "kernel_view.h"
#include "object_writer.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LIMIT_SECONDS 5

/* Endpoints that come and go have numbers that no Service of any scale uses. */
#define FIRST_NEW_ENDPOINT 4000000

/* Time for what follows a change, such as the end of a drain, to be over. */
#define PAUSE_MICROSECONDS 10000

struct run {
	struct object_writer *writer;
	struct kernel_view *view;
	const char *prefix;
	size_t services;
	size_t service; /* the one that changes */
	size_t endpoints;
	size_t first;
};

static double begin(const struct run *run)
{
	(void)run;
	usleep(PAUSE_MICROSECONDS);
	return kernel_view_now();
}

static void print(const struct run *run, const char *kind, double since)
{
	printf("%s.%s %zu %.6f\n", run->prefix, kind, run->services, kernel_view_now() - since);
}

static void give_up(const char *kind)
{
	fprintf(stderr, "single: %s: the kernel does not show it after %d s\n", kind,
		LIMIT_SECONDS);
	exit(1);
}

static void wait_for_weight(const struct run *run, size_t endpoint, unsigned int weight,
			    const char *kind, double since)
{
	while (kernel_view_weight(run->view, run->service, endpoint) != weight)
		if (kernel_view_now() > since + LIMIT_SECONDS)
			give_up(kind);
}

static void sample_endpoint(const struct run *run, size_t new_endpoint)
{
	size_t last = run->first + run->endpoints - 1;
	double since = begin(run);

	object_writer_set(run->writer, run->service, run->first, new_endpoint, run->endpoints + 1,
			  run->endpoints + 1);
	wait_for_weight(run, new_endpoint, 1, "endpoint-added", since);
	print(run, "endpoint-added", since);

	/* It goes, and comes back while it still drains or is about to be removed. */
	since = begin(run);
	object_writer_set(run->writer, run->service, run->first, new_endpoint, run->endpoints + 1,
			  run->endpoints);
	wait_for_weight(run, new_endpoint, 0, "endpoint-unready", since);
	since = kernel_view_now();
	object_writer_set(run->writer, run->service, run->first, new_endpoint, run->endpoints + 1,
			  run->endpoints + 1);
	wait_for_weight(run, new_endpoint, 1, "endpoint-back", since);
	print(run, "endpoint-flapped", since);

	since = begin(run);
	object_writer_set(run->writer, run->service, run->first, last, run->endpoints,
			  run->endpoints);
	wait_for_weight(run, new_endpoint, 0, "endpoint-removed", since);
	print(run, "endpoint-removed", since);
}

static void sample_service(const struct run *run)
{
	double since = begin(run);

	object_writer_remove(run->writer, run->service);
	while (kernel_view_has_server(run->view, run->service))
		if (kernel_view_now() > since + LIMIT_SECONDS)
			give_up("service-removed");
	print(run, "service-removed", since);

	since = begin(run);
	object_writer_set(run->writer, run->service, run->first, run->first + run->endpoints - 1,
			  run->endpoints, run->endpoints);
	while (!kernel_view_answers(run->view, run->service))
		if (kernel_view_now() > since + LIMIT_SECONDS)
			give_up("service-added");
	print(run, "service-added", since);
}

int main(int argc, char **argv)
{
	struct run run;
	size_t samples;

	if (argc != 6) {
		fputs("single FEED SERVICES ENDPOINTS PREFIX SAMPLES\n", stderr);
		return 2;
	}
	run.writer = object_writer_open(argv[1]);
	run.services = strtoul(argv[2], NULL, 10);
	run.endpoints = strtoul(argv[3], NULL, 10);
	run.prefix = argv[4];
	samples = strtoul(argv[5], NULL, 10);
	run.service = 1;
	run.first = run.service * run.endpoints;
	run.view = kernel_view_open();
	kernel_view_yield();
	for (size_t i = 0; i < samples; i++)
		sample_endpoint(&run, FIRST_NEW_ENDPOINT + i);
	for (size_t i = 0; i < samples; i++)
		sample_service(&run);
	return 0;
}
