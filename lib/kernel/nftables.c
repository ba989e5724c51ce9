/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nftables.h"

#include "lib/base/memory.h"
#include "netlink.h"

/* Before the kernel's headers, which then leave out what it has. */
#include <netinet/in.h>

#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/socket.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define BUFFER_BYTES 32768

/* A reload of all rules of a busy node. */
#define MONITOR_BUFFER_BYTES (4 * 1024 * 1024)

/* So many notifications with one call, for the sake of others in the event loop. */
#define MONITOR_BURST 200

/** @pending: relevant, in the transaction of which the end has not been seen yet */
struct nftables_monitor {
	struct nl_sock *socket;
	bool pending[2];
};

static bool is_kube_name(struct nlattr *name)
{
	return name && strncmp(nla_data(name), "KUBE-", strlen("KUBE-")) == 0;
}

static bool is_one_of(struct nlattr *name, const char *const *names, size_t count)
{
	for (size_t i = 0; name && i < count; i++)
		if (nla_strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static bool is_our_table(struct nlattr *name)
{
	static const char *const names[] = {"filter", "mangle", "nat"};

	return is_one_of(name, names, COUNT(names));
}

static bool is_built_in(struct nlattr *name)
{
	static const char *const names[] = {"PREROUTING", "INPUT", "FORWARD", "OUTPUT",
					    "POSTROUTING"};

	return is_one_of(name, names, COUNT(names));
}

int nftables_monitor_open(struct nftables_monitor **ret, struct error *err)
{
	struct nftables_monitor *monitor = memory_allocate(sizeof(*monitor));
	int r;

	monitor->socket = nl_socket_alloc();
	errno = 0;
	if (!monitor->socket || nl_connect(monitor->socket, NETLINK_NETFILTER) < 0 ||
	    nl_socket_add_memberships(monitor->socket, NFNLGRP_NFTABLES, 0) < 0) {
		r = errno ? -errno : -EIO;
		nftables_monitor_close(monitor);
		return error_set(err, r, "listening to nftables: %s", strerror(-r));
	}
	netlink_set_receive_buffer(nl_socket_get_fd(monitor->socket), MONITOR_BUFFER_BYTES);
	*ret = monitor;
	return 0;
}

void nftables_monitor_close(struct nftables_monitor *monitor)
{
	if (!monitor)
		return;
	nl_socket_free(monitor->socket);
	free(monitor);
}

int nftables_monitor_descriptor(const struct nftables_monitor *monitor)
{
	return nl_socket_get_fd(monitor->socket);
}

/* What is read, by kind of object: names have to end, and numbers to be there as a whole. */
static struct nla_policy table_policy[NFTA_TABLE_MAX + 1] = {
	[NFTA_TABLE_NAME] = {.type = NLA_STRING},
};
static struct nla_policy chain_policy[NFTA_CHAIN_MAX + 1] = {
	[NFTA_CHAIN_TABLE] = {.type = NLA_STRING},
	[NFTA_CHAIN_NAME] = {.type = NLA_STRING},
};
static struct nla_policy rule_policy[NFTA_RULE_MAX + 1] = {
	[NFTA_RULE_TABLE] = {.type = NLA_STRING},
	[NFTA_RULE_CHAIN] = {.type = NLA_STRING},
	[NFTA_RULE_HANDLE] = {.type = NLA_U64},
};
static struct nla_policy generation_policy[NFTA_GEN_MAX + 1] = {
	[NFTA_GEN_PROC_PID] = {.type = NLA_U32},
	[NFTA_GEN_PROC_NAME] = {.type = NLA_STRING},
};
static struct nla_policy expression_policy[NFTA_EXPR_MAX + 1] = {
	[NFTA_EXPR_NAME] = {.type = NLA_STRING},
};

static bool parse(const struct nlmsghdr *message, struct nlattr **fields, int largest,
		  struct nla_policy *policy)
{
	return nlmsg_parse((struct nlmsghdr *)message, sizeof(struct nfgenmsg), fields, largest,
			   policy) >= 0;
}

static bool concerns_our_rules(const struct nlmsghdr *message)
{
	struct nlattr *table[NFTA_TABLE_MAX + 1], *chain[NFTA_CHAIN_MAX + 1];
	struct nlattr *rule[NFTA_RULE_MAX + 1];

	switch (NFNL_MSG_TYPE(message->nlmsg_type)) {
	case NFT_MSG_DELTABLE:
		return parse(message, table, NFTA_TABLE_MAX, table_policy) &&
		       is_our_table(table[NFTA_TABLE_NAME]);
	case NFT_MSG_NEWCHAIN: /* or an old one with another policy */
		return parse(message, chain, NFTA_CHAIN_MAX, chain_policy) &&
		       is_our_table(chain[NFTA_CHAIN_TABLE]) && is_built_in(chain[NFTA_CHAIN_NAME]);
	case NFT_MSG_DELCHAIN:
		return parse(message, chain, NFTA_CHAIN_MAX, chain_policy) &&
		       is_our_table(chain[NFTA_CHAIN_TABLE]) &&
		       (is_kube_name(chain[NFTA_CHAIN_NAME]) ||
			is_built_in(chain[NFTA_CHAIN_NAME]));
	case NFT_MSG_DELRULE:
		return parse(message, rule, NFTA_RULE_MAX, rule_policy) &&
		       is_our_table(rule[NFTA_RULE_TABLE]) &&
		       (is_kube_name(rule[NFTA_RULE_CHAIN]) || is_built_in(rule[NFTA_RULE_CHAIN]));
	case NFT_MSG_NEWRULE:
		return parse(message, rule, NFTA_RULE_MAX, rule_policy) &&
		       is_our_table(rule[NFTA_RULE_TABLE]) && is_kube_name(rule[NFTA_RULE_CHAIN]);
	default:
		return false;
	}
}

/* Each transaction ends with the new generation, which says who made it. */
static void end_transaction(struct nftables_monitor *monitor, const struct nlmsghdr *message,
			    struct nftables_change *ret)
{
	struct nlattr *fields[NFTA_GEN_MAX + 1];
	bool is_relevant = monitor->pending[0] || monitor->pending[1];

	ret->is_relevant[0] |= monitor->pending[0];
	ret->is_relevant[1] |= monitor->pending[1];
	monitor->pending[0] = monitor->pending[1] = false;
	if (!is_relevant || !parse(message, fields, NFTA_GEN_MAX, generation_policy) ||
	    !fields[NFTA_GEN_PROC_NAME] || !fields[NFTA_GEN_PROC_PID])
		return;
	snprintf(ret->writer, sizeof(ret->writer), "%.16s (process %u)",
		 nla_get_string(fields[NFTA_GEN_PROC_NAME]),
		 ntohl(nla_get_u32(fields[NFTA_GEN_PROC_PID])));
}

static void hear(struct nftables_monitor *monitor, const struct nlmsghdr *message,
		 struct nftables_change *ret)
{
	const struct nfgenmsg *header = nlmsg_data(message);

	if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_NFTABLES ||
	    message->nlmsg_len < NLMSG_LENGTH(sizeof(*header)))
		return;
	if (NFNL_MSG_TYPE(message->nlmsg_type) == NFT_MSG_NEWGEN)
		end_transaction(monitor, message, ret);
	else if (header->nfgen_family == NFPROTO_IPV4 || header->nfgen_family == NFPROTO_IPV6)
		monitor->pending[header->nfgen_family == NFPROTO_IPV6] |=
			concerns_our_rules(message);
}

int nftables_monitor_read(struct nftables_monitor *monitor, struct nftables_change *ret,
			  struct error *err)
{
	*ret = (struct nftables_change){0};
	for (int i = 0; i < MONITOR_BURST; i++) {
		_Alignas(struct nlmsghdr) char buffer[BUFFER_BYTES];
		struct nlmsghdr *message = (void *)buffer;
		ssize_t length = netlink_receive_notification(nl_socket_get_fd(monitor->socket),
							      buffer, sizeof(buffer));
		int rest = (int)length;

		if (length == -EAGAIN)
			break;
		if (length == -ENOBUFS) {
			ret->is_relevant[0] = ret->is_relevant[1] = true;
			continue;
		}
		if (length < 0)
			return error_set(err, rest, "listening to nftables: %s", strerror(-rest));
		for (; nlmsg_ok(message, rest); message = nlmsg_next(message, &rest))
			hear(monitor, message, ret);
	}
	return 0;
}

struct look {
	const char *table;
	struct nftables_view *view;
};

static int on_chain(void *owner, const struct nlmsghdr *message)
{
	struct look *look = owner;
	struct nlattr *chain[NFTA_CHAIN_MAX + 1];

	if (NFNL_MSG_TYPE(message->nlmsg_type) != NFT_MSG_NEWCHAIN ||
	    !parse(message, chain, NFTA_CHAIN_MAX, chain_policy) || !chain[NFTA_CHAIN_TABLE] ||
	    nla_strcmp(chain[NFTA_CHAIN_TABLE], look->table) != 0)
		return 0;
	look->view->has_our_chains |= is_kube_name(chain[NFTA_CHAIN_NAME]);
	return 0;
}

/* Source: iptables 1.8.9, iptables/nft.c, nft_is_expr_compatible() */
static bool is_known_to_iptables(struct nlattr *name)
{
	static const char *const names[] = {"match",  "target",	 "payload", "meta",
					    "cmp",    "bitwise", "counter", "immediate",
					    "lookup", "range",	 "limit",   "log"};

	return is_one_of(name, names, COUNT(names));
}

/* Return: the name of the first expression that iptables cannot show, or NULL */
static struct nlattr *native_expression(struct nlattr *expressions)
{
	struct nlattr *expression, *fields[NFTA_EXPR_MAX + 1];
	int rest;

	nla_for_each_nested (expression, expressions, rest) {
		if (nla_parse_nested(fields, NFTA_EXPR_MAX, expression, expression_policy) >= 0 &&
		    fields[NFTA_EXPR_NAME] && !is_known_to_iptables(fields[NFTA_EXPR_NAME]))
			return fields[NFTA_EXPR_NAME];
	}
	return NULL;
}

static int on_rule(void *owner, const struct nlmsghdr *message)
{
	struct look *look = owner;
	struct nlattr *rule[NFTA_RULE_MAX + 1], *native;

	if (NFNL_MSG_TYPE(message->nlmsg_type) != NFT_MSG_NEWRULE || *look->view->native ||
	    !parse(message, rule, NFTA_RULE_MAX, rule_policy) || !rule[NFTA_RULE_TABLE] ||
	    !rule[NFTA_RULE_CHAIN] || !rule[NFTA_RULE_HANDLE] || !rule[NFTA_RULE_EXPRESSIONS] ||
	    nla_strcmp(rule[NFTA_RULE_TABLE], look->table) != 0)
		return 0;
	native = native_expression(rule[NFTA_RULE_EXPRESSIONS]);
	if (native)
		snprintf(look->view->native, sizeof(look->view->native),
			 "rule %llu of chain %.64s (%.32s)",
			 (unsigned long long)be64toh(nla_get_u64(rule[NFTA_RULE_HANDLE])),
			 nla_get_string(rule[NFTA_RULE_CHAIN]), nla_get_string(native));
	return 0;
}

static int list(struct netlink *netlink, uint16_t family, int type,
		int (*on_message)(void *owner, const struct nlmsghdr *message), void *owner,
		const char *table, struct error *err)
{
	struct nfgenmsg header = {.nfgen_family = family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6,
				  .version = NFNETLINK_V0};
	struct nl_msg *request = netlink_message(netlink);

	nlmsg_put(request, 0, 0, NFNL_SUBSYS_NFTABLES << 8 | type, 0, NLM_F_DUMP);
	nlmsg_append(request, &header, sizeof(header), NLMSG_ALIGNTO);
	if (type == NFT_MSG_GETRULE)
		nla_put_string(request, NFTA_RULE_TABLE, table);
	return netlink_ask(netlink, request, on_message, owner, err);
}

int nftables_look(uint16_t family, const char *table, struct nftables_view *ret, struct error *err)
{
	struct netlink *netlink;
	struct look look = {.table = table, .view = ret};
	int r = netlink_open(NETLINK_NETFILTER, &netlink, err);

	if (r < 0)
		return r;
	*ret = (struct nftables_view){0};
	r = list(netlink, family, NFT_MSG_GETCHAIN, on_chain, &look, table, err);
	if (r >= 0)
		r = list(netlink, family, NFT_MSG_GETRULE, on_rule, &look, table, err);
	netlink_close(netlink);
	return r < 0 ? error_wrap(err, r, "listing table %s by nftables", table) : 0;
}

static bool is_of_kubernetes(struct nlattr *name)
{
	return is_kube_name(name) || (name && strncmp(nla_data(name), "CNI-", strlen("CNI-")) == 0);
}

static int on_other_chain(void *owner, const struct nlmsghdr *message)
{
	struct nftables_chain *found = owner;
	struct nlattr *chain[NFTA_CHAIN_MAX + 1];

	if (*found->name || NFNL_MSG_TYPE(message->nlmsg_type) != NFT_MSG_NEWCHAIN ||
	    !parse(message, chain, NFTA_CHAIN_MAX, chain_policy) ||
	    !is_our_table(chain[NFTA_CHAIN_TABLE]) || !is_of_kubernetes(chain[NFTA_CHAIN_NAME]))
		return 0;
	snprintf(found->table, sizeof(found->table), "%.31s",
		 nla_get_string(chain[NFTA_CHAIN_TABLE]));
	snprintf(found->name, sizeof(found->name), "%.63s", nla_get_string(chain[NFTA_CHAIN_NAME]));
	return 0;
}

int nftables_find(uint16_t family, struct nftables_chain *ret, struct error *err)
{
	struct netlink *netlink;
	int r = netlink_open(NETLINK_NETFILTER, &netlink, err);

	if (r < 0)
		return r;
	memset(ret, 0, sizeof(*ret));
	r = list(netlink, family, NFT_MSG_GETCHAIN, on_other_chain, ret, NULL, err);
	netlink_close(netlink);
	if (r < 0)
		return error_wrap(err, r, "listing the chains of nftables");
	return *ret->name != '\0';
}
