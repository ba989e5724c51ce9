/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/status/history_report.h"

#include "agent/status/events_command.h"
#include "tests/unit/agent/agent_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static double at_some_time(void)
{
	return 1764472327.125;
}

/* What `ipvsagent events` prints of the events that @filter selects. */
static char *printed(const struct history *history, const char *filter)
{
	const struct status_sources sources = {.history = history};
	size_t count, size;
	auto_memory char *keys = history_report_keys(&sources, filter, &count);
	const char *key = keys;
	json_t *events = json_array();
	char *text = NULL;
	FILE *stream = open_memstream(&text, &size);

	for (size_t i = 0; i < count; i++) {
		json_array_append_new(events, history_report_event(&sources, key));
		key += strlen(key) + 1;
	}
	events_print(events, stream);
	fclose(stream);
	json_decref(events);
	return text;
}

static void filters(void **state)
{
#define WEB   "2025-11-30T03:12:07.125Z  Service a/web: it changed\n    adding\n"
#define WEBS  "2025-11-30T03:12:07.125Z  Service a/webs: it changed\n    adding\n"
#define OTHER "2025-11-30T03:12:07.125Z  Service b/web: it changed\n    adding\n"
#define RULES "2025-11-30T03:12:07.125Z  IPv4 rules: written\n"
	static const struct {
		const char *filter, *expected;
	} rows[] = {
		{"", WEB WEBS OTHER RULES}, {"a/web", WEB}, {"a/", WEB WEBS}, {"b/", OTHER},
		{"c/web", "No changes.\n"},
	};
	struct history *history = history_new(at_some_time);

	(void)state;
	history_note(history, "Service a/web", "it changed", "adding");
	history_note(history, "Service a/webs", "it changed", "adding");
	history_note(history, "Service b/web", "it changed", "adding");
	history_note(history, "IPv4 rules", "written", "");
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_memory char *text = printed(history, rows[i].filter);

		if (strcmp(text, rows[i].expected) != 0)
			fail_msg("%s: %s", rows[i].filter, text);
	}
	history_free(history);
}

static void what_is_forgotten_meanwhile_is_left_out(void **state)
{
	struct history *history = history_new(at_some_time);
	const struct status_sources sources = {.history = history};

	(void)state;
	for (int i = 0; i < HISTORY_EVENTS + 1; i++)
		history_note(history, "settings", "changed", "");
	assert_null(history_report_event(&sources, "1"));
	history_free(history);
}

static void bytes_that_steer_terminals_are_not_printed(void **state)
{
	struct history *history = history_new(at_some_time);
	auto_memory char *text = NULL;

	(void)state;
	history_note(history, "settings", "a\033[2Jb", "");
	text = printed(history, "");
	assert_string_equal(text, "2025-11-30T03:12:07.125Z  settings: a?[2Jb\n");
	history_free(history);
}

static void without_a_history(void **state)
{
	auto_memory char *text = printed(NULL, "");

	(void)state;
	assert_string_equal(text, "No changes.\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filters),
		cmocka_unit_test(what_is_forgotten_meanwhile_is_left_out),
		cmocka_unit_test(bytes_that_steer_terminals_are_not_printed),
		cmocka_unit_test(without_a_history),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
