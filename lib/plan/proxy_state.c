/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy_state.h"

#include "lib/base/memory.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* ipvsadm takes marks for signed, and cannot read negative ones. */
#define SIGN_BIT 0x80000000

/* A table of the marks has one place for each. */
#define MARK_BITS_MAX 20

/* Names and types as in kube-proxy's pkg/proxy/ipvs/ipset.go; IPv6 names are cut at 31. Those that
 * are not there are own. */
static const struct {
	const char *name;
	const char *name6;
	enum set_type type;
	bool is_own;
} set_kinds[SET_KIND_COUNT] = {
	[SET_KIND_LOAD_BALANCER_FIREWALL] = {"KUBE-LOAD-BALANCER-FW", "KUBE-6-LOAD-BALANCER-FW",
					     SET_TYPE_HASH_IP_PORT, false},
	[SET_KIND_LOAD_BALANCER_SOURCE_CIDR] = {"KUBE-LOAD-BALANCER-SOURCE-CIDR",
						"KUBE-6-LOAD-BALANCER-SOURCE-CID",
						SET_TYPE_HASH_IP_PORT_NET, false},
	[SET_KIND_LOAD_BALANCER_SOURCE_IP] = {"KUBE-LOAD-BALANCER-SOURCE-IP",
					      "KUBE-6-LOAD-BALANCER-SOURCE-IP",
					      SET_TYPE_HASH_IP_PORT_IP, false},
	[SET_KIND_LOOP_BACK] = {"KUBE-LOOP-BACK", "KUBE-6-LOOP-BACK", SET_TYPE_HASH_IP_PORT_IP,
				false},
	[SET_KIND_CLUSTER_IP] = {"KUBE-CLUSTER-IP", "KUBE-6-CLUSTER-IP", SET_TYPE_HASH_IP_PORT,
				 false},
	[SET_KIND_EXTERNAL_IP] = {"KUBE-EXTERNAL-IP", "KUBE-6-EXTERNAL-IP", SET_TYPE_HASH_IP_PORT,
				  false},
	[SET_KIND_EXTERNAL_IP_LOCAL] = {"KUBE-EXTERNAL-IP-LOCAL", "KUBE-6-EXTERNAL-IP-LOCAL",
					SET_TYPE_HASH_IP_PORT, false},
	[SET_KIND_LOAD_BALANCER] = {"KUBE-LOAD-BALANCER", "KUBE-6-LOAD-BALANCER",
				    SET_TYPE_HASH_IP_PORT, false},
	[SET_KIND_LOAD_BALANCER_LOCAL] = {"KUBE-LOAD-BALANCER-LOCAL", "KUBE-6-LOAD-BALANCER-LOCAL",
					  SET_TYPE_HASH_IP_PORT, false},
	[SET_KIND_NODE_PORT_TCP] = {"KUBE-NODE-PORT-TCP", "KUBE-6-NODE-PORT-TCP",
				    SET_TYPE_BITMAP_PORT, false},
	[SET_KIND_NODE_PORT_UDP] = {"KUBE-NODE-PORT-UDP", "KUBE-6-NODE-PORT-UDP",
				    SET_TYPE_BITMAP_PORT, false},
	[SET_KIND_NODE_PORT_SCTP] = {"KUBE-NODE-PORT-SCTP-HASH", "KUBE-6-NODE-PORT-SCTP-HASH",
				     SET_TYPE_HASH_IP_PORT, false},
	[SET_KIND_NODE_PORT_LOCAL_TCP] = {"KUBE-NODE-PORT-LOCAL-TCP", "KUBE-6-NODE-PORT-LOCAL-TCP",
					  SET_TYPE_BITMAP_PORT, false},
	[SET_KIND_NODE_PORT_LOCAL_UDP] = {"KUBE-NODE-PORT-LOCAL-UDP", "KUBE-6-NODE-PORT-LOCAL-UDP",
					  SET_TYPE_BITMAP_PORT, false},
	[SET_KIND_NODE_PORT_LOCAL_SCTP] = {"KUBE-NODE-PORT-LOCAL-SCTP-HASH",
					   "KUBE-6-NODE-PORT-LOCAL-SCTP-HAS", SET_TYPE_HASH_IP_PORT,
					   false},
	[SET_KIND_HEALTH_CHECK_NODE_PORT] = {"KUBE-HEALTH-CHECK-NODE-PORT",
					     "KUBE-6-HEALTH-CHECK-NODE-PORT", SET_TYPE_BITMAP_PORT,
					     false},
	[SET_KIND_LOAD_BALANCER_HEALTH] = {"KUBE-LOAD-BALANCER-HEALTH",
					   "KUBE-6-LOAD-BALANCER-HEALTH", SET_TYPE_HASH_IP_PORT,
					   true},
	[SET_KIND_NODE_PORT_ADDRESS] = {"KUBE-NODE-PORT-IP", "KUBE-6-NODE-PORT-IP",
					SET_TYPE_HASH_IP, true},
	[SET_KIND_NO_ENDPOINT] = {"KUBE-NO-ENDPOINT", "KUBE-6-NO-ENDPOINT", SET_TYPE_HASH_IP_PORT,
				  true},
	[SET_KIND_NO_LOCAL] = {"KUBE-NO-LOCAL-ENDPOINT", "KUBE-6-NO-LOCAL-ENDPOINT",
			       SET_TYPE_HASH_IP_PORT, true},
	[SET_KIND_IN_CLUSTER] = {"KUBE-IN-CLUSTER", "KUBE-6-IN-CLUSTER", SET_TYPE_HASH_IP_PORT,
				 true},
	[SET_KIND_MARK_NAMES] = {"KUBE-IN-CLUSTER-MARKS", "KUBE-6-IN-CLUSTER-MARKS",
				 SET_TYPE_HASH_IP_PORT, true},
	[SET_KIND_IPVS_IPS] = {"KUBE-IPVS-IPS", "KUBE-6-IPVS-IPS", SET_TYPE_HASH_IP, false},
};

