/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "legacy_tables.h"

#include "lib/base/memory.h"

/* Before the kernel's headers, which then leave out what it has. */
#include <netinet/in.h>

#include <errno.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const names[] = {"filter", "mangle", "nat"};

/* Larger tables are not read each second for the sake of a policy. */
#define POLICY_TABLE_BYTES 131072

/* Options of both families are those of xtables, and so are the structures but for the entries. */
_Static_assert(sizeof(struct ipt_getinfo) == sizeof(struct ip6t_getinfo) &&
		       offsetof(struct ipt_get_entries, entrytable) ==
			       offsetof(struct ip6t_get_entries, entrytable),
	       "tables of IPv4 and IPv6 differ");

static int level_of(uint16_t family)
{
	return family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
}

static size_t target_offset(uint16_t family, const void *entry)
{
	return family == AF_INET ? ((const struct ipt_entry *)entry)->target_offset
				 : ((const struct ip6t_entry *)entry)->target_offset;
}

/*
 * The policy of a built-in chain is a rule behind its last one. 0 where the table is large, so that
 * a new one is seen by the next verification only, or has another size by now.
 */
static int32_t input_policy(int descriptor, uint16_t family, const struct ipt_getinfo *info)
{
	socklen_t length = (socklen_t)(sizeof(struct ipt_get_entries) + info->size);
	auto_memory struct ipt_get_entries *entries = NULL;
	struct xt_standard_target target;
	const char *last;

	if (info->size > POLICY_TABLE_BYTES)
		return 0;
	entries = memory_allocate(length);
	strcpy(entries->name, info->name);
	entries->size = info->size;
	if (getsockopt(descriptor, level_of(family), IPT_SO_GET_ENTRIES, entries, &length) < 0)
		return 0;
	last = (const char *)entries->entrytable + info->underflow[NF_INET_LOCAL_IN];
	memcpy(&target, last + target_offset(family, last), sizeof(target));
	return target.verdict;
}

static int look(int descriptor, uint16_t family, const char *name, struct legacy_table *ret)
{
	struct ipt_getinfo info = {0};
	socklen_t length = sizeof(info);

	strcpy(info.name, name);
	if (getsockopt(descriptor, level_of(family), IPT_SO_GET_INFO, &info, &length) < 0)
		return -errno;
	*ret = (struct legacy_table){.entries = info.num_entries, .bytes = info.size};
	if (strcmp(name, "filter") == 0)
		ret->input_policy = input_policy(descriptor, family, &info);
	return 0;
}

int legacy_tables_look(uint16_t family, struct legacy_tables *ret, struct error *err)
{
	int descriptor = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	int r = descriptor < 0 ? -errno : 0;

	*ret = (struct legacy_tables){0};
	for (size_t i = 0; i < COUNT(names) && r >= 0; i++) {
		r = look(descriptor, family, names[i], &ret->tables[i]);
		if (r == -ENOENT || r == -ENOPROTOOPT) /* no such table, or no legacy iptables */
			r = 0;
	}
	if (descriptor >= 0)
		close(descriptor);
	return r < 0 ? error_set(err, r, "looking at the iptables tables: %s", strerror(-r)) : 0;
}

static size_t next_offset(uint16_t family, const void *entry)
{
	return family == AF_INET ? ((const struct ipt_entry *)entry)->next_offset
				 : ((const struct ip6t_entry *)entry)->next_offset;
}

/* A chain begins with a rule of its own, whose target is an error with the chain's name. */
static const char *chain_name(uint16_t family, const char *entry)
{
	const struct xt_error_target *target =
		(const struct xt_error_target *)(const void *)(entry +
							       target_offset(family, entry));

	return strcmp(target->target.u.user.name, XT_ERROR_TARGET) == 0 ? target->errorname : NULL;
}

static bool find_chain(uint16_t family, const struct ipt_get_entries *entries,
		       struct legacy_chain *ret)
{
	const char *entry = (const char *)entries->entrytable, *end = entry + entries->size;

	for (; entry < end; entry += next_offset(family, entry)) {
		const char *name = chain_name(family, entry);

		if (!name || (strncmp(name, "KUBE-", 5) != 0 && strncmp(name, "CNI-", 4) != 0))
			continue;
		snprintf(ret->table, sizeof(ret->table), "%s", entries->name);
		snprintf(ret->name, sizeof(ret->name), "%s", name);
		return true;
	}
	return false;
}

/* Return: 1, 0 or a negative errno */
static int find_in_table(int descriptor, uint16_t family, const char *name,
			 struct legacy_chain *ret)
{
	struct ipt_getinfo info = {0};
	socklen_t length = sizeof(info);
	auto_memory struct ipt_get_entries *entries = NULL;

	strcpy(info.name, name);
	if (getsockopt(descriptor, level_of(family), IPT_SO_GET_INFO, &info, &length) < 0)
		return -errno;
	length = (socklen_t)(sizeof(*entries) + info.size);
	entries = memory_allocate(length);
	strcpy(entries->name, info.name);
	entries->size = info.size;
	if (getsockopt(descriptor, level_of(family), IPT_SO_GET_ENTRIES, entries, &length) < 0)
		return -errno;
	return find_chain(family, entries, ret);
}

/* The kernel lists the tables that exist; without the legacy iptables there is no such list. */
static int find_in_tables(int descriptor, uint16_t family, struct legacy_chain *ret)
{
	FILE *stream = fopen(family == AF_INET ? "/proc/net/ip_tables_names"
					       : "/proc/net/ip6_tables_names",
			     "re");
	char name[XT_TABLE_MAXNAMELEN];
	int r = 0;

	if (!stream)
		return errno == ENOENT ? 0 : -errno;
	while (r == 0 && fgets(name, sizeof(name), stream)) {
		name[strcspn(name, "\n")] = '\0';
		r = find_in_table(descriptor, family, name, ret);
	}
	fclose(stream);
	return r;
}

int legacy_tables_find(uint16_t family, struct legacy_chain *ret, struct error *err)
{
	int descriptor = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	int r;

	if (descriptor < 0)
		return error_set(err, -errno, "looking at the iptables tables: %s",
				 strerror(errno));
	r = find_in_tables(descriptor, family, ret);
	close(descriptor);
	return r < 0 ? error_set(err, r, "looking at the iptables tables: %s", strerror(-r)) : r;
}

bool legacy_tables_is_equal(const struct legacy_tables *a, const struct legacy_tables *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}
