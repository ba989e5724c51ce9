/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * node_address SERVICES ENDPOINTS PREFIX SAMPLES: the time from the moment when the node gets (or
 * loses) an address until the node ports of all SERVICES, which are of the shape "node-ports", are
 * programmed on it (or gone). Prints "PREFIX.node-address-added SERVICES SECONDS" and
 * "PREFIX.node-address-removed SERVICES SECONDS", SAMPLES times.
 *
 * The kernel is asked in a loop that runs only while nobody else wants the processor.
 */
#include "kernel_view.h"
#include "objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ADDRESS		   0xc0a84d0b /* 192.168.77.11 */
#define LIMIT_SECONDS	   30
#define PAUSE_MICROSECONDS 50000

struct run {
	struct kernel_view *view;
	size_t services;
	size_t endpoints;
	const char *prefix;
};

static bool is_shown(const struct run *run, size_t service, bool is_present)
{
	size_t endpoint = (service + 1) * run->endpoints - 1;

	if (!is_present)
		return !kernel_view_has_node_port(run->view, ADDRESS, service);
	return kernel_view_node_port_weight(run->view, ADDRESS, service, endpoint) == 1;
}

/*
 * The Services are programmed in an order that is nobody's business, likely one after the other. So
 * the last is waited for; when the others are there already, that was the moment.
 */
static double wait_for_all(const struct run *run, bool is_present, double since)
{
	double end = 0;

	for (size_t i = run->services; i-- > 0;) {
		bool has_waited = i + 1 == run->services;

		while (!is_shown(run, i, is_present)) {
			has_waited = true;
			if (kernel_view_now() < since + LIMIT_SECONDS)
				continue;
			fprintf(stderr, "node_address: the kernel does not show it after %d s\n",
				LIMIT_SECONDS);
			exit(1);
		}
		if (has_waited)
			end = kernel_view_now();
	}
	return end - since;
}

static void sample(const struct run *run, bool is_present)
{
	double since;

	usleep(PAUSE_MICROSECONDS);
	since = kernel_view_now();
	kernel_view_set_node_address(run->view, ADDRESS, is_present);
	printf("%s.node-address-%s %zu %.6f\n", run->prefix, is_present ? "added" : "removed",
	       run->services, wait_for_all(run, is_present, since));
}

int main(int argc, char **argv)
{
	struct run run;
	size_t samples;

	if (argc != 5) {
		fputs("node_address SERVICES ENDPOINTS PREFIX SAMPLES\n", stderr);
		return 2;
	}
	run.services = strtoul(argv[1], NULL, 10);
	run.endpoints = strtoul(argv[2], NULL, 10);
	run.prefix = argv[3];
	samples = strtoul(argv[4], NULL, 10);
	run.view = kernel_view_open();
	kernel_view_yield();
	for (size_t i = 0; i < samples; i++) {
		sample(&run, true);
		sample(&run, false);
	}
	return 0;
}
