/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/check/check_print.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *const checks[] = {"modules", "ports"};

static struct findings *some_findings(void)
{
	struct findings *findings = findings_new();

	findings_begin(findings, "modules");
	findings_add(findings, SEVERITY_NOTE, "", "there is no %s", "sun");
	findings_begin(findings, "ports");
	findings_add(findings, SEVERITY_WARNING, "move", "port %d is near", 1);
	findings_add(findings, SEVERITY_ERROR, "stop it", "port %d is taken", 2);
	findings_add(findings, SEVERITY_WARNING, "", "port %d is far", 3);
	return findings;
}

static char *printed(const struct findings *findings,
		     void (*print)(const struct findings *findings, const char *const *checks,
				   size_t count, FILE *stream))
{
	char *text;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	print(findings, checks, COUNT(checks), stream);
	fclose(stream);
	return text;
}

static void text(void **state)
{
	auto_free(findings) struct findings *findings = some_findings(), *none = findings_new();
	auto_memory char *all = printed(findings, check_print_text);
	auto_memory char *nothing = printed(none, check_print_text);

	(void)state;
	assert_string_equal(all, "error: ports: port 2 is taken\n"
				 "  remedy: stop it\n"
				 "warning: ports: port 1 is near\n"
				 "  remedy: move\n"
				 "warning: ports: port 3 is far\n"
				 "note: modules: there is no sun\n"
				 "2 checks (modules, ports): 1 error, 2 warnings, 1 note\n");
	assert_string_equal(nothing, "2 checks (modules, ports): 0 errors, 0 warnings, 0 notes\n");
}

static void json(void **state)
{
	auto_free(findings) struct findings *findings = some_findings();
	auto_memory char *document = printed(findings, check_print_json);
	json_t *root = json_loads(document, 0, NULL), *list;

	(void)state;
	assert_non_null(root);
	list = json_object_get(root, "findings");
	assert_int_equal(json_integer_value(json_object_get(root, "version")), 1);
	assert_int_equal(json_array_size(json_object_get(root, "checks")), 2);
	assert_int_equal(json_array_size(list), 4);
	list = json_array_get(list, 2);
	assert_string_equal(json_string_value(json_object_get(list, "severity")), "error");
	assert_string_equal(json_string_value(json_object_get(list, "check")), "ports");
	assert_string_equal(json_string_value(json_object_get(list, "finding")), "port 2 is taken");
	assert_string_equal(json_string_value(json_object_get(list, "remedy")), "stop it");
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
