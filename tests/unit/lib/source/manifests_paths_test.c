/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "manifests_fixture.h"

static void follows_the_swap_of_a_volume(void **state)
{
	struct fixture *fixture = *state;

	make_directory(fixture, "..1");
	write_file(fixture, "..1/a.yaml", SERVICE("a", "10.0.0.1"));
	make_link(fixture, "..1", "..data");
	make_link(fixture, "..data/a.yaml", "a.yaml");
	watch_directory(fixture);
	expect(fixture, "Service default/a 10.0.0.1");

	make_directory(fixture, "..2");
	write_file(fixture, "..2/a.yaml", SERVICE("a", "10.0.0.2"));
	write_file(fixture, "..2/b.yaml", SERVICE("b", "10.0.0.3"));
	make_link(fixture, "..2", "..data_tmp");
	rename_file(fixture, "..data_tmp", "..data");
	make_link(fixture, "..data/b.yaml", "b.yaml");
	expect(fixture, "Service default/a 10.0.0.2; Service default/b 10.0.0.3");

	make_directory(fixture, "..3");
	write_file(fixture, "..3/a.yaml", SERVICE("a", "10.0.0.4"));
	make_link(fixture, "..3", "..data_tmp");
	rename_file(fixture, "..data_tmp", "..data");
	delete_file(fixture, "b.yaml");
	expect(fixture, "Service default/a 10.0.0.4; no Service default/b");
}

static void a_directory_that_vanishes_takes_nothing_with_it(void **state)
{
	struct fixture *fixture = *state;
	auto_memory char *path = path_of(fixture, "d");
	struct error err = {0};

	make_directory(fixture, "d");
	write_file(fixture, "d/a.yaml", SERVICE("a", "10.0.0.1"));
	write_file(fixture, "d/b.yaml", SERVICE("b", "10.0.0.2"));
	assert_int_equal(open_manifests(fixture, "d", NULL, &err), 0);
	expect(fixture, "Service default/a 10.0.0.1; Service default/b 10.0.0.2");

	delete_tree(path);
	expect(fixture,
	       "bad file d: d: cannot be watched: No such file or directory; keeping its previous objects");
	make_directory(fixture, "d");
	write_file(fixture, "d/b.yaml", SERVICE("b", "10.0.0.3"));
	expect(fixture, "Service default/b 10.0.0.3; good file d; no Service default/a");

	rename_file(fixture, "d", "e");
	run_for(fixture, CALM_SECONDS);
	write_file(fixture, "e/b.yaml", SERVICE("b", "10.0.0.4"));
	run_for(fixture, CALM_SECONDS);
	rename_file(fixture, "e", "d");
	run_for(fixture, CALM_SECONDS);
	expect(fixture, "Service default/b 10.0.0.4; bad file d: d: cannot be watched: No such "
			"file or directory; keeping its previous objects; good file d");
	write_file(fixture, "d/b.yaml", SERVICE("b", "10.0.0.5"));
	expect(fixture, "Service default/b 10.0.0.5");
}

static void follows_a_link_to_a_directory(void **state)
{
	struct fixture *fixture = *state;
	struct error err = {0};

	make_directory(fixture, "d1");
	make_directory(fixture, "d2");
	write_file(fixture, "d1/a.yaml", SERVICE("a", "10.0.0.1"));
	write_file(fixture, "d2/b.yaml", SERVICE("b", "10.0.0.2"));
	make_link(fixture, "d1", "d");
	assert_int_equal(open_manifests(fixture, "d/", NULL, &err), 0);
	expect(fixture, "Service default/a 10.0.0.1");
	make_link(fixture, "d2", "new");
	rename_file(fixture, "new", "d");
	expect(fixture, "Service default/b 10.0.0.2; no Service default/a");
	write_file(fixture, "d1/a.yaml", SERVICE("a", "10.0.0.3"));
	expect_calm(fixture);
	write_file(fixture, "d2/b.yaml", SERVICE("b", "10.0.0.4"));
	expect(fixture, "Service default/b 10.0.0.4");
}

static void follows_single_files(void **state)
{
	struct fixture *fixture = *state;
	struct error err = {0};

	make_directory(fixture, "d");
	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.1"));
	write_file(fixture, "other.yaml", SERVICE("other", "10.0.0.1"));
	write_file(fixture, "d/b.yaml", SERVICE("b", "10.0.0.2"));
	assert_int_equal(open_manifests(fixture, "a.yaml", "d", &err), 0);
	expect(fixture, "Service default/a 10.0.0.1; Service default/b 10.0.0.2");
	write_file(fixture, "other.yaml", SERVICE("other", "10.0.0.2"));
	expect_calm(fixture);
	write_file(fixture, "new", SERVICE("a", "10.0.0.3"));
	rename_file(fixture, "new", "a.yaml");
	expect(fixture, "Service default/a 10.0.0.3");
	delete_file(fixture, "a.yaml");
	expect(fixture, "no Service default/a");
	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.4"));
	write_file(fixture, "d/b.yaml", SERVICE("b", "10.0.0.5"));
	expect(fixture, "Service default/a 10.0.0.4; Service default/b 10.0.0.5");
}

static void reload_reads_without_an_event(void **state)
{
	struct fixture *fixture = *state;

	/* What a link points to is not watched. */
	make_directory(fixture, "else");
	write_file(fixture, "else/a", SERVICE("a", "10.0.0.1"));
	make_link(fixture, "else/a", "a.yaml");
	watch_directory(fixture);
	expect(fixture, "Service default/a 10.0.0.1");
	write_file(fixture, "else/a", SERVICE("a", "10.0.0.2"));
	expect_calm(fixture);
	manifests_reload(fixture->manifests);
	expect(fixture, "Service default/a 10.0.0.2");
	manifests_reload(fixture->manifests);
	expect(fixture, "");
}

static void a_missing_path_is_an_error(void **state)
{
	struct fixture *fixture = *state;
	struct error err = {0};
	auto_memory char *text = NULL;

	assert_int_equal(open_manifests(fixture, "", "missing", &err), -ENOENT);
	text = without_directory(fixture, err.text);
	assert_string_equal(text, "missing: No such file or directory");
	assert_null(fixture->manifests);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(follows_the_swap_of_a_volume),
		TEST(a_directory_that_vanishes_takes_nothing_with_it),
		TEST(follows_a_link_to_a_directory),
		TEST(follows_single_files),
		TEST(reload_reads_without_an_event),
		TEST(a_missing_path_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
