/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cut_check.h"

#include <netinet/in.h>
#include <string.h>

/* Kinds of members of a virtual server that make traffic to it right when they are there. */
static const enum set_kind guards[] = {
	SET_KIND_LOAD_BALANCER_FIREWALL, SET_KIND_CLUSTER_IP,	  SET_KIND_EXTERNAL_IP,
	SET_KIND_EXTERNAL_IP_LOCAL,	 SET_KIND_LOAD_BALANCER,  SET_KIND_NODE_PORT_TCP,
	SET_KIND_NODE_PORT_UDP,		 SET_KIND_NODE_PORT_SCTP,
};

/* Kinds that lift what the guards do. */
static const enum set_kind exemptions[] = {
	SET_KIND_LOAD_BALANCER_LOCAL,
	SET_KIND_NODE_PORT_LOCAL_TCP,
	SET_KIND_NODE_PORT_LOCAL_UDP,
	SET_KIND_NODE_PORT_LOCAL_SCTP,
};

static struct set_member member_of(const struct virtual_server_key *key, enum set_kind kind)
{
	struct set_member member;

	memset(&member, 0, sizeof(member));
	member.kind = (uint8_t)kind;
	member.family = (uint8_t)key->address.family;
	if (set_kind_type(kind) != SET_TYPE_HASH_IP)
		member.port = key->port;
	if (set_kind_type(kind) != SET_TYPE_BITMAP_PORT) {
		member.address = key->address;
		if (set_kind_type(kind) != SET_TYPE_HASH_IP)
			member.protocol = (uint8_t)key->protocol;
	}
	return member;
}

static bool is_node_address(const struct node_view *node, const struct address *address)
{
	for (size_t i = 0; i < node->local_address_count; i++)
		if (address_is_equal(&node->local_addresses[i], address))
			return true;
	return false;
}

/* Whether @kind has anything to say about @key: ports of bitmaps are node ports of one protocol. */
static bool concerns(enum set_kind kind, const struct virtual_server_key *key,
		     const struct node_view *node)
{
	switch (kind) {
	case SET_KIND_NODE_PORT_TCP:
	case SET_KIND_NODE_PORT_LOCAL_TCP:
		return key->protocol == IPPROTO_TCP && is_node_address(node, &key->address);
	case SET_KIND_NODE_PORT_UDP:
	case SET_KIND_NODE_PORT_LOCAL_UDP:
		return key->protocol == IPPROTO_UDP && is_node_address(node, &key->address);
	case SET_KIND_LOAD_BALANCER_FIREWALL:
	case SET_KIND_LOAD_BALANCER_SOURCE_CIDR:
	case SET_KIND_LOAD_BALANCER_SOURCE_IP:
	case SET_KIND_LOOP_BACK:
	case SET_KIND_CLUSTER_IP:
	case SET_KIND_EXTERNAL_IP:
	case SET_KIND_EXTERNAL_IP_LOCAL:
	case SET_KIND_LOAD_BALANCER:
	case SET_KIND_LOAD_BALANCER_LOCAL:
	case SET_KIND_NODE_PORT_SCTP:
	case SET_KIND_NODE_PORT_LOCAL_SCTP:
	case SET_KIND_HEALTH_CHECK_NODE_PORT:
	case SET_KIND_LOAD_BALANCER_HEALTH:
	case SET_KIND_NODE_PORT_ADDRESS:
	case SET_KIND_NO_ENDPOINT:
	case SET_KIND_NO_LOCAL:
	case SET_KIND_IN_CLUSTER:
	case SET_KIND_MARK_NAMES:
	case SET_KIND_IPVS_IPS:
		break;
	}
	return true;
}

static bool answers(const struct fake_kernel *kernel, const struct node_view *node,
		    const struct virtual_server_key *key)
{
	return fake_kernel_has_address(kernel, &key->address) ||
	       is_node_address(node, &key->address);
}

/* Whether @destination of @key is reachable and has weight. */
static bool is_answering(const struct fake_kernel *kernel, const struct node_view *node,
			 const struct virtual_server_key *key,
			 const struct destination *destination)
{
	const struct fake_server *server = fake_kernel_find_server(kernel, key);
	const struct destination_usage *usage =
		server ? fake_server_find_destination(server, destination) : NULL;

	return usage && usage->destination.weight && answers(kernel, node, key);
}

