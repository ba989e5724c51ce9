/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "page_overview.h"

#include "agent/status/report_json.h"
#include "agent/status/status_field.h"
#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "lib/plan/ledger_drain.h"
#include "page_changes.h"
#include "page_frame.h"
#include "page_rates.h"
#include "service_choice.h"
#include "service_document.h"

#include <string.h>

#define SERVERS_SHOWN  3
#define SERVERS_MAX    20
#define REJECTIONS_MAX 50

static void write_problem(struct html *html, const char *what, const char *text)
{
	if (!*text)
		return;
	html_markup(html, "<li><span class=\"bad\">");
	html_text(html, what);
	html_markup(html, "</span>: ");
	html_text(html, text);
	html_markup(html, "</li>\n");
}

static void write_agent(struct html *html, const struct status_sources *sources)
{
	const struct agent_health *health = sources->health;
	const struct node_view *node = sync_node(sources->sync);
	uint64_t seconds = (clock_milliseconds() - health->started) / 1000;
	auto_memory char *up = string_printf(
		"%llu d %llu h %llu min", (unsigned long long)seconds / 86400,
		(unsigned long long)seconds / 3600 % 24, (unsigned long long)seconds / 60 % 60);
	auto_memory char *source = string_printf("%s%s", health->source_description,
						 health->is_source_synced ? "" : ", not read yet");

	html_markup(html, "<dl>\n");
	page_fact(html, "Node", node->name ? node->name : "");
	page_fact(html, "Version", IPVSAGENT_VERSION);
	page_fact(html, "Running for", up);
	page_fact(html, "Source", source);
	page_fact(html, "Rules", health->are_rules_in_place ? "in place" : "not in place");
	page_fact(html, "State",
		  sync_is_settled(sources->sync) ? "everything is programmed"
						 : "changes are pending");
	html_markup(html, "</dl>\n");
}

static void write_counts(struct html *html, const struct status_sources *sources)
{
	static const char *const columns[] = {
		"#Virtual servers", "#Destinations",	  "#Draining",	    "#Addresses",
		"#Set members",	    "#Waiting for retry", "#Drift repaired"};
	const struct sync_counters *counters = sync_counters(sources->sync);
	struct ledger_counts held;
	uint64_t repaired = 0;

	for (int i = 0; i < FACILITY_COUNT; i++)
		repaired += counters->repaired[i];
	ledger_count(sources->ledger, &held);
	page_table_begin(html, "Held in the kernel", columns, COUNT(columns));
	html_markup(html, "<tr>");
	page_number(html, held.servers);
	page_number(html, held.destinations);
	page_number(html, ledger_drain_count(sources->ledger));
	page_number(html, held.addresses);
	page_number(html, held.members);
	page_number(html, ledger_failed_count(sources->ledger));
	page_number(html, repaired);
	html_markup(html, "</tr>\n");
	page_table_end(html);
}

/* Complaints that were told, and how many there are in all. */
struct complaints {
	struct html *html;
	size_t count;
};

static void write_complaint(void *owner, const struct rejection *rejection)
{
	struct complaints *complaints = owner;
	auto_memory char *what = NULL, *reason = NULL;

	if (complaints->count++ >= REJECTIONS_MAX)
		return;
	what = string_printf("%s %s%s%s", rejection->kind, rejection->namespace_name,
			     *rejection->namespace_name ? "/" : "", rejection->name);
	reason = report_complaint(rejection);
	write_problem(complaints->html, what, reason);
}

static void write_failures(struct html *html, const struct status_sources *sources)
{
	size_t count = ledger_failed_count(sources->ledger);
	auto_memory char *text = string_printf(
		"%zu objects failed and are tried again; the changes below say when", count);

	write_problem(html, "kernel", count ? text : "");
}

static void write_problems(struct html *html, const struct status_sources *sources)
{
	const struct agent_health *health = sources->health;
	struct html list = {0};
	struct complaints complaints = {.html = &list};

	for (int i = 0; i < HEALTH_PART_COUNT; i++)
		write_problem(&list, health_part_name((enum health_part)i), health->lost[i]);
	write_failures(&list, sources);
	write_problem(&list, "iptables rules", health->rules_error);
	write_problem(&list, "in-cluster clients", health->in_cluster_error);
	write_problem(&list, "firewall marks", health->mark_clash);
	write_problem(&list, "IPv6 is off", health->ipv6_off);
	if (health->settings)
		write_problem(&list, "settings", health->settings->error);
	rejections_each(sources->rejections, write_complaint, &complaints);
	html_markup(html, "<h2>Problems</h2>\n");
	if (!list.used) {
		html_markup(html, "<p>None.</p>\n");
		return;
	}
	html_markup(html, "<ul>\n");
	html_markup(html, list.text);
	html_markup(html, "</ul>\n");
	free(list.text);
	if (complaints.count > REJECTIONS_MAX) {
		html_markup(html, "<p>");
		html_format(html, "and %zu more objects with errors: ",
			    complaints.count - REJECTIONS_MAX);
		html_markup(html, "<code>ipvsagent status</code> shows all of them.</p>\n");
	}
}

