/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/ipvs_message.h"

#include "base/memory.h"

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

/* A value of an attribute as the kernel sends it. */
struct value {
	int type;
	uint8_t bytes[20];
	size_t size;
};

static struct value native16(int type, uint16_t number)
{
	struct value value = {.type = type, .size = sizeof(number)};

	memcpy(value.bytes, &number, sizeof(number));
	return value;
}

static struct value native32(int type, uint32_t number)
{
	struct value value = {.type = type, .size = sizeof(number)};

	memcpy(value.bytes, &number, sizeof(number));
	return value;
}

/* The server 10.0.0.1:80/TCP sh, persistent for 300 s, as a list of attributes. */
static size_t server_values(struct value *values)
{
	size_t count = 0;
	uint32_t flags = IP_VS_SVC_F_PERSISTENT | IP_VS_SVC_F_HASHED | IP_VS_SVC_F_SCHED2;

	values[count++] = native16(IPVS_SVC_ATTR_AF, AF_INET);
	values[count++] = native16(IPVS_SVC_ATTR_PROTOCOL, IPPROTO_TCP);
	/* What is behind the four bytes of the address is not part of it. */
	values[count++] = (struct value){
		IPVS_SVC_ATTR_ADDR, {10, 0, 0, 1, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9}, 16};
	values[count++] = (struct value){IPVS_SVC_ATTR_PORT, {0, 80}, 2};
	values[count++] = (struct value){IPVS_SVC_ATTR_SCHED_NAME, "sh", 3};
	values[count] = native32(IPVS_SVC_ATTR_FLAGS, flags);
	memset(values[count].bytes + 4, 0xff, 4);
	values[count++].size = 8;
	values[count++] = native32(IPVS_SVC_ATTR_TIMEOUT, 300);
	values[count++] = (struct value){IPVS_SVC_ATTR_NETMASK, {255, 255, 255, 0}, 4};
	return count;
}

static size_t destination_values(struct value *values)
{
	size_t count = 0;

	values[count++] = (struct value){IPVS_DEST_ATTR_ADDR, {0xfd, [15] = 7}, 16};
	values[count++] = (struct value){IPVS_DEST_ATTR_PORT, {0x1f, 0x90}, 2};
	values[count++] = native32(IPVS_DEST_ATTR_FWD_METHOD, IP_VS_CONN_F_DROUTE | 0x100);
	values[count++] = native32(IPVS_DEST_ATTR_WEIGHT, 7);
	values[count++] = native32(IPVS_DEST_ATTR_ACTIVE_CONNS, 1);
	values[count++] = native32(IPVS_DEST_ATTR_INACT_CONNS, 2);
	values[count++] = native32(IPVS_DEST_ATTR_PERSIST_CONNS, 3);
	values[count++] = native16(IPVS_DEST_ATTR_ADDR_FAMILY, AF_INET6);
	return count;
}

static struct nl_msg *message_of(int nest_type, const struct value *values, size_t count)
{
	struct nl_msg *message = nlmsg_alloc();
	struct nlattr *nest;

	assert_non_null(genlmsg_put(message, 0, 1, FAMILY, 0, 0, 1, 1));
	nest = nla_nest_start(message, nest_type);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(
			nla_put(message, values[i].type, (int)values[i].size, values[i].bytes), 0);
	nla_nest_end(message, nest);
	return message;
}

static int parse_server(const struct value *values, size_t count, struct virtual_server *ret)
{
	struct nl_msg *message = message_of(IPVS_CMD_ATTR_SERVICE, values, count);
	int r = ipvs_message_parse_server(nlmsg_hdr(message), ret);

	nlmsg_free(message);
	return r;
}

static int parse_destination(const struct value *values, size_t count,
			     struct destination_usage *ret)
{
	struct nl_msg *message = message_of(IPVS_CMD_ATTR_DEST, values, count);
	int r = ipvs_message_parse_destination(nlmsg_hdr(message), AF_INET, ret);

	nlmsg_free(message);
	return r;
}

