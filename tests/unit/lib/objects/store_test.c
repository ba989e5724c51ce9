/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/objects/store.h"

#include "tests/fake/object_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#define WEB   "a/web ip=10.96.0.1 port=:80/TCP"
#define WEB_2 "a/web ip=10.96.0.1 port=:81/TCP"
#define API   "a/api ip=10.96.0.2 port=:80/TCP"
#define SLICE "a/web-1 service=web port=:8080/TCP 10.244.0.1"

/*
 * Carries out one step: "set SERVICE", "slice SLICE", "remove KEY", "remove slice KEY", "dirty
 * all"; "take" forgets what is dirty. Return: whether it made a difference
 */
static bool carry_out(struct store *store, struct string_pool *strings, const char *step)
{
	char key[64], *name;
	struct service_view view;

	if (strncmp(step, "set ", 4) == 0)
		return store_set_service(store, object_text_service(step + 4));
	if (strncmp(step, "slice ", 6) == 0)
		return store_set_endpoint_slice(store, object_text_slice(strings, step + 6));
	if (strcmp(step, "take") == 0) {
		while (store_take_dirty(store, &view))
			;
		return true;
	}
	if (strcmp(step, "dirty all") == 0) {
		store_mark_all_dirty(store);
		return true;
	}
	if (sscanf(step, "remove slice %63s", key) == 1) {
		name = strchr(key, '/');
		*name++ = '\0';
		return store_remove_endpoint_slice(store, key, name);
	}
	assert_int_equal(sscanf(step, "remove %63s", key), 1);
	name = strchr(key, '/');
	*name++ = '\0';
	return store_remove_service(store, key, name);
}

static void write_view(FILE *stream, const struct service_view *view)
{
	fprintf(stream, "%s", view->key);
	if (view->service)
		fprintf(stream, ":%u", view->service->ports[0].port);
	for (size_t i = 0; i < view->slice_count; i++)
		fprintf(stream, "%c%s", i ? ',' : '(', view->slices[i]->name);
	fprintf(stream, "%s ", view->slice_count ? ")" : "");
}

/* What a test would see of the dirty Services: "a/web:80(web-1,web-2) a/api ". */
static char *take_text(struct store *store)
{
	struct service_view view;
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	while (store_take_dirty(store, &view))
		write_view(stream, &view);
	fclose(stream);
	return text;
}

