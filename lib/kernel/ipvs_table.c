/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why not by netlink alone
 *
 * For each virtual server a dump has to be begun, which takes the kernel buffers of up to 32 KiB, and a
 * destination comes as a message of its own with forty attributes, most of them statistics in two
 * widths. Here the kernel writes one struct for each into memory of ours, with all that is compared. On
 * a real kernel (6.12, tests/bench/processor) a verification of 1,000 servers with 10 destinations each
 * takes 126 million instructions by netlink, and 39 million in this way.
 *
 * What this interface cannot tell it cannot hide either: how many destinations a server has, whatever
 * their family, is asked before. If not so many come, netlink is asked.
 */
#include "ipvs_table.h"

#include <errno.h>
#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* With more, the answer would take longer than a turn of the loop may. */
#define DESTINATIONS_MAX 4096

struct ipvs_table {
	int descriptor;
	struct ip_vs_get_dests *answer;
};

struct ipvs_table *ipvs_table_new(void)
{
	struct ipvs_table *table = memory_allocate(sizeof(*table));

	/* Of any kind: the option belongs to IP. */
	table->descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	table->answer = memory_allocate(sizeof(*table->answer) +
					DESTINATIONS_MAX * sizeof(*table->answer->entrytable));
	return table;
}

void ipvs_table_free(struct ipvs_table *table)
{
	if (!table)
		return;
	if (table->descriptor >= 0)
		close(table->descriptor);
	free(table->answer);
	free(table);
}

static int ask(const struct ipvs_table *table, int option, void *answer, socklen_t length)
{
	return getsockopt(table->descriptor, IPPROTO_IP, option, answer, &length) < 0 ? -errno : 0;
}

/* Return: 0, -ESRCH if there is no such server, or another negative errno if nothing is known */
static int count_destinations(const struct ipvs_table *table, const struct virtual_server_key *key,
			      size_t *ret)
{
	struct ip_vs_service_entry server = {
		.protocol = key->protocol,
		.port = htons(key->port),
		.fwmark = key->firewall_mark,
	};
	int r;

	memcpy(&server.addr, key->address.bytes, sizeof(server.addr));
	r = ask(table, IP_VS_SO_GET_SERVICE, &server, sizeof(server));
	if (r < 0)
		return r;
	*ret = server.num_dests;
	return 0;
}

/* Return: whether @count came; none has the address 0 */
static bool read_destinations(struct ipvs_table *table, const struct virtual_server_key *key,
			      size_t count)
{
	struct ip_vs_get_dests *answer = table->answer;
	size_t size = count * sizeof(*answer->entrytable);

	*answer = (struct ip_vs_get_dests){
		.protocol = key->protocol,
		.port = htons(key->port),
		.fwmark = key->firewall_mark,
		.num_dests = (unsigned int)count,
	};
	memcpy(&answer->addr, key->address.bytes, sizeof(answer->addr));
	memset(answer->entrytable, 0, size);
	return ask(table, IP_VS_SO_GET_DESTS, answer, (socklen_t)(sizeof(*answer) + size)) == 0 &&
	       answer->entrytable[count - 1].addr;
}

static struct destination_usage usage_of(const struct ip_vs_dest_entry *entry)
{
	struct destination_usage usage = {
		.destination = {.address.family = AF_INET, .port = ntohs(entry->port)},
		.forwarding_method = entry->conn_flags & IP_VS_CONN_F_FWD_MASK,
		.active_connections = entry->activeconns,
		.inactive_connections = entry->inactconns,
		.persistent_connections = entry->persistconns,
	};

	/* A weight of 65,535 is the most that we use. */
	usage.destination.weight =
		(unsigned int)entry->weight > UINT16_MAX ? UINT16_MAX : (uint16_t)entry->weight;
	memcpy(usage.destination.address.bytes, &entry->addr, sizeof(entry->addr));
	return usage;
}

int ipvs_table_destinations(struct ipvs_table *table, const struct virtual_server_key *key,
			    int (*destination)(void *owner, const struct destination_usage *usage),
			    void *owner)
{
	size_t count = 0;
	int r;

	if (table->descriptor < 0 || key->address.family != AF_INET)
		return 0;
	r = count_destinations(table, key, &count);
	if (r == -ESRCH || (r == 0 && !count))
		return 1;
	if (r < 0 || count > DESTINATIONS_MAX || !read_destinations(table, key, count))
		return 0;
	for (size_t i = 0; i < count; i++) {
		struct destination_usage usage = usage_of(&table->answer->entrytable[i]);

		r = destination(owner, &usage);
		if (r < 0)
			return r;
	}
	return 1;
}
