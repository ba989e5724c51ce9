/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/source/precedence.h"

#include "tests/fake/object_text.h"
#include "tests/fake/recording_sink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	struct recording_sink *noted;
	struct object_sink sink;
	struct precedence *precedence;
};

static int set_up(void **state)
{
	struct fixture *fixture = memory_allocate(sizeof(*fixture));

	fixture->noted = recording_sink_new();
	fixture->sink = recording_sink_sink(fixture->noted);
	fixture->precedence = precedence_new(&fixture->sink);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	precedence_free(fixture->precedence);
	recording_sink_free(fixture->noted);
	free(fixture);
	return 0;
}

/* What a file with Services of these names defines, separated by spaces; nothing is added yet. */
static struct definition_list *begin(const char *path, const char *names)
{
	auto_memory char *words = string_dup(names);
	struct definition *definitions = NULL;
	size_t count = 0, capacity = 0;
	char *rest = NULL;

	for (char *name = strtok_r(words, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
		auto_memory char *text =
			string_printf("default/%s ip=10.96.0.%zu port=:80/TCP", name, count + 1);

		definitions = memory_grow(definitions, count, &capacity, sizeof(*definitions));
		definitions[count++] = (struct definition){
			.kind = OBJECT_KIND_SERVICE,
			.namespace_name = string_dup("default"),
			.name = string_dup(name),
			.service = object_text_service(text),
			.is_loaded = true,
		};
	}
	return precedence_begin(path, definitions, count);
}

static void no_reread(void *owner, const char *path)
{
	(void)owner;
	fail_msg("%s is to be read again", path);
}

/* Return: what the sink hears when everything is settled */
static const char *settled(struct fixture *fixture)
{
	recording_sink_clear(fixture->noted);
	assert_true(precedence_settle(fixture->precedence, SIZE_MAX, no_reread, fixture));
	return fixture->noted->text ? fixture->noted->text : "";
}

static void adds_a_portion_at_a_time(void **state)
{
	struct fixture *fixture = *state;
	struct definition_list *list = begin("/m/a.yaml", "one two three four five");

	assert_false(precedence_add(fixture->precedence, list, 2));
	assert_false(precedence_add(fixture->precedence, list, 2));
	assert_true(precedence_add(fixture->precedence, list, 2));
	assert_string_equal(settled(fixture), "+ Service default/one ClusterIP 10.96.0.1 :80\n"
					      "+ Service default/two ClusterIP 10.96.0.2 :80\n"
					      "+ Service default/three ClusterIP 10.96.0.3 :80\n"
					      "+ Service default/four ClusterIP 10.96.0.4 :80\n"
					      "+ Service default/five ClusterIP 10.96.0.5 :80\n");
	precedence_withdraw(fixture->precedence, list);
	assert_string_equal(settled(fixture), "- Service default/one\n"
					      "- Service default/two\n"
					      "- Service default/three\n"
					      "- Service default/four\n"
					      "- Service default/five\n");
}

static void a_portion_may_be_all_or_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct definition_list *none = begin("/m/a.yaml", ""), *two = begin("/m/b.yaml", "one two");

	assert_true(precedence_add(fixture->precedence, none, 2));
	assert_true(precedence_add(fixture->precedence, two, 2));
	assert_string_equal(settled(fixture), "+ Service default/one ClusterIP 10.96.0.1 :80\n"
					      "+ Service default/two ClusterIP 10.96.0.2 :80\n");
	precedence_withdraw(fixture->precedence, none);
	precedence_withdraw(fixture->precedence, two);
	settled(fixture);
}

/* What is left over is what LeakSanitizer sees. */
static void a_list_may_go_before_all_was_added(void **state)
{
	struct fixture *fixture = *state;
	struct definition_list *list = begin("/m/a.yaml", "one two three");
	struct definition_list *untouched = begin("/m/b.yaml", "four");

	assert_false(precedence_add(fixture->precedence, list, 1));
	precedence_withdraw(fixture->precedence, list);
	precedence_withdraw(fixture->precedence, untouched);
	assert_string_equal(settled(fixture), "");
}

static void names_outlive_the_file_they_came_from(void **state)
{
	struct fixture *fixture = *state;
	struct definition_list *first = begin("/m/a.yaml", "one"), *second;

	assert_true(precedence_add(fixture->precedence, first, 1));
	settled(fixture);
	second = begin("/m/b.yaml", "one");
	assert_true(precedence_add(fixture->precedence, second, 1));
	assert_string_equal(
		settled(fixture),
		"! Service default/one: is also defined in /m/b.yaml; the definition in /m/a.yaml applies\n");
	precedence_withdraw(fixture->precedence, first);
	assert_string_equal(settled(fixture), "! Service default/one: fine\n"
					      "+ Service default/one ClusterIP 10.96.0.1 :80\n");
	precedence_withdraw(fixture->precedence, second);
	assert_string_equal(settled(fixture), "- Service default/one\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(adds_a_portion_at_a_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_portion_may_be_all_or_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_list_may_go_before_all_was_added, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(names_outlive_the_file_they_came_from, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
