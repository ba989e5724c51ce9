/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "manifests_fixture.h"

#include <fcntl.h>

static void reads_what_is_there(void **state)
{
	struct fixture *fixture = *state;

	write_file(fixture, "all.yaml",
		   SERVICE("a", "10.0.0.1") "---\n" ENDPOINTS("a", "[{ip: 10.1.0.1}]"));
	write_file(fixture, "more.yml",
		   "apiVersion: v1\nkind: List\nitems:\n"
		   "- {apiVersion: v1, kind: Node, metadata: {name: node1}}\n"
		   "- {apiVersion: apps/v1, kind: Deployment, metadata: {name: d}}\n");
	write_file(fixture, "slice.json",
		   "{\"apiVersion\": \"discovery.k8s.io/v1\", \"kind\": \"EndpointSlice\", "
		   "\"metadata\": {\"name\": \"b-1\"}, \"addressType\": \"IPv4\"}\n"
		   "{\"apiVersion\": \"v1\", \"kind\": \"Service\", \"metadata\": {\"name\": "
		   "\"b\", \"namespace\": \"n\"}}");
	write_file(fixture, ".hidden.yaml", SERVICE("hidden", "10.0.0.9"));
	write_file(fixture, "notes.txt", SERVICE("text", "10.0.0.9"));
	make_directory(fixture, "below");
	write_file(fixture, "below/below.yaml", SERVICE("below", "10.0.0.9"));
	watch_directory(fixture);
	assert_false(fixture->synced_count);
	expect(fixture, "EndpointSlice default/a:0:ipv4 1; EndpointSlice default/b-1 0; "
			"Node node1; Service default/a 10.0.0.1; Service n/b none; "
			"ignored Deployment d in more.yml");
	assert_true(manifests_is_complete(fixture->manifests));
}

/* Services @from to @to, as a file has them, or as the sink hears of them. */
static char *numbered(const char *before, const char *after, int from, int to)
{
	char *text = string_dup("");

	for (int i = from; i < to; i++) {
		char *longer = string_printf("%s%s%03d%s", text, before, i, after);

		free(text);
		text = longer;
	}
	return text;
}

/* More objects than are taken in at once, and then fewer of them. */
static void a_large_file_is_read_whole(void **state)
{
	const char *before = "---\napiVersion: v1\nkind: Service\nmetadata: {name: s";
	struct fixture *fixture = *state;
	auto_memory char *all = numbered(before, "}\n", 0, 150);
	auto_memory char *some = numbered(before, "}\n", 0, 70);
	auto_memory char *told = numbered("; Service default/s", " none", 0, 150);
	auto_memory char *gone = numbered("; no Service default/s", "", 70, 150);
	auto_memory char *same = numbered("; Service default/s", " none", 0, 70);
	auto_memory char *news = string_printf("%s%s", same, gone);

	write_file(fixture, "all.yaml", all);
	watch_directory(fixture);
	expect(fixture, told + strlen("; "));
	write_file(fixture, "all.yaml", some);
	expect(fixture, news + strlen("; "));
}

static void an_empty_directory_is_in_order(void **state)
{
	struct fixture *fixture = *state;

	watch_directory(fixture);
	expect(fixture, "");
	expect_calm(fixture);
}

static void follows_a_file(void **state)
{
	struct fixture *fixture = *state;

	watch_directory(fixture);
	expect(fixture, "");
	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.1") "---\n" SERVICE("b", "10.0.0.2"));
	expect(fixture, "Service default/a 10.0.0.1; Service default/b 10.0.0.2");
	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.3"));
	expect(fixture, "Service default/a 10.0.0.3; no Service default/b");
	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.3"));
	expect(fixture, "");
	rename_file(fixture, "a.yaml", "z.yaml");
	expect(fixture, "Service default/a 10.0.0.3");
	rename_file(fixture, "z.yaml", "z.txt");
	expect(fixture, "no Service default/a");
	rename_file(fixture, "z.txt", "z.yml");
	expect(fixture, "Service default/a 10.0.0.3");
	delete_file(fixture, "z.yml");
	expect(fixture, "no Service default/a");
	write_file(fixture, "notes.txt", "x");
	write_file(fixture, ".a.yaml.swp", "x");
	expect_calm(fixture);
}