static void test_dirty_services(void **state)
{
	static const struct {
		const char *what, *steps[6], *dirty; /* KEY:PORT(SLICES) */
	} cases[] = {
		{"a new Service is dirty", {"set " WEB}, "a/web:80 "},
		{"a taken Service is no longer dirty", {"set " WEB, "take"}, ""},
		{"an equal Service changes nothing", {"set " WEB, "take", "set " WEB}, ""},
		{"a Service with another port is dirty",
		 {"set " WEB, "take", "set " WEB_2},
		 "a/web:81 "},
		{"twice dirty is taken once", {"set " WEB, "set " WEB_2}, "a/web:81 "},
		{"who waits longest comes first",
		 {"set " WEB, "set " API, "set " WEB_2},
		 "a/web:81 a/api:80 "},
		{"a slice comes with its Service",
		 {"set " WEB, "take", "slice " SLICE},
		 "a/web:80(web-1) "},
		{"a slice may come first",
		 {"slice " SLICE, "take", "set " WEB},
		 "a/web:80(web-1) "},
		{"a slice without Service is delivered", {"slice " SLICE}, "a/web(web-1) "},
		{"a slice without label belongs to nobody",
		 {"slice a/x port=:80/TCP 10.244.0.1"},
		 ""},
		{"an equal slice changes nothing",
		 {"set " WEB, "slice " SLICE, "take", "slice " SLICE},
		 ""},
		{"a slice with another endpoint makes its Service dirty",
		 {"set " WEB, "slice " SLICE, "take", "slice " SLICE " 10.244.0.2"},
		 "a/web:80(web-1) "},
		{"a slice with another condition makes its Service dirty",
		 {"set " WEB, "slice " SLICE, "take", "slice " SLICE "!terminating"},
		 "a/web:80(web-1) "},
		{"slices are sorted by name",
		 {"set " WEB, "slice a/web-2 service=web", "slice a/web-3 service=web",
		  "slice a/web-1 service=web"},
		 "a/web:80(web-1,web-2,web-3) "},
		{"a slice of another namespace is not ours",
		 {"set " WEB, "take", "slice b/web-1 service=web"},
		 "b/web(web-1) "},
		{"a relabelled slice concerns both Services",
		 {"set " WEB, "set " API, "slice " SLICE, "take",
		  "slice a/web-1 service=api port=:8080/TCP 10.244.0.1"},
		 "a/web:80 a/api:80(web-1) "},
		{"a slice that loses its label leaves",
		 {"set " WEB, "slice " SLICE, "take", "slice a/web-1"},
		 "a/web:80 "},
		{"a slice that goes",
		 {"set " WEB, "slice " SLICE, "take", "remove slice a/web-1"},
		 "a/web:80 "},
		{"a Service that goes leaves its slices",
		 {"set " WEB, "slice " SLICE, "take", "remove a/web"},
		 "a/web(web-1) "},
		{"the last trace is delivered once",
		 {"set " WEB, "take", "remove a/web"},
		 "a/web "},
		{"a delivered last trace is forgotten",
		 {"set " WEB, "remove a/web", "take", "dirty all"},
		 ""},
		{"come back before it was taken",
		 {"set " WEB, "take", "remove a/web", "set " WEB_2},
		 "a/web:81 "},
		{"come back after it was taken",
		 {"set " WEB, "remove a/web", "take", "set " WEB},
		 "a/web:80 "},
		/* In the order of their hashes. */
		{"all at once",
		 {"set " WEB, "set " API, "take", "dirty all"},
		 "a/api:80 a/web:80 "},
		{"an external IP that begins to be a pod's makes its Service dirty",
		 {"set " WEB " external=10.244.0.9", "set " API, "take",
		  "slice b/pods-1 service=pods 10.244.0.9@n"},
		 "a/web:80 b/pods(pods-1) "},
		{"or ceases to be one",
		 {"set " WEB " lb=10.244.0.9", "slice b/pods-1 service=pods 10.244.0.9@n", "take",
		  "slice b/pods-1 service=pods 10.244.0.8@n"},
		 "b/pods(pods-1) a/web:80 "},
		{"but not if it stays one",
		 {"set " WEB " lb=10.244.0.9", "slice b/pods-1 service=pods 10.244.0.9@n", "take",
		  "slice b/pods-1 service=pods 10.244.0.8@n 10.244.0.9@n"},
		 "b/pods(pods-1) "},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_free(string_pool) struct string_pool *strings = string_pool_new();
		auto_free(store) struct store *store = store_new();
		auto_memory char *text = NULL;

		print_message("%s\n", cases[i].what);
		for (size_t s = 0; s < COUNT(cases[i].steps) && cases[i].steps[s]; s++)
			carry_out(store, strings, cases[i].steps[s]);
		text = take_text(store);
		assert_string_equal(text, cases[i].dirty);
		assert_int_equal(store_dirty_count(store), 0);
	}
}

