/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain.h"

#include "explain_balance.h"
#include "explain_path.h"
#include "explain_words.h"

#include <netinet/in.h>
#include <string.h>

static bool is_ipv6(const struct explain_facts *facts)
{
	return facts->query->address.family == AF_INET6;
}

/* Marks are only told apart from others' here: each packet of a question gets the same. */
static uint32_t set_mark_of(const struct ruleset_options *rules)
{
	const struct mark_range *marks = &rules->marks;

	if (!rules->has_in_cluster || !marks->mask)
		return 0;
	return (marks->base & ~mark_range_valid_bit(marks)) | (marks->mask & -marks->mask);
}

/* The one that IPVS looks for first, once rules have completed the mark. */
static const struct explain_server *find_server(const struct explain_path *path)
{
	uint32_t mark = path->walk_facts.member_mark;

	if (mark && path->packet.mark == (mark | mark_range_valid_bit(&path->rules->marks))) {
		const struct explain_server *server =
			explain_facts_server(path->facts, CLIENT_SCOPE_IN_CLUSTER);

		if (server)
			return server;
	}
	return explain_facts_server(path->facts, CLIENT_SCOPE_ANY);
}

static void tell_client(struct explain_path *path, const char *kind, char *text, char *because)
{
	path->explanation->client = kind;
	explanation_add(path->explanation, "client", text, because, NULL);
}

/* The kernel sends to an address of its own from that address. */
static void begin_at_node(struct explain_path *path)
{
	const struct explain_facts *facts = path->facts;
	struct packet *packet = &path->packet;
	char address[ADDRESS_TEXT_SIZE];

	path->is_node = true;
	if (!packet->source.family)
		packet->source = explain_facts_is_local(facts, &packet->destination)
					 ? packet->destination
					 : facts->sources->node->node_ips[is_ipv6(facts)];
	tell_client(path, "node",
		    string_printf("node %s itself, which sends from %s", facts->sources->node->name,
				  address_text(&packet->source, address)),
		    NULL);
}

/*
 * By an interface only packets can be told: an endpoint of some Service is taken for a pod behind
 * it, and nobody else.
 */
static bool is_pod(const struct explain_path *path)
{
	const struct ruleset_options *rules = path->rules;
	const struct address *source = &path->packet.source;

	switch (rules->detection) {
	case LOCAL_DETECTION_PREFIX:
		return prefix_contains(&rules->pod_prefix, source);
	case LOCAL_DETECTION_BRIDGE:
	case LOCAL_DETECTION_INTERFACE_PREFIX:
		return source->family && store_endpoint_owner(path->facts->sources->store, source);
	case LOCAL_DETECTION_NONE:
		break;
	}
	return false;
}

static void begin_elsewhere(struct explain_path *path)
{
	struct packet *packet = &path->packet;
	char address[ADDRESS_TEXT_SIZE] = "a client outside the cluster";

	path->is_pod = is_pod(path);
	packet->has_pod_interface = path->is_pod;
	if (packet->source.family)
		address_text(&packet->source, address);
	if (path->is_pod)
		tell_client(path, "pod", string_printf("%s counts as a pod", address),
			    explain_words_pods(path->rules));
	else
		tell_client(path, "outside",
			    packet->source.family
				    ? string_printf("%s counts as a client outside", address)
				    : string_dup(address),
			    explain_words_pods(path->rules));
}

static void begin(struct explain_path *path)
{
	const struct explain_query *query = path->facts->query;

	path->packet = (struct packet){.source = query->source,
				       .destination = query->address,
				       .port = query->port,
				       .protocol = query->protocol};
	if (query->client == EXPLAIN_CLIENT_NODE ||
	    (query->client == EXPLAIN_CLIENT_ADDRESS &&
	     explain_facts_is_local(path->facts, &query->source)))
		begin_at_node(path);
	else
		begin_elsewhere(path);
}

