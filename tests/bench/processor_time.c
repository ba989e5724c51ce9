/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * processor_time PID: prints "PROCESS MACHINE", nanoseconds of the processor that the process took so
 * far, with all its threads, also those that have ended, and that all processes took together.
 *
 * processor_time PID minute: prints "PROCESS MACHINE MOST", likewise of the next minute, and the most that the
 * process took in one piece.
 *
 * processor_time PID OBJECTS ENDPOINTS SERVICE SAMPLES PREFIX SERVICES: makes changes of one kind after
 * the other, and prints "PREFIX.KIND.processor SERVICES NANOSECONDS" for each, what the process took
 * until it was quiet:
 *
 *   endpoint      one endpoint of a Service is replaced
 *   endpoints     all of them are
 *
 * Where the clock counts instructions, these are instructions.
 */
#include "object_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Endpoints that come and go have numbers that no Service of any scale uses. */
#define FIRST_NEW_ENDPOINT 4000000

/* Quiet is who took next to nothing for so long. What is removed is removed after that. */
#define QUIET_MICROSECONDS 500000
#define QUIET_NANOSECONDS  30000

static clockid_t process_clock(const char *pid)
{
	clockid_t clock;

	if (clock_getcpuclockid((pid_t)strtol(pid, NULL, 10), &clock)) {
		fprintf(stderr, "processor_time: there is no process %s\n", pid);
		exit(1);
	}
	return clock;
}

static long long taken(clockid_t clock)
{
	struct timespec time;

	if (clock_gettime(clock, &time) < 0) {
		perror("processor_time: the process");
		exit(1);
	}
	return (long long)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* /proc/schedstat has it as the seventh number of each processor. */
static long long taken_by_all(void)
{
	FILE *stream = fopen("/proc/schedstat", "r");
	long long total = 0, time;
	char line[512];

	if (!stream) {
		perror("/proc/schedstat");
		exit(1);
	}
	while (fgets(line, sizeof(line), stream))
		if (sscanf(line, "cpu%*d %*u %*u %*u %*u %*u %*u %lld", &time) == 1)
			total += time;
	fclose(stream);
	return total;
}

static void wait_until_quiet(clockid_t clock)
{
	long long before, now = taken(clock);

	do {
		before = now;
		usleep(QUIET_MICROSECONDS);
		now = taken(clock);
	} while (now - before > QUIET_NANOSECONDS);
}

/* A piece ends with so many samples of next to nothing. */
#define SAMPLE_MICROSECONDS 100000
#define SAMPLES_OF_MINUTE   600
#define SAMPLES_OF_PAUSE    3

static void watch_minute(clockid_t clock)
{
	long long begin = taken(clock), all = taken_by_all(), before = begin, now;
	long long piece = 0, most = 0;
	size_t quiet = 0;

	for (size_t i = 0; i < SAMPLES_OF_MINUTE; i++) {
		usleep(SAMPLE_MICROSECONDS);
		now = taken(clock);
		quiet = now - before > QUIET_NANOSECONDS ? 0 : quiet + 1;
		piece = quiet < SAMPLES_OF_PAUSE ? piece + now - before : 0;
		most = piece > most ? piece : most;
		before = now;
	}
	printf("%lld %lld %lld\n", taken(clock) - begin, taken_by_all() - all, most);
}

struct changes {
	struct object_writer *writer;
	clockid_t clock;
	size_t service, endpoints;
	const char *prefix, *services;
};

static void change(const struct changes *changes, const char *kind, size_t first, size_t last)
{
	long long before;

	wait_until_quiet(changes->clock);
	before = taken(changes->clock);
	object_writer_set(changes->writer, changes->service, first, last, changes->endpoints,
			  changes->endpoints);
	wait_until_quiet(changes->clock);
	printf("%s.%s.processor %s %lld\n", changes->prefix, kind, changes->services,
	       taken(changes->clock) - before);
}

int main(int argc, char **argv)
{
	struct changes changes;
	size_t samples, first, last;

	if (argc != 2 && argc != 3 && argc != 8) {
		fputs("processor_time PID [minute | OBJECTS ENDPOINTS SERVICE SAMPLES PREFIX SERVICES]\n",
		      stderr);
		return 2;
	}
	changes.clock = process_clock(argv[1]);
	if (argc == 2) {
		printf("%lld %lld\n", taken(changes.clock), taken_by_all());
		return 0;
	}
	if (argc == 3) {
		watch_minute(changes.clock);
		return 0;
	}
	changes.writer = object_writer_open(argv[2]);
	changes.endpoints = strtoul(argv[3], NULL, 10);
	changes.service = strtoul(argv[4], NULL, 10);
	samples = strtoul(argv[5], NULL, 10);
	changes.prefix = argv[6];
	changes.services = argv[7];
	first = changes.service * changes.endpoints;
	last = FIRST_NEW_ENDPOINT;
	for (size_t i = 0; i < samples; i++)
		change(&changes, "endpoint", first, last++);
	for (size_t i = 0; i < samples; i++) {
		first = last + 1;
		last = first + changes.endpoints - 1;
		change(&changes, "endpoints", first, last);
	}
	return 0;
}
