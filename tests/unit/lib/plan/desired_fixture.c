/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "desired_fixture.h"

#include "tests/fake/object_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Plans one row, on a node with that many of its two addresses taking NodePorts. */
static struct service_state *plan(size_t node_port_address_count, bool lacks_ipv6,
				  const char *service_text, const char *const slices[SLICES],
				  const struct desired_options *options)
{
	const struct address node_ports[] = {object_text_address(NODE_IP),
					     object_text_address(NODE_IP6)};
	struct address locals[] = {object_text_address(NODE_IP), object_text_address(NODE_IP6),
				   object_text_address(LOCAL_IP)};
	const struct address others = object_text_address(OTHER_IP);
	const struct node_view node = {
		.name = "here",
		.node_port_addresses = node_ports,
		.node_port_address_count = node_port_address_count,
		.local_addresses = locals,
		.local_address_count = COUNT(locals),
		.other_addresses = &others,
		.other_address_count = 1,
		.node_ips = {object_text_address(NODE_IP), object_text_address(NODE_IP6)},
		.lacks_ipv6 = lacks_ipv6,
	};
	auto_free(string_pool) struct string_pool *strings = string_pool_new();
	auto_free(service) struct service *service =
		service_text ? object_text_service(service_text) : NULL;
	auto_free(external_addresses) struct external_addresses *externals =
		external_addresses_new();
	struct endpoint_slice *owned[SLICES];
	struct service_view view = {
		.key = "a/web", .service = service, .slices = owned, .externals = externals};
	struct service_state *state;

	address_sort(locals, COUNT(locals));
	for (size_t i = 0; i < SLICES && slices[i]; i++)
		owned[view.slice_count++] = object_text_slice(strings, slices[i]);
	external_addresses_add(externals, service);
	for (size_t i = 0; i < view.slice_count; i++)
		external_addresses_catch_up(externals, owned[i]);
	state = desired_service(&view, &node, options);
	for (size_t i = 0; i < view.slice_count; i++)
		endpoint_slice_free(owned[i]);
	return state;
}

struct service_state *desired_plan_on(size_t node_port_address_count, const char *service_text,
				      const char *const slices[SLICES],
				      const struct desired_options *options)
{
	return plan(node_port_address_count, false, service_text, slices, options);
}

struct service_state *desired_plan_without_ipv6(const char *service_text,
						const char *const slices[SLICES])
{
	return plan(2, true, service_text, slices, &desired_ordinary);
}

struct service_state *desired_plan(const char *service_text, const char *const slices[SLICES],
				   const struct desired_options *options)
{
	return desired_plan_on(2, service_text, slices, options);
}

const struct desired_options desired_ordinary = {.scheduler = "rr", .affinity_scheduler = "sh"};

/* "10.96.0.1:80/TCP rr > 10.0.0.1:8080 10.0.0.2:8080 | ..." */
void desired_write_servers(FILE *stream, const struct service_state *state)
{
	for (size_t i = 0; i < state->server_count; i++) {
		const struct wanted_server *wanted = &state->servers[i];
		char buffer[2 * ADDRESS_TEXT_SIZE];

		fprintf(stream, "%s%s %s", i ? " | " : "",
			virtual_server_key_text(&wanted->server.key, buffer),
			wanted->server.scheduler);
		if (wanted->server.persistence_seconds)
			fprintf(stream, " %us", wanted->server.persistence_seconds);
		fprintf(stream, " >");
		for (uint32_t d = 0; d < wanted->destination_count; d++) {
			const struct destination destination =
				service_state_destination(state, wanted, d);

			assert_int_equal(destination.weight, 1);
			fprintf(stream, " %s",
				address_port_text(&destination.address, destination.port, buffer));
		}
	}
}

#define MEMBERS_MAX 64

static int compare_members(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct set_member));
}

static size_t sorted_members(const struct service_state *state, struct set_member *ret)
{
	struct member_range range = service_state_all_members(state);
	size_t count = 0;

	while (service_state_next_member(state, &range, &ret[count]))
		assert_true(++count < MEMBERS_MAX);
	qsort(ret, count, sizeof(*ret), compare_members);
	return count;
}

/* "CLUSTER-IP 10.96.0.1,tcp:80 | ...", the names without "KUBE-" */
static void write_members_of(FILE *stream, const struct service_state *state,
			     bool (*is_of_interest)(enum set_kind kind))
{
	struct set_member members[MEMBERS_MAX];
	size_t count = sorted_members(state, members);
	const char *separator = "";

	for (size_t i = 0; i < count; i++) {
		enum set_kind kind = (enum set_kind)members[i].kind;
		char buffer[3 * ADDRESS_TEXT_SIZE];

		if (!is_of_interest(kind))
			continue;
		fprintf(stream, "%s%s %s", separator, set_kind_name(kind, members[i].family) + 5,
			set_member_text(&members[i], buffer));
		separator = " | ";
	}
}

/* Most rows are about other things than endpoints, and have none. */
static bool is_of_interest_everywhere(enum set_kind kind)
{
	return kind != SET_KIND_NO_ENDPOINT;
}

static bool is_about_client_scopes(enum set_kind kind)
{
	return kind == SET_KIND_IN_CLUSTER || kind == SET_KIND_NO_LOCAL ||
	       kind == SET_KIND_NO_ENDPOINT;
}

void desired_write_members(FILE *stream, const struct service_state *state)
{
	write_members_of(stream, state, is_of_interest_everywhere);
}

void desired_write_scope_members(FILE *stream, const struct service_state *state)
{
	write_members_of(stream, state, is_about_client_scopes);
}

void desired_write_addresses(FILE *stream, const struct service_state *state)
{
	for (size_t i = 0; i < state->address_count; i++) {
		char buffer[ADDRESS_TEXT_SIZE];

		fprintf(stream, "%s%s", i ? " " : "", address_text(&state->addresses[i], buffer));
	}
}

char *desired_text(const struct service_state *state,
		   void (*write)(FILE *stream, const struct service_state *state))
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	write(stream, state);
	fclose(stream);
	return text;
}
