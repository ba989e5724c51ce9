/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "legacy_tables.h"

#include "lib/base/memory.h"

/* Before the kernel's headers, which then leave out what it has. */
#include <netinet/in.h>

#include <errno.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const names[] = {"filter", "mangle", "nat"};

static int look_ipv4(int descriptor, const char *name, struct legacy_table *ret)
{
	struct ipt_getinfo info = {0};
	socklen_t length = sizeof(info);

	strcpy(info.name, name);
	if (getsockopt(descriptor, IPPROTO_IP, IPT_SO_GET_INFO, &info, &length) < 0)
		return -errno;
	*ret = (struct legacy_table){.entries = info.num_entries, .bytes = info.size};
	return 0;
}

static int look_ipv6(int descriptor, const char *name, struct legacy_table *ret)
{
	struct ip6t_getinfo info = {0};
	socklen_t length = sizeof(info);

	strcpy(info.name, name);
	if (getsockopt(descriptor, IPPROTO_IPV6, IP6T_SO_GET_INFO, &info, &length) < 0)
		return -errno;
	*ret = (struct legacy_table){.entries = info.num_entries, .bytes = info.size};
	return 0;
}

int legacy_tables_look(uint16_t family, struct legacy_tables *ret, struct error *err)
{
	int descriptor = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	int r = descriptor < 0 ? -errno : 0;

	*ret = (struct legacy_tables){0};
	for (size_t i = 0; i < COUNT(names) && r >= 0; i++) {
		r = family == AF_INET ? look_ipv4(descriptor, names[i], &ret->tables[i])
				      : look_ipv6(descriptor, names[i], &ret->tables[i]);
		if (r == -ENOENT || r == -ENOPROTOOPT) /* no such table, or no legacy iptables */
			r = 0;
	}
	if (descriptor >= 0)
		close(descriptor);
	return r < 0 ? error_set(err, r, "looking at the iptables tables: %s", strerror(-r)) : 0;
}

bool legacy_tables_is_equal(const struct legacy_tables *a, const struct legacy_tables *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}
