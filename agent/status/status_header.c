/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_header.h"

#include "report_json.h"
#include "status_field.h"
#include "status_table.h"

#include <string.h>

struct header {
	bool is_coloured;
	FILE *stream;
};

/* Takes @text. */
static void print_line(const struct header *header, const char *name, char *text,
		       enum status_colour colour)
{
	fprintf(header->stream, "%-9s ", name);
	status_colour_print(text, colour, header->is_coloured, header->stream);
	fputc('\n', header->stream);
	free(text);
}

static long long number(const json_t *object, const char *name)
{
	return (long long)status_field_number(object, name);
}

static void print_duration(double seconds, char *buffer, size_t size)
{
	unsigned long minutes = (unsigned long)seconds / 60;

	if (minutes >= 24 * 60)
		snprintf(buffer, size, "%lud%luh", minutes / (24 * 60), minutes / 60 % 24);
	else if (minutes >= 60)
		snprintf(buffer, size, "%luh%lum", minutes / 60, minutes % 60);
	else if (minutes)
		snprintf(buffer, size, "%lum%lus", minutes, (unsigned long)seconds % 60);
	else
		snprintf(buffer, size, "%lus", (unsigned long)seconds);
}

static void print_node(const struct header *header, const json_t *agent)
{
	char uptime[48];

	print_duration(json_number_value(json_object_get(agent, "uptimeSeconds")), uptime,
		       sizeof(uptime));
	print_line(header, "Node",
		   string_printf("%s: ipvsagent %s, up %s", status_field_text(agent, "node"),
				 status_field_text(agent, "version"), uptime),
		   STATUS_COLOUR_NONE);
}

static void print_source(const struct header *header, const json_t *agent)
{
	const json_t *source = json_object_get(agent, "source");
	const char *change = status_field_text(source, "lastChange");
	bool is_synced = json_is_true(json_object_get(source, "synced"));

	print_line(header, "Source",
		   string_printf("%s, %s%s", status_field_text(source, "description"),
				 !is_synced ? "not read yet"
				 : *change  ? "last change "
					    : "no object yet",
				 is_synced ? change : ""),
		   is_synced ? STATUS_COLOUR_NONE : STATUS_COLOUR_WAITING);
	print_line(header, "Objects",
		   string_printf("%lld Services, %lld EndpointSlices, %lld endpoints",
				 number(source, "services"), number(source, "endpointSlices"),
				 number(source, "endpoints")),
		   STATUS_COLOUR_NONE);
}

/* The first three are always told. */
static void print_states(const struct header *header, const json_t *states)
{
	static const char *const names[] = {"programmed", "pending",  "failed",
					    "conflict",	  "rejected", "skipped"};
	bool is_bad = number(states, "failed") || number(states, "conflict") ||
		      number(states, "rejected");
	char *text = string_dup("");

	for (size_t i = 0; i < COUNT(names); i++) {
		long long count = number(states, names[i]);
		char *longer;

		if (!count && i >= 3)
			continue;
		longer = string_printf("%s%s%lld %s", text, i ? ", " : "", count, names[i]);
		free(text);
		text = longer;
	}
	print_line(header, "Services", text,
		   is_bad		       ? STATUS_COLOUR_BAD
		   : number(states, "pending") ? STATUS_COLOUR_WAITING
					       : STATUS_COLOUR_GOOD);
}

static json_int_t repair_count(const json_t *agent)
{
	json_t *operations = json_object_get(agent, "operations"), *facility;
	json_int_t count = 0;
	const char *name;

	json_object_foreach (operations, name, facility) {
		count += status_field_number(facility, "repaired");
	}
	return count;
}

static void print_kernel(const struct header *header, const json_t *agent)
{
	const json_t *held = json_object_get(agent, "held");
	long long failed = number(agent, "waitingForRetry");

	print_line(header, "Kernel",
		   string_printf("%lld virtual servers, %lld destinations, %lld draining; "
				 "%lld objects wait for another try",
				 number(held, "virtualServers"), number(held, "destinations"),
				 number(agent, "draining"), failed),
		   failed ? STATUS_COLOUR_BAD : STATUS_COLOUR_NONE);
}

static void print_drift(const struct header *header, const json_t *agent)
{
	print_line(header, "Drift",
		   string_printf("%lld objects repaired that other programs had changed",
				 (long long)repair_count(agent)),
		   STATUS_COLOUR_NONE);
}

static void print_rules(const struct header *header, const json_t *agent)
{
	const json_t *rules = json_object_get(agent, "rules");
	bool are_in_place = json_is_true(json_object_get(rules, "inPlace"));
	const char *variant = status_field_text(rules, "variant");

	print_line(header, "Rules",
		   string_printf("%s%s%s", are_in_place ? "in place" : "not in place",
				 *variant ? ", iptables-" : "", variant),
		   are_in_place ? STATUS_COLOUR_NONE : STATUS_COLOUR_BAD);
}

static double fill_of(const json_t *set)
{
	json_int_t capacity = status_field_number(set, "capacity");

	return capacity ? (double)status_field_number(set, "members") / (double)capacity : 0;
}

static void print_sets(const struct header *header, const json_t *agent)
{
	const json_t *sets = json_object_get(agent, "sets"), *set, *fullest = NULL;
	json_int_t members = 0;
	size_t i;

	json_array_foreach (sets, i, set) {
		members += status_field_number(set, "members");
		if (fill_of(set) > fill_of(fullest))
			fullest = set;
	}
	print_line(header, "Sets",
		   fullest ? string_printf("%lld members; the fullest is %s, %lld of %lld",
					   (long long)members, status_field_text(fullest, "name"),
					   number(fullest, "members"), number(fullest, "capacity"))
			   : string_printf("%lld members", (long long)members),
		   STATUS_COLOUR_NONE);
}

static void print_missing(const struct header *header, const json_t *agent)
{
	auto_memory char *missing = status_field_joined(json_object_get(agent, "missingFeatures"));

	if (*missing)
		print_line(header, "Missing", string_dup(missing), STATUS_COLOUR_WAITING);
}

static void print_check(const struct header *header, const json_t *check)
{
	long long errors = number(check, "errors"), warnings = number(check, "warnings");

	if (errors || warnings)
		print_line(header, "Check",
			   string_printf("%lld error%s, %lld warning%s: see `ipvsagent check`",
					 errors, errors == 1 ? "" : "s", warnings,
					 warnings == 1 ? "" : "s"),
			   errors ? STATUS_COLOUR_BAD : STATUS_COLOUR_WAITING);
}

void status_header_print(const json_t *document, bool is_coloured, FILE *stream)
{
	const struct header header = {is_coloured, stream};
	const json_t *agent = json_object_get(document, "agent");

	print_node(&header, agent);
	print_source(&header, agent);
	print_states(&header, json_object_get(document, "states"));
	print_kernel(&header, agent);
	print_drift(&header, agent);
	print_rules(&header, agent);
	print_sets(&header, agent);
	print_missing(&header, agent);
	print_check(&header, json_object_get(document, "check"));
	fputc('\n', stream);
}
