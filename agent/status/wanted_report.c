/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wanted_report.h"

#include "lib/plan/ledger_former.h"
#include "lib/source/json_text.h"
#include "report_json.h"

#define DOCUMENT_VERSION 1

/* A part takes well below a millisecond. */
#define OBJECTS_PER_PART 256

/**
 * enum stage - what is written next
 *   HEAD          whose it is
 *   SERVER        the begin of a virtual server, or the end of all of them
 *   DESTINATIONS  of the server that was begun
 *   MEMBERS, ADDRESSES
 *   END           nothing
 */
enum stage {
	STAGE_HEAD,
	STAGE_SERVER,
	STAGE_DESTINATIONS,
	STAGE_MEMBERS,
	STAGE_ADDRESSES,
	STAGE_END,
};

/* @next: of what @stage goes through; @server: the position of the server that was begun */
struct wanted_report {
	char *key;
	int64_t created;
	struct service_state *state;
	enum stage stage;
	uint32_t server;
	uint32_t next;
	struct member_range members;
};

/* Consumes @json. */
static void write_json(const struct report_writer *writer, json_t *json, bool is_first)
{
	auto_memory char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);

	report_write_text(writer, is_first ? "" : ",");
	report_write_text(writer, text);
	json_decref(json);
}

static void write_head(struct wanted_report *report, const struct report_writer *writer)
{
	json_t *json = json_object();

	json_object_set_new(json, "service", json_text(report->key));
	json_object_set_new(json, "created", json_integer(report->created));
	report_write_begin(writer, json);
	report_write_text(writer, ",\"servers\":[");
	report->stage = STAGE_SERVER;
}

static void begin_server(struct wanted_report *report, const struct report_writer *writer)
{
	const struct wanted_server *wanted = &report->state->servers[report->server];
	const struct virtual_server *server = &wanted->server;
	char address[ADDRESS_TEXT_SIZE];
	auto_memory char *text = string_printf(
		"%s[\"%s\",%u,%u,%u,\"%s\",%u,%u,%u,%u,[", report->server ? "," : "",
		address_text(&server->key.address, address), server->key.port, server->key.protocol,
		server->key.client_scope, server->scheduler, server->persistence_seconds,
		server->netmask, server->flags, (unsigned int)wanted->origin);

	report_write_text(writer, text);
	report->next = 0;
	report->stage = STAGE_DESTINATIONS;
}

static void write_destinations(struct wanted_report *report, const struct report_writer *writer)
{
	const struct wanted_server *wanted = &report->state->servers[report->server];
	char address[ADDRESS_TEXT_SIZE];

	for (int i = 0; i < OBJECTS_PER_PART && report->next < wanted->destination_count; i++) {
		struct destination destination =
			service_state_destination(report->state, wanted, report->next);

		write_json(writer,
			   json_pack("[s,i,i]", address_text(&destination.address, address),
				     (int)destination.port, (int)destination.weight),
			   report->next++ == 0);
	}
	if (report->next < wanted->destination_count)
		return;
	report_write_text(writer, "]]");
	report->server++;
	report->stage = STAGE_SERVER;
}

static void write_servers(struct wanted_report *report, const struct report_writer *writer)
{
	if (report->server < report->state->server_count) {
		begin_server(report, writer);
		return;
	}
	report_write_text(writer, "],\"members\":[");
	report->next = 0;
	report->members = service_state_all_members(report->state);
	report->stage = STAGE_MEMBERS;
}

static json_t *member_json(const struct set_member *member)
{
	char address[ADDRESS_TEXT_SIZE] = "", source[ADDRESS_TEXT_SIZE] = "";

	if (member->address.family)
		address_text(&member->address, address);
	if (member->source.family)
		address_text(&member->source, source);
	return json_pack("[i,i,i,i,i,s,s]", member->kind, member->family, member->protocol,
			 member->prefix_length, (int)member->port, address, source);
}

static void write_members(struct wanted_report *report, const struct report_writer *writer)
{
	struct set_member member;

	for (int i = 0; i < OBJECTS_PER_PART; i++) {
		if (!service_state_next_member(report->state, &report->members, &member)) {
			report_write_text(writer, "],\"addresses\":[");
			report->next = 0;
			report->stage = STAGE_ADDRESSES;
			return;
		}
		write_json(writer, member_json(&member), report->next++ == 0);
	}
}