static void test_differences(void **state)
{
	static const struct {
		const char *what, *first, *second;
		bool is_different;
	} cases[] = {
		{"the same Service", "set " WEB, "set " WEB, false},
		{"another creation time", "set " WEB, "set " WEB " created=1", true},
		{"an address more", "set " WEB, "set " WEB " ip=fd00::1", true},
		{"an external IP", "set " WEB, "set " WEB " external=192.0.2.1", true},
		{"a load balancer IP", "set " WEB, "set " WEB " lb=192.0.2.1", true},
		{"a load balancer's own IP", "set " WEB, "set " WEB " proxied=192.0.2.1", true},
		{"another load balancer IP", "set " WEB " lb=192.0.2.1", "set " WEB " lb=192.0.2.2",
		 true},
		{"a source range", "set " WEB, "set " WEB " range=10.0.0.0/8", true},
		{"a node port", "set " WEB, "set a/web ip=10.96.0.1 port=:80/TCP:30080", true},
		{"a port's name", "set " WEB, "set a/web ip=10.96.0.1 port=x:80/TCP", true},
		{"a port's protocol", "set " WEB, "set a/web ip=10.96.0.1 port=:80/UDP", true},
		{"a port more", "set " WEB, "set " WEB " port=x:81/TCP", true},
		{"affinity", "set " WEB, "set " WEB " affinity=60", true},
		{"a health check port", "set " WEB, "set " WEB " health=32000", true},
		{"the external policy", "set " WEB, "set " WEB " etp=Local", true},
		{"the internal policy", "set " WEB, "set " WEB " itp=Local", true},
		{"another proxy", "set " WEB, "set " WEB " proxy=other", true},
		{"a scheduler", "set " WEB, "set " WEB " scheduler=lc", true},
		{"opted out", "set " WEB, "set " WEB " opted-out", true},
		{"unbound", "set " WEB, "set " WEB " unbound", true},
		{"the same slice", "slice " SLICE, "slice " SLICE, false},
		{"a slice's port", "slice " SLICE,
		 "slice a/web-1 service=web port=:81/TCP 10.244.0.1", true},
		{"an endpoint's node", "slice " SLICE, "slice " SLICE "@node-a", true},
		{"an endpoint's zone", "slice " SLICE, "slice " SLICE "+zone-a", true},
		{"no endpoint", "slice " SLICE, "slice a/web-1 service=web port=:8080/TCP", true},
		{"another family", "slice " SLICE, "slice " SLICE " family=6", true},
		{"removing what is not there", "set " WEB, "remove a/api", false},
		{"removing a slice that is not there", "set " WEB, "remove slice a/web-1", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_free(string_pool) struct string_pool *strings = string_pool_new();
		auto_free(store) struct store *store = store_new();

		print_message("%s\n", cases[i].what);
		assert_true(carry_out(store, strings, cases[i].first));
		carry_out(store, strings, "take");
		assert_int_equal(carry_out(store, strings, cases[i].second), cases[i].is_different);
		assert_int_equal(store_dirty_count(store), cases[i].is_different);
	}
}

/* Of external IPs, which are those of endpoints; "a.b.c.d" in @pods */
static void test_externals(void **state)
{
	static const struct {
		const char *what, *steps[6], *address;
		bool is_endpoint;
	} cases[] = {
		{"nobody's",
		 {"set " WEB " external=10.244.0.9", "slice " SLICE},
		 "10.244.0.9",
		 false},
		{"a pod's that came before it",
		 {"slice b/pods-1 service=pods 10.244.0.9@n", "set " WEB " external=10.244.0.9"},
		 "10.244.0.9",
		 true},
		{"a pod's that came after it",
		 {"set " WEB " lb=10.244.0.9", "take", "slice b/pods-1 service=pods 10.244.0.9@n"},
		 "10.244.0.9",
		 true},
		{"a pod's that came before it was taken",
		 {"set " WEB " lb=10.244.0.9", "slice b/pods-1 service=pods 10.244.0.9@n"},
		 "10.244.0.9",
		 true},
		{"a pod's that went",
		 {"set " WEB " lb=10.244.0.9", "slice b/pods-1 service=pods 10.244.0.9@n", "take",
		  "remove slice b/pods-1"},
		 "10.244.0.9",
		 false},
		{"of one of two slices that went",
		 {"set " WEB " lb=10.244.0.9", "slice b/pods-1 service=pods 10.244.0.9@n",
		  "slice b/pods-2 service=pods 10.244.0.9@n", "take", "remove slice b/pods-1"},
		 "10.244.0.9",
		 true},
		{"an endpoint's without node, which may be anything",
		 {"set " WEB " external=192.0.2.1", "slice b/far-1 service=far 192.0.2.1"},
		 "192.0.2.1",
		 false},
		{"an API server's",
		 {"set " WEB " external=192.0.2.1",
		  "slice default/kubernetes service=kubernetes port=:6443/TCP 192.0.2.1"},
		 "192.0.2.1",
		 true},
		{"of another Service of that name",
		 {"set " WEB " external=192.0.2.1",
		  "slice a/kubernetes service=kubernetes port=:6443/TCP 192.0.2.1"},
		 "192.0.2.1",
		 false},
		{"of a Service that has it twice, and gives up one",
		 {"set " WEB " external=10.244.0.9 lb=10.244.0.9",
		  "slice b/pods-1 service=pods 10.244.0.9@n", "take", "set " WEB " lb=10.244.0.9"},
		 "10.244.0.9",
		 true},
		{"no external IP any more, and one again",
		 {"set " WEB " external=10.244.0.9", "slice b/pods-1 service=pods 10.244.0.9@n",
		  "take", "remove a/web", "remove slice b/pods-1", "set " WEB " lb=10.244.0.9"},
		 "10.244.0.9",
		 false},
		{"a pod's, but no external IP",
		 {"slice b/pods-1 service=pods 10.244.0.9@n"},
		 "10.244.0.9",
		 false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_free(string_pool) struct string_pool *strings = string_pool_new();
		auto_free(store) struct store *store = store_new();
		const struct address address = object_text_address(cases[i].address);

		print_message("%s\n", cases[i].what);
		for (size_t s = 0; s < COUNT(cases[i].steps) && cases[i].steps[s]; s++)
			carry_out(store, strings, cases[i].steps[s]);
		carry_out(store, strings, "take");
		assert_int_equal(external_addresses_has_endpoint(store_externals(store), &address),
				 cases[i].is_endpoint);
	}
}

static void test_list_of_externals(void **state)
{
	auto_free(string_pool) struct string_pool *strings = string_pool_new();
	auto_free(store) struct store *store = store_new();
	auto_memory struct address *list = NULL;
	uint64_t version = external_addresses_version(store_externals(store));
	const struct address first = object_text_address("192.0.2.1");
	size_t count;

	(void)state;
	carry_out(store, strings, "set " WEB " external=192.0.2.1 lb=192.0.2.2");
	assert_true(external_addresses_version(store_externals(store)) > version);
	version = external_addresses_version(store_externals(store));
	carry_out(store, strings, "set " API " external=192.0.2.1");
	assert_int_equal(external_addresses_version(store_externals(store)), version);
	carry_out(store, strings, "remove a/web");
	assert_true(external_addresses_version(store_externals(store)) > version);
	list = external_addresses_list(store_externals(store), &count);
	assert_int_equal(count, 1);
	assert_true(address_is_equal(&list[0], &first));
	assert_null(store_endpoint_owner(store, &first));
	carry_out(store, strings, "slice b/pods-1 service=pods 192.0.2.1@n");
	assert_string_equal(store_endpoint_owner(store, &first), "b/pods");
}

static void append_key(const struct service_view *view, void *owner)
{
	strcat(strcat((char *)owner, view->key), " ");
}

static void test_counts_and_views(void **state)
{
	auto_free(string_pool) struct string_pool *strings = string_pool_new();
	auto_free(store) struct store *store = store_new();
	struct service_view view;
	char keys[100] = "";

	(void)state;
	carry_out(store, strings, "set " WEB);
	carry_out(store, strings, "set " API);
	carry_out(store, strings, "slice " SLICE " 10.244.0.2");
	carry_out(store, strings, "slice b/other-1 service=other 10.244.0.3");
	assert_int_equal(store_service_count(store), 2);
	assert_int_equal(store_endpoint_slice_count(store), 2);
	assert_int_equal(store_endpoint_count(store), 3);
	assert_int_equal(store_dirty_count(store), 3);

	carry_out(store, strings, "slice " SLICE);
	assert_int_equal(store_endpoint_count(store), 2);

	store_each(store, true, append_key, keys);
	assert_string_equal(keys, "a/api a/web b/other ");
	assert_true(store_find(store, "a/web", &view));
	assert_string_equal(view.service->name, "web");
	assert_int_equal(view.slice_count, 1);
	assert_true(store_find(store, "b/other", &view));
	assert_null(view.service);
	assert_false(store_find(store, "a/nobody", &view));

	carry_out(store, strings, "remove a/web");
	carry_out(store, strings, "remove slice b/other-1");
	assert_int_equal(store_service_count(store), 1);
	assert_int_equal(store_endpoint_slice_count(store), 1);
	assert_int_equal(store_endpoint_count(store), 1);
}

/* Everything shared is given back: the pool is as empty as before. */
static void test_no_shared_string_stays(void **state)
{
	auto_free(string_pool) struct string_pool *strings = string_pool_new();
	struct store *store = store_new();

	(void)state;
	carry_out(store, strings, "slice " SLICE "@node-a+zone-a");
	carry_out(store, strings, "slice " SLICE "@node-b+zone-b");
	assert_int_equal(string_pool_count(strings), 3);
	carry_out(store, strings, "slice " SLICE "@node-b+zone-b"); /* equal: dropped */
	carry_out(store, strings, "remove slice a/web-1");
	assert_int_equal(string_pool_count(strings), 0);
	carry_out(store, strings, "slice " SLICE "@node-a+zone-a");
	store_free(store);
	assert_int_equal(string_pool_count(strings), 0);
}

static void test_family_of_a_slice(void **state)
{
	auto_free(string_pool) struct string_pool *strings = string_pool_new();
	auto_free(store) struct store *store = store_new();

	(void)state;
	carry_out(store, strings, "slice a/web-1 service=web port=:80/TCP 10.0.0.1");
	carry_out(store, strings, "slice a/web-2 service=web family=6 port=:80/TCP fd00::1");
	assert_int_equal(store_endpoint_slice(store, "a", "web-1")->family, AF_INET);
	assert_int_equal(store_endpoint_slice(store, "a", "web-2")->family, AF_INET6);
	assert_null(store_endpoint_slice(store, "b", "web-2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dirty_services),
		cmocka_unit_test(test_differences),
		cmocka_unit_test(test_externals),
		cmocka_unit_test(test_list_of_externals),
		cmocka_unit_test(test_counts_and_views),
		cmocka_unit_test(test_no_shared_string_stays),
		cmocka_unit_test(test_family_of_a_slice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
