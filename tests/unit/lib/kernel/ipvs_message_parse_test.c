/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/kernel/ipvs_message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ip_vs.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define FAMILY 28

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
	struct virtual_server_key expected = {.port = 80, .protocol = IPPROTO_TCP};
	struct virtual_server_key mark = {.firewall_mark = 17, .address.family = AF_INET};
	struct virtual_server server;
	struct value values[16];
	size_t count = server_values(values);

	(void)state;
	assert_true(address_parse("10.0.0.1", &expected.address));
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

	(void)state;
	assert_int_equal(ipvs_message_parse_server(nlmsg_hdr(message), &server), -EBADMSG);
	assert_int_equal(ipvs_message_parse_destination(nlmsg_hdr(message), AF_INET, &usage),
			 -EBADMSG);

	assert_non_null(genlmsg_put(message, 0, 1, FAMILY, 0, 0, 1, 1));
	assert_int_equal(ipvs_message_parse_server(nlmsg_hdr(message), &server), -EBADMSG);
	assert_int_equal(ipvs_message_parse_destination(nlmsg_hdr(message), AF_INET, &usage),
			 -EBADMSG);
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
		cmocka_unit_test(parses_servers),
		cmocka_unit_test(parses_traffic),
		cmocka_unit_test(parses_destinations),
		cmocka_unit_test(rejects_messages_that_lack_something),
		cmocka_unit_test(rejects_values_out_of_range),
		cmocka_unit_test(rejects_messages_about_something_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
