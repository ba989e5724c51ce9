/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_PROXY_STATE_H
#define PLAN_PROXY_STATE_H

#include "lib/base/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kernel objects that a service proxy deals in, as values. All numbers in host byte order. */

#define SCHEDULER_NAME_SIZE 16 /* IP_VS_SCHEDNAME_MAXLEN */

/**
 * enum client_scope - whose packets a virtual server is for
 *   ALL      everybody's for whom there is no other one
 *   CLUSTER  those of this node and of pods: where externalTrafficPolicy is Local, they reach all
 *            endpoints under the same address and port under which others reach those of this node.
 *            To the kernel this is a virtual server by firewall mark; the backend chooses the mark,
 *            and nobody else has to know it.
 */
enum client_scope { CLIENT_SCOPE_ANY, CLIENT_SCOPE_IN_CLUSTER };

/**
 * struct virtual_server_key - what identifies a virtual server
 * @firewall_mark:  0 = by address, port, protocol and client_scope; otherwise it is somebody
 *                  else's, or with CLIENT_SCOPE_IN_CLUSTER was ours under other settings; besides,
 *                  only @address.family counts, and the other fields are zero
 * @client_scope:       enum client_scope
 *
 * Without padding: compare and hash it as bytes.
 */
struct virtual_server_key {
	uint32_t firewall_mark;
	struct address address;
	uint16_t port;
	uint16_t protocol;
	uint16_t client_scope;
};

/**
 * struct mark_range - the marks that may be chosen for CLIENT_SCOPE_IN_CLUSTER: @base and a number
 *                     from 1, whose bits are those of @mask, from the lowest on
 * @base:  two or more bits that every mark of ours has, but not the highest of all; none of them in
 *         @mask
 * @mask:  bits that tell the marks apart; at most 20
 */
struct mark_range {
	uint32_t base;
	uint32_t mask;
};

/** mark_range_is_valid() - as described there */
bool mark_range_is_valid(const struct mark_range *range);

/**
 * mark_range_valid_bit() - the highest bit of @base
 *
 * Sets give packets marks without it; it is added by rules in chains that kube-proxy has, too.
 * Where kube-proxy takes over it writes these anew, and virtual servers that nobody keeps up to
 * date any more get no packet from then on.
 */
uint32_t mark_range_valid_bit(const struct mark_range *range);

/**
 * struct virtual_server - a virtual server without its destinations
 * @persistence_seconds:  0 = not persistent
 * @netmask:              persistence granularity: 0xffffffff for IPv4, 128 for IPv6
 * @flags:                IP_VS_SVC_F_ bits except PERSISTENT and HASHED
 */
struct virtual_server {
	struct virtual_server_key key;
	char scheduler[SCHEDULER_NAME_SIZE];
	uint32_t persistence_seconds;
	uint32_t netmask;
	uint32_t flags;
};

/**
 * struct destination - a real server
 * @weight:  0 = draining: no new connections
 */
struct destination {
	struct address address;
	uint16_t port;
	uint16_t weight;
};

/** struct destination_usage - a destination with what the kernel counts; as of the last dump */
struct destination_usage {
	struct destination destination;
	uint32_t forwarding_method; /* IP_VS_CONN_F_MASQ is the one that we use */
	uint32_t active_connections;
	uint32_t inactive_connections;
	uint32_t persistent_connections;
};

/**
 * enum set_kind - the ipsets of kube-proxy's IPVS mode (pkg/proxy/ipvs/ipset.go), and some more:
 * NODE_PORT_ADDRESS has the addresses on which NodePorts answer; IN_CLUSTER has the addresses and
 * ports with a virtual server of CLIENT_SCOPE_IN_CLUSTER and gives its mark to packets;
 * LOAD_BALANCER_HEALTH has the load balancer IPs with the ports that a load balancer's health checks
 * may ask for there;
 * NO_ENDPOINT has those without endpoints, for whoever has no virtual server of his own; NO_LOCAL
 * has those of them where the endpoints are all on other nodes; MARK_NAMES
 * says what each mark stands for: no rule refers to it and nobody plans its members, it is how the
 * kernel backend remembers its choice
 *
 * In the order in which members are added; they are removed in reverse. Each exists for IPv4 and
 * for IPv6. The order is chosen so that cutting anywhere is safe: sources are allowed before others are
 * refused, and restrictions and masquerading come before IPVS_IPS, which ends a VIP's ports being the
 * host's own.
 */
