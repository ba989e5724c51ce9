/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process_usage.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static double seconds_of(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static double clock_seconds(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Not counting "." and "..", nor the descriptor that reads the directory. */
static double count_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int count = -3;

	if (!directory)
		return 0;
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

static void read_memory(struct process_usage *usage)
{
	double page = (double)sysconf(_SC_PAGESIZE);
	unsigned long total, resident;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file)
		return;
	if (fscanf(file, "%lu %lu", &total, &resident) == 2) {
		usage->virtual_memory = (double)total * page;
		usage->resident_memory = (double)resident * page;
	}
	fclose(file);
}

/* Field 22 of /proc/self/stat, in clock ticks since the boot; the second field ends with a ')'. */
static double start_seconds(void)
{
	char line[1024];
	unsigned long long ticks = 0;
	FILE *file = fopen("/proc/self/stat", "re");
	const char *after;

	if (!file)
		return 0;
	after = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	fclose(file);
	if (!after ||
	    sscanf(after + 1,
		   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		   &ticks) != 1)
		return 0;
	return clock_seconds(CLOCK_REALTIME) - clock_seconds(CLOCK_BOOTTIME) +
	       (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

static double limit(__rlimit_resource_t resource)
{
	struct rlimit limits;

	return getrlimit(resource, &limits) == 0 ? (double)limits.rlim_cur : 0;
}

void process_usage_read(struct process_usage *ret)
{
	static double started;
	struct rusage usage;

	memset(ret, 0, sizeof(*ret));
	if (getrusage(RUSAGE_SELF, &usage) == 0)
		ret->cpu_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
	ret->open_descriptors = count_descriptors();
	ret->most_descriptors = limit(RLIMIT_NOFILE);
	ret->most_virtual_memory = limit(RLIMIT_AS);
	read_memory(ret);

	/* Computed once, as clocks that are set between two calls would make it move. */
	if (started <= 0)
		started = start_seconds();
	ret->start_seconds = started;
}
