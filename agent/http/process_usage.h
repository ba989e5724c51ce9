/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_PROCESS_USAGE_H
#define AGENT_PROCESS_USAGE_H

/**
 * struct process_usage - what this process uses, as Prometheus clients report it
 * @cpu_seconds:    in user and kernel mode together
 * @start_seconds:  when it started, seconds since 1970
 *
 * Memory in bytes. A value that cannot be read, for lack of /proc, is 0.
 */
struct process_usage {
	double cpu_seconds;
	double open_descriptors;
	double most_descriptors;
	double resident_memory;
	double virtual_memory;
	double most_virtual_memory;
	double start_seconds;
};

void process_usage_read(struct process_usage *ret);

#endif