static bool any_answering(const struct fake_kernel *kernel, const struct node_view *node,
			  const struct virtual_server_key *key)
{
	const struct fake_server *server = fake_kernel_find_server(kernel, key);

	for (size_t i = 0; server && i < server->destination_count; i++)
		if (server->destinations[i].destination.weight && answers(kernel, node, key))
			return true;
	return false;
}

/* What clients in the cluster reach. */
static bool any_answering_in_cluster(const struct fake_kernel *kernel, const struct node_view *node,
				     const struct virtual_server_key *key)
{
	struct set_member member = member_of(key, SET_KIND_IN_CLUSTER);
	struct virtual_server_key for_cluster = *key;

	for_cluster.client_scope = CLIENT_SCOPE_IN_CLUSTER;
	if (fake_kernel_has_member(kernel, &member) &&
	    fake_kernel_find_server(kernel, &for_cluster))
		return any_answering(kernel, node, &for_cluster);
	return any_answering(kernel, node, key);
}

static char *complain(const char *what, const struct virtual_server_key *key,
		      const struct set_member *member)
{
	char server[2 * ADDRESS_TEXT_SIZE], text[3 * ADDRESS_TEXT_SIZE];

	return string_printf("%s at %s: %s %s", what, virtual_server_key_text(key, server),
			     member ? set_kind_name((enum set_kind)member->kind, member->family)
				    : "",
			     member ? set_member_text(member, text) : "");
}

/* What is known of one answering destination. */
struct subject {
	const struct fake_kernel *before, *after;
	const struct node_view *node;
	const struct fake_kernel *cut;
	const struct virtual_server_key *key;
	bool is_new, is_leaving;
};

static char *check_guard(const struct subject *subject, const struct set_member *member)
{
	bool was = fake_kernel_has_member(subject->before, member);
	bool will = fake_kernel_has_member(subject->after, member);

	if (fake_kernel_has_member(subject->cut, member))
		return NULL;
	if (subject->is_new && will)
		return complain("a new destination lacks", subject->key, member);
	if (subject->is_leaving && was)
		return complain("a leaving destination lacks", subject->key, member);
	if (was && will)
		return complain("a destination lost for a while", subject->key, member);
	return NULL;
}

static char *check_exemption(const struct subject *subject, const struct set_member *member,
			     bool may_meet_leaving)
{
	if (!fake_kernel_has_member(subject->cut, member))
		return NULL;
	if (subject->is_new && !fake_kernel_has_member(subject->after, member))
		return complain("a new destination has the old", subject->key, member);
	if (subject->is_leaving && !may_meet_leaving &&
	    !fake_kernel_has_member(subject->before, member))
		return complain("a leaving destination has the new", subject->key, member);
	return NULL;
}

static bool is_source_of(const struct virtual_server_key *key, const struct set_member *member)
{
	return set_kind_is_allowed_source(member->kind) && member->port == key->port &&
	       member->protocol == key->protocol &&
	       address_is_equal(&member->address, &key->address);
}

static bool is_restricted(const struct fake_kernel *kernel, const struct virtual_server_key *key)
{
	struct set_member member = member_of(key, SET_KIND_LOAD_BALANCER_FIREWALL);

	return fake_kernel_has_member(kernel, &member);
}

static char *check_sources(const struct subject *subject)
{
	char *complaint = NULL;

	if (!is_restricted(subject->after, subject->key))
		return NULL;
	for (size_t i = 0; i < subject->cut->member_count && !complaint; i++)
		if (is_source_of(subject->key, &subject->cut->members[i]))
			complaint = check_exemption(subject, &subject->cut->members[i], true);
	return complaint;
}

/* Whether clients in @range pass; of the same address family as @key */
static bool admits(const struct fake_kernel *kernel, const struct virtual_server_key *key,
		   const struct set_member *range)
{
	if (!is_restricted(kernel, key))
		return true;
	for (size_t i = 0; i < kernel->member_count; i++) {
		const struct set_member *member = &kernel->members[i];
		const struct prefix allowed = {.address = member->source,
					       .length = member->prefix_length};

		if (!is_source_of(key, member))
			continue;
		if (member->kind == SET_KIND_LOAD_BALANCER_SOURCE_IP
			    ? address_is_equal(&member->source, &range->source)
			    : prefix_contains(&allowed, &range->source))
			return true;
	}
	return false;
}

