/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OBJECTS_SCHEDULER_H
#define OBJECTS_SCHEDULER_H

#include <stdint.h>

/**
 * scheduler_find() - which of Linux's IPVS schedulers @name is
 *
 * Only these can be named in an object: the kernel loads the module ip_vs_NAME for whatever name it
 * is given, and there are modules of such names that are no schedulers.
 * Source: Linux, net/netfilter/ipvs/Kconfig
 *
 * Return: a number from 1 to 31; 0: none
 */
uint8_t scheduler_find(const char *name);

/** scheduler_name() - of a number that scheduler_find() returned: "wlc" */
const char *scheduler_name(uint8_t number);

#endif
