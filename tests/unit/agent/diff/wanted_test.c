/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/diff/wanted.h"

#include "lib/plan/ledger_former.h"

#include "agent/status/wanted_report.h"
#include "tests/unit/agent/agent_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int set_up(void **state)
{
	struct fixture *fixture = memory_allocate(sizeof(*fixture));

	fixture_set_up(fixture);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	fixture_tear_down(*state);
	free(*state);
	return 0;
}

static int append(const char *data, size_t size, void *owner)
{
	return fwrite(data, 1, size, owner) == size ? 0 : -1;
}

/* @between: called between the parts; NULL = nothing */
static void add_report(json_t *list, struct fixture *fixture, const char *key,
		       void (*between)(struct fixture *fixture))
{
	struct wanted_report *report = wanted_report_new(&fixture->sources, key);
	auto_memory char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	json_t *json;

	assert_non_null(report);
	while (wanted_report_step(report, append, stream))
		if (between)
			between(fixture);
	fclose(stream);
	wanted_report_free(report);
	json = json_loads(text, 0, NULL);
	if (!json)
		fail_msg("no JSON: %s", text);
	json_array_append_new(list, json);
}

static json_t *answer_of(struct fixture *fixture, const char *const *keys, size_t count,
			 void (*between)(struct fixture *fixture))
{
	json_t *services = json_array();

	for (size_t i = 0; i < count; i++)
		add_report(services, fixture, keys[i], between);
	return json_pack("{s:o, s:o}", "agent", wanted_report_agent(&fixture->sources), "services",
			 services);
}

/* Everything that a ledger would have a kernel do that holds nothing. */
static char *text_of_settled(struct ledger *ledger)
{
	auto_free(changes) struct changes *changes = changes_new();
	char buffer[6 * ADDRESS_TEXT_SIZE], *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	ledger_settle(ledger, 0, changes);
	changes_sort(changes);
	for (size_t i = 0; i < changes->count; i++) {
		const struct change *change = &changes->items[i];

		fprintf(stream, "%s", change_text(change, buffer));
		if (change->kind == CHANGE_KIND_SERVER_ADD)
			fprintf(stream, " %s %u %u %u", change->server.scheduler,
				change->server.persistence_seconds, change->server.netmask,
				change->server.flags);
		if (change->kind == CHANGE_KIND_DESTINATION_ADD)
			fprintf(stream, " %u", change->destination.value.weight);
		fputc('\n', stream);
	}
	fclose(stream);
	return text;
}

static const char *const keys[] = {"a/local", "a/ranges", "a/six", "a/sticky", "a/web"};

static void add_services(struct fixture *fixture)
{
	add_service(fixture, "a/web type=NodePort ip=10.0.0.1 port=:80/TCP:30080 port=dns:53/UDP");
	add_slice(fixture,
		  "a/web-1 service=web port=:8080/TCP port=dns:5353/UDP 10.1.0.1@n 10.1.0.2@m");
	add_service(fixture, "a/sticky ip=10.0.0.2 port=:80/TCP affinity=600");
	add_slice(fixture, "a/sticky-1 service=sticky port=:8080/TCP 10.1.0.1@n");
	add_service(fixture, "a/six ip=fd00::3 port=:80/TCP");
	add_slice(fixture, "a/six-1 service=six family=6 port=:8080/TCP fd00:1::1@n");
	add_service(fixture, "a/local ip=10.0.0.4 port=:80/TCP external=203.0.113.4 etp=Local");
	add_slice(fixture, "a/local-1 service=local port=:8080/TCP 10.1.0.1@n 10.1.0.2@m");
	add_service(fixture, "a/ranges ip=10.0.0.5 port=:80/TCP lb=203.0.113.5 range=192.0.2.0/24");
	add_slice(fixture, "a/ranges-1 service=ranges port=:8080/TCP 10.1.0.1@n");
	program(fixture);
}

/* What is told and read again is what the Services want, to the last attribute, and a deleted one had. */
static void everything_arrives(void **state)
{
	struct fixture *fixture = *state;
	const struct ledger_options options = {0};
	auto_free(ledger) struct ledger *told = ledger_new(&options);
	auto_free(ledger) struct ledger *original = ledger_new(&options);
	auto_memory char *expected = NULL, *found = NULL;
	struct error err = {0};
	struct address former;
	json_t *answer;

	add_services(fixture);
	assert_true(address_parse("10.0.0.99", &former));
	ledger_former_add(fixture->ledger, &former, 1);
	answer = answer_of(fixture, keys, COUNT(keys), NULL);
	for (size_t i = 0; i < COUNT(keys); i++)
		ledger_replace(original, keys[i], 0,
			       service_state_pack(
				       service_state_copy(ledger_state(fixture->ledger, keys[i]))));
	ledger_former_add(original, &former, 1);
	if (wanted_replace(answer, told, &err) < 0)
		fail_msg("%s", err.text);
	expected = text_of_settled(original);
	found = text_of_settled(told);
	assert_true(strlen(expected) > 1000);
	assert_non_null(strstr(expected, "10.0.0.99"));
	assert_string_equal(found, expected);
	json_decref(answer);
}

