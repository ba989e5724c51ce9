/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/kernel/ipvs_message.h"

#include "lib/base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ip_vs.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FAMILY 28

/*
 * Messages as text, written from the kernel's policies (ip_vs_svc_policy and ip_vs_dest_policy in
 * ip_vs_ctl.c) and not from the code under test.
 */

enum form { FORM_U16, FORM_BE16, FORM_U32, FORM_BYTES, FORM_TEXT, FORM_FLAGS };

struct attribute_form {
	const char *name;
	enum form form;
};

static const struct attribute_form server_forms[IPVS_SVC_ATTR_MAX + 1] = {
	[IPVS_SVC_ATTR_AF] = {"af", FORM_U16},
	[IPVS_SVC_ATTR_PROTOCOL] = {"protocol", FORM_U16},
	[IPVS_SVC_ATTR_ADDR] = {"addr", FORM_BYTES},
	[IPVS_SVC_ATTR_PORT] = {"port", FORM_BE16},
	[IPVS_SVC_ATTR_FWMARK] = {"fwmark", FORM_U32},
	[IPVS_SVC_ATTR_SCHED_NAME] = {"sched", FORM_TEXT},
	[IPVS_SVC_ATTR_FLAGS] = {"flags", FORM_FLAGS},
	[IPVS_SVC_ATTR_TIMEOUT] = {"timeout", FORM_U32},
	[IPVS_SVC_ATTR_NETMASK] = {"netmask", FORM_BYTES},
};

static const struct attribute_form destination_forms[IPVS_DEST_ATTR_MAX + 1] = {
	[IPVS_DEST_ATTR_ADDR] = {"addr", FORM_BYTES},
	[IPVS_DEST_ATTR_PORT] = {"port", FORM_BE16},
	[IPVS_DEST_ATTR_FWD_METHOD] = {"fwd", FORM_U32},
	[IPVS_DEST_ATTR_WEIGHT] = {"weight", FORM_U32},
	[IPVS_DEST_ATTR_U_THRESH] = {"u_thresh", FORM_U32},
	[IPVS_DEST_ATTR_L_THRESH] = {"l_thresh", FORM_U32},
	[IPVS_DEST_ATTR_ADDR_FAMILY] = {"af", FORM_U16},
};

struct text {
	char bytes[1024];
	size_t length;
};

__attribute__((format(printf, 2, 3))) static void append(struct text *text, const char *format, ...)
{
	size_t rest = sizeof(text->bytes) - text->length;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text->bytes + text->length, rest, format, arguments);
	va_end(arguments);
	assert_in_range(length, 0, rest - 1);
	text->length += (size_t)length;
}

static void append_value(struct text *text, const struct nlattr *attribute, enum form form)
{
	const uint8_t *bytes = nla_data(attribute);
	size_t size = (size_t)nla_len(attribute);
	struct ip_vs_flags flags;

	switch (form) {
	case FORM_U16:
		assert_int_equal(size, 2);
		append(text, "%u", nla_get_u16(attribute));
		break;
	case FORM_BE16:
		assert_int_equal(size, 2);
		append(text, "%u", (unsigned int)(bytes[0] << 8 | bytes[1]));
		break;
	case FORM_U32:
		assert_int_equal(size, 4);
		append(text, "%u", nla_get_u32(attribute));
		break;
	case FORM_BYTES:
		for (size_t i = 0; i < size; i++)
			append(text, "%02x", bytes[i]);
		break;
	case FORM_TEXT:
		assert_int_equal(bytes[size - 1], 0);
		append(text, "%s", (const char *)bytes);
		break;
	case FORM_FLAGS:
		assert_int_equal(size, sizeof(flags));
		memcpy(&flags, bytes, sizeof(flags));
		append(text, "%x/%x", flags.flags, flags.mask);
		break;
	}
}

static void append_nest(struct text *text, const struct nlattr *nest,
			const struct attribute_form *forms, int max)
{
	struct nlattr *attribute;
	int rest;

	nla_for_each_nested (attribute, nest, rest) {
		assert_in_range(nla_type(attribute), 1, max);
		assert_non_null(forms[nla_type(attribute)].name);
		append(text, " %s=", forms[nla_type(attribute)].name);
		append_value(text, attribute, forms[nla_type(attribute)].form);
	}
	assert_int_equal(rest, 0);
}

static void append_attribute(struct text *text, const struct nlattr *attribute)
{
	switch (nla_type(attribute)) {
	case IPVS_CMD_ATTR_SERVICE:
		append(text, " server:");
		append_nest(text, attribute, server_forms, IPVS_SVC_ATTR_MAX);
		break;
	case IPVS_CMD_ATTR_DEST:
		append(text, " destination:");
		append_nest(text, attribute, destination_forms, IPVS_DEST_ATTR_MAX);
		break;
	default:
		append(text, " %d=%u", nla_type(attribute), nla_get_u32(attribute));
	}
}

