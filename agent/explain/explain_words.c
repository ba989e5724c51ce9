/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain_words.h"

#include "lib/objects/scheduler.h"
#include "lib/plan/address_owner.h"
#include "lib/plan/service_addresses.h"
#include "lib/plan/skip_reason.h"

#include <string.h>
#include <sys/socket.h>

char *explain_words_of(const char *field, const struct service_view *view)
{
	return string_printf("%s of Service %s", field, view->key);
}

char *explain_words_pods(const struct ruleset_options *rules)
{
	char text[ADDRESS_TEXT_SIZE];

	switch (rules->detection) {
	case LOCAL_DETECTION_PREFIX:
		if (!rules->pod_prefix.address.family)
			break;
		return string_printf("--detect-local-mode: pods are in %s",
				     address_prefix_text(&rules->pod_prefix, text));
	case LOCAL_DETECTION_BRIDGE:
		return string_printf("--detect-local-mode: pods are behind %s",
				     rules->pod_interface);
	case LOCAL_DETECTION_INTERFACE_PREFIX:
		return string_printf("--detect-local-mode: pods are behind %s*",
				     rules->pod_interface);
	case LOCAL_DETECTION_NONE:
		break;
	}
	return string_dup("--detect-local-mode: pods are not known from others");
}

const char *explain_words_field(enum explain_mention mention)
{
	switch (mention) {
	case EXPLAIN_MENTION_CLUSTER_IP:
		return "spec.clusterIPs";
	case EXPLAIN_MENTION_EXTERNAL_IP:
		return "spec.externalIPs";
	case EXPLAIN_MENTION_LOAD_BALANCER_IP:
		return "status.loadBalancer.ingress";
	case EXPLAIN_MENTION_NODE_PORT:
		return "spec.ports[].nodePort";
	case EXPLAIN_MENTION_HEALTH_PORT:
		return "spec.healthCheckNodePort";
	case EXPLAIN_MENTION_NONE:
		break;
	}
	return "";
}

char *explain_words_mention(const struct explain_facts *facts)
{
	static const char *const kinds[] = {
		[EXPLAIN_MENTION_NONE] = "",
		[EXPLAIN_MENTION_CLUSTER_IP] = "a ClusterIP",
		[EXPLAIN_MENTION_EXTERNAL_IP] = "an external IP",
		[EXPLAIN_MENTION_LOAD_BALANCER_IP] = "a load balancer IP",
		[EXPLAIN_MENTION_NODE_PORT] = "an address of this node with a NodePort",
		[EXPLAIN_MENTION_HEALTH_PORT] = "an address of this node with a health check port",
	};

	if (facts->mention == EXPLAIN_MENTION_NONE)
		return string_dup("");
	return string_printf("%s of Service %s", kinds[facts->mention], facts->namer.key);
}

static char *owner_text(const struct explain_facts *facts, const struct address *address)
{
	const struct node_view *node = facts->sources->node;
	const char *name = address_owner_node(node, address), *key;

	switch (address_owner_find(node, facts->namer.externals, address)) {
	case ADDRESS_OWNER_NONE:
	case ADDRESS_OWNER_THIS_NODE:
		break;
	case ADDRESS_OWNER_OTHER_NODE:
		return *name ? string_printf("it is an address of Node %s", name)
			     : string_dup("it is an address of another Node");
	case ADDRESS_OWNER_ENDPOINT:
		key = store_endpoint_owner(facts->sources->store, address);
		return string_printf("it is the address of an endpoint of Service %s",
				     key ? key : "");
	case ADDRESS_OWNER_UNCHECKED:
		return string_dup("the addresses of other Nodes are being asked for");
	}
	return string_dup("");
}

char *explain_words_unbound(const struct explain_facts *facts)
{
	const struct address *address = &facts->query->address;
	const struct service *service = facts->namer.service;

	if (!service || facts->mention > EXPLAIN_MENTION_LOAD_BALANCER_IP)
		return string_dup("");
	if (service->is_unbound)
		return explain_words_of("annotation ipvsagent/do-not-bind", &facts->namer);
	if (opt_out_use(service, &facts->sources->desired->opt_out, address) == ADDRESS_USE_UNBOUND)
		return string_dup("--unbound-cidrs");
	if (facts->mention == EXPLAIN_MENTION_CLUSTER_IP)
		return string_dup("");
	return owner_text(facts, address);
}

