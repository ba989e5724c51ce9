/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain_balance.h"

#include "explain_words.h"
#include "lib/plan/topology_explain.h"

#include <netinet/in.h>
#include <string.h>

/* Beyond these, endpoints are counted and not named: they would take the loop of an agent too long. */
#define NAMED_MAX     250
#define COLLECTED_MAX 1000

static size_t endpoint_count(const struct service_view *view)
{
	size_t count = 0;

	for (size_t i = 0; i < view->slice_count; i++)
		count += view->slices[i]->endpoint_count;
	return count;
}

/* Both lists are sorted. */
static void add_unused(struct explain_path *path, const struct explain_server *server,
		       const struct topology_choice *choice, const struct candidates *candidates)
{
	uint32_t used = 0, count = server->wanted->destination_count;
	char text[TOPOLOGY_TEXT_SIZE];

	for (size_t i = 0; i < candidates->count; i++) {
		const struct candidate *candidate = &candidates->items[i];
		int order = 1;

		for (; used < count; used++) {
			struct destination destination =
				service_state_destination(server->state, server->wanted, used);

			order = destination_compare(&destination, &candidate->destination);
			if (order >= 0)
				break;
		}
		if (used == count || order != 0)
			explanation_add_unused(path->explanation, &candidate->destination,
					       topology_unused_text(choice, candidate, text));
	}
}

/* Return: by which rule endpoints are chosen; "" if that is not known */
static char *collect(struct explain_path *path, const struct explain_server *server)
{
	const struct wanted_server *wanted = server->wanted;
	const struct node_view *node = path->facts->sources->node;
	struct topology_choice choice = {
		.traffic = (enum traffic)wanted->traffic,
		.policy = wanted->origin == ADDRESS_ORIGIN_CLUSTER_IP ? "internalTrafficPolicy"
								      : "externalTrafficPolicy",
	};
	struct candidates candidates = {0};
	auto_memory bool *is_selected = NULL;
	char text[TOPOLOGY_TEXT_SIZE];

	if (wanted->port_index >= server->view.service->port_count ||
	    endpoint_count(&server->view) > COLLECTED_MAX)
		return string_dup("");
	topology_collect(&server->view, &server->view.service->ports[wanted->port_index],
			 wanted->server.key.address.family, node->name,
			 (size_t)path->facts->sources->desired->endpoints_max, &candidates);
	is_selected = memory_array(candidates.count, sizeof(*is_selected));
	choice.basis = topology_select(&candidates, node, choice.traffic, is_selected);
	add_unused(path, server, &choice, &candidates);
	topology_clear(&candidates);
	return string_dup(topology_rule_text(&choice, text));
}

void explain_balance_unused(struct explain_path *path, const struct explain_server *server)
{
	free(collect(path, server));
}

static bool is_in_cluster(const struct explain_server *server)
{
	return server->wanted->server.key.client_scope == CLIENT_SCOPE_IN_CLUSTER;
}

static void say_server(struct explain_path *path, const struct explain_server *server)
{
	const struct virtual_server *virtual = &server->wanted->server;
	struct explanation *explanation = path->explanation;
	char name[2 * ADDRESS_TEXT_SIZE];

	explanation_add(explanation, "virtual server",
			string_printf("%s, scheduler %s",
				      virtual_server_key_text(&virtual->key, name),
				      virtual->scheduler),
			explain_words_scheduler(server, path->facts->sources->desired), NULL);
	if (virtual->persistence_seconds)
		explanation_add(explanation, "affinity",
				string_printf("a client stays with its endpoint for %u s",
					      virtual->persistence_seconds),
				explain_words_of("spec.sessionAffinity", &server->view), NULL);
	else
		explanation_add(explanation, "affinity",
				string_dup("none: each connection gets an endpoint of its own"),
				explain_words_of("spec.sessionAffinity", &server->view), NULL);
}

static void say_endpoints(struct explain_path *path, const struct explain_server *server)
{
	uint32_t used = server->wanted->destination_count;
	auto_memory char *rule = collect(path, server);
	char *text = string_printf("%u of %zu%s%s", used, used + path->explanation->unused_count,
				   *rule ? ": " : "", rule);

	explanation_add(path->explanation, "endpoints", text, explain_words_policy(server), NULL);
}

/* What IPVS itself says for a virtual server without destinations: an ICMP message. */
static const char *ipvs_refusal(const struct explain_path *path)
{
	bool is_ipv6 = path->packet.destination.family == AF_INET6;

	if (path->packet.protocol == IPPROTO_UDP)
		return "an error when it sends (port unreachable)";
	if (path->packet.protocol == IPPROTO_SCTP)
		return "no answer: the attempt times out";
	return is_ipv6 ? "connection refused, after about a second" : "connection refused, at once";
}

/*
 * The way from IPVS to an endpoint. What arrives for a process of the node itself is handed over
 * within INPUT; everything else passes OUTPUT, where no set knows endpoints, and POSTROUTING.
 */