/* The most that any of the virtual servers has: they share the endpoints of a port. */
static size_t endpoint_count(const json_t *servers)
{
	const json_t *server;
	size_t most = 0, i;

	json_array_foreach (servers, i, server) {
		size_t count = json_array_size(json_object_get(server, "destinations"));

		most = count > most ? count : most;
	}
	return most;
}

static void write_addresses(struct html *html, const json_t *servers)
{
	size_t count = json_array_size(servers);

	html_markup(html, "<td>");
	for (size_t i = 0; i < count && i < SERVERS_SHOWN; i++) {
		const json_t *server = json_array_get(servers, i);
		auto_memory char *address = status_field_address(server);

		html_markup(html, i ? "<br>" : "");
		html_format(html, "%s/%s%s", address, status_field_text(server, "protocol"),
			    status_field_scope(server));
	}
	if (count > SERVERS_SHOWN)
		html_markup(html, "<br><span class=\"faint\">and more</span>");
	html_markup(html, "</td>");
}

static void write_row(struct html *html, const struct status_sources *sources, const char *key,
		      const json_t *document, bool is_complete)
{
	const json_t *servers = json_object_get(document, "servers");

	html_markup(html, "<tr><th scope=\"row\"><a href=\"/services/");
	html_path(html, key);
	html_markup(html, "\">");
	html_text(html, key);
	html_markup(html, "</a></th>");
	page_cell(html, status_field_text(document, "type"));
	write_addresses(html, servers);
	page_number(html, endpoint_count(servers));
	page_rates_cells(html, sources, key);
	if (is_complete)
		page_state(html, status_field_text(document, "state"),
			   status_field_text(document, "reason"));
	else
		page_state(html, "many virtual servers", "");
	html_markup(html, "</tr>\n");
}

static void write_form(struct html *html, const char *wanted)
{
	html_markup(html, "<h2>Services</h2>\n<form action=\"/\" method=\"get\" role=\"search\">"
			  "<label>Name or namespace contains <input name=\"name\" value=\"");
	html_text(html, wanted);
	html_markup(html, "\"></label> <button>Show</button></form>\n");
}

static void write_next(struct html *html, const char *wanted, const char *last)
{
	html_markup(html, "<p><a rel=\"next\" href=\"/?name=");
	html_path(html, wanted);
	html_markup(html, "&amp;after=");
	html_path(html, last);
	html_markup(html, "\">More Services</a></p>\n");
}

static void write_services(struct html *html, const struct status_sources *sources,
			   struct service_choice *choice, double deadline)
{
	static const char *const columns[] = {
		"Service",	  "Type",     "Addresses", "#Endpoints used",
		"#Connections/s", "#Bytes/s", "State"};
	auto_memory char *caption = string_printf("%zu Services%s%s", choice->total,
						  *choice->wanted ? " with " : "", choice->wanted);
	size_t i;

	write_form(html, choice->wanted);
	page_table_begin(html, caption, columns, COUNT(columns));
	for (i = 0; i < choice->count && (!i || clock_now() < deadline); i++) {
		bool is_complete;
		json_t *document = service_document(sources, choice->keys[i], SERVERS_MAX, deadline,
						    &is_complete);

		write_row(html, sources, choice->keys[i], document, is_complete);
		json_decref(document);
	}
	page_table_end(html);
	if (i && (i < choice->count || choice->is_more))
		write_next(html, choice->wanted, choice->keys[i - 1]);
}

char *page_overview_text(const struct status_sources *sources, const char *wanted,
			 const char *after, double deadline)
{
	struct service_choice choice = {.wanted = wanted, .after = after};
	struct html html = {0};

	service_choice_make(&choice, sources);
	page_frame_begin(&html, "ipvsagent");
	write_agent(&html, sources);
	write_counts(&html, sources);
	write_problems(&html, sources);
	write_services(&html, sources, &choice, deadline);
	page_changes_write(&html, sources->history, NULL);
	page_frame_end(&html);
	service_choice_clear(&choice);
	return html.text;
}