static void parses_servers(void **state)
{
	struct virtual_server_key expected = key("10.0.0.1", 80, IPPROTO_TCP);
	struct virtual_server_key mark = {.firewall_mark = 17, .address.family = AF_INET};
	struct virtual_server server;
	struct value values[16];
	size_t count = server_values(values);

	(void)state;
	assert_int_equal(parse_server(values, count, &server), 0);
	assert_memory_equal(&server.key, &expected, sizeof(expected));
	assert_string_equal(server.scheduler, "sh");
	assert_int_equal(server.persistence_seconds, 300);
	assert_int_equal(server.netmask, 0xffffff00);
	assert_int_equal(server.flags, IP_VS_SVC_F_SCHED2);

	/* Without the flag there is no persistence, whatever the timeout says. */
	memset(values[5].bytes, 0, 4);
	assert_int_equal(parse_server(values, count, &server), 0);
	assert_int_equal(server.persistence_seconds, 0);
	assert_int_equal(server.flags, 0);

	values[count++] = native32(IPVS_SVC_ATTR_FWMARK, 17);
	assert_int_equal(parse_server(values, count, &server), 0);
	assert_memory_equal(&server.key, &mark, sizeof(mark));
}

static void parses_destinations(void **state)
{
	struct destination_usage usage;
	struct value values[16];
	char text[ADDRESS_TEXT_SIZE];
	size_t count = destination_values(values);

	(void)state;
	assert_int_equal(parse_destination(values, count, &usage), 0);
	assert_string_equal(
		address_port_text(&usage.destination.address, usage.destination.port, text),
		"[fd00::7]:8080");
	assert_int_equal(usage.destination.weight, 7);
	assert_int_equal(usage.forwarding_method, IP_VS_CONN_F_DROUTE);
	assert_int_equal(usage.active_connections, 1);
	assert_int_equal(usage.inactive_connections, 2);
	assert_int_equal(usage.persistent_connections, 3);

	/* Without a family it is that of the server. */
	assert_int_equal(parse_destination(values, count - 1, &usage), 0);
	assert_string_equal(address_text(&usage.destination.address, text), "253.0.0.0");

	values[3] = native32(IPVS_DEST_ATTR_WEIGHT, 65536 + 1);
	assert_int_equal(parse_destination(values, count, &usage), 0);
	assert_int_equal(usage.destination.weight, 65535);
}

static void rejects_messages_that_lack_something(void **state)
{
	struct value values[16], changed[16];
	struct virtual_server server;
	struct destination_usage usage;
	size_t count;

	(void)state;
	count = server_values(values);
	for (size_t i = 0; i < count; i++) {
		memcpy(changed, values, sizeof(values));
		changed[i] = changed[count - 1];
		print_message("server without attribute %d\n", values[i].type);
		assert_int_equal(parse_server(changed, count - 1, &server), -EBADMSG);
		if (values[i].type == IPVS_SVC_ATTR_SCHED_NAME)
			continue;
		memcpy(changed, values, sizeof(values));
		changed[i].size--;
		assert_int_equal(parse_server(changed, count, &server), -EBADMSG);
	}

	/* All but the family, which is the last. */
	count = destination_values(values) - 1;
	for (size_t i = 0; i < count; i++) {
		memcpy(changed, values, sizeof(values));
		changed[i] = changed[count - 1];
		print_message("destination without attribute %d\n", values[i].type);
		assert_int_equal(parse_destination(changed, count - 1, &usage), -EBADMSG);
		memcpy(changed, values, sizeof(values));
		changed[i].size--;
		assert_int_equal(parse_destination(changed, count, &usage), -EBADMSG);
	}
}

static void rejects_values_out_of_range(void **state)
{
	struct value values[16];
	struct virtual_server server;
	struct destination_usage usage;
	size_t count;

	(void)state;
	count = server_values(values);
	values[0] = native16(IPVS_SVC_ATTR_AF, AF_UNIX);
	assert_int_equal(parse_server(values, count, &server), -EBADMSG);

	count = server_values(values);
	values[count++] = native32(IPVS_SVC_ATTR_FWMARK, 0);
	assert_int_equal(parse_server(values, count, &server), -EBADMSG);

	count = server_values(values);
	memset(values[4].bytes, 'x', 20);
	values[4].size = 20;
	assert_int_equal(parse_server(values, count, &server), -EBADMSG);

	count = destination_values(values);
	values[count - 1] = native16(IPVS_DEST_ATTR_ADDR_FAMILY, AF_UNSPEC);
	assert_int_equal(parse_destination(values, count, &usage), -EBADMSG);
}