static const char *message_text(struct nl_msg *message)
{
	static struct text text;
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct genlmsghdr *generic = nlmsg_data(header);
	struct nlattr *attribute;
	int rest;

	memset(&text, 0, sizeof(text));
	assert_int_equal(header->nlmsg_type, FAMILY);
	assert_int_equal(header->nlmsg_seq, 0);
	assert_int_equal(header->nlmsg_pid, 0);
	assert_int_equal(generic->version, 1);
	append(&text, "%u%s", generic->cmd, header->nlmsg_flags & NLM_F_DUMP ? " dump" : "");
	nlmsg_for_each_attr(attribute, header, GENL_HDRLEN, rest)
		append_attribute(&text, attribute);
	assert_int_equal(rest, 0);
	return text.bytes;
}

static struct virtual_server_key key(const char *address, uint16_t port, uint16_t protocol)
{
	struct virtual_server_key ret = {.port = port, .protocol = protocol};

	assert_true(address_parse(address, &ret.address));
	return ret;
}

#define V4 "0a60000a000000000000000000000000"
#define V6 "fd000096000000000000000000000010"

static void builds_servers(void **state)
{
	const struct {
		const char *what;
		uint8_t command;
		struct virtual_server server;
		const char *text;
	} cases[] = {
		{"a plain one",
		 IPVS_CMD_NEW_SERVICE,
		 {key("10.96.0.10", 80, IPPROTO_TCP), "rr", 0, 0xffffffff, 0},
		 "1 server: af=2 protocol=6 addr=" V4 " port=80 sched=rr flags=0/ffffffff timeout=0"
		 " netmask=ffffffff"},
		{"persistence sets its flag",
		 IPVS_CMD_SET_SERVICE,
		 {key("10.96.0.10", 53, IPPROTO_UDP), "sh", 10800, 0xffffff00, 0},
		 "2 server: af=2 protocol=17 addr=" V4 " port=53 sched=sh flags=1/ffffffff"
		 " timeout=10800 netmask=ffffff00"},
		{"flags of schedulers",
		 IPVS_CMD_NEW_SERVICE,
		 {key("10.96.0.10", 9999, IPPROTO_SCTP), "mh", 1, 0xffffffff,
		  IP_VS_SVC_F_SCHED_SH_PORT | IP_VS_SVC_F_ONEPACKET},
		 "1 server: af=2 protocol=132 addr=" V4 " port=9999 sched=mh flags=15/ffffffff"
		 " timeout=1 netmask=ffffffff"},
		{"a firewall mark",
		 IPVS_CMD_NEW_SERVICE,
		 {{.firewall_mark = 17, .address.family = AF_INET}, "rr", 0, 0xffffffff, 0},
		 "1 server: af=2 fwmark=17 sched=rr flags=0/ffffffff timeout=0 netmask=ffffffff"},
	};
	struct nl_msg *message = nlmsg_alloc();
	struct virtual_server server = {key("fd00:96::10", 80, IPPROTO_TCP), "rr", 0, 128, 0};
	uint32_t plain = 128;
	struct text text = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		nlmsg_hdr(message)->nlmsg_len = NLMSG_HDRLEN;
		print_message("%s\n", cases[i].what);
		assert_int_equal(
			ipvs_message_server(message, FAMILY, cases[i].command, &cases[i].server),
			0);
		assert_string_equal(message_text(message), cases[i].text);
	}

	/* The prefix length of IPv6 is a number in the machine's own byte order. */
	append(&text, "1 server: af=10 protocol=6 addr=" V6 " port=80 sched=rr flags=0/ffffffff"
		      " timeout=0 netmask=");
	for (size_t i = 0; i < sizeof(plain); i++)
		append(&text, "%02x", ((const uint8_t *)&plain)[i]);
	nlmsg_hdr(message)->nlmsg_len = NLMSG_HDRLEN;
	assert_int_equal(ipvs_message_server(message, FAMILY, IPVS_CMD_NEW_SERVICE, &server), 0);
	assert_string_equal(message_text(message), text.bytes);
	nlmsg_free(message);
}