static struct explain_answer answer_of(const struct explain_path *path,
				       const struct destination *destination, struct walk *walk)
{
	const struct address *node_ips = path->facts->sources->node->node_ips;
	struct packet packet = path->packet;
	struct explain_answer answer = {
		.destination = *destination, .source = packet.source, .is_node = path->is_node};
	enum walk_end end;

	*walk = (struct walk){.count = 0};
	packet.destination = destination->address;
	packet.port = destination->port;
	if (!path->is_node && explain_facts_is_local(path->facts, &destination->address))
		return answer;
	rule_walk(&path->walk_facts, "filter", "OUTPUT", &packet, walk);
	end = rule_walk(&path->walk_facts, "nat", "POSTROUTING", &packet, walk);
	if (end != WALK_END_MASQUERADE)
		return answer;
	answer.source = node_ips[packet.destination.family == AF_INET6];
	answer.is_node = true;
	answer.is_hairpin = walk_find(walk, RULE_ACTION_MASQUERADE, SET_KIND_LOOP_BACK);
	return answer;
}

/* @ret_rule: which gave the mark, if one did. Return: why a packet is masqueraded by its mark */
static char *reason_of_mark(const struct explain_path *path, const struct explain_server *server,
			    const struct walk_step **ret_rule)
{
	*ret_rule = walk_find_chain(&path->walk, "nat", "KUBE-CLUSTER-IP");
	if (*ret_rule && path->rules->masquerade_all)
		return string_dup("--masquerade-all");
	if (*ret_rule)
		return path->is_node ? string_dup("the client is the node")
				     : explain_words_pods(path->rules);
	return explain_words_policy(server);
}

/* @walk: of the way to an endpoint that is not the client itself */
static void say_masquerading(struct explain_path *path, const struct explain_server *server,
			     const struct explain_answer *answer, const struct walk *walk)
{
	const struct walk_step *last = walk->count ? &walk->steps[walk->count - 1] : NULL;
	struct explanation *explanation = path->explanation;
	const struct walk_step *rule = NULL;
	char address[ADDRESS_TEXT_SIZE], *reason, *text;

	if (!last) {
		explanation_add(explanation, "masquerading",
				string_dup("none: the endpoint is on the node itself"), NULL, NULL);
		return;
	}
	if (last->rule->action != RULE_ACTION_MASQUERADE) {
		bool is_cluster_ip = walk_find_chain(&path->walk, "nat", "KUBE-CLUSTER-IP");

		explanation_add(explanation, "masquerading",
				string_dup("none: endpoints see the client's address"),
				is_cluster_ip ? explain_words_pods(path->rules)
					      : explain_words_policy(server),
				last);
		return;
	}
	text = string_printf("yes: endpoints see the node, %s",
			     address_text(&answer->source, address));
	if (walk_find(walk, RULE_ACTION_MASQUERADE, SET_KIND_IPVS_IPS))
		reason = string_dup("the source would be a VIP, which other nodes have as well");
	else
		reason = reason_of_mark(path, server, &rule);
	explanation_add(explanation, "masquerading", text, reason, last);
}

static void say_hairpin(struct explain_path *path, const struct explain_answer *answer,
			const struct walk *walk)
{
	char address[ADDRESS_TEXT_SIZE], node[ADDRESS_TEXT_SIZE];

	explanation_add(path->explanation, "hairpin",
			string_printf("if %s gets its own connection, it sees the node, %s",
				      address_text(&answer->destination.address, address),
				      address_text(&answer->source, node)),
			string_dup("an answer to itself would not pass the node"),
			&walk->steps[walk->count - 1]);
}

static void add_answers(struct explain_path *path, const struct explain_server *server)
{
	uint32_t count = server->wanted->destination_count;
	bool has_said = false;

	path->explanation->endpoint_count = count;
	for (uint32_t i = 0; i < count && i < NAMED_MAX; i++) {
		struct destination destination =
			service_state_destination(server->state, server->wanted, i);
		struct walk walk;
		struct explain_answer answer = answer_of(path, &destination, &walk);

		explanation_add_answer(path->explanation, &answer);
		if (answer.is_hairpin)
			say_hairpin(path, &answer, &walk);
		else if (!has_said)
			say_masquerading(path, server, &answer, &walk);
		has_said |= !answer.is_hairpin;
	}
}

void explain_balance(struct explain_path *path, const struct explain_server *server)
{
	if (is_in_cluster(server))
		explanation_add(path->explanation, "clients",
				string_dup("pods and the node have a virtual server of their own"),
				explain_words_policy(server),
				walk_find(&path->walk, RULE_ACTION_MAP_MARK, SET_KIND_IN_CLUSTER));
	say_server(path, server);
	say_endpoints(path, server);
	if (!server->wanted->destination_count) {
		explanation_end(path->explanation, EXPLAIN_OUTCOME_REFUSED, ipvs_refusal(path));
		return;
	}
	add_answers(path, server);
	explanation_end(path->explanation, EXPLAIN_OUTCOME_ANSWERED, "an answer");
}