static void say_address(struct explain_path *path)
{
	const struct explain_facts *facts = path->facts;
	auto_memory char *mention = explain_words_mention(facts);
	char address[ADDRESS_TEXT_SIZE];
	bool is_local = explain_facts_is_local(facts, &facts->query->address);
	char *text;

	address_text(&facts->query->address, address);
	if (*mention)
		text = string_printf("%s is %s", address, mention);
	else
		text = string_printf("%s is %s, and no Service has it", address,
				     is_local ? "an address of this node"
					      : "no address of this node");
	explanation_add(
		path->explanation, "address", text,
		*mention ? explain_words_of(explain_words_field(facts->mention), &facts->namer)
			 : NULL,
		NULL);
}

/* What a REJECT of KUBE-IPVS-REFUSE means to the client. */
static const char *reject_text(const struct explain_path *path)
{
	switch (path->packet.protocol) {
	case IPPROTO_TCP:
		return "connection refused, at once";
	case IPPROTO_SCTP:
		return is_ipv6(path->facts)
			       ? "no answer: the attempt times out, since SCTP over IPv6 has no refusal"
			       : "connection refused, at once (protocol unreachable)";
	default:
		return "an error (port unreachable), at once";
	}
}

static const char *drop_text(const struct explain_path *path)
{
	return path->is_node && path->packet.protocol == IPPROTO_UDP
		       ? "an error when it sends (operation not permitted)"
		       : "no answer: the attempt times out";
}

static const struct service_view *owner_of(const struct explain_path *path)
{
	const struct explain_server *server = &path->facts->servers[CLIENT_SCOPE_ANY];

	return server->wanted ? &server->view : &path->facts->namer;
}

static void say_out_of_ranges(struct explain_path *path, const struct walk_step *rule)
{
	const struct address *node_ips = path->facts->sources->node->node_ips;
	const struct address *client =
		path->is_node ? &node_ips[is_ipv6(path->facts)] : &path->packet.source;
	char address[ADDRESS_TEXT_SIZE] = "a client that no range names";

	if (client->family)
		address_text(client, address);
	explanation_add(path->explanation, "source ranges",
			string_printf("%s is not among those that are allowed", address),
			explain_words_of("spec.loadBalancerSourceRanges", owner_of(path)), rule);
}

static void say_no_endpoint(struct explain_path *path, const struct walk_step *rule, bool is_drop)
{
	const struct explain_server *server = explain_facts_server(path->facts, CLIENT_SCOPE_ANY);

	if (server)
		explain_balance_unused(path, server);
	explanation_add(path->explanation, "endpoints",
			string_dup(is_drop ? "none on this node, so that clients try another one"
					   : "none that is ready"),
			is_drop && server ? explain_words_policy(server)
					  : explain_words_of("EndpointSlices", owner_of(path)),
			rule);
}

/* Return: whether a rule ends the packet's way, which is told then */
static bool is_stopped(struct explain_path *path, enum walk_end end)
{
	const struct walk_step *last =
		path->walk.count ? &path->walk.steps[path->walk.count - 1] : NULL;
	bool is_drop = end == WALK_END_DROP;

	if (!last || (end != WALK_END_DROP && end != WALK_END_REJECT))
		return false;
	if (strcmp(last->chain->name, "KUBE-SOURCE-RANGES-FIREWALL") == 0 ||
	    strcmp(last->chain->name, "KUBE-IPVS-OUT-FILTER") == 0)
		say_out_of_ranges(path, last);
	else if (walk_find_chain(&path->walk, "filter", "KUBE-IPVS-NO-ENDPOINT"))
		say_no_endpoint(path, last, is_drop);
	else
		explanation_add(path->explanation, "filter",
				string_dup("a VIP answers on ports of its Services only"),
				explain_words_no_server(path->facts), last);
	explanation_end(path->explanation,
			is_drop ? EXPLAIN_OUTCOME_DROPPED : EXPLAIN_OUTCOME_REFUSED,
			is_drop ? drop_text(path) : reject_text(path));
	return true;
}

static bool has_ranges(const struct explain_facts *facts)
{
	for (size_t i = 0; i < facts->member_count; i++)
		if (facts->members[i].kind == SET_KIND_LOAD_BALANCER_FIREWALL)
			return true;
	return false;
}

