/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/diff/diff_print.h"
#include "agent/diff/differences.h"

#include "tests/fake/object_text.h"

#include <jansson.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

static const struct diff_subject subject = {"n1", "the manifests"};

static struct virtual_server_key key_of(const char *address)
{
	struct virtual_server_key key;

	memset(&key, 0, sizeof(key));
	key.address = object_text_address(address);
	key.port = 80;
	key.protocol = IPPROTO_TCP;
	return key;
}

static void add_server(struct changes *changes, enum change_kind kind, const char *address,
		       const char *scheduler)
{
	struct virtual_server *server = &changes_add(changes, kind)->server;

	server->key = key_of(address);
	strcpy(server->scheduler, scheduler);
}

static void add_destination(struct changes *changes, enum change_kind kind, const char *address,
			    uint16_t weight)
{
	struct change *change = changes_add(changes, kind);

	change->destination.server = key_of("10.0.0.1");
	change->destination.value = (struct destination){
		.address = object_text_address(address), .port = 8080, .weight = weight};
}

static void add_member(struct changes *changes, enum change_kind kind, enum set_kind set)
{
	struct virtual_server_key key = key_of("10.0.0.1");

	changes_add(changes, kind)->member = service_state_member(&key, set);
}

/* One virtual server with a destination of weight 5, and one that is not masqueraded. */
static struct server_listing *kernel(void)
{
	struct server_listing *listing = server_listing_new();
	struct virtual_server server = {.key = key_of("10.0.0.1"), .scheduler = "wrr"};
	struct destination_usage usage = {
		.destination = {object_text_address("10.1.0.1"), 8080, 5}};

	server.persistence_seconds = 600;
	server_listing_visitor.server(listing, &server);
	server_listing_visitor.destination(listing, &server.key, &usage);
	return listing;
}

static char *printed(const struct differences *differences)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	diff_print_text(differences, &subject, false, stream);
	fclose(stream);
	return text;
}

static void nothing_differs(void **state)
{
	auto_free(differences) struct differences *differences = differences_new();
	auto_memory char *text = printed(differences);

	(void)state;
	assert_string_equal(text, "The kernel of node n1 is as wanted by the manifests.\n");
}

static void each_kind_of_change_has_its_line(void **state)
{
	auto_free(server_listing) struct server_listing *listing = kernel();
	auto_free(differences) struct differences *differences = differences_new();
	auto_free(changes) struct changes *changes = changes_new();
	auto_memory char *text = NULL;

	(void)state;
	add_server(changes, CHANGE_KIND_SERVER_EDIT, "10.0.0.1", "rr");
	add_server(changes, CHANGE_KIND_SERVER_ADD, "10.0.0.2", "rr");
	add_server(changes, CHANGE_KIND_SERVER_REMOVE, "10.0.0.1", "wrr");
	add_destination(changes, CHANGE_KIND_DESTINATION_ADD, "10.1.0.9", 1);
	add_destination(changes, CHANGE_KIND_DESTINATION_EDIT, "10.1.0.1", 1);
	add_destination(changes, CHANGE_KIND_DESTINATION_EDIT, "10.1.0.1", 5);
	add_destination(changes, CHANGE_KIND_DESTINATION_EDIT, "10.1.0.1", 0);
	add_destination(changes, CHANGE_KIND_DESTINATION_REMOVE, "10.1.0.1", 5);
	add_member(changes, CHANGE_KIND_MEMBER_ADD, SET_KIND_CLUSTER_IP);
	add_member(changes, CHANGE_KIND_MEMBER_REMOVE, SET_KIND_CLUSTER_IP);
	changes_add(changes, CHANGE_KIND_ADDRESS_ADD)->address = object_text_address("10.0.0.1");
	changes_add(changes, CHANGE_KIND_ADDRESS_REMOVE)->address = object_text_address("fd00::1");
	differences_add_changes(differences, changes, listing);
	differences_add_rules(differences, AF_INET6,
			      "*nat\n:KUBE-SERVICES - [0:0]\n-A KUBE-SERVICES -j X\n"
			      "-D OUTPUT -j Y\n-I OUTPUT -j Z\nCOMMIT\n");
	text = printed(differences);
	assert_string_equal(
		text,
		"OBJECT                                                 KERNEL                        WANTED\n"
		"virtual server 10.0.0.1:80/TCP                         scheduler wrr, affinity 600s  scheduler rr\n"
		"virtual server 10.0.0.2:80/TCP                         -                             scheduler rr\n"
		"virtual server 10.0.0.1:80/TCP                         scheduler wrr, affinity 600s  -\n"
		"destination 10.1.0.9:8080 of 10.0.0.1:80/TCP           -                             weight 1\n"
		"destination 10.1.0.1:8080 of 10.0.0.1:80/TCP           weight 5                      weight 1\n"
		"destination 10.1.0.1:8080 of 10.0.0.1:80/TCP           not masqueraded               masqueraded\n"
		"destination 10.1.0.1:8080 of 10.0.0.1:80/TCP           weight 5                      -\n"
		"destination 10.1.0.1:8080 of 10.0.0.1:80/TCP           weight 5                      -\n"
		"member 10.0.0.1,tcp:80 of KUBE-CLUSTER-IP              -                             present\n"
		"member 10.0.0.1,tcp:80 of KUBE-CLUSTER-IP              present                       -\n"
		"address 10.0.0.1 of kube-ipvs0                         -                             present\n"
		"address fd00::1 of kube-ipvs0                          present                       -\n"
		"rules of chain KUBE-SERVICES of table nat (ip6tables)  missing or altered            present\n"
		"jumps in chain OUTPUT of table nat (ip6tables)         missing or altered            present\n"
		"\n14 differences between the kernel of node n1 and the manifests.\n");
}