static void remove_endpoints(struct fixture *fixture)
{
	store_remove_endpoint_slice(fixture->store, "a", "web-1");
	store_remove_service(fixture->store, "a", "sticky");
	program(fixture);
}

static void changes_meanwhile_do_not_tear_it(void **state)
{
	static const char *const changing[] = {"a/web"};
	struct fixture *fixture = *state;
	json_t *before, *meanwhile;

	add_services(fixture);
	before = answer_of(fixture, changing, COUNT(changing), NULL);
	meanwhile = answer_of(fixture, changing, COUNT(changing), remove_endpoints);
	assert_true(json_equal(json_object_get(before, "services"),
			       json_object_get(meanwhile, "services")));
	json_decref(before);
	json_decref(meanwhile);
}

static void a_service_that_wants_nothing_is_left_out(void **state)
{
	struct fixture *fixture = *state;

	assert_null(wanted_report_new(&fixture->sources, "a/none"));
}

static void the_agent_itself(void **state)
{
	struct fixture *fixture = *state;
	const struct mark_range marks = {0x60000000, 0x1fff0000};
	struct prefix excluded;
	struct options options = {.in_cluster_marks = marks, .excluded = {&excluded, 1}};
	struct wanted wanted;
	struct error err = {0};
	json_t *answer;

	assert_true(address_parse_prefix("198.51.100.0/24", &excluded));
	fixture->sources.options = &options;
	snprintf(fixture->health.source_description, sizeof(fixture->health.source_description),
		 "manifests");
	program(fixture);
	answer = answer_of(fixture, NULL, 0, NULL);
	if (wanted_read(answer, &wanted, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(wanted.node, "n");
	assert_string_equal(wanted.source, "manifests");
	assert_true(wanted.is_settled);
	assert_memory_equal(&wanted.marks, &marks, sizeof(marks));
	assert_int_equal(wanted.excluded_count, 1);
	assert_memory_equal(wanted.excluded, &excluded, sizeof(excluded));
	assert_false(wanted.has_rules[0] || wanted.has_rules[1]);
	wanted_clear(&wanted);
	json_decref(answer);
}

/* Return: the result of reading @text as the whole answer */
static int read_text(const char *text, bool is_head)
{
	const struct ledger_options options = {0};
	auto_free(ledger) struct ledger *ledger = ledger_new(&options);
	json_t *answer = json_loads(text, 0, NULL);
	struct error err = {0};
	struct wanted wanted;
	int r;

	assert_non_null(answer);
	r = is_head ? wanted_read(answer, &wanted, &err) : wanted_replace(answer, ledger, &err);
	if (r >= 0 && is_head)
		wanted_clear(&wanted);
	json_decref(answer);
	return r;
}

static void what_does_not_fit_is_refused(void **state)
{
	static const struct {
		bool is_head;
		const char *text;
	} rows[] = {
		{true, "{}"},
		{true, "{\"agent\": {\"wanted\": 2}}"},
		{false, "{\"services\": [{}]}"},
		{false, "{\"services\": [{\"service\": \"a/b\", \"servers\": [[\"10.0.0.1\"]]}]}"},
		{false, "{\"services\": [{\"service\": \"a/b\", \"servers\": "
			"[[\"x\",80,6,0,\"rr\",0,0,0,0,[]]]}]}"},
		{false, "{\"services\": [{\"service\": \"a/b\", \"servers\": "
			"[[\"10.0.0.1\",80,6,0,\"rr\",0,0,0,0,[[\"10.0.0.2\"]]]]}]}"},
		{false, "{\"services\": [{\"service\": \"a/b\", \"members\": "
			"[[99,2,6,0,80,\"10.0.0.1\",\"\"]]}]}"},
		{false, "{\"services\": [{\"service\": \"a/b\", \"addresses\": [1]}]}"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (read_text(rows[i].text, rows[i].is_head) != -EPROTO)
			fail_msg("taken: %s", rows[i].text);
	assert_int_equal(read_text("{\"services\": []}", false), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(everything_arrives, set_up, tear_down),
		cmocka_unit_test_setup_teardown(changes_meanwhile_do_not_tear_it, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_service_that_wants_nothing_is_left_out, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_agent_itself, set_up, tear_down),
		cmocka_unit_test(what_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