/* Those at the beginning of @range, for all who might be treated alike */
static char *check_client(const struct subject *subject, const struct set_member *range)
{
	const struct virtual_server_key *key = subject->key;
	bool was = any_answering(subject->before, subject->node, key) &&
		   admits(subject->before, key, range);
	bool will =
		fake_kernel_find_server(subject->after, key) && admits(subject->after, key, range);
	bool is = admits(subject->cut, key, range);

	if (was && will && !is)
		return complain("refused for a while", key, range);
	/* A leaving destination may meet new sources, as above. */
	if (is && !was && !will)
		return complain("let in for a while", key, range);
	return NULL;
}

/* Clients of each range of @kernel, and one of none */
static char *check_clients(const struct subject *subject, const struct fake_kernel *kernel)
{
	struct set_member other = member_of(subject->key, SET_KIND_LOAD_BALANCER_SOURCE_CIDR);
	char *complaint;

	if (subject->key->client_scope != CLIENT_SCOPE_ANY ||
	    !any_answering(subject->cut, subject->node, subject->key))
		return NULL;
	other.source.family = subject->key->address.family;
	memset(other.source.bytes, 0xfe, address_length(other.source.family));
	complaint = check_client(subject, &other);
	for (size_t i = 0; i < kernel->member_count && !complaint; i++)
		if (is_source_of(subject->key, &kernel->members[i]))
			complaint = check_client(subject, &kernel->members[i]);
	return complaint;
}

static char *check_destination(const struct subject *subject, const struct destination *destination)
{
	const struct node_view *node = subject->node;
	struct set_member member = member_of(subject->key, SET_KIND_LOOP_BACK);
	char *complaint;

	member.address = destination->address;
	member.source = destination->address;
	member.port = destination->port;
	complaint = check_guard(subject, &member);
	for (size_t i = 0; i < COUNT(guards) && !complaint; i++) {
		member = member_of(subject->key, guards[i]);
		if (concerns(guards[i], subject->key, node))
			complaint = check_guard(subject, &member);
	}
	for (size_t i = 0; i < COUNT(exemptions) && !complaint; i++) {
		member = member_of(subject->key, exemptions[i]);
		if (concerns(exemptions[i], subject->key, node))
			complaint = check_exemption(subject, &member, false);
	}
	return complaint ? complaint : check_sources(subject);
}

static char *check_server(const struct fake_kernel *before, const struct fake_kernel *cut,
			  const struct fake_kernel *after, const struct node_view *node,
			  const struct fake_server *server)
{
	const struct virtual_server_key *key = &server->server.key;
	struct subject subject = {
		.before = before, .after = after, .node = node, .cut = cut, .key = key};
	char *complaint = NULL;

	if (fake_kernel_has_address(cut, &key->address) && !answers(before, node, key) &&
	    !fake_kernel_find_server(after, key))
		return complain("bound, though unwanted", key, NULL);
	for (size_t i = 0; i < server->destination_count && !complaint; i++) {
		const struct destination *destination = &server->destinations[i].destination;

		if (!is_answering(cut, node, key, destination))
			continue;
		subject.is_new = !is_answering(before, node, key, destination);
		subject.is_leaving = !is_answering(after, node, key, destination);
		complaint = check_destination(&subject, destination);
	}
	if (!complaint)
		complaint = check_clients(&subject, before);
	return complaint ? complaint : check_clients(&subject, after);
}

char *cut_check(const struct fake_kernel *before, const struct fake_kernel *cut,
		const struct fake_kernel *after, const struct node_view *node)
{
	char *complaint = NULL;

	for (size_t i = 0; i < cut->address_count; i++) {
		struct virtual_server_key key;
		struct set_member member;

		memset(&key, 0, sizeof(key));
		key.address = cut->addresses[i];
		member = member_of(&key, SET_KIND_IPVS_IPS);
		if (!fake_kernel_has_member(cut, &member))
			return complain("bound without", &key, &member);
	}
	for (size_t i = 0; i < cut->server_count && !complaint; i++)
		complaint = check_server(before, cut, after, node, &cut->servers[i]);
	for (size_t i = 0; i < before->server_count && !complaint; i++) {
		const struct virtual_server_key *key = &before->servers[i].server.key;

		if (any_answering(before, node, key) && any_answering(after, node, key) &&
		    !any_answering(cut, node, key))
			complaint = complain("silent for a while", key, NULL);
		if (key->client_scope == CLIENT_SCOPE_ANY && !complaint &&
		    any_answering_in_cluster(before, node, key) &&
		    any_answering_in_cluster(after, node, key) &&
		    !any_answering_in_cluster(cut, node, key))
			complaint = complain("silent for the cluster for a while", key, NULL);
	}
	return complaint;
}
