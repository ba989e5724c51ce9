/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A remark is told once, until it no longer applies. */
#include "agent/notify/remarks.h"

#include "tests/fake/object_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#define DUAL "a/web ip=10.96.0.1 port=:80/TCP external=198.51.100.1 lb=203.0.113.2 lb=2001:db8::2"

static void note(void *owner, const struct kube_event *event)
{
	char *reasons = owner;

	sprintf(reasons + strlen(reasons), "%s ", event->reason);
}

static void test_once(void **state)
{
	static struct prefix range = {{{192, 0, 2}, AF_INET}, 24};
	static const struct desired_options usual, gate_off = {.omits_external_ips = true},
						   few = {.allowed_external_ips = {&range, 1},
							  .allowed_load_balancer_ips = {&range, 1}};
	static const struct {
		const char *what, *service; /* NULL: it is gone */
		const struct desired_options *options;
		const char *reasons;
	} steps[] = {
		{"nothing to remark", DUAL, &usual, ""},
		{"a range of one family", DUAL " range=10.0.0.0/8", &usual,
		 "SourceRangesOfOneFamily "},
		{"planned again", DUAL " range=10.0.0.0/8", &usual, ""},
		{"another range, the same remark", DUAL " range=11.0.0.0/8", &usual, ""},
		{"the range is of the other family now", DUAL " range=fd00::/8", &usual,
		 "SourceRangesOfOneFamily "},
		{"the gate is closed besides", DUAL " range=fd00::/8", &gate_off,
		 "ExternalIPsDisabled "},
		{"one of two remarks no longer applies", DUAL, &gate_off, ""},
		{"and applies again", DUAL " range=fd00::/8", &gate_off,
		 "SourceRangesOfOneFamily "},
		{"the Service goes", NULL, &gate_off, ""},
		{"and comes back", DUAL, &gate_off, "ExternalIPsDisabled "},
		{"the gate opens, but addresses are outside of the allowed ranges", DUAL, &few,
		 "AddressNotAllowed AddressNotAllowed "},
		{"planned again", DUAL, &few, ""},
		{"other addresses are", DUAL " external=198.51.100.77", &few, "AddressNotAllowed "},
		{"every address is allowed", DUAL, &usual, ""},
		{"and no more", DUAL, &few, "AddressNotAllowed AddressNotAllowed "},
	};
	auto_free(events) struct events *events = events_new("node1");
	auto_free(remarks) struct remarks *remarks = remarks_new(events);

	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++) {
		struct service *service =
			steps[i].service ? object_text_service(steps[i].service) : NULL;
		const struct service_view view = {.key = "a/web", .service = service};
		char reasons[200] = "";

		print_message("%s\n", steps[i].what);
		events_set_writer(events, note, reasons);
		remarks_planned(remarks, &view, steps[i].options);
		assert_string_equal(reasons, steps[i].reasons);
		service_free(service);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
