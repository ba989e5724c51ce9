/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_KERNEL_READER_H
#define AGENT_KERNEL_READER_H

#include "sync.h"

/**
 * struct traffic_observer - gets what the virtual servers have had, along with each verification
 * @is_wanted:  whether it wants to know this time; the rest is only called if it does
 * @begin:      all virtual servers are about to be read; it may begin again before the end
 * @observe:    one of them
 * @end:        all of them were read
 */
struct traffic_observer {
	void *owner;
	bool (*is_wanted)(void *owner);
	void (*begin)(void *owner);
	void (*observe)(void *owner, const struct virtual_server_key *server,
			const struct ipvs_traffic *traffic);
	void (*end)(void *owner);
};

/**
 * struct kernel_reader - reads what one facility of the kernel holds, in slices between loop turns,
 * and tells the ledger
 *
 * See kernel_reader.c for how it deals with dumps that are disturbed.
 */
struct kernel_reader;

/** kernel_reader_new() - @traffic: copied */
struct kernel_reader *kernel_reader_new(struct kernel *kernel, struct sync *sync,
					struct ledger *ledger,
					const struct traffic_observer *traffic);
void kernel_reader_free(struct kernel_reader *reader);

/** kernel_reader_begin() - from the beginning; what was begun before is given up */
void kernel_reader_begin(struct kernel_reader *reader, enum facility facility);

/**
 * kernel_reader_run() - one slice
 *
 * What the facility needs first is created: sets that are missing, the dummy interface. Return: 1
 * when the ledger has been told everything, for ledger_observe_end(); 0 if there is more; or a
 * negative errno
 */
int kernel_reader_run(struct kernel_reader *reader, struct error *err);

#endif