/* Which of the flags keeps an address of a Service away from this agent; NULL if none does. */
static const char *flag_against(const struct explain_facts *facts)
{
	const struct desired_options *options = facts->sources->desired;
	const struct address *address = &facts->query->address;

	if (facts->mention == EXPLAIN_MENTION_EXTERNAL_IP && options->omits_external_ips)
		return "--feature-gates: AllowServiceExternalIPs is false";
	if (facts->mention == EXPLAIN_MENTION_EXTERNAL_IP &&
	    !desired_allows(&options->allowed_external_ips, address))
		return "--allowed-external-ips";
	if (facts->mention == EXPLAIN_MENTION_LOAD_BALANCER_IP &&
	    !desired_allows(&options->allowed_load_balancer_ips, address))
		return "--allowed-load-balancer-ips";
	if (facts->mention <= EXPLAIN_MENTION_LOAD_BALANCER_IP &&
	    opt_out_use(facts->namer.service, &options->opt_out, address) == ADDRESS_USE_NONE)
		return "--unprogrammed-cidrs";
	if (facts->mention == EXPLAIN_MENTION_NODE_PORT &&
	    !address_is_among(address, facts->sources->node->node_port_addresses,
			      facts->sources->node->node_port_address_count))
		return "--nodeport-addresses";
	if (node_view_lacks(facts->sources->node, address->family))
		return "IPv6 is off on this node";
	return NULL;
}

static char *failure_text(const struct explain_server *server)
{
	switch (server->claim.state) {
	case CLAIM_STATE_FAILED:
		return string_printf("the kernel refused it, and it is tried again: %s",
				     strerror(-server->claim.code));
	case CLAIM_STATE_CONFLICT:
		return string_printf("Service %s has it", server->claim.winner);
	case CLAIM_STATE_PROGRAMMED:
		break;
	}
	return string_dup("");
}

char *explain_words_no_server(const struct explain_facts *facts)
{
	const struct service *service = facts->namer.service;
	const struct service_state *state;
	const char *flag;

	if (facts->servers[CLIENT_SCOPE_ANY].wanted)
		return failure_text(&facts->servers[CLIENT_SCOPE_ANY]);
	if (!service)
		return string_dup("no Service has this address and port");
	if (skip_reason_of(service) != SKIP_REASON_NONE)
		return string_printf("Service %s is skipped: %s", facts->namer.key,
				     skip_reason_text(skip_reason_of(service)));
	flag = flag_against(facts);
	if (flag)
		return string_dup(flag);
	if (!facts->has_port)
		return explain_words_of("spec.ports", &facts->namer);
	state = ledger_state(facts->sources->ledger, facts->namer.key);
	if (state && state->left_out)
		return string_dup(state->is_node_full ? "--max-node-objects"
						      : "--max-service-objects");
	return string_printf("Service %s is not programmed yet", facts->namer.key);
}

char *explain_words_policy(const struct explain_server *server)
{
	bool is_cluster_ip = server->wanted->origin == ADDRESS_ORIGIN_CLUSTER_IP;
	bool is_local = is_cluster_ip ? server->view.service->is_internal_local
				      : server->view.service->is_external_local;

	return string_printf("spec.%sTrafficPolicy of Service %s is %s",
			     is_cluster_ip ? "internal" : "external", server->view.key,
			     is_local ? "Local" : "Cluster");
}

char *explain_words_scheduler(const struct explain_server *server,
			      const struct desired_options *options)
{
	const struct service *service = server->view.service;
	const char *used = server->wanted->server.scheduler;

	if (service->scheduler && strcmp(scheduler_name(service->scheduler), used) == 0)
		return explain_words_of("annotation ipvsagent/scheduler", &server->view);
	if (service->affinity_seconds && strcmp(options->affinity_scheduler, "inherit") != 0)
		return string_dup("--affinity-scheduler");
	return string_dup("--ipvs-scheduler");
}
