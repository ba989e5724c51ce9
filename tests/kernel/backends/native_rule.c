/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "native_rule.h"

#include "lib/base/memory.h"
#include "lib/kernel/netlink.h"

/* Before the kernel's headers, which then leave out what it has. */
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct nl_msg *begin_message(int type, int flags, uint8_t family, uint16_t resource)
{
	const struct nfgenmsg header = {
		.nfgen_family = family, .version = NFNETLINK_V0, .res_id = htons(resource)};
	struct nl_msg *message = nlmsg_alloc();

	assert_non_null(nlmsg_put(message, 0, 1, type, 0, NLM_F_REQUEST | flags));
	assert_int_equal(nlmsg_append(message, (void *)&header, sizeof(header), NLMSG_ALIGNTO), 0);
	return message;
}

static struct nl_msg *rule_message(const char *table, const char *chain)
{
	struct nl_msg *message =
		begin_message(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE,
			      NLM_F_CREATE | NLM_F_APPEND | NLM_F_ACK, NFPROTO_IPV4, 0);
	struct nlattr *expressions, *expression, *data;

	nla_put_string(message, NFTA_RULE_TABLE, table);
	nla_put_string(message, NFTA_RULE_CHAIN, chain);
	expressions = nla_nest_start(message, NFTA_RULE_EXPRESSIONS);
	expression = nla_nest_start(message, NFTA_LIST_ELEM);
	nla_put_string(message, NFTA_EXPR_NAME, "masq");
	data = nla_nest_start(message, NFTA_EXPR_DATA);
	nla_nest_end_keep_empty(message, data);
	nla_nest_end(message, expression);
	nla_nest_end(message, expressions);
	return message;
}

/* Changes of nftables come in a batch, in one datagram. */
void native_rule_add(const char *table, const char *chain)
{
	struct nl_msg *messages[] = {
		begin_message(NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES),
		rule_message(table, chain),
		begin_message(NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES)};
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	_Alignas(struct nlmsghdr) char buffer[4096];
	const struct nlmsghdr *answer = (const void *)buffer;
	size_t length = 0;

	for (size_t i = 0; i < COUNT(messages); i++) {
		const struct nlmsghdr *header = nlmsg_hdr(messages[i]);

		memset(buffer + length, 0, NLMSG_ALIGN(header->nlmsg_len));
		memcpy(buffer + length, header, header->nlmsg_len);
		length += NLMSG_ALIGN(header->nlmsg_len);
		nlmsg_free(messages[i]);
	}
	assert_int_equal(sendto(descriptor, buffer, length, 0, (const struct sockaddr *)&kernel,
				sizeof(kernel)),
			 length);
	assert_true(recv(descriptor, buffer, sizeof(buffer), 0) > 0);
	assert_int_equal(answer->nlmsg_type, NLMSG_ERROR);
	assert_int_equal(((const struct nlmsgerr *)NLMSG_DATA(answer))->error, 0);
	close(descriptor);
}

static int count(void *owner, const struct nlmsghdr *message)
{
	(void)message;
	++*(size_t *)owner;
	return 0;
}

size_t native_rule_count(const char *table)
{
	const struct nfgenmsg header = {.nfgen_family = NFPROTO_IPV4, .version = NFNETLINK_V0};
	struct netlink *netlink = NULL;
	struct nl_msg *request;
	size_t rules = 0;

	assert_int_equal(netlink_open(NETLINK_NETFILTER, &netlink, NULL), 0);
	request = netlink_message(netlink);
	nlmsg_put(request, 0, 0, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE, 0, NLM_F_DUMP);
	nlmsg_append(request, (void *)&header, sizeof(header), NLMSG_ALIGNTO);
	nla_put_string(request, NFTA_RULE_TABLE, table);
	assert_int_equal(netlink_ask(netlink, request, count, &rules, NULL), 0);
	netlink_close(netlink);
	return rules;
}
