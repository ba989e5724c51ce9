/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_IP_FAMILY_H
#define BASE_IP_FAMILY_H

#include <stdint.h>

/**
 * enum ip_family - IPv4 and IPv6 as indices, for what is kept of each
 *
 * Several of them are bits, see ip_family_bit().
 */
enum ip_family { IP_FAMILY_IPV4, IP_FAMILY_IPV6 };
#define IP_FAMILY_COUNT (IP_FAMILY_IPV6 + 1)
#define IP_FAMILY_ALL	((1U << IP_FAMILY_COUNT) - 1)

/** ip_family_bit() - @family: AF_INET, AF_INET6; Return: 0 for any other */
unsigned int ip_family_bit(uint16_t family);

/** ip_family_name() - as Kubernetes has it: "IPv4", "IPv6" */
const char *ip_family_name(enum ip_family family);

#endif
