/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "page_service.h"

#include "agent/status/status_field.h"
#include "lib/base/memory.h"
#include "page_changes.h"
#include "page_frame.h"
#include "page_rates.h"
#include "service_document.h"

#include <string.h>

#define SERVERS_MAX	 100
#define DESTINATIONS_MAX 200

/* Splits "ADDRESS:PORT WHY". */
static void write_endpoint(struct html *html, const char *use, const char *text)
{
	size_t length = strcspn(text, " ");
	auto_memory char *address = string_printf("%.*s", (int)length, text);

	html_markup(html, "<tr>");
	page_cell(html, address);
	page_cell(html, use);
	page_cell(html, text[length] ? text + length + 1 : "");
	html_markup(html, "</tr>\n");
}

static void write_endpoints(struct html *html, const json_t *server)
{
	static const char *const columns[] = {"Endpoint", "Use", "Why"};
	static const struct {
		const char *list, *use;
	} lists[] = {
		{"destinations", "used"}, {"leaving", "draining since"}, {"unused", "not used"}};
	size_t left_out = 0;

	page_table_begin(html, "Endpoints", columns, COUNT(columns));
	for (size_t i = 0; i < COUNT(lists); i++) {
		const json_t *list = json_object_get(server, lists[i].list);
		size_t count = json_array_size(list);

		for (size_t k = 0; k < count && k < DESTINATIONS_MAX; k++)
			write_endpoint(html, lists[i].use,
				       json_string_value(json_array_get(list, k)));
		left_out += count > DESTINATIONS_MAX ? count - DESTINATIONS_MAX : 0;
	}
	page_table_end(html);
	if (left_out) {
		html_markup(html, "<p>");
		html_format(html, "and %zu more.", left_out);
		html_markup(html, "</p>\n");
	}
}

static void write_server(struct html *html, const json_t *server)
{
	auto_memory char *address = status_field_address(server);
	auto_memory char *title =
		string_printf("%s/%s%s", address, status_field_text(server, "protocol"),
			      status_field_scope(server));
	auto_memory char *affinity = NULL, *state = NULL;
	const char *reason = status_field_text(server, "reason");

	if (status_field_number(server, "persistenceSeconds"))
		affinity =
			string_printf("ClientIP, %lld s",
				      (long long)status_field_number(server, "persistenceSeconds"));
	state = string_printf("%s%s%s", status_field_text(server, "state"), *reason ? ": " : "",
			      reason);
	html_element(html, "h2", title);
	html_markup(html, "\n<dl>\n");
	page_fact(html, "Kind", status_field_text(server, "kind"));
	page_fact(html, "Port name", status_field_text(server, "portName"));
	page_fact(html, "State", state);
	page_fact(html, "Scheduler", status_field_text(server, "scheduler"));
	page_fact(html, "Affinity", affinity ? affinity : "");
	page_fact(html, "Rule", status_field_text(server, "rule"));
	page_fact(html, "Hints", status_field_text(server, "hints"));
	html_markup(html, "</dl>\n");
	write_endpoints(html, server);
}

static void write_summary(struct html *html, const json_t *document)
{
	const json_t *remarks = json_object_get(document, "remarks");
	auto_memory char *state = string_printf("%s%s%s", status_field_text(document, "state"),
						*status_field_text(document, "reason") ? ": " : "",
						status_field_text(document, "reason"));
	const json_t *remark;
	size_t i;

	html_markup(html, "<dl>\n");
	page_fact(html, "Type", status_field_text(document, "type"));
	page_fact(html, "State", state);
	json_array_foreach (remarks, i, remark) {
		page_fact(html, "Remark", json_string_value(remark));
	}
	html_markup(html, "</dl>\n");
}

char *page_service_text(const struct status_sources *sources, const char *key, double deadline)
{
	bool is_complete;
	json_t *document = service_document(sources, key, SERVERS_MAX, deadline, &is_complete);
	auto_memory char *title = string_printf("Service %s", key);
	struct html html = {0};
	const json_t *server;
	size_t i;

	if (!document)
		return NULL;
	page_frame_begin(&html, title);
	write_summary(&html, document);
	json_array_foreach (json_object_get(document, "servers"), i, server) {
		write_server(&html, server);
	}
	page_rates_write(&html, sources, key);
	page_changes_write(&html, sources->history, key);
	if (!is_complete) {
		html_markup(&html, "<p>This Service has more virtual servers: <code>");
		html_format(&html, "ipvsagent status %s", key);
		html_markup(&html, "</code> shows all of them, and its state.</p>\n");
	}
	page_frame_end(&html);
	json_decref(document);
	return html.text;
}
