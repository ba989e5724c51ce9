/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent_fixture.h"

static int accept_changes(void *owner, enum facility facility, struct change *changes, size_t count,
			  struct error *err)
{
	(void)owner;
	(void)facility;
	(void)err;
	for (size_t i = 0; i < count; i++)
		changes[i].result = changes[i].kind == CHANGE_KIND_SERVER_ADD &&
						    changes[i].server.key.port == REFUSED_PORT
					    ? -ENOSPC
					    : 0;
	return 0;
}

void add_service(struct fixture *fixture, const char *text)
{
	store_set_service(fixture->store, object_text_service(text));
}

void add_slice(struct fixture *fixture, const char *text)
{
	store_set_endpoint_slice(fixture->store, object_text_slice(fixture->strings, text));
}

void fixture_set_up(struct fixture *fixture)
{
	struct address node_address = object_text_address("192.168.0.1");
	struct node_view node = {
		.name = "n", .node_port_addresses = &node_address, .node_port_address_count = 1};
	struct kernel_target target = {.apply = accept_changes};
	struct sync_options options = {.desired = {.scheduler = "rr", .affinity_scheduler = "sh"}};
	struct ledger_options ledger_options = {.retry_first_milliseconds = 60000,
						.retry_max_milliseconds = 60000};
	struct sync_observer observer = {0};

	fixture->loop = ev_loop_new(0);
	fixture->strings = string_pool_new();
	fixture->store = store_new();
	fixture->rejections = rejections_new();
	fixture->ledger = ledger_new(&ledger_options);
	fixture->sync = sync_new(fixture->loop, &target, fixture->store, fixture->ledger, &options,
				 &observer);
	sync_set_node(fixture->sync, &node);
	fixture->sources = (struct status_sources){.store = fixture->store,
						   .sync = fixture->sync,
						   .ledger = fixture->ledger,
						   .rejections = fixture->rejections,
						   .health = &fixture->health};
}

void fixture_tear_down(struct fixture *fixture)
{
	sync_free(fixture->sync);
	ledger_free(fixture->ledger);
	store_free(fixture->store);
	rejections_free(fixture->rejections);
	string_pool_free(fixture->strings);
	ev_loop_destroy(fixture->loop);
}

void program(struct fixture *fixture)
{
	fixture->health.is_source_synced = true;
	fixture->health.are_rules_in_place = true;
	sync_allow(fixture->sync, SYNC_GATE_SOURCE);
	sync_allow(fixture->sync, SYNC_GATE_OBSERVED);
	sync_allow(fixture->sync, SYNC_GATE_RULES);
	sync_wake(fixture->sync);
	while (!sync_is_settled(fixture->sync))
		ev_run(fixture->loop, EVRUN_ONCE);
}

const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}
