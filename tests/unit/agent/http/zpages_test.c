/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/http/zpages.h"
#include "agent/settings/command_line.h"

#include "lib/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/*
 * As recorded from kube-proxy 1.36.3, which chose another separator, with our version and without
 * that of Go.
 */
static void test_status(void **state)
{
	auto_memory char *text = zpages_status_text(1795977260.09, 1795977298.2);
	auto_memory char *late = zpages_status_text(1795977260.09, 1795977260.09 + 90061);

	(void)state;
	assert_string_equal(
		text,
		"\nkube-proxy statusz\n"
		"Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.\n"
		"\n"
		"Started: Sun Nov 29 18:34:20 UTC 2026\n"
		"Up: 0 hr 00 min 38 sec\n"
		"Binary version: 1.36.0+ipvsagent-" IPVSAGENT_VERSION "\n"
		"Emulation version: 1.36\n"
		"Paths: /configz /flagz /healthz /metrics /proxyMode\n");
	assert_non_null(strstr(late, "\nUp: 25 hr 01 min 01 sec\n"));
}

static void test_flags(void **state)
{
	static const char head[] =
		"\nkube-proxy flagz\n"
		"Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.\n"
		"affinity-scheduler=sh\n";
	auto_free(options) struct options *options = options_new();
	char *argv[] = {(char[]){"run"}};
	auto_memory char *text = NULL;
	struct error err = {0};

	(void)state;
	assert_int_equal(command_line_parse(options, OPTION_SCOPE_RUN, 1, argv, &err), 0);
	text = zpages_flags_text(options);
	assert_int_equal(strncmp(text, head, strlen(head)), 0);
}

static void test_what_is_accepted(void **state)
{
	static const struct {
		const char *accept;
		bool is_accepted;
	} rows[] = {
		{"", true},
		{"*/*", true},
		{"text/plain", true},
		{"text/html, text/*;q=0.8", true},
		{"application/json", false},
		{"application/json;v=v1beta1;g=config.k8s.io;as=Statusz", false},
		{"text/html", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		print_message("%s\n", rows[i].accept);
		assert_int_equal(zpages_is_accepted(rows[i].accept), rows[i].is_accepted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_what_is_accepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
