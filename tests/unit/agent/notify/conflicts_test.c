/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conflicts of Services with each other and with nodes, as users of the API hear of them. */
#include "agent/notify/conflicts.h"

#include "tests/unit/agent/agent_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define UID "4a6b1c9e-0f2d-4e8a-b7c3-00ff10203040"

struct noted {
	char text[2000];
};

static void note(void *owner, const struct kube_event *event)
{
	struct noted *noted = owner;
	size_t used = strlen(noted->text);

	snprintf(noted->text + used, sizeof(noted->text) - used, "%s %s/%s%s%s%s%s: %s\n",
		 event->reason, event->regarding.namespace_name, event->regarding.name,
		 *event->regarding.uid ? " uid " : "", event->regarding.uid,
		 event->related.kind ? " related " : "",
		 event->related.kind ? event->related.name : "", event->note);
}

struct bench {
	struct fixture fixture;
	struct events *events;
	struct conflicts *conflicts;
	struct noted noted;
};

static int set_up(void **state)
{
	struct bench *bench = memory_allocate(sizeof(*bench));

	fixture_set_up(&bench->fixture);
	bench->events = events_new("n");
	events_set_writer(bench->events, note, &bench->noted);
	bench->conflicts = conflicts_new(bench->fixture.store, bench->events);
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	conflicts_free(bench->conflicts);
	events_free(bench->events);
	fixture_tear_down(&bench->fixture);
	free(bench);
	return 0;
}

static void count(void *owner, const char *service, enum conflict_side side, size_t count)
{
	struct noted *noted = owner;
	size_t used = strlen(noted->text);

	snprintf(noted->text + used, sizeof(noted->text) - used, "%s%s %s %zu", used ? ", " : "",
		 service, conflict_side_name(side), count);
}

static void assert_counted(struct bench *bench, const char *expected)
{
	struct noted counted = {0};

	conflicts_each(bench->conflicts, count, &counted);
	assert_string_equal(counted.text, expected);
}

static void name_claimant(void *owner, const struct address *address, const char *claimant)
{
	char text[ADDRESS_TEXT_SIZE];
	struct noted *noted = owner;
	size_t used = strlen(noted->text);

	snprintf(noted->text + used, sizeof(noted->text) - used, "%s for %s;",
		 address_text(address, text), claimant);
}

static void assert_at_endpoints(struct bench *bench, const char *service, const char *expected)
{
	struct noted noted = {0};

	conflicts_at_endpoints(bench->conflicts, service, name_claimant, &noted);
	assert_string_equal(noted.text, expected);
}

/* Plans what is there now, and looks at what came of it. */
static void assert_told(struct bench *bench, const char *expected)
{
	bench->noted.text[0] = '\0';
	program(&bench->fixture);
	conflicts_passed(bench->conflicts, bench->fixture.ledger);
	assert_string_equal(bench->noted.text, expected);
}

static void test_services(void **state)
{
	struct bench *bench = *state;
	struct service *service;

	add_service(&bench->fixture,
		    "a/old ip=10.0.0.1 external=1.1.1.1 port=:80/TCP port=s:443/TCP created=1");
	assert_told(bench, "");
	service = object_text_service(
		"a/young ip=10.0.0.2 external=1.1.1.1 port=:443/TCP port=h:80/TCP created=2");
	service->uid = object_uid_parse(UID);
	store_set_service(bench->fixture.store, service);
	assert_told(
		bench,
		"ServiceConflict a/young uid " UID
		" related old: waiting for Service a/old to release 1.1.1.1:80/TCP and 1 more\n"
		"ServiceConflict a/old related young: Service a/young claims 1.1.1.1:80/TCP and 1 more as "
		"well, in vain\n");

	assert_counted(bench, "a/young waiting 2, a/old contested 2");

	/* Planned again, of which nothing is new. */
	add_slice(&bench->fixture, "a/young-1 service=young port=:443/TCP 10.1.0.1");
	assert_told(bench, "");
	add_service(&bench->fixture, "b/third ip=10.0.0.3 external=1.1.1.1 port=:80/TCP created=3");
	assert_told(
		bench,
		"ServiceConflict b/third related old: waiting for Service a/old to release 1.1.1.1:80/TCP\n"
		"ServiceConflict a/old related third: Service b/third claims 1.1.1.1:80/TCP as well, in vain\n");

	assert_counted(bench, "a/young waiting 2, a/old contested 2, b/third waiting 1, "
			      "a/old contested 1");

	/* The winner goes, the next one inherits. */
	store_remove_service(bench->fixture.store, "a", "old");
	assert_told(
		bench,
		"ServiceConflict b/third related young: waiting for Service a/young to release 1.1.1.1:80/TCP\n"
		"ServiceConflict a/young uid " UID
		" related third: Service b/third claims 1.1.1.1:80/TCP as well, in vain\n");
	store_remove_service(bench->fixture.store, "b", "third");
	assert_told(bench, "");
	assert_counted(bench, "");
	add_service(&bench->fixture, "b/third ip=10.0.0.3 external=1.1.1.1 port=:80/TCP created=3");
	assert_told(
		bench,
		"ServiceConflict b/third related young: waiting for Service a/young to release 1.1.1.1:80/TCP\n"
		"ServiceConflict a/young uid " UID
		" related third: Service b/third claims 1.1.1.1:80/TCP as well, in vain\n");
}

