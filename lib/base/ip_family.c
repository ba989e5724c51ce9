/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ip_family.h"

#include <sys/socket.h>

unsigned int ip_family_bit(uint16_t family)
{
	if (family == AF_INET)
		return 1U << IP_FAMILY_IPV4;
	return family == AF_INET6 ? 1U << IP_FAMILY_IPV6 : 0;
}

const char *ip_family_name(enum ip_family family)
{
	return family == IP_FAMILY_IPV6 ? "IPv6" : "IPv4";
}
