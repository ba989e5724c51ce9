/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sustained_changes OBJECTS SERVICES ENDPOINTS CHANGEABLE RATE SECONDS PID PREFIX: changes an
 * endpoint of one Service after another, of the first CHANGEABLE, RATE times per second. Prints
 *
 *   PREFIX.latency SERVICES SECONDS  from a change until the kernel showed it, of every tenth change
 *   PREFIX.cpu SERVICES SHARE        of the processor that the process PID used meanwhile
 *   PREFIX.backlog SERVICES SECONDS  from the last change until the kernel showed all
 */
#include "kernel_view.h"
#include "object_writer.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LOOK_MICROSECONDS 500
#define WATCH_EACH	  10
#define LIMIT_SECONDS	  30

struct churn {
	struct object_writer *writer;
	struct kernel_view *view;
	size_t endpoints;
	size_t changeable;
	size_t services;
	const char *prefix;
};

/* Seconds in user and kernel mode. */
static double used_by(const char *pid)
{
	unsigned long user, system;
	char path[64];
	FILE *stream;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	stream = fopen(path, "r");
	if (!stream || fscanf(stream, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
			      &user, &system) != 2) {
		fprintf(stderr, "churn: %s cannot be read\n", path);
		exit(1);
	}
	fclose(stream);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* The last endpoint of a Service, which is ready in every other round. */
static size_t endpoint_of(const struct churn *churn, size_t change)
{
	return (change % churn->changeable + 1) * churn->endpoints - 1;
}

static bool is_ready_after(const struct churn *churn, size_t change)
{
	return change / churn->changeable % 2;
}

static void make(const struct churn *churn, size_t change)
{
	size_t service = change % churn->changeable, count = churn->endpoints;

	object_writer_set(churn->writer, service, service * count, endpoint_of(churn, change),
			  count, is_ready_after(churn, change) ? count : count - 1);
}

static bool is_shown(const struct churn *churn, size_t change)
{
	return (kernel_view_weight(churn->view, change % churn->changeable,
				   endpoint_of(churn, change)) > 0) ==
	       is_ready_after(churn, change);
}

static void print(const struct churn *churn, const char *what, double value)
{
	printf("%s.%s %zu %.6f\n", churn->prefix, what, churn->services, value);
}

static void run(const struct churn *churn, double rate, double seconds)
{
	size_t count = (size_t)(rate * seconds), watched = 0;
	double start = kernel_view_now(), made = 0, now;
	bool is_watching = false;

	for (size_t i = 0; i < count; i++) {
		while ((now = kernel_view_now()) < start + (double)i / rate) {
			if (is_watching && is_shown(churn, watched)) {
				print(churn, "latency", kernel_view_now() - made);
				is_watching = false;
			}
			usleep(LOOK_MICROSECONDS);
		}
		make(churn, i);
		if (i % WATCH_EACH == 0 && !is_watching) {
			is_watching = true;
			watched = i;
			made = now;
		}
	}
}

static void wait_for_rest(const struct churn *churn, size_t count)
{
	double start = kernel_view_now();
	size_t first = count > churn->changeable ? count - churn->changeable : 0;

	for (size_t i = first; i < count; i++) {
		while (!is_shown(churn, i)) {
			if (kernel_view_now() > start + LIMIT_SECONDS) {
				fputs("churn: the kernel never shows all changes\n", stderr);
				exit(1);
			}
			usleep(LOOK_MICROSECONDS);
		}
	}
	print(churn, "backlog", kernel_view_now() - start);
}

int main(int argc, char **argv)
{
	double rate, seconds, used, start;
	struct churn churn;

	if (argc != 9) {
		fputs("churn FEED SERVICES ENDPOINTS CHANGEABLE RATE SECONDS PID PREFIX\n", stderr);
		return 2;
	}
	churn.writer = object_writer_open(argv[1]);
	churn.services = strtoul(argv[2], NULL, 10);
	churn.endpoints = strtoul(argv[3], NULL, 10);
	churn.changeable = strtoul(argv[4], NULL, 10);
	rate = strtod(argv[5], NULL);
	seconds = strtod(argv[6], NULL);
	churn.prefix = argv[8];
	churn.view = kernel_view_open();

	used = used_by(argv[7]);
	start = kernel_view_now();
	run(&churn, rate, seconds);
	print(&churn, "cpu", (used_by(argv[7]) - used) / (kernel_view_now() - start));
	wait_for_rest(&churn, (size_t)(rate * seconds));
	return 0;
}