static void say_ranges(struct explain_path *path)
{
	if (has_ranges(path->facts) && explain_facts_server(path->facts, CLIENT_SCOPE_ANY))
		explanation_add(
			path->explanation, "source ranges",
			string_dup("the client is among those that are allowed"),
			explain_words_of("spec.loadBalancerSourceRanges", owner_of(path)),
			walk_find_chain(&path->walk, "filter", "KUBE-SOURCE-RANGES-FIREWALL"));
}

/* The agent's answer on a healthCheckNodePort. */
static void say_health(struct explain_path *path)
{
	const struct explain_server *health = &path->facts->health;
	uint32_t count = health->state->local_endpoint_count;

	explanation_add(
		path->explanation, "health check",
		string_printf("the agent answers: %u ready endpoint%s on this node", count,
			      count == 1 ? "" : "s"),
		explain_words_of("spec.healthCheckNodePort", &health->view),
		walk_find(&path->walk, RULE_ACTION_ACCEPT, SET_KIND_HEALTH_CHECK_NODE_PORT));
	path->explanation->agent_answers = true;
	explanation_end(path->explanation, EXPLAIN_OUTCOME_ANSWERED,
			count ? "HTTP status 200" : "HTTP status 503");
}

/* No virtual server has it, and the node holds the address. */
static void deliver_to_host(struct explain_path *path)
{
	if (path->facts->health.state) {
		say_health(path);
		return;
	}
	explanation_add(path->explanation, "virtual server", string_dup("none"),
			explain_words_no_server(path->facts), NULL);
	explanation_end(path->explanation, EXPLAIN_OUTCOME_NOT_OURS,
			"whatever else listens on the node's port; if nothing does, a refusal");
}

static void leave_to_network(struct explain_path *path)
{
	char *because = explain_words_unbound(path->facts);

	if (!*because && path->facts->namer.service) {
		free(because);
		because = explain_words_no_server(path->facts);
	}
	explanation_add(path->explanation, "routing",
			string_dup("the node does not hold the address, and sends the packet on"),
			because, NULL);
	explanation_end(path->explanation, EXPLAIN_OUTCOME_NOT_OURS,
			"whatever the network does with the address");
}

/* What comes in: over the network, or over lo. */
static void pass_input(struct explain_path *path)
{
	const struct explain_server *server;

	if (is_stopped(path,
		       rule_walk(&path->walk_facts, "filter", "INPUT", &path->packet, &path->walk)))
		return;
	server = find_server(path);
	if (!server) {
		deliver_to_host(path);
		return;
	}
	say_ranges(path);
	explain_balance(path, server);
}

static void arrive(struct explain_path *path)
{
	rule_walk(&path->walk_facts, "mangle", "PREROUTING", &path->packet, &path->walk);
	rule_walk(&path->walk_facts, "nat", "PREROUTING", &path->packet, &path->walk);
	if (!explain_facts_is_local(path->facts, &path->packet.destination))
		leave_to_network(path);
	else
		pass_input(path);
}

static void leave(struct explain_path *path)
{
	const struct explain_server *server;

	if (is_stopped(path, rule_walk(&path->walk_facts, "mangle", "OUTPUT", &path->packet,
				       &path->walk)))
		return;
	rule_walk(&path->walk_facts, "nat", "OUTPUT", &path->packet, &path->walk);
	server = find_server(path);
	if (server) {
		say_ranges(path);
		explain_balance(path, server);
		return;
	}
	rule_walk(&path->walk_facts, "filter", "OUTPUT", &path->packet, &path->walk);
	if (explain_facts_is_local(path->facts, &path->packet.destination))
		pass_input(path);
	else
		leave_to_network(path);
}

static int open_book(const struct ruleset_options *rules, struct rule_book **ret, struct error *err)
{
	auto_free(ruleset) struct ruleset *ruleset = ruleset_new(rules);
	auto_memory char *text = ruleset_text(ruleset);

	return rule_book_new(text, rules->family, ret, err);
}