enum set_kind {
	SET_KIND_LOAD_BALANCER_SOURCE_CIDR,
	SET_KIND_LOAD_BALANCER_SOURCE_IP,
	SET_KIND_LOAD_BALANCER_FIREWALL,
	SET_KIND_LOOP_BACK,
	SET_KIND_CLUSTER_IP,
	SET_KIND_EXTERNAL_IP,
	SET_KIND_EXTERNAL_IP_LOCAL,
	SET_KIND_LOAD_BALANCER,
	SET_KIND_LOAD_BALANCER_LOCAL,
	SET_KIND_NODE_PORT_TCP,
	SET_KIND_NODE_PORT_UDP,
	SET_KIND_NODE_PORT_SCTP,
	SET_KIND_NODE_PORT_LOCAL_TCP,
	SET_KIND_NODE_PORT_LOCAL_UDP,
	SET_KIND_NODE_PORT_LOCAL_SCTP,
	SET_KIND_HEALTH_CHECK_NODE_PORT,
	SET_KIND_LOAD_BALANCER_HEALTH,
	SET_KIND_NODE_PORT_ADDRESS,
	SET_KIND_NO_ENDPOINT,
	SET_KIND_NO_LOCAL,
	SET_KIND_IN_CLUSTER,
	SET_KIND_MARK_NAMES,
	SET_KIND_IPVS_IPS,
};
#define SET_KIND_COUNT (SET_KIND_IPVS_IPS + 1)

enum set_type {
	SET_TYPE_HASH_IP,
	SET_TYPE_HASH_IP_PORT,
	SET_TYPE_HASH_IP_PORT_IP,
	SET_TYPE_HASH_IP_PORT_NET,
	SET_TYPE_BITMAP_PORT,
};

/**
 * struct set_member - one element of one set
 * @kind:           enum set_kind
 * @family:         AF_INET or AF_INET6: which of the two sets of that kind
 * @protocol:       with a port, except in bitmaps: 0 there
 * @prefix_length:  of @source in hash:ip,port,net, else 0
 * @address:        zero in bitmaps
 * @source:         third part of ip,port,ip and ip,port,net, else zero
 *
 * Without padding, unused fields zero: compare and hash it as bytes.
 */
struct set_member {
	uint8_t kind;
	uint8_t family;
	uint8_t protocol;
	uint8_t prefix_length;
	uint16_t port;
	struct address address;
	struct address source;
};

/** set_kind_name() - kube-proxy's name: "KUBE-CLUSTER-IP", "KUBE-6-CLUSTER-IP", 31 characters at
 * most */
const char *set_kind_name(enum set_kind kind, uint16_t family);
enum set_type set_kind_type(enum set_kind kind);

/** set_kind_is_own() - whether kube-proxy has no such set */
bool set_kind_is_own(enum set_kind kind);

/** set_kind_is_allowed_source() - whether its members say who may pass SET_KIND_LOAD_BALANCER_FIREWALL */
bool set_kind_is_allowed_source(enum set_kind kind);

/** set_kind_has_marks() - whether its members carry a mark for packets (ipset's skbinfo) */
bool set_kind_has_marks(enum set_kind kind);

/* kube-proxy's sizes of a set that is not a bitmap (pkg/proxy/ipvs/ipset); one that needs more room is
 * enlarged. */
#define SET_DEFAULT_HASH_SIZE 1024
#define SET_DEFAULT_CAPACITY  65536

/** set_capacity_is_tight() - whether a set of @capacity members is to be enlarged for @count */
bool set_capacity_is_tight(uint32_t capacity, size_t count);

/** set_type_name() - "hash:ip,port" */
const char *set_type_name(enum set_type type);

/** set_member_text() - as `ipset save` prints it: "10.0.0.1,tcp:80"; bitmaps: "30080" */
const char *set_member_text(const struct set_member *member, char buffer[3 * ADDRESS_TEXT_SIZE]);

/** virtual_server_key_text() - "10.0.0.1:80/TCP", "10.0.0.1:80/TCP (in-cluster)" or "fwmark 17
 * IPv4" */
const char *virtual_server_key_text(const struct virtual_server_key *key,
				    char buffer[2 * ADDRESS_TEXT_SIZE]);

/** virtual_server_is_equal() - same key and same attributes */
bool virtual_server_is_equal(const struct virtual_server *a, const struct virtual_server *b);

/** destination_compare() - order by address and port; the weight does not count */
int destination_compare(const struct destination *a, const struct destination *b);

/** destination_usages_sorted() - a copy, by destination_compare(); the caller frees it with free()
 */
struct destination_usage *destination_usages_sorted(const struct destination_usage *usages,
						    size_t count);

#endif
