/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/claims.h"

#include "fake/noted_objects.h"
#include "fake/written.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	struct noted_objects *noted;
	struct object_sink sink;
	struct claims *claims;
};

static int set_up(void **state)
{
	struct fixture *fixture = memory_allocate(sizeof(*fixture));

	fixture->noted = noted_objects_new();
	fixture->sink = noted_objects_sink(fixture->noted);
	fixture->claims = claims_new(&fixture->sink);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	claims_free(fixture->claims);
	noted_objects_free(fixture->noted);
	free(fixture);
	return 0;
}

/* What a file with Services of these names defines, separated by spaces; nothing is added yet. */
static struct claim_list *begin(const char *path, const char *names)
{
	auto_memory char *words = memory_text(names);
	struct definition *definitions = NULL;
	size_t count = 0, capacity = 0;
	char *rest = NULL;

	for (char *name = strtok_r(words, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
		auto_memory char *text =
			memory_format("default/%s ip=10.96.0.%zu port=:80/TCP", name, count + 1);

		definitions = memory_grow(definitions, count, &capacity, sizeof(*definitions));
		definitions[count++] = (struct definition){
			.kind = OBJECT_KIND_SERVICE,
			.namespace_name = memory_text("default"),
			.name = memory_text(name),
			.service = written_service(text),
			.is_loaded = true,
		};
	}
	return claims_begin(path, definitions, count);
}

static void no_reread(void *owner, const char *path)
{
	(void)owner;
	fail_msg("%s is to be read again", path);
}

/* Return: what the sink hears when everything is settled */
static const char *settled(struct fixture *fixture)
{
	noted_objects_clear(fixture->noted);
	assert_true(claims_settle(fixture->claims, SIZE_MAX, no_reread, fixture));
	return fixture->noted->text ? fixture->noted->text : "";
}

static void adds_a_portion_at_a_time(void **state)
{
	struct fixture *fixture = *state;
	struct claim_list *list = begin("/m/a.yaml", "one two three four five");

	assert_false(claims_add(fixture->claims, list, 2));
	assert_false(claims_add(fixture->claims, list, 2));
	assert_true(claims_add(fixture->claims, list, 2));
	assert_string_equal(settled(fixture), "+ Service default/one ClusterIP 10.96.0.1 :80\n"
					      "+ Service default/two ClusterIP 10.96.0.2 :80\n"
					      "+ Service default/three ClusterIP 10.96.0.3 :80\n"
					      "+ Service default/four ClusterIP 10.96.0.4 :80\n"
					      "+ Service default/five ClusterIP 10.96.0.5 :80\n");
	claims_withdraw(fixture->claims, list);
	assert_string_equal(settled(fixture), "- Service default/one\n"
					      "- Service default/two\n"
					      "- Service default/three\n"
					      "- Service default/four\n"
					      "- Service default/five\n");
}

static void a_portion_may_be_all_or_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct claim_list *none = begin("/m/a.yaml", ""), *two = begin("/m/b.yaml", "one two");

	assert_true(claims_add(fixture->claims, none, 2));
	assert_true(claims_add(fixture->claims, two, 2));
	assert_string_equal(settled(fixture), "+ Service default/one ClusterIP 10.96.0.1 :80\n"
					      "+ Service default/two ClusterIP 10.96.0.2 :80\n");
	claims_withdraw(fixture->claims, none);
	claims_withdraw(fixture->claims, two);
	settled(fixture);
}

/* What is left over is what LeakSanitizer sees. */
static void a_list_may_go_before_all_was_added(void **state)
{
	struct fixture *fixture = *state;
	struct claim_list *list = begin("/m/a.yaml", "one two three");
	struct claim_list *untouched = begin("/m/b.yaml", "four");

	assert_false(claims_add(fixture->claims, list, 1));
	claims_withdraw(fixture->claims, list);
	claims_withdraw(fixture->claims, untouched);
	assert_string_equal(settled(fixture), "");
}

static void names_outlive_the_file_they_came_from(void **state)
{
	struct fixture *fixture = *state;
	struct claim_list *first = begin("/m/a.yaml", "one"), *second;

	assert_true(claims_add(fixture->claims, first, 1));
	settled(fixture);
	second = begin("/m/b.yaml", "one");
	assert_true(claims_add(fixture->claims, second, 1));
	assert_string_equal(settled(fixture),
			    "! Service default/one: is also in /m/b.yaml; the one "
			    "in /m/a.yaml counts\n");
	claims_withdraw(fixture->claims, first);
	assert_string_equal(settled(fixture), "! Service default/one: fine\n"
					      "+ Service default/one ClusterIP 10.96.0.1 :80\n");
	claims_withdraw(fixture->claims, second);
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
