/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "endpoint_report.h"

#include "lib/base/clock.h"
#include "lib/plan/ledger_drain.h"
#include "lib/plan/topology_explain.h"
#include "lib/source/json_text.h"
#include "report_json.h"

#include <time.h>

#define TIME_SIZE 32

/* The virtual servers of a port follow each other, so one collection serves all of them. */
static const struct candidates *collect(struct endpoint_report *report,
					const struct wanted_server *wanted)
{
	const struct service *service = report->view->service;
	uint16_t family = wanted->server.key.address.family;

	if (wanted->port_index >= service->port_count) {
		report->candidates.count = 0; /* the Service changed and is about to be planned */
		report->collected_port = SIZE_MAX;
	} else if (report->collected_port != wanted->port_index ||
		   report->collected_family != family) {
		topology_collect(report->view, &service->ports[wanted->port_index], family,
				 sync_node(report->sources->sync)->name, &report->candidates);
		report->collected_port = wanted->port_index;
		report->collected_family = family;
	}
	return &report->candidates;
}

/* @note: behind a space, unless "" */
static void append(json_t *list, const struct destination *destination, const char *note)
{
	char address[ADDRESS_TEXT_SIZE];
	auto_memory char *text = NULL;

	address_port_text(&destination->address, destination->port, address);
	if (!*note) {
		json_array_append_new(list, json_string_nocheck(address));
		return;
	}
	text = string_printf("%s %s", address, note);
	json_array_append_new(list, json_text(text));
}

static json_t *destinations_json(const struct service_state *state,
				 const struct wanted_server *wanted)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < wanted->destination_count; i++) {
		struct destination destination = service_state_destination(state, wanted, i);

		append(list, &destination, "");
	}
	return list;
}

/* The endpoints that are known and get nothing; both lists are sorted. */
static json_t *unused_json(const struct endpoint_report *report, const struct wanted_server *wanted,
			   const struct topology_choice *choice)
{
	const struct candidates *candidates = &report->candidates;
	char reason[TOPOLOGY_TEXT_SIZE];
	json_t *list = json_array();
	uint32_t k = 0;

	for (size_t i = 0; i < candidates->count; i++) {
		const struct candidate *candidate = &candidates->items[i];
		int order = -1;

		while (k < wanted->destination_count) {
			struct destination destination =
				service_state_destination(report->state, wanted, k);

			order = destination_compare(&destination, &candidate->destination);
			if (order >= 0)
				break;
			k++;
		}
		if (k == wanted->destination_count || order != 0)
			append(list, &candidate->destination,
			       topology_unused_text(choice, candidate, reason));
	}
	return list;
}

struct leaving {
	const struct endpoint_report *report;
	json_t *list;
};

/* The ledger's clock does not tell the time of day. */
static const char *time_text(const struct endpoint_report *report, uint64_t since,
			     char buffer[TIME_SIZE])
{
	time_t then = time(NULL) - (time_t)((report->now - since) / 1000);
	struct tm parts;

	if (!since || !gmtime_r(&then, &parts) ||
	    !strftime(buffer, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts))
		*buffer = '\0';
	return buffer;
}

static void append_leaving(void *user, const struct destination *destination, uint64_t since)
{
	struct leaving *leaving = user;
	char buffer[TIME_SIZE];

	append(leaving->list, destination, time_text(leaving->report, since, buffer));
}

static json_t *leaving_json(const struct endpoint_report *report,
			    const struct virtual_server_key *server)
{
	struct leaving leaving = {.report = report, .list = json_array()};

	ledger_drain_each_destination(report->sources->ledger, server, append_leaving, &leaving);
	return leaving.list;
}

void endpoint_report_add(struct endpoint_report *report, size_t index, json_t *server)
{
	const struct wanted_server *wanted = &report->state->servers[index];
	const struct candidates *candidates = collect(report, wanted);
	const struct node_view *node = sync_node(report->sources->sync);
	auto_memory bool *is_selected = memory_array(candidates->count, sizeof(*is_selected));
	const struct topology_choice choice = {
		.traffic = (enum traffic)wanted->traffic,
		.basis = topology_select(candidates, node, (enum traffic)wanted->traffic,
					 is_selected),
		.policy = wanted->is_cluster_ip ? "internalTrafficPolicy" : "externalTrafficPolicy",
	};
	char text[TOPOLOGY_TEXT_SIZE];

	json_object_set_new(server, "rule", json_text(topology_rule_text(&choice, text)));
	json_object_set_new(server, "hints",
			    json_text(topology_hints_text(&choice, candidates, node, text)));
	json_object_set_new(server, "leftOut", report_number(desired_left_out(wanted)));
	json_object_set_new(server, "destinations", destinations_json(report->state, wanted));
	json_object_set_new(server, "unused", unused_json(report, wanted, &choice));
	json_object_set_new(server, "leaving", leaving_json(report, &wanted->server.key));
}

void endpoint_report_clear(struct endpoint_report *report)
{
	free(report->candidates.items);
	report->candidates = (struct candidates){0};
}
