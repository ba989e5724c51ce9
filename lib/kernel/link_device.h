/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_LINK_DEVICE_H
#define KERNEL_LINK_DEVICE_H

#include "lib/base/error.h"
#include "netlink.h"

#include <net/if.h>
#include <stdbool.h>

/**
 * struct link_device - an interface of this network namespace
 * @index:     0 = there is none
 * @is_dummy:  whether it is of the kind that link_device_create() makes
 */
struct link_device {
	int index;
	bool is_dummy;
	char name[IFNAMSIZ];
};

/** link_device_find() - by its name; Return: 0, also if there is none, or a negative errno */
int link_device_find(struct netlink *netlink, const char *name, struct link_device *ret,
		     struct error *err);

/** link_device_find_again() - by its index, whatever its name is by now; Return: as _find() */
int link_device_find_again(struct netlink *netlink, int index, struct link_device *ret,
			   struct error *err);

/**
 * link_device_rename() - it keeps its addresses
 *
 * -EEXIST if another one has that name; before Linux 6.2 -EBUSY if it is up.
 */
int link_device_rename(struct netlink *netlink, int index, const char *name, struct error *err);

/** link_device_create() - a dummy interface, which is down; -EOPNOTSUPP without the module */
int link_device_create(struct netlink *netlink, const char *name, struct error *err);

/** link_device_delete() - with its addresses; a missing one is fine */
int link_device_delete(struct netlink *netlink, const char *name, struct error *err);

#endif
