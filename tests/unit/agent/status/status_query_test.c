/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/status/status_query.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct options *asked(const char *argument, int node_port)
{
	struct options *options = options_new();

	if (argument)
		string_list_add(&options->arguments, argument);
	options->node_port = node_port;
	return options;
}

static void test_what_is_asked_for(void **state)
{
	static const struct {
		const char *argument;
		int node_port;
		const char *filter, *servers; /* filter NULL: refused; servers NULL: by name */
	} rows[] = {
		{NULL, 0, "", NULL},
		{"web", 0, "default/web", NULL},
		{"prod/web", 0, "prod/web", NULL},
		{"prod/", 0, "prod/", NULL},
		{"10.96.0.10", 0, "", "10.96.0.10"},
		{"10.96.0.10:80", 0, "", "10.96.0.10:80"},
		{"[fd00::10]:80", 0, "", "[fd00::10]:80"},
		{"fd00::10", 0, "", "fd00::10"},
		{NULL, 30080, "", "NodePort 30080"},
		{"10.96.0.10:99999", 0, NULL, NULL},
		{"Web", 0, NULL, NULL},
		{"web", 30080, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_free(options) struct options *options =
			asked(rows[i].argument, rows[i].node_port);
		struct status_query query;
		struct error err = {0};
		int r = status_query_read(options, &query, &err);

		print_message("%s, %d\n", rows[i].argument ? rows[i].argument : "nothing",
			      rows[i].node_port);
		assert_int_equal(r, rows[i].filter ? 0 : -EINVAL);
		if (r < 0) {
			assert_non_null(strstr(err.text, rows[i].argument));
			continue;
		}
		assert_string_equal(query.filter, rows[i].filter);
		assert_int_equal(query.servers != NULL, rows[i].servers != NULL);
		if (query.servers)
			assert_string_equal(query.servers, rows[i].servers);
		status_query_clear(&query);
	}
}

static const char document_text[] =
	"{\"services\": ["
	"{\"namespace\": \"a\", \"name\": \"web\", \"servers\": ["
	" {\"kind\": \"ClusterIP\", \"address\": \"10.96.0.10\", \"port\": 80},"
	" {\"kind\": \"ClusterIP\", \"address\": \"fd00::10\", \"port\": 80},"
	" {\"kind\": \"NodePort\", \"address\": \"192.168.1.1\", \"port\": 30080}]},"
	"{\"namespace\": \"b\", \"name\": \"api\", \"servers\": ["
	" {\"kind\": \"ClusterIP\", \"address\": \"10.96.0.11\", \"port\": 30080},"
	" {\"kind\": \"ExternalIP\", \"address\": \"203.0.113.1\", \"port\": 443}]},"
	"{\"namespace\": \"c\", \"name\": \"late\", \"servers\": ["
	" {\"kind\": \"ExternalIP\", \"address\": \"203.0.113.1\", \"port\": 443}]}]}";

/* "NAME ADDRESS ADDRESS; ..." of what is left of the document, and the Service if it is one */
static void select_from_document(const char *argument, int node_port, char text[200],
				 char **service)
{
	auto_free(options) struct options *options = asked(argument, node_port);
	json_t *document = json_loads(document_text, 0, NULL);
	const json_t *one, *server;
	struct status_query query;
	struct error err = {0};
	size_t i, k;

	assert_non_null(document);
	assert_return_code(status_query_read(options, &query, &err), 0);
	status_query_select(&query, document);
	*service = status_query_service(document);
	*text = '\0';
	json_array_foreach (json_object_get(document, "services"), i, one) {
		strcat(text, i ? "; " : "");
		strcat(text, json_string_value(json_object_get(one, "name")));
		json_array_foreach (json_object_get(one, "servers"), k, server) {
			strcat(text, " ");
			strcat(text, json_string_value(json_object_get(server, "address")));
		}
	}
	json_decref(document);
	status_query_clear(&query);
}

static void test_selection(void **state)
{
	static const struct {
		const char *argument;
		int node_port;
		const char *left, *service;
	} rows[] = {
		{NULL, 0,
		 "web 10.96.0.10 fd00::10 192.168.1.1; api 10.96.0.11 203.0.113.1; late 203.0.113.1",
		 ""},
		{"10.96.0.10", 0, "web 10.96.0.10", "a/web"},
		{"10.96.0.10:80", 0, "web 10.96.0.10", "a/web"},
		{"10.96.0.10:81", 0, "", ""},
		{"[fd00:0::10]:80", 0, "web fd00::10", "a/web"},
		{"203.0.113.1:443", 0, "api 203.0.113.1; late 203.0.113.1", ""},
		{NULL, 30080, "web 192.168.1.1", "a/web"},
		{NULL, 443, "", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_memory char *service = NULL;
		char left[200];

		select_from_document(rows[i].argument, rows[i].node_port, left, &service);
		assert_string_equal(left, rows[i].left);
		assert_string_equal(service ? service : "", rows[i].service);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_asked_for),
		cmocka_unit_test(test_selection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