static int follow(const struct explain_facts *facts, struct explanation *ret, struct error *err)
{
	const struct ruleset_options *rules = &facts->sources->rules[is_ipv6(facts)];
	struct explain_path path = {.facts = facts, .rules = rules, .explanation = ret};
	auto_free(rule_book) struct rule_book *book = NULL;
	int r = open_book(rules, &book, err);

	if (r < 0)
		return r;
	path.walk_facts = (struct walk_facts){
		.book = book,
		.members = facts->members,
		.member_count = facts->member_count,
		.member_mark = set_mark_of(rules),
		.is_local = explain_facts_is_local,
		.owner = facts,
	};
	begin(&path);
	say_address(&path);
	if (owner_of(&path)->service && facts->has_port)
		ret->service = string_dup(owner_of(&path)->key);
	if (path.is_node)
		leave(&path);
	else
		arrive(&path);
	return 0;
}

static bool has_endpoints(const struct explain_server *relay)
{
	uint16_t family = relay->wanted->server.key.address.family;

	for (size_t i = 0; i < relay->state->server_count; i++) {
		const struct wanted_server *wanted = &relay->state->servers[i];

		if (wanted->port_index == relay->wanted->port_index &&
		    wanted->server.key.address.family == family && wanted->destination_count)
			return true;
	}
	return false;
}

/* A NodePort on a loopback address: the agent listens there, and is the node's client itself. */
static int follow_relay(const struct explain_facts *facts, struct explanation *ret,
			struct error *err)
{
	const struct virtual_server_key *key = &facts->relay.wanted->server.key;
	const struct explain_query query = {.client = EXPLAIN_CLIENT_NODE,
					    .address = key->address,
					    .port = key->port,
					    .protocol = facts->query->protocol};
	struct explain_facts beyond;
	char text[2 * ADDRESS_TEXT_SIZE];
	int r;

	if (!has_endpoints(&facts->relay)) {
		explanation_add(ret, "loopback",
				string_dup("the agent does not listen: there is no endpoint"),
				explain_words_of("EndpointSlices", &facts->relay.view), NULL);
		ret->client = "node";
		ret->service = string_dup(facts->relay.view.key);
		explanation_end(ret, EXPLAIN_OUTCOME_REFUSED,
				facts->query->protocol == IPPROTO_UDP
					? "an error (port unreachable), at once"
					: "connection refused, at once");
		return 0;
	}
	explanation_add(ret, "loopback",
			string_printf("the agent listens there, and forwards to %s",
				      virtual_server_key_text(key, text)),
			explain_words_of("spec.ports[].nodePort", &facts->relay.view), NULL);
	explain_facts_gather(&beyond, facts->sources, &query);
	r = follow(&beyond, ret, err);
	explain_facts_clear(&beyond);
	return r;
}

static bool is_own_loopback(const struct explain_facts *facts)
{
	const struct explain_query *query = facts->query;

	return query->client == EXPLAIN_CLIENT_NODE ||
	       (query->client == EXPLAIN_CLIENT_ADDRESS &&
		explain_facts_is_local(facts, &query->source));
}

int explain(const struct explain_sources *sources, const struct explain_query *query,
	    struct explanation *ret, struct error *err)
{
	struct explain_facts facts;
	int r = 0;

	*ret = (struct explanation){.client = "outside"};
	explain_facts_gather(&facts, sources, query);
	if (address_is_loopback(&query->address) && !is_own_loopback(&facts)) {
		explanation_add(
			ret, "address",
			string_dup("a loopback address is that of the client's own machine"), NULL,
			NULL);
		explanation_end(ret, EXPLAIN_OUTCOME_NOT_OURS, "whatever its own machine does");
	} else if (facts.relay.wanted) {
		r = follow_relay(&facts, ret, err);
	} else {
		r = follow(&facts, ret, err);
	}
	explain_facts_clear(&facts);
	if (!ret->service)
		ret->service = string_dup("");
	return r;
}