static void builds_keys_and_destinations(void **state)
{
	struct virtual_server_key web = key("10.96.0.10", 80, IPPROTO_TCP);
	struct virtual_server_key web6 = key("fd00:96::10", 80, IPPROTO_TCP);
	struct virtual_server_key mark6 = {.firewall_mark = 17, .address.family = AF_INET6};
	struct destination destination = {.port = 8080, .weight = 65535};
	struct ipvs_timeouts timeouts = {900, 120, 300};
	struct nl_msg *message = nlmsg_alloc();

	(void)state;
	assert_true(address_parse("10.96.0.10", &destination.address));
	ipvs_message_server_key(message, FAMILY, IPVS_CMD_DEL_SERVICE, 0, &web);
	assert_string_equal(message_text(message), "3 server: af=2 protocol=6 addr=" V4 " port=80");

	nlmsg_hdr(message)->nlmsg_len = NLMSG_HDRLEN;
	ipvs_message_server_key(message, FAMILY, IPVS_CMD_GET_DEST, NLM_F_DUMP, &mark6);
	assert_string_equal(message_text(message), "8 dump server: af=10 fwmark=17");

	nlmsg_hdr(message)->nlmsg_len = NLMSG_HDRLEN;
	ipvs_message_plain(message, FAMILY, IPVS_CMD_GET_SERVICE, NLM_F_DUMP);
	assert_string_equal(message_text(message), "4 dump");

	nlmsg_hdr(message)->nlmsg_len = NLMSG_HDRLEN;
	ipvs_message_destination(message, FAMILY, IPVS_CMD_NEW_DEST, &web, &destination);
	assert_string_equal(message_text(message),
			    "5 server: af=2 protocol=6 addr=" V4 " port=80 destination: af=2"
			    " addr=" V4 " port=8080 fwd=0 weight=65535 u_thresh=0 l_thresh=0");

	assert_true(address_parse("fd00:96::10", &destination.address));
	destination.port = 9090;
	destination.weight = 1;
	ipvs_message_replace_destination(message, &destination);
	assert_string_equal(message_text(message),
			    "5 server: af=2 protocol=6 addr=" V4 " port=80 destination: af=10"
			    " addr=" V6 " port=9090 fwd=0 weight=1 u_thresh=0 l_thresh=0");

	nlmsg_hdr(message)->nlmsg_len = NLMSG_HDRLEN;
	assert_true(address_parse("fd00:96::10", &destination.address));
	ipvs_message_destination(message, FAMILY, IPVS_CMD_DEL_DEST, &web6, &destination);
	assert_string_equal(message_text(message),
			    "7 server: af=10 protocol=6 addr=" V6 " port=80 destination: af=10"
			    " addr=" V6 " port=9090");

	assert_true(address_parse("10.96.0.10", &destination.address));
	destination.port = 53;
	ipvs_message_replace_destination(message, &destination);
	assert_string_equal(message_text(message),
			    "7 server: af=10 protocol=6 addr=" V6 " port=80 destination: af=2"
			    " addr=" V4 " port=53");

	nlmsg_hdr(message)->nlmsg_len = NLMSG_HDRLEN;
	ipvs_message_timeouts(message, FAMILY, &timeouts);
	assert_string_equal(message_text(message), "12 4=900 5=120 6=300");
	nlmsg_free(message);
}

static void says_when_the_message_is_too_small(void **state)
{
	struct virtual_server server = {key("10.96.0.10", 80, IPPROTO_TCP), "rr", 0, 128, 0};
	struct destination destination = {.port = 8080};
	struct ipvs_timeouts timeouts = {1, 1, 1};

	(void)state;
	/* 20 bytes hold the headers of a message, and nothing else. */
	for (size_t size = 20; size < 60; size += 4) {
		struct nl_msg *message = nlmsg_alloc_size(size);
		struct nlmsghdr *header = nlmsg_hdr(message);

		assert_int_equal(
			ipvs_message_server(message, FAMILY, IPVS_CMD_NEW_SERVICE, &server),
			-EMSGSIZE);
		header->nlmsg_len = NLMSG_HDRLEN;
		assert_int_equal(ipvs_message_server_key(message, FAMILY, IPVS_CMD_DEL_SERVICE, 0,
							 &server.key),
				 -EMSGSIZE);
		header->nlmsg_len = NLMSG_HDRLEN;
		assert_int_equal(ipvs_message_destination(message, FAMILY, IPVS_CMD_NEW_DEST,
							  &server.key, &destination),
				 -EMSGSIZE);
		header->nlmsg_len = NLMSG_HDRLEN;
		if (size < 44)
			assert_int_equal(ipvs_message_timeouts(message, FAMILY, &timeouts),
					 -EMSGSIZE);
		nlmsg_free(message);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(builds_servers),
		cmocka_unit_test(builds_keys_and_destinations),
		cmocka_unit_test(says_when_the_message_is_too_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
