/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server that sends any one bad thing: it costs at most the object that it is in, whose last good
 * state stays, and the source gets on, without asking much more than it would have.
 */
#include "kube_source_fixture.h"

#define SERVICE(name, rest)                                                          \
	"{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"" name \
	"\",\"namespace\":\"default\",\"resourceVersion\":\"101\"" rest
#define GOOD_SPEC "},\"spec\":{\"clusterIP\":\"10.96.0.50\",\"ports\":[{\"port\":80}]}}"
#define UNNAMED	  "! Service /(unnamed)"

/*
 * @object: in an event, and as an item of lists; @noted: what the sink hears of it, NULL: nothing
 * has to be said. "web" exists in a good state.
 */
static const struct {
	const char *what, *object, *noted;
} objects[] = {
	{"a NUL in an annotation",
	 SERVICE("odd", ",\"annotations\":{\"x\":\"a\\u0000b\"}" GOOD_SPEC),
	 "+ Service default/odd"},
	{"a NUL in an annotation's name",
	 SERVICE("odd", ",\"annotations\":{\"x\\u0000\":\"a\"}" GOOD_SPEC),
	 "+ Service default/odd"},
	{"a NUL in a label that is read",
	 SERVICE("odd", ",\"labels\":{\"topology.kubernetes.io/zone\":\"a\\u0000b\"}" GOOD_SPEC),
	 "+ Service default/odd"},
	{"numbers that nobody can hold",
	 SERVICE("odd",
		 ",\"x\":[9223372036854775808,-1e999,123456789012345678901234567890]" GOOD_SPEC),
	 "+ Service default/odd"},
	{"halves of surrogate pairs",
	 SERVICE("odd", ",\"annotations\":{\"x\":\"\\ud800\",\"y\":\"\\udc00\"}" GOOD_SPEC),
	 "+ Service default/odd"},
	{"bytes that are no UTF-8",
	 SERVICE("odd", ",\"annotations\":{\"x\":\"\xff\xc0\x80\"}" GOOD_SPEC),
	 "+ Service default/odd"},
	{"escapes that are none where nobody looks",
	 SERVICE("odd", ",\"annotations\":{\"x\":\"\\q\"},\"y\":tru" GOOD_SPEC),
	 "+ Service default/odd"},
	{"a port beyond 64 bits",
	 SERVICE("web",
		 "},\"spec\":{\"clusterIP\":\"10.96.0.50\",\"ports\":[{\"port\":9223372036854775808}]}}"),
	 "! Service default/web: spec.ports[0].port: not an integer"},
	{"a port that overflows",
	 SERVICE("web", "},\"spec\":{\"clusterIP\":\"10.96.0.50\",\"ports\":[{\"port\":1e999}]}}"),
	 "! Service default/web: spec.ports[0].port: not an integer"},
	{"a NUL in an address", SERVICE("web", "},\"spec\":{\"clusterIP\":\"10.96.0.50\\u0000\"}}"),
	 "! Service default/web: spec.clusterIP: "},
	{"no value", SERVICE("web", "},\"spec\":{\"clusterIP\":}}"),
	 "! Service default/web: unexpected token near '}'"},
	{"a comma too many", SERVICE("web", ",},\"spec\":{\"clusterIP\":\"10.96.0.50\"}}"),
	 "Service default/web"},
	{"an address that can be nobody else's, beside others",
	 SERVICE("web", "},\"spec\":{\"clusterIP\":\"10.96.0.50\",\"externalIPs\":[\"::1\"]}}"),
	 "+ Service default/web ClusterIP 10.96.0.50\n"
	 "~ Service default/web: spec.externalIPs[0]: ::1 is a loopback address\n"},
	{"a spec that is a number", SERVICE("web", "},\"spec\":1}"),
	 "! Service default/web: spec: not an object"},
	{"a NUL in the name", SERVICE("we\\u0000b", GOOD_SPEC), "! Service default/we???b: "},
	{"a name with the end of a line", SERVICE("we\\nb", GOOD_SPEC), "! Service default/we?b: "},
	{"a name with a slash", SERVICE("we/b", GOOD_SPEC), "! Service default/we?b: "},
	{"no name", "{\"kind\":\"Service\",\"metadata\":{\"resourceVersion\":\"101\"}}", UNNAMED},
	{"a name that is a number", "{\"metadata\":{\"name\":7}}", UNNAMED},
	{"metadata that is a list", "{\"metadata\":[]}", UNNAMED},
	{"an object of another kind", "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"web\"}}",
	 UNNAMED},
	{"nothing in it", "{}", UNNAMED},
};

