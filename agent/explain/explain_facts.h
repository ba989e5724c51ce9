/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_EXPLAIN_FACTS_H
#define AGENT_EXPLAIN_FACTS_H

#include "explain_query.h"
#include "lib/objects/store.h"
#include "lib/plan/desired.h"
#include "lib/plan/ledger.h"
#include "lib/plan/node_addresses.h"
#include "lib/plan/ruleset.h"

/**
 * struct explain_sources - what is known and wanted, of a running agent or of a plan
 * @rules:      what the fixed rules of IPv4 and IPv6 depend on
 * @loopbacks:  which NodePorts 127.0.0.1 and ::1 have
 */
struct explain_sources {
	const struct store *store;
	const struct ledger *ledger;
	const struct node_view *node;
	const struct desired_options *desired;
	struct ruleset_options rules[2];
	enum loopback_use loopbacks[2];
};

/**
 * struct explain_server - a virtual server of the address and port that are asked for
 * @view:       of the Service that has it, or waits for it; no service: there is none
 * @state, @wanted: what that Service wants
 * @claim:      how that fares
 */
struct explain_server {
	struct service_view view;
	const struct service_state *state;
	const struct wanted_server *wanted;
	struct claim_report claim;
};

/**
 * enum explain_mention - how a Service names an address and port
 *   ADDRESS      one of its addresses, though no port of it: then it is of SOME_PORT
 *   HEALTH_PORT  its healthCheckNodePort
 */
enum explain_mention {
	EXPLAIN_MENTION_NONE,
	EXPLAIN_MENTION_CLUSTER_IP,
	EXPLAIN_MENTION_EXTERNAL_IP,
	EXPLAIN_MENTION_LOAD_BALANCER_IP,
	EXPLAIN_MENTION_NODE_PORT,
	EXPLAIN_MENTION_HEALTH_PORT,
};

/**
 * struct explain_facts - of all that is known, what concerns one question; everything is borrowed
 * from the sources but the members
 * @members:    of sets, as planned, that say something of the address and port
 * @servers:    by enum client_scope
 * @namer:      a Service that names the address and port; if none does, one that names the address;
 *              if none does that either, its service is NULL
 * @mention:    how it names them
 * @has_port:   whether it names the port as well
 * @health:     whose healthCheckNodePort it is, on an address of this node; or its state is NULL
 * @is_bound:   kube-ipvs0 has the address
 * @relay:      of a loopback address and NodePort: the virtual server to which the agent forwards
 */
struct explain_facts {
	const struct explain_sources *sources;
	const struct explain_query *query;
	struct set_member *members;
	size_t member_count, member_capacity;
	struct explain_server servers[2];
	struct service_view namer;
	enum explain_mention mention;
	bool has_port;
	bool is_bound;
	struct explain_server health;
	struct explain_server relay;
};

/** explain_facts_gather() - looks at each Service once, and closely at those that name the address
 *  or the port; @query and @sources are borrowed */
void explain_facts_gather(struct explain_facts *facts, const struct explain_sources *sources,
			  const struct explain_query *query);
void explain_facts_clear(struct explain_facts *facts);

/** explain_facts_is_local() - whether the node holds an address; @owner: the facts */
bool explain_facts_is_local(const void *owner, const struct address *address);

/** explain_facts_server() - the virtual server for packets of that scope that the kernel has; NULL
 *  if it has none */
const struct explain_server *explain_facts_server(const struct explain_facts *facts,
						  enum client_scope scope);

#endif