static void a_wrong_mark_is_told_once(void **state)
{
	auto_free(server_listing) struct server_listing *listing = kernel();
	auto_free(differences) struct differences *differences = differences_new();
	auto_free(changes) struct changes *repairs = changes_new(), *changes = changes_new();

	(void)state;
	add_member(repairs, CHANGE_KIND_MEMBER_REMOVE, SET_KIND_IN_CLUSTER);
	add_member(changes, CHANGE_KIND_MEMBER_ADD, SET_KIND_IN_CLUSTER);
	differences_add_marks(differences, repairs);
	differences_add_changes(differences, changes, listing);
	assert_int_equal(differences->count, 1);
	assert_string_equal(differences->items[0].kernel, "another mark");
}

static void what_is_there_once_only_is_dropped(void **state)
{
	auto_free(server_listing) struct server_listing *listing = kernel();
	auto_free(differences) struct differences *first = differences_new();
	auto_free(differences) struct differences *second = differences_new();
	auto_free(changes) struct changes *changes = changes_new();

	(void)state;
	add_server(changes, CHANGE_KIND_SERVER_ADD, "10.0.0.2", "rr");
	add_server(changes, CHANGE_KIND_SERVER_ADD, "10.0.0.3", "rr");
	differences_add_changes(first, changes, listing);
	changes_clear(changes);
	add_server(changes, CHANGE_KIND_SERVER_ADD, "10.0.0.3", "rr");
	add_server(changes, CHANGE_KIND_SERVER_ADD, "10.0.0.2", "sh");
	differences_add_changes(second, changes, listing);
	differences_keep(first, second);
	assert_int_equal(first->count, 1);
	assert_string_equal(first->items[0].object, "virtual server 10.0.0.3:80/TCP");
}

static void json(void **state)
{
	auto_free(server_listing) struct server_listing *listing = kernel();
	auto_free(differences) struct differences *differences = differences_new();
	auto_free(changes) struct changes *changes = changes_new();
	auto_memory char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	json_t *found, *expected;

	(void)state;
	add_destination(changes, CHANGE_KIND_DESTINATION_EDIT, "10.1.0.1", 1);
	differences_add_changes(differences, changes, listing);
	diff_print_json(differences, &subject, stream);
	fclose(stream);
	found = json_loads(text, 0, NULL);
	expected =
		json_pack("{s:i, s:s, s:s, s:[{s:s, s:s, s:s, s:s}], s:[]}", "version", 1, "node",
			  "n1", "source", "the manifests", "differences", "kind", "destination",
			  "object", "destination 10.1.0.1:8080 of 10.0.0.1:80/TCP", "kernel",
			  "weight 5", "wanted", "weight 1", "draining");
	assert_non_null(expected);
	assert_true(json_equal(found, expected));
	json_decref(found);
	json_decref(expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_differs),
		cmocka_unit_test(each_kind_of_change_has_its_line),
		cmocka_unit_test(a_wrong_mark_is_told_once),
		cmocka_unit_test(what_is_there_once_only_is_dropped),
		cmocka_unit_test(json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