static void assert_planned(struct bench *bench, const struct node_view *node, const char *key,
			   const char *expected)
{
	struct service_view view = {.key = key};

	store_find(bench->fixture.store, key, &view);
	bench->noted.text[0] = '\0';
	conflicts_planned(bench->conflicts, &view, node);
	assert_string_equal(bench->noted.text, expected);
}

#define REST "; it is not bound to the dummy interface, so its other ports still reach its owner\n"

#define CLAIMED                                                                                             \
	"NodeAddressConflict b/pods related web: 192.168.0.2, the address of an endpoint, is an external "  \
	"or load balancer IP of Service a/web; it is not bound to the dummy interface, so its other ports " \
	"still reach the endpoint\n"

static void test_nodes(void **state)
{
	const struct address own = object_text_address("192.168.0.1");
	const struct address other = object_text_address("192.168.0.2");
	struct node_view node = {.name = "n",
				 .local_addresses = &own,
				 .local_address_count = 1,
				 .other_addresses = &other,
				 .other_address_count = 1};
	struct bench *bench = *state;
	struct service_view view;

	add_service(&bench->fixture, "a/fine ip=10.0.0.1 external=1.1.1.1 lb=1.1.1.2 port=:80/TCP");
	assert_planned(bench, &node, "a/fine", "");
	assert_planned(bench, &node, "a/unknown", "");
	add_service(&bench->fixture,
		    "a/web ip=10.0.0.2 external=192.168.0.1 lb=192.168.0.2 port=:80/TCP");
	assert_planned(bench, &node, "a/web",
		       "NodeAddressConflict a/web: external IP 192.168.0.1 is an address of n; "
		       "load balancer IP 192.168.0.2 is an address of another Node" REST);
	assert_planned(bench, &node, "a/web", "");

	assert_counted(bench, "a/web unbound 2");

	/* The node loses one address, and gets it back. */
	node.local_address_count = 0;
	assert_planned(bench, &node, "a/web",
		       "NodeAddressConflict a/web: load balancer IP 192.168.0.2 is an address of "
		       "another Node" REST);
	node.other_address_count = 0;
	assert_planned(bench, &node, "a/web", "");
	node.local_address_count = 1;
	assert_planned(
		bench, &node, "a/web",
		"NodeAddressConflict a/web: external IP 192.168.0.1 is an address of n" REST);
	add_slice(&bench->fixture, "b/pods-1 service=pods port=:80/TCP 192.168.0.2@m");
	while (store_take_dirty(bench->fixture.store, &view))
		;
	node.local_address_count = 0;
	node.other_names = (const char *const[]){"m"};
	assert_planned(bench, &node, "a/web",
		       "NodeAddressConflict a/web: load balancer IP 192.168.0.2 is an address of "
		       "an endpoint of Service b/pods" REST CLAIMED);
	assert_counted(bench, "a/web unbound 1, b/pods endpoint 1");
	assert_at_endpoints(bench, "b/pods", "192.168.0.2 for a/web;");
	assert_at_endpoints(bench, "a/web", "");
	node.other_address_count = 1;
	assert_planned(bench, &node, "a/web",
		       "NodeAddressConflict a/web: load balancer IP 192.168.0.2 is an address of "
		       "Node m" REST);
	assert_at_endpoints(bench, "b/pods", "");
	store_remove_service(bench->fixture.store, "a", "web");
	assert_planned(bench, &node, "a/web", "");
	assert_counted(bench, "");

	/* An endpoint of its own is no other Service's. */
	node.other_address_count = 0;
	add_service(&bench->fixture, "b/pods ip=10.0.0.3 lb=192.168.0.2 port=:80/TCP");
	while (store_take_dirty(bench->fixture.store, &view))
		;
	assert_planned(
		bench, &node, "b/pods",
		"NodeAddressConflict b/pods: load balancer IP 192.168.0.2 is an address of an "
		"endpoint of Service b/pods" REST);
	assert_counted(bench, "b/pods unbound 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_services, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nodes, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
