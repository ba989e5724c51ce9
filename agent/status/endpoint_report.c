/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "endpoint_report.h"

#include "lib/base/clock.h"
#include "lib/plan/ledger_drain.h"
#include "lib/plan/scheduling.h"
#include "lib/plan/topology_explain.h"
#include "lib/source/json_text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define TIME_SIZE 32

/* Endpoints and ports that are looked at in one step. */
#define COLLECTED_PER_STEP 2000

/* A Service that changes more often than this meanwhile is looked at in one step. */
#define RESTARTS_MAX 8

void endpoint_report_begin(struct endpoint_report *report, const struct status_sources *sources,
			   const struct service_view *view)
{
	*report = (struct endpoint_report){.sources = sources, .view = view, .port = SIZE_MAX};
}

/* The virtual servers of a port follow each other, so one collection serves all of them. */
static bool is_begun(const struct endpoint_report *report, const struct wanted_server *wanted)
{
	return report->port == wanted->port_index &&
	       report->family == wanted->server.key.address.family &&
	       report->version == report->view->version;
}

/* The hints of candidates are those of slices, which may be freed once the Service has changed. */
static void begin_collecting(struct endpoint_report *report, const struct wanted_server *wanted)
{
	report->restarts = report->is_collecting ? report->restarts + 1 : 0;
	report->candidates.count = 0;
	report->port = wanted->port_index;
	report->family = wanted->server.key.address.family;
	report->version = report->view->version;
	report->is_collecting = true;
	report->collection = (struct collection){
		.view = report->view,
		.limit = (size_t)sync_desired_options(report->sources->sync)->endpoints_max,
		.family = report->family,
	};
}

bool endpoint_report_collect(struct endpoint_report *report, const struct wanted_server *wanted)
{
	const struct service *service = report->view->service;
	size_t budget;

	if (!is_begun(report, wanted))
		begin_collecting(report, wanted);
	budget = report->restarts < RESTARTS_MAX ? COLLECTED_PER_STEP : SIZE_MAX;

	/* Otherwise the Service changed and is about to be planned. */
	if (report->is_collecting && wanted->port_index < service->port_count) {
		report->collection.port = &service->ports[wanted->port_index];
		report->collection.node_name = sync_node(report->sources->sync)->name;
		if (!topology_collect_step(&report->collection, &budget, &report->candidates))
			return false;
	}
	report->is_collecting = false;
	return true;
}

/* A list of texts that is being written. */
struct list {
	const struct report_writer *writer;
	bool has_any;
};

static struct list begin_list(const struct report_writer *writer, const char *name)
{
	report_write_text(writer, ",\"");
	report_write_text(writer, name);
	report_write_text(writer, "\":[");
	return (struct list){.writer = writer};
}

/* Whether it is the same in JSON. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\')
			return false;
	return true;
}

/* @note: behind a space, unless "" */
static void append(struct list *list, const struct destination *destination, const char *note)
{
	char address[ADDRESS_TEXT_SIZE];
	auto_memory char *text = NULL, *dumped = NULL;
	json_t *json;

	address_port_text(&destination->address, destination->port, address);
	report_write_text(list->writer, list->has_any ? "," : "");
	list->has_any = true;
	if (is_plain(note)) {
		report_write_text(list->writer, "\"");
		report_write_text(list->writer, address);
		report_write_text(list->writer, *note ? " " : "");
		report_write_text(list->writer, note);
		report_write_text(list->writer, "\"");
		return;
	}
	text = string_printf("%s %s", address, note);
	json = json_text(text);
	dumped = json_dumps(json, JSON_ENCODE_ANY);
	report_write_text(list->writer, dumped);
	json_decref(json);
}

static void write_destinations(const struct service_state *state,
			       const struct wanted_server *wanted,
			       const struct report_writer *writer)
{
	struct list list = begin_list(writer, "destinations");

	for (uint32_t i = 0; i < wanted->destination_count; i++) {
		struct destination destination = service_state_destination(state, wanted, i);

		append(&list, &destination, "");
	}
	report_write_text(writer, "]");
}

/* The endpoints that are known and get nothing; both lists are sorted. */
static void write_unused(const struct endpoint_report *report, const struct wanted_server *wanted,
			 const struct topology_choice *choice, const struct report_writer *writer)
{
	const struct candidates *candidates = &report->candidates;
	struct list list = begin_list(writer, "unused");
	char reason[TOPOLOGY_TEXT_SIZE];
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
			append(&list, &candidate->destination,
			       topology_unused_text(choice, candidate, reason));
	}
	report_write_text(writer, "]");
}

/* Destinations that drain; @now: of the ledger's clock */
struct leaving {
	struct list list;
	uint64_t now;
};

/* The ledger's clock does not tell the time of day. */
static const char *time_text(uint64_t now, uint64_t since, char buffer[TIME_SIZE])
{
	time_t then = time(NULL) - (time_t)((now - since) / 1000);
	struct tm parts;

	if (!since || !gmtime_r(&then, &parts) ||
	    !strftime(buffer, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts))
		*buffer = '\0';
	return buffer;
}

static void append_leaving(void *owner, const struct destination *destination, uint64_t since)
{
	struct leaving *leaving = owner;
	char buffer[TIME_SIZE];

	append(&leaving->list, destination, time_text(leaving->now, since, buffer));
}

static void write_leaving(const struct endpoint_report *report, const struct wanted_server *wanted,
			  const struct report_writer *writer)
{
	struct leaving leaving = {.list = begin_list(writer, "leaving"),
				  .now = clock_milliseconds()};

	ledger_drain_each_destination(report->sources->ledger, &wanted->server.key, append_leaving,
				      &leaving);
	report_write_text(writer, "]");
}

void endpoint_report_write(const struct endpoint_report *report, const struct wanted_server *wanted,
			   json_t *server, const struct report_writer *writer)
{
	const struct candidates *candidates = &report->candidates;
	const struct node_view *node = sync_node(report->sources->sync);
	auto_memory bool *is_selected = memory_array(candidates->count, sizeof(*is_selected));
	const struct topology_choice choice = {
		.traffic = (enum traffic)wanted->traffic,
		.basis = topology_select(candidates, node, (enum traffic)wanted->traffic,
					 is_selected),
		.policy = wanted->origin == ADDRESS_ORIGIN_CLUSTER_IP ? "internalTrafficPolicy"
								      : "externalTrafficPolicy",
	};
	char text[TOPOLOGY_TEXT_SIZE];

	json_object_set_new(server, "rule", json_text(topology_rule_text(&choice, text)));
	json_object_set_new(server, "hints",
			    json_text(topology_hints_text(&choice, candidates, node, text)));
	json_object_set_new(server, "leftOut", report_number(scheduling_left_out(wanted)));
	report_write_begin(writer, server);
	write_destinations(report->state, wanted, writer);
	write_unused(report, wanted, &choice, writer);
	write_leaving(report, wanted, writer);
	report_write_text(writer, "}");
}

void endpoint_report_clear(struct endpoint_report *report)
{
	topology_clear(&report->candidates);
}