/* What is not even that, as an event. */
static const struct {
	const char *what, *line;
} lines[] = {
	{"no JSON", "garbage"},
	{"half an object", "{\"type\":\"ADDED\",\"object\":{\"metadata\":"},
	{"half a text", "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"we"},
	{"brackets that do not fit", "{\"type\":\"ADDED\",\"object\":{]}"},
	{"a number", "7"},
	{"null", "null"},
	{"a list", "[]"},
	{"no object", "{\"type\":\"ADDED\"}"},
	{"null for an object", "{\"type\":\"MODIFIED\",\"object\":null}"},
	{"a text for an object", "{\"type\":\"DELETED\",\"object\":\"web\"}"},
	{"no type", "{\"object\":" SERVICE("odd", GOOD_SPEC) "}"},
	{"a type that is a number", "{\"type\":1,\"object\":" SERVICE("odd", GOOD_SPEC) "}"},
	{"a type that is new", "{\"type\":\"RENAMED\",\"object\":" SERVICE("odd", GOOD_SPEC) "}"},
	{"two events in a line",
	 "{\"type\":\"ADDED\",\"object\":{}}{\"type\":\"ADDED\",\"object\":{}}"},
	{"a deletion without a name", "{\"type\":\"DELETED\",\"object\":{}}"},
	{"a bookmark without a version", "{\"type\":\"BOOKMARK\",\"object\":{}}"},
	{"a bookmark from the past",
	 "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"1\"}}}"},
	{"a bookmark that is no version",
	 "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"a&b\\u0000\"}}}"},
	{"control characters", "\001\002\033[31m"},
};

/* Of Services, whose watch goes on. */
static size_t count_requests(struct fixture *fixture)
{
	auto_memory char *requests = api_server_requests(fixture->server);
	size_t count = 0;

	for (const char *at = requests; (at = strstr(at, "/api/v1/services?")); at++)
		count++;
	return count;
}

/* Sets a Service of that name, and waits until it has arrived. */
static void get_on(struct fixture *fixture, const char *name)
{
	auto_memory char *noted = string_printf("+ Service default/%s ClusterIP 10.96.0.77", name);

	set_service(api_server_lock(fixture->server), name, "10.96.0.77", "{}");
	api_server_unlock(fixture->server);
	await(fixture, noted);
}

static void check(struct fixture *fixture, const char *noted, size_t requests)
{
	if (noted && !strstr(fixture->noted->text, noted))
		fail_msg("no \"%s\" in:\n%s", noted, fixture->noted->text);
	assert_null(strstr(fixture->noted->text, "- Service"));
	assert_true(count_requests(fixture) <= requests);
}

static void hear_event(const char *script, const char *what, const char *line, const char *noted)
{
	struct fixture fixture;
	size_t requests;

	print_message("%s, in an event (%s)\n", what, script);
	prepare(&fixture, script);
	fill(&fixture, 0);
	open_with(&fixture, NULL);
	await(&fixture, "synced");
	get_on(&fixture, "before");
	requests = count_requests(&fixture);
	api_store_say(api_server_lock(fixture.server), API_RESOURCE_SERVICES, line);
	api_server_unlock(fixture.server);
	get_on(&fixture, "after");
	check(&fixture, noted, requests);
	clean_up(&fixture);
}

static void test_events(void **state)
{
	static const char *const types[] = {"ADDED", "MODIFIED"};

	(void)state;
	for (size_t i = 0; i < COUNT(objects); i++) {
		auto_memory char *line = string_printf("{\"type\":\"%s\",\"object\":%s}",
						       types[i % COUNT(types)], objects[i].object);

		hear_event(i % 2 ? "* stream refuse" : "", objects[i].what, line, objects[i].noted);
	}
	for (size_t i = 0; i < COUNT(lines); i++)
		hear_event(i % 2 ? "* stream refuse" : "", lines[i].what, lines[i].line, NULL);
}

static void see_item(const char *script, const char *what, const char *item, const char *noted)
{
	struct fixture fixture;

	print_message("%s, in a list (%s)\n", what, script);
	prepare(&fixture, script);
	fill(&fixture, 0);
	api_store_show(api_server_lock(fixture.server), API_RESOURCE_SERVICES, item);
	api_server_unlock(fixture.server);
	open_with(&fixture, NULL);
	await(&fixture, "synced");
	assert_non_null(strstr(fixture.noted->text, "+ Service default/api ClusterIP 10.96.0.11"));
	get_on(&fixture, "after");
	check(&fixture, noted, 3);
	clean_up(&fixture);
}

static void test_items(void **state)
{
	static const char *const elements[] = {"7", "null", "\"a,b]}\"", "[{}]", "tru", "-"};

	(void)state;
	for (size_t i = 0; i < COUNT(objects); i++) {
		see_item("", objects[i].what, objects[i].object, objects[i].noted);
		see_item("* stream refuse", objects[i].what, objects[i].object, objects[i].noted);
	}
	for (size_t i = 0; i < COUNT(elements); i++)
		see_item("* stream refuse", elements[i], elements[i], UNNAMED);
}

/* One that is larger than an object may be. */
static void test_size(void **state)
{
	const size_t size = (size_t)17 << 20;
	auto_memory char *line = memory_allocate(size + 1);

	(void)state;
	memset(line, 'a', size);
	memcpy(line, "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"", 46);
	memcpy(line + size - 4, "\"}}}", 4);
	hear_event("", "a large one", line, UNNAMED);
}

static int set_up_group(void **state)
{
	(void)state;
	prepare_environment();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests(tests, set_up_group, NULL);
}