static void follows_the_slices_of_endpoints(void **state)
{
	struct fixture *fixture = *state;

	write_file(fixture, "a.yaml", ENDPOINTS("a", "[{ip: 10.1.0.1}, {ip: 'fd00::1'}]"));
	watch_directory(fixture);
	expect(fixture, "EndpointSlice default/a:0:ipv4 1; EndpointSlice default/a:0:ipv6 1");
	write_file(fixture, "a.yaml", ENDPOINTS("a", "[{ip: 10.1.0.1}, {ip: 10.1.0.2}]"));
	expect(fixture, "EndpointSlice default/a:0:ipv4 2; no EndpointSlice default/a:0:ipv6");
	delete_file(fixture, "a.yaml");
	expect(fixture, "no EndpointSlice default/a:0:ipv4");
}

static void a_bad_file_keeps_its_last_good_content(void **state)
{
	struct fixture *fixture = *state;

	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.1"));
	write_file(fixture, "b.json", "{\n  \"kind\": }");
	watch_directory(fixture);
	expect(fixture, "Service default/a 10.0.0.1; bad file b.json: line 2, column 11: "
			"unexpected token near '}'");
	assert_false(manifests_is_complete(fixture->manifests));
	write_file(fixture, "a.yaml", "apiVersion: v1\nkind: [\n");
	expect(fixture, "bad file a.yaml: line 3, column 1: did not find expected node content, "
			"while parsing a flow node");
	write_file(fixture, "a.yaml", "just words\n");
	expect(fixture, "bad file a.yaml: line 1: not a Kubernetes object");
	write_file(fixture, "a.yaml", "");
	expect(fixture,
	       "bad file a.yaml: empty; keeping its previous objects until it is rewritten or deleted");
	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.1"));
	expect(fixture, "Service default/a 10.0.0.1; good file a.yaml");
	delete_file(fixture, "b.json");
	expect(fixture, "good file b.json");
	assert_true(manifests_is_complete(fixture->manifests));
}

static void a_bad_object_does_not_affect_others(void **state)
{
	struct fixture *fixture = *state;

	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.1") "---\n" SERVICE("b", "10.0.0.2"));
	watch_directory(fixture);
	expect(fixture, "Service default/a 10.0.0.1; Service default/b 10.0.0.2");
	write_file(fixture, "a.yaml",
		   SERVICE("a", "nowhere") "---\n" SERVICE("b", "10.0.0.3") "---\nkind: Service\n");
	expect(fixture, "Service default/b 10.0.0.3; "
			"bad Service a: a.yaml: line 1: spec.clusterIP: \"nowhere\" is not an IP "
			"address; "
			"bad part of file a.yaml: line 11: Service: apiVersion: missing");
	write_file(fixture, "a.yaml", SERVICE("b", "10.0.0.3"));
	expect(fixture, "Service default/b 10.0.0.3; good Service a; good file a.yaml; "
			"no Service default/a");
}

static void a_bad_part_costs_no_more(void **state)
{
	struct fixture *fixture = *state;

	watch_directory(fixture);
	expect(fixture, "");
	write_file(fixture, "a.yaml",
		   ENDPOINTS("a", "[{ip: 10.1.0.1}, {ip: 127.0.0.1}]") "---\n" SERVICE(
			   "b", "10.0.0.2, externalIPs: [0.0.0.0]"));
	expect(fixture,
	       "EndpointSlice default/a:0:ipv4 1; Service default/b 10.0.0.2; bad part of "
	       "Endpoints a: a.yaml: line 1: subsets[0].addresses[1].ip: 127.0.0.1 is a loopback "
	       "address; bad part of Service b: a.yaml: line 6: spec.externalIPs[0]: 0.0.0.0 is "
	       "the unspecified address");
	write_file(fixture, "a.yaml",
		   ENDPOINTS("a", "[{ip: 10.1.0.1}]") "---\n" SERVICE("b", "10.0.0.2, x: 1, x: 2"));
	expect(fixture,
	       "EndpointSlice default/a:0:ipv4 1; bad Service b: a.yaml: line 9, column 35: "
	       "duplicate key \"x\"; good Endpoints a");
	write_file(fixture, "a.yaml", SERVICE("b", "10.0.0.2"));
	expect(fixture,
	       "Service default/b 10.0.0.2; good Service b; no EndpointSlice default/a:0:ipv4");
}