static void write_addresses(struct wanted_report *report, const struct report_writer *writer)
{
	char text[ADDRESS_TEXT_SIZE];

	for (int i = 0; i < OBJECTS_PER_PART && report->next < report->state->address_count; i++) {
		const struct address *address = &report->state->addresses[report->next];

		write_json(writer, json_string(address_text(address, text)), report->next++ == 0);
	}
	if (report->next < report->state->address_count)
		return;
	report_write_text(writer, "]}");
	report->stage = STAGE_END;
}

bool wanted_report_step(struct wanted_report *report, json_dump_callback_t write, void *owner)
{
	const struct report_writer writer = {write, owner};

	switch (report->stage) {
	case STAGE_HEAD:
		write_head(report, &writer);
		break;
	case STAGE_SERVER:
		write_servers(report, &writer);
		break;
	case STAGE_DESTINATIONS:
		write_destinations(report, &writer);
		break;
	case STAGE_MEMBERS:
		write_members(report, &writer);
		break;
	case STAGE_ADDRESSES:
		write_addresses(report, &writer);
		break;
	case STAGE_END:
		break;
	}
	return report->stage != STAGE_END;
}

struct wanted_report *wanted_report_new(const struct status_sources *sources, const char *key)
{
	const struct service_state *state = ledger_state(sources->ledger, key);
	struct service_view view = {.key = key};
	struct wanted_report *report;

	if (!state)
		return NULL;
	report = memory_allocate(sizeof(*report));
	store_find(sources->store, key, &view);
	report->key = string_dup(key);
	report->created = view.service ? view.service->created : 0;
	report->state = service_state_copy(state);
	return report;
}

void wanted_report_free(struct wanted_report *report)
{
	if (!report)
		return;
	service_state_free(report->state);
	free(report->key);
	free(report);
}

static json_t *rules_json(const struct rules_keeper *keeper, enum ip_family family)
{
	struct ruleset_options options;
	char prefix[ADDRESS_TEXT_SIZE] = "";

	if (!keeper || !rules_keeper_options(keeper, family, &options))
		return json_null();
	if (options.pod_prefix.address.family)
		address_prefix_text(&options.pod_prefix, prefix);
	return json_pack("{s:i, s:s, s:s, s:I, s:b, s:b, s:b}", "detection", (int)options.detection,
			 "podPrefix", prefix, "podInterface",
			 options.pod_interface ? options.pod_interface : "", "masqueradeMark",
			 (json_int_t)options.masquerade_mark, "masqueradeAll",
			 (int)options.masquerade_all, "randomFully", (int)options.has_random_fully,
			 "inCluster", (int)options.has_in_cluster);
}

static json_t *excluded_json(const struct prefix_list *excluded)
{
	json_t *list = json_array();
	char text[ADDRESS_TEXT_SIZE];

	for (size_t i = 0; i < excluded->count; i++)
		json_array_append_new(list,
				      json_string(address_prefix_text(&excluded->items[i], text)));
	return list;
}

static void add_former(void *owner, const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];

	json_array_append_new(owner, json_string(address_text(address, text)));
}

static json_t *former_json(const struct ledger *ledger)
{
	json_t *list = json_array();

	ledger_former_each(ledger, add_former, list);
	return list;
}

json_t *wanted_report_agent(const struct status_sources *sources)
{
	static const struct options none;
	const struct options *options = sources->options ? sources->options : &none;
	const struct mark_range *marks = &options->in_cluster_marks;
	json_t *report = json_object(), *rules = json_array();

	json_object_set_new(report, "wanted", json_integer(DOCUMENT_VERSION));
	json_object_set_new(report, "node", json_text(sync_node(sources->sync)->name));
	json_object_set_new(report, "source", json_text(sources->health->source_description));
	json_object_set_new(report, "settled", json_boolean(sync_is_settled(sources->sync)));
	json_object_set_new(report, "markBase", json_integer(marks->base));
	json_object_set_new(report, "markMask", json_integer(marks->mask));
	json_object_set_new(report, "excluded", excluded_json(&options->excluded));
	json_object_set_new(report, "formerVIPs", former_json(sources->ledger));
	for (int i = 0; i < IP_FAMILY_COUNT; i++)
		json_array_append_new(rules, rules_json(sources->rules, (enum ip_family)i));
	json_object_set_new(report, "rules", rules);
	return report;
}