static void rejects_messages_about_something_else(void **state)
{
	struct nl_msg *message = nlmsg_alloc();
	struct virtual_server server;
	struct destination_usage usage;
	struct ipvs_timeouts timeouts;

	(void)state;
	assert_int_equal(ipvs_message_parse_server(nlmsg_hdr(message), &server), -EBADMSG);
	assert_int_equal(ipvs_message_parse_destination(nlmsg_hdr(message), AF_INET, &usage),
			 -EBADMSG);
	assert_int_equal(ipvs_message_parse_timeouts(nlmsg_hdr(message), &timeouts), -EBADMSG);

	assert_non_null(genlmsg_put(message, 0, 1, FAMILY, 0, 0, 1, 1));
	assert_int_equal(ipvs_message_parse_server(nlmsg_hdr(message), &server), -EBADMSG);
	assert_int_equal(ipvs_message_parse_destination(nlmsg_hdr(message), AF_INET, &usage),
			 -EBADMSG);
	nla_put_u32(message, IPVS_CMD_ATTR_TIMEOUT_TCP, 900);
	nla_put_u32(message, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, 120);
	assert_int_equal(ipvs_message_parse_timeouts(nlmsg_hdr(message), &timeouts), -EBADMSG);
	nla_put_u32(message, IPVS_CMD_ATTR_TIMEOUT_UDP, 300);
	assert_int_equal(ipvs_message_parse_timeouts(nlmsg_hdr(message), &timeouts), 0);
	assert_int_equal(timeouts.tcp, 900);
	assert_int_equal(timeouts.tcp_fin, 120);
	assert_int_equal(timeouts.udp, 300);
	nlmsg_free(message);
}

static int parse_traffic(const uint64_t counts[5], size_t count, struct ipvs_traffic *ret)
{
	struct nl_msg *message = nlmsg_alloc();
	struct nlattr *server, *traffic;
	int r;

	assert_non_null(genlmsg_put(message, 0, 1, FAMILY, 0, 0, 1, 1));
	server = nla_nest_start(message, IPVS_CMD_ATTR_SERVICE);
	traffic = nla_nest_start(message, IPVS_SVC_ATTR_STATS64);
	for (size_t i = 0; i < count; i++)
		nla_put_u64(message, IPVS_STATS_ATTR_CONNS + (int)i, counts[i]);
	nla_nest_end(message, traffic);
	nla_nest_end(message, server);
	r = ipvs_message_parse_traffic(nlmsg_hdr(message), ret);
	nlmsg_free(message);
	return r;
}

static void parses_traffic(void **state)
{
	static const uint64_t counts[5] = {1, 2, 3, 1ULL << 40, UINT64_MAX};
	struct ipvs_traffic traffic = {.connections = 99};
	struct virtual_server server;
	struct value values[16];
	struct nl_msg *message = message_of(IPVS_CMD_ATTR_SERVICE, values, server_values(values));

	(void)state;
	assert_int_equal(ipvs_message_parse_server(nlmsg_hdr(message), &server), 0);
	assert_int_equal(ipvs_message_parse_traffic(nlmsg_hdr(message), &traffic), -EBADMSG);
	nlmsg_free(message);
	for (size_t count = 0; count < 5; count++)
		assert_int_equal(parse_traffic(counts, count, &traffic), -EBADMSG);
	assert_int_equal(traffic.connections, 99);
	assert_int_equal(parse_traffic(counts, 5, &traffic), 0);
	assert_int_equal(traffic.connections, 1);
	assert_int_equal(traffic.packets_in, 2);
	assert_int_equal(traffic.packets_out, 3);
	assert_int_equal(traffic.bytes_in, 1ULL << 40);
	assert_true(traffic.bytes_out == UINT64_MAX);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(builds_servers),
		cmocka_unit_test(builds_keys_and_destinations),
		cmocka_unit_test(says_when_the_message_is_too_small),
		cmocka_unit_test(parses_servers),
		cmocka_unit_test(parses_traffic),
		cmocka_unit_test(parses_destinations),
		cmocka_unit_test(rejects_messages_that_lack_something),
		cmocka_unit_test(rejects_values_out_of_range),
		cmocka_unit_test(rejects_messages_about_something_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