static void an_open_file_is_waited_for(void **state)
{
	struct fixture *fixture = *state;
	auto_memory char *path = path_of(fixture, "a.yaml");
	int fd;

	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.1") "---\n" SERVICE("b", "10.0.0.2"));
	watch_directory(fixture);
	expect(fixture, "Service default/a 10.0.0.1; Service default/b 10.0.0.2");

	/* Half of it would parse, and the other half's object would be gone. */
	fd = open(path, O_WRONLY | O_TRUNC);
	dprintf(fd, SERVICE("a", "10.0.0.3"));
	run_for(fixture, 0.5);
	expect_calm(fixture);
	dprintf(fd, "---\n" SERVICE("b", "10.0.0.4"));
	run_for(fixture, 0.5);
	expect_calm(fixture);
	close(fd);
	expect(fixture, "Service default/a 10.0.0.3; Service default/b 10.0.0.4");

	/* A writer that never closes is taken at its word after a while. */
	fd = open(path, O_WRONLY | O_TRUNC);
	dprintf(fd, SERVICE("a", "10.0.0.5"));
	expect(fixture, "Service default/a 10.0.0.5; no Service default/b");
	close(fd);
	expect(fixture, "");
}

static void a_bad_file_is_tried_again(void **state)
{
	struct fixture *fixture = *state;

	/* What a link points to is not watched, so that only the timer can find it mended. */
	make_directory(fixture, "else");
	make_directory(fixture, "b.yaml");
	write_file(fixture, "else/a", "kind: [\n");
	make_link(fixture, "else/a", "a.yaml");
	watch_directory(fixture);
	expect(fixture, "bad file a.yaml: line 2, column 1: did not find expected node content, "
			"while parsing a flow node; bad file b.yaml: not a regular file");
	expect(fixture, "");
	write_file(fixture, "else/a", SERVICE("a", "10.0.0.1"));
	expect(fixture, "Service default/a 10.0.0.1; good file a.yaml");
}

static void moved_objects_are_not_removed(void **state)
{
	struct fixture *fixture = *state;

	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.1") "---\n" SERVICE("b", "10.0.0.2"));
	watch_directory(fixture);
	expect(fixture, "Service default/a 10.0.0.1; Service default/b 10.0.0.2");
	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.1"));
	write_file(fixture, "b.yaml", SERVICE("b", "10.0.0.2"));
	expect(fixture, "Service default/a 10.0.0.1; Service default/b 10.0.0.2");
}

static void the_first_path_wins(void **state)
{
	struct fixture *fixture = *state;

	write_file(fixture, "b.yaml", SERVICE("a", "10.0.0.2"));
	watch_directory(fixture);
	expect(fixture, "Service default/a 10.0.0.2");

	write_file(fixture, "c.yaml", SERVICE("a", "10.0.0.3"));
	expect(fixture,
	       "bad Service a: is also defined in c.yaml; the definition in b.yaml applies");
	/* The one that loses was handed on before, so its file is read again: hence two batches. */
	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.1"));
	expect(fixture,
	       "Service default/a 10.0.0.1; bad Service a: is also defined in b.yaml; the definition in a.yaml applies");
	delete_file(fixture, "a.yaml");
	expect(fixture,
	       "Service default/a 10.0.0.2; bad Service a: is also defined in c.yaml; the definition in b.yaml applies");
	write_file(fixture, "b.yaml", SERVICE("b", "10.0.0.2"));
	expect(fixture, "Service default/a 10.0.0.3; Service default/b 10.0.0.2; good Service a");
	delete_file(fixture, "c.yaml");
	expect(fixture, "no Service default/a");

	write_file(fixture, "b.yaml", SERVICE("b", "10.0.0.2") "---\n" SERVICE("b", "10.0.0.3"));
	expect(fixture,
	       "Service default/b 10.0.0.2; bad Service b: is defined twice in b.yaml; the first definition applies");
}

static void a_file_too_large_is_refused(void **state)
{
	struct fixture *fixture = *state;
	auto_memory char *path = path_of(fixture, "a.yaml");

	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.1"));
	assert_int_equal(truncate(path, (64 << 20) + 1), 0);
	watch_directory(fixture);
	expect(fixture, "bad file a.yaml: larger than 64 MiB; split it into several files");
	write_file(fixture, "a.yaml", SERVICE("a", "10.0.0.1"));
	expect(fixture, "Service default/a 10.0.0.1; good file a.yaml");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_what_is_there),
		TEST(a_large_file_is_read_whole),
		TEST(an_empty_directory_is_in_order),
		TEST(follows_a_file),
		TEST(follows_the_slices_of_endpoints),
		TEST(a_bad_file_keeps_its_last_good_content),
		TEST(a_bad_object_does_not_affect_others),
		TEST(a_bad_part_costs_no_more),
		TEST(an_open_file_is_waited_for),
		TEST(a_bad_file_is_tried_again),
		TEST(moved_objects_are_not_removed),
		TEST(the_first_path_wins),
		TEST(a_file_too_large_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