bool mark_range_is_valid(const struct mark_range *range)
{
	return range->mask && !(range->base & range->mask) &&
	       __builtin_popcount(range->base) >= 2 && !((range->base | range->mask) & SIGN_BIT) &&
	       __builtin_popcount(range->mask) <= MARK_BITS_MAX;
}

uint32_t mark_range_valid_bit(const struct mark_range *range)
{
	return range->base ? 1U << (31 - __builtin_clz(range->base)) : 0;
}

const char *set_kind_name(enum set_kind kind, uint16_t family)
{
	return family == AF_INET6 ? set_kinds[kind].name6 : set_kinds[kind].name;
}

enum set_type set_kind_type(enum set_kind kind)
{
	return set_kinds[kind].type;
}

bool set_kind_is_own(enum set_kind kind)
{
	return set_kinds[kind].is_own;
}

bool set_kind_is_allowed_source(enum set_kind kind)
{
	return kind == SET_KIND_LOAD_BALANCER_SOURCE_CIDR ||
	       kind == SET_KIND_LOAD_BALANCER_SOURCE_IP;
}

bool set_kind_has_marks(enum set_kind kind)
{
	return kind == SET_KIND_IN_CLUSTER || kind == SET_KIND_MARK_NAMES;
}

bool set_capacity_is_tight(uint32_t capacity, size_t count)
{
	return count > capacity - capacity / 16;
}

const char *set_type_name(enum set_type type)
{
	switch (type) {
	case SET_TYPE_HASH_IP:
		return "hash:ip";
	case SET_TYPE_HASH_IP_PORT:
		return "hash:ip,port";
	case SET_TYPE_HASH_IP_PORT_IP:
		return "hash:ip,port,ip";
	case SET_TYPE_HASH_IP_PORT_NET:
		return "hash:ip,port,net";
	case SET_TYPE_BITMAP_PORT:
		return "bitmap:port";
	}
	return "?";
}

static const char *ipset_protocol_name(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_SCTP:
		return "sctp";
	default:
		return "?";
	}
}

const char *set_member_text(const struct set_member *member, char buffer[3 * ADDRESS_TEXT_SIZE])
{
	const size_t size = 3 * ADDRESS_TEXT_SIZE;
	const char *protocol = ipset_protocol_name(member->protocol);
	char address[ADDRESS_TEXT_SIZE], source[ADDRESS_TEXT_SIZE];
	uint8_t full_length = member->family == AF_INET6 ? 128 : 32;

	address_text(&member->address, address);
	address_text(&member->source, source);
	switch (set_kind_type((enum set_kind)member->kind)) {
	case SET_TYPE_HASH_IP:
		snprintf(buffer, size, "%s", address);
		break;
	case SET_TYPE_HASH_IP_PORT:
		snprintf(buffer, size, "%s,%s:%u", address, protocol, member->port);
		break;
	case SET_TYPE_HASH_IP_PORT_IP:
		snprintf(buffer, size, "%s,%s:%u,%s", address, protocol, member->port, source);
		break;
	case SET_TYPE_HASH_IP_PORT_NET:
		if (member->prefix_length == full_length)
			snprintf(buffer, size, "%s,%s:%u,%s", address, protocol, member->port,
				 source);
		else
			snprintf(buffer, size, "%s,%s:%u,%s/%u", address, protocol, member->port,
				 source, member->prefix_length);
		break;
	case SET_TYPE_BITMAP_PORT:
		snprintf(buffer, size, "%u", member->port);
		break;
	}
	return buffer;
}

const char *virtual_server_key_text(const struct virtual_server_key *key,
				    char buffer[2 * ADDRESS_TEXT_SIZE])
{
	char address[ADDRESS_TEXT_SIZE];

	if (key->firewall_mark)
		snprintf(buffer, 2 * ADDRESS_TEXT_SIZE, "fwmark %u %s", key->firewall_mark,
			 key->address.family == AF_INET6 ? "IPv6" : "IPv4");
	else
		snprintf(buffer, 2 * ADDRESS_TEXT_SIZE, "%s/%s%s",
			 address_port_text(&key->address, key->port, address),
			 address_protocol_name((uint8_t)key->protocol),
			 key->client_scope == CLIENT_SCOPE_IN_CLUSTER ? " (in-cluster)" : "");
	return buffer;
}

bool virtual_server_is_equal(const struct virtual_server *a, const struct virtual_server *b)
{
	return memcmp(&a->key, &b->key, sizeof(a->key)) == 0 &&
	       strncmp(a->scheduler, b->scheduler, sizeof(a->scheduler)) == 0 &&
	       a->persistence_seconds == b->persistence_seconds && a->netmask == b->netmask &&
	       a->flags == b->flags;
}

int destination_compare(const struct destination *a, const struct destination *b)
{
	int order = address_compare(&a->address, &b->address);

	return order ? order : (int)a->port - (int)b->port;
}

static int compare_usages(const void *a, const void *b)
{
	const struct destination_usage *left = a, *right = b;

	return destination_compare(&left->destination, &right->destination);
}

struct destination_usage *destination_usages_sorted(const struct destination_usage *usages,
						    size_t count)
{
	struct destination_usage *sorted = memory_array(count, sizeof(*sorted));

	if (count)
		memcpy(sorted, usages, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_usages);
	return sorted;
}
