/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_FAKE_FACILITIES_H
#define FAKE_FAKE_FACILITIES_H

#include "fake_kernel.h"
#include "lib/kernel/kernel.h"

#include <ev.h>

/** struct mark_name - a virtual server with its mark */
struct mark_name {
	struct virtual_server_key key;
	uint32_t mark;
};

/**
 * struct fake_facilities - link, ipsets and IPVS of lib/kernel with a fake_kernel behind them
 *
 * They take the place of lib/kernel/link.c, ipsets*.c and ipvs.c in a program that has
 * fake_facilities.c, fake_link.c, fake_ipsets.c and fake_ipvs.c among its sources, and keep what
 * those promise; the rest of lib/kernel is the real one. Observations are made of small parts, of
 * which each is read one step before it is told, so that it may be outdated by then.
 *
 * @kernel:          for those who observe, and for kernel_target()
 * @held:            what the kernel holds; virtual servers of CLIENT_SCOPE_IN_CLUSTER under their
 *                   own key
 * @server_marks:    the mark of each of those
 * @names:           what SET_KIND_MARK_NAMES holds
 * @member_marks:    the mark of each member of SET_KIND_IN_CLUSTER
 * @loop:            from virtual_loop_new(): kernel operations take their time there
 * @random:          a number below @limit
 * @refuse_percent:  of all changes are refused
 * @break_percent:   of all calls fail as if the connection did: changes may be carried out or not
 * @disturb_percent: of the dumps of virtual servers leave some out, as a kernel's do while other
 *                   network namespaces change their own; never two in a row
 * @interrupt_percent: of the steps of a dump of sets say that it has to be begun again
 * @is_lost:         by facility: it fails until it is opened again
 * @is_replaced:     likewise, and then it is another one, which holds nothing
 * @complaint:       NULL, or what should not have happened
 */
struct fake_facilities {
	struct kernel kernel;
	struct fake_kernel *held;
	struct mark_list {
		struct mark_name *items;
		size_t count, capacity;
	} server_marks, names, member_marks;
	struct ev_loop *loop;
	unsigned int (*random)(void *owner, unsigned int limit);
	void *owner;
	unsigned int refuse_percent, break_percent, disturb_percent, interrupt_percent;
	bool is_lost[FACILITY_COUNT], is_replaced[FACILITY_COUNT];
	const char *complaint;
};

/** fake_facilities_new() - of an empty kernel, to which nobody is connected */
struct fake_facilities *fake_facilities_new(struct ev_loop *loop,
					    unsigned int (*random)(void *owner, unsigned int limit),
					    void *owner);
void fake_facilities_free(struct fake_facilities *facilities);

/** fake_facilities_connect() - as an agent does at its start; _disconnect() as at its end */
void fake_facilities_connect(struct fake_facilities *facilities);
void fake_facilities_disconnect(struct fake_facilities *facilities);

/** fake_facilities_lose() - from now on @facility fails until it is opened again; with @contents all
 *  that it holds is gone, too, but for what strangers have */
void fake_facilities_lose(struct fake_facilities *facilities, enum facility facility,
			  bool contents);

/**
 * fake_facilities_check_marks() - between two changes
 *
 * @is_verified:  what could not be removed was found since
 * Return: NULL, or what is not as it should be: each virtual server by mark has a name that tells
 * its mark, each member the mark of its virtual server, and there are no other names
 */
const char *fake_facilities_check_marks(const struct fake_facilities *facilities, bool is_verified);

#endif
