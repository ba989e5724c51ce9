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

/* Up to here the rules are read for the sake of a policy; copying takes the kernel some 10 us. */
#define POLICY_TABLE_BYTES 131072

/*
 * The policy of a built-in chain is a rule behind its last one. Not told apart from ACCEPT where the
 * table is large: the next verification sees it.
 */
static int32_t verdict(const struct xt_entry_target *target)
{
	struct xt_standard_target standard;

	if (*target->u.user.name)
		return 0;
	memcpy(&standard, target, sizeof(standard));
	return standard.verdict;
}

static int32_t policy_ipv4(int descriptor, const struct ipt_getinfo *info)
{
	socklen_t length = (socklen_t)(sizeof(struct ipt_get_entries) + info->size);
	auto_memory struct ipt_get_entries *entries = NULL;
	const struct ipt_entry *last;

	if (info->size > POLICY_TABLE_BYTES)
		return 0;
	entries = memory_allocate(length);
	strcpy(entries->name, info->name);
	entries->size = info->size;
	if (getsockopt(descriptor, IPPROTO_IP, IPT_SO_GET_ENTRIES, entries, &length) < 0)
		return 0; /* it has another size by now */
	last = (void *)((char *)entries->entrytable + info->underflow[NF_INET_LOCAL_IN]);
	return verdict((const void *)((const char *)last + last->target_offset));
}

static int32_t policy_ipv6(int descriptor, const struct ip6t_getinfo *info)
{
	socklen_t length = (socklen_t)(sizeof(struct ip6t_get_entries) + info->size);
	auto_memory struct ip6t_get_entries *entries = NULL;
	const struct ip6t_entry *last;

	if (info->size > POLICY_TABLE_BYTES)
		return 0;
	entries = memory_allocate(length);
	strcpy(entries->name, info->name);
	entries->size = info->size;
	if (getsockopt(descriptor, IPPROTO_IPV6, IP6T_SO_GET_ENTRIES, entries, &length) < 0)
		return 0;
	last = (void *)((char *)entries->entrytable + info->underflow[NF_INET_LOCAL_IN]);
	return verdict((const void *)((const char *)last + last->target_offset));
}

static bool has_input_policy(const char *name)
{
	return strcmp(name, "filter") == 0;
}

static int look_ipv4(int descriptor, const char *name, struct legacy_table *ret)
{
	struct ipt_getinfo info = {0};
	socklen_t length = sizeof(info);

	strcpy(info.name, name);
	if (getsockopt(descriptor, IPPROTO_IP, IPT_SO_GET_INFO, &info, &length) < 0)
		return -errno;
	*ret = (struct legacy_table){.entries = info.num_entries, .bytes = info.size};
	if (has_input_policy(name))
		ret->input_policy = policy_ipv4(descriptor, &info);
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
	if (has_input_policy(name))
		ret->input_policy = policy_ipv6(descriptor, &info);
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
