/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the agent tells about objects. */
#include "agent/notify/events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct noted {
	char text[1000];
};

static void note(void *owner, const struct kube_event *event)
{
	struct noted *noted = owner;
	size_t used = strlen(noted->text);

	snprintf(noted->text + used, sizeof(noted->text) - used,
		 "%s%s %s %s %s/%s uid %s related %s: %s\n", event->is_shared ? "shared " : "",
		 event->type == KUBE_EVENT_TYPE_WARNING ? "Warning" : "Normal", event->reason,
		 event->regarding.kind, event->regarding.namespace_name, event->regarding.name,
		 event->regarding.uid ? event->regarding.uid : "-",
		 event->related.kind ? event->related.name : "-", event->note);
}

static void test_without_writer(void **state)
{
	auto_free(events) struct events *events = events_new("node1");

	(void)state;
	events_emit(events, EVENT_KIND_STARTING, "%s", "");
}

static void test_node(void **state)
{
	auto_free(events) struct events *events = events_new("node1");
	struct noted noted = {0};

	(void)state;
	events_set_writer(events, note, &noted);
	events_emit(events, EVENT_KIND_STARTING, "%s", "");
	events_emit(events, EVENT_KIND_HEALTHZ, "port %d", 7);
	events_emit(events, EVENT_KIND_SETTINGS, "bad");
	assert_string_equal(noted.text,
			    "Normal Starting Node /node1 uid node1 related -: \n"
			    "Warning FailedToStartProxierHealthcheck Node /node1 uid node1 "
			    "related -: port 7\n"
			    "Warning SettingsRejected Node /node1 uid node1 related -: bad\n");
}

static void test_rejections(void **state)
{
	struct rejection rejections[] = {
		{.kind = "Service", .namespace_name = "shop", .name = "web", .reason = "bad"},
		{.kind = "Service", .namespace_name = "shop", .name = "web", .reason = NULL},
		{.kind = "file", .namespace_name = "", .name = "/etc/x", .reason = "bad"},
		{.kind = "Service",
		 .namespace_name = "shop",
		 .name = "web",
		 .reason = "odd",
		 .is_partial = true},
	};
	auto_free(events) struct events *events = events_new("node1");
	struct noted noted = {0};

	(void)state;
	events_set_writer(events, note, &noted);
	for (size_t i = 0; i < COUNT(rejections); i++)
		events_emit_rejection(events, &rejections[i]);
	assert_string_equal(noted.text, "shared Warning Rejected Service shop/web uid - "
					"related -: bad; keeping its previous state\n"
					"shared Warning Rejected Service shop/web uid - "
					"related -: odd; leaving that out and using the rest\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_writer),
		cmocka_unit_test(test_node),
		cmocka_unit_test(test_rejections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
