/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_IPV6_H
#define KERNEL_IPV6_H

#include <stdbool.h>

#define IPV6_TEXT_SIZE 64

/**
 * struct ipv6_switches - what decides whether addresses of IPv6 can be bound to an interface
 * @is_missing:   this kernel or network namespace has no IPv6 at all
 * @all:          net.ipv6.conf.all.disable_ipv6
 * @fallback:     net.ipv6.conf.default.disable_ipv6, which an interface that is created gets
 * @own:          the interface's own one
 *
 * Numbers are -1 if they cannot be read, @own also if there is no such interface.
 */
struct ipv6_switches {
	bool is_missing;
	int all;
	int fallback;
	int own;
};

/** ipv6_read() - as they are now */
void ipv6_read(const char *interface, struct ipv6_switches *ret);

/**
 * ipv6_off_text() - what turns IPv6 off
 *
 * The kernel refuses addresses on an interface whose own switch is set. That of all sets every
 * interface's, and says that the operator wants no IPv6 even where one is turned on again: see
 * kubernetes/kubernetes#131265.
 *
 * Return: "net.ipv6.conf.all.disable_ipv6 is 1", say; "" if IPv6 is on as far as is known
 */
const char *ipv6_off_text(const struct ipv6_switches *switches, const char *interface,
			  char ret[IPV6_TEXT_SIZE]);

#endif
