/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/source/manifest_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* tests/field-cases */
static const char *directory;

static void write_addresses(FILE *stream, const char *what, const struct address *addresses,
			    size_t count)
{
	char text[ADDRESS_TEXT_SIZE];

	for (size_t i = 0; i < count; i++)
		fprintf(stream, " %s%s", what, address_text(&addresses[i], text));
}

static void write_definition(FILE *stream, const struct definition *definition)
{
	const struct service *service = definition->service;
	const struct node *node = definition->node;
	char text[ADDRESS_TEXT_SIZE];

	fprintf(stream, "%s %s", object_kind_name(definition->kind), definition->name);
	if (service) {
		write_addresses(stream, "", service->cluster_ips, service->cluster_ip_count);
		write_addresses(stream, "external=", service->external_ips,
				service->external_ip_count);
		write_addresses(stream, "balancer=", service->load_balancer_ips,
				service->load_balancer_ip_count);
		for (size_t i = 0; i < service->port_count; i++)
			fprintf(stream, " %s:%u", service->ports[i].name, service->ports[i].port);
	}
	for (size_t i = 0; i < definition->slices.count; i++)
		for (size_t j = 0; j < definition->slices.slices[i]->endpoint_count; j++)
			write_addresses(stream, "",
					&definition->slices.slices[i]->endpoints[j].address, 1);
	if (node) {
		fprintf(stream, " %s", node->zone ? node->zone : "");
		write_addresses(stream, "", node->addresses, node->address_count);
		for (size_t i = 0; i < node->pod_cidr_count; i++)
			fprintf(stream, " %s", address_prefix_text(&node->pod_cidrs[i], text));
	}
	if (definition->problem)
		fprintf(stream, " %s %s", definition->is_partial ? "~" : "!", definition->problem);
	assert_int_equal(definition->is_loaded, !definition->problem || definition->is_partial);
}

static void on_ignored(void *owner, const char *path, const char *kind, const char *name)
{
	(void)path;
	fprintf(owner, "(%s %s); ", kind, name);
}

/*
 * What a file has, in its order: "(Secret a); " for what is ignored, each definition with "!" and why
 * it cannot be used, or "~" and what of it; "; file: " and what cannot be named, or why nothing of it
 * can be used.
 */
static char *read_text(const char *path, char *bytes, size_t size)
{
	struct file_content content = {.bytes = bytes, .size = size};
	struct string_pool *strings = string_pool_new();
	struct definition *definitions;
	struct manifest_reader *reader;
	struct error err = {0};
	size_t count, length;
	char *text;
	FILE *stream = open_memstream(&text, &length);
	int r;

	reader = manifest_reader_new(path, &content, strings, on_ignored, stream);
	do
		r = manifest_reader_step(reader, &err);
	while (r > 0);
	definitions = manifest_reader_take(reader, &count);
	for (size_t i = 0; i < count; i++) {
		fputs(i ? "; " : "", stream);
		write_definition(stream, &definitions[i]);
		definition_clear(&definitions[i]);
	}
	if (r < 0 || manifest_reader_problem(reader))
		fprintf(stream, "; %s: %s", r < 0 ? "no file" : "file",
			r < 0 ? err.text : manifest_reader_problem(reader));
	free(definitions);
	manifest_reader_free(reader);
	string_pool_free(strings);
	fclose(stream);
	return text;
}

static char *read_file(const char *name)
{
	auto_memory char *path = string_printf("%s/%s.yaml", directory, name);
	FILE *file = fopen(path, "r");
	char bytes[4096];
	size_t size;

	if (!file)
		fail_msg("%s cannot be opened", path);
	size = fread(bytes, 1, sizeof(bytes), file);
	assert_true(feof(file));
	fclose(file);
	return read_text(path, bytes, size);
}

struct row {
	const char *what, *text, *read;
};

static void test_field_cases(void **state)
{
	static const struct row rows[] = {
		{"external-ip-is-cluster-ip", NULL,
		 "Service a 10.96.0.60 external=10.96.0.61 :80; Service np 10.96.0.61 :80"},
		{"load-balancer-ip-is-pod-ip", NULL,
		 "Service web 10.96.0.10 balancer=10.244.2.1 http:80; EndpointSlice web-1 10.244.2.1"},
		{"load-balancer-loopback", NULL,
		 "Service web 10.96.0.10 balancer=203.0.113.10 :80 ~ line 3: "
		 "status.loadBalancer.ingress[0].ip: 127.0.0.1 is a loopback address"},
		{"node-host-name-address", NULL, "Node node1 zone-a 192.168.77.10 10.244.1.0/24"},
		{"port-equals-node-port", NULL,
		 "Service api 10.96.0.50 balancer=203.0.113.50 :31000; Service shop 10.96.0.51 :80"},
		{"slice-one-bad-address", NULL,
		 "Service web 10.96.0.10 http:80; EndpointSlice web-1 10.244.1.1 ~ line 7: "
		 "endpoints[0].addresses[0]: 127.0.0.1 is a loopback address"},
		{"yaml-foreign-tag", NULL, "(Secret blob); Service web 10.96.0.10 :80"},
		{"yaml-key-twice-foreign", NULL, "(Deployment web); Service web 10.96.0.10 :80"},
		{"yaml-key-twice-service", NULL,
		 "Service twice ! line 5, column 31: duplicate key \"clusterIP\"; Service web "
		 "10.96.0.10 :80"},
		{"yaml-list-odd-item", NULL,
		 "Service odd ! line 2: apiVersion: not a string; Service web 10.96.0.10 :80; file: "
		 "line 2: items[0]: not a Kubernetes object"},
		{"yaml-merge-tag", NULL, "Service web 10.96.0.10 http:80 alt:81"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_memory char *text = read_file(rows[i].what);

		print_message("%s\n", rows[i].what);
		assert_string_equal(text, rows[i].read);
	}
}

static void check_rows(const struct row *rows, size_t count, const char *path)
{
	for (size_t i = 0; i < count; i++) {
		auto_memory char *bytes = string_dup(rows[i].text);
		auto_memory char *text = read_text(path, bytes, strlen(bytes));

		print_message("%s\n", rows[i].what);
		assert_string_equal(text, rows[i].read);
	}
}

#define SERVICE "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
#define NEXT	"---\n" SERVICE "spec: {clusterIP: 10.96.0.10}\n"
#define FOREIGN "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\n"
#define SERVED	"; Service web 10.96.0.10"

static void test_yaml(void **state)
{
	static const struct row rows[] = {
		{"nothing", "", ""},
		{"what JSON cannot hold, in a kind that nobody reads",
		 FOREIGN
		 "a: .nan\nb: !!binary x\nc: !!int x\nd: {? [a] : b, ~: c}\ne: *x\nf: \"\\0\"\n" NEXT,
		 "(Thing a)" SERVED},
		{"what JSON cannot hold, in a Service",
		 SERVICE "spec: {clusterIP: 10.96.0.1, other: [{x: .nan}]}\n" NEXT,
		 "Service web ! line 4, column 42: .nan cannot be represented in JSON" SERVED},
		{"a name that JSON cannot hold",
		 "apiVersion: v1\nkind: Service\nmetadata: {name: .inf}\n" NEXT,
		 "Service web 10.96.0.10; file: line 1: Service: metadata.name: missing"},
		{"tags of one's own in a Service",
		 SERVICE "spec: !Spec {clusterIP: !Address 10.96.0.1}\n" NEXT,
		 "Service web 10.96.0.1" SERVED},
		{"one that refers to what is wrong in another",
		 "kind: List\nitems:\n- {kind: Thing, data: &x {a: 1, a: 2}}\n"
		 "- {apiVersion: v1, kind: Service, metadata: {name: web, labels: *x}}\n"
		 "- {apiVersion: v1, kind: Service, metadata: {name: b}}\n",
		 "(Thing ); Service web ! line 3, column 33: duplicate key \"a\"; Service b"},
		{"a key twice in a list: nobody knows what it should hold",
		 "kind: List\nitems: []\nitems: []\n" NEXT,
		 "; no file: line 3, column 1: duplicate key \"items\""},
		{"a kind and a version that are no strings",
		 "kind: [Service]\n---\napiVersion: {}\nkind: Service\nmetadata: {name: a}\n" NEXT,
		 "Service a ! line 3: apiVersion: not a string; Service web 10.96.0.10; file: line 1: "
		 "kind: not a string"},
		{"a document that is no object", "hello\n" NEXT,
		 "; no file: line 1: not a Kubernetes object"},
		{"what is no YAML", SERVICE NEXT "a: [\n",
		 "Service web; no file: line 10, column 1: did not find expected node content, while "
		 "parsing a flow node"},
	};

	(void)state;
	check_rows(rows, COUNT(rows), "a.yaml");
}

#define JSON_SERVICE(name, rest)                                                                \
	"{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"" name "\"}" rest \
	"}\n"

static void test_json(void **state)
{
	static const struct row rows[] = {
		{"a byte order mark", "\xef\xbb\xbf" JSON_SERVICE("a", ""), "Service a"},
		{"a key twice", JSON_SERVICE("a", ",\"spec\":{},\"spec\":{}") JSON_SERVICE("b", ""),
		 "Service a ! line 1, column 76: duplicate object key near '\"spec\"'; Service b"},
		{"a key twice in a kind that nobody reads",
		 "{\"apiVersion\":\"v1\",\"kind\":\"Thing\",\"kind\":\"Thing\","
		 "\"metadata\":{\"name\":\"a\",\"labels\":{\"a\":1,\"a\":1}}}" JSON_SERVICE("b",
											    ""),
		 "(Thing a); Service b"},
		{"what only Go reads, in a kind that nobody reads",
		 "{\"apiVersion\":\"v1\",\"kind\":\"Thing\",\"metadata\":{\"name\":\"a\"},\"spec\":{"
		 "\"port\":1e999,\"name\":\"\\u0000\\ud800\",\"nodePort\":-99999999999999999999}}" JSON_SERVICE(
			 "b", ""),
		 "(Thing a); Service b"},
		{"what only Go reads, in a Service",
		 JSON_SERVICE(
			 "a",
			 ",\"x\":1e999,\"message\":\"\\u0000\",\"spec\":{\"healthCheckNodePort\":"
			 "99999999999999999999}") JSON_SERVICE("b", ""),
		 "Service a ! line 1: spec.healthCheckNodePort: not an integer; Service b"},
		{"a list with items that are none",
		 "{\"kind\":\"List\",\"items\":[\n" JSON_SERVICE(
			 "a",
			 "") ",5,null,\n\"Service\",\n[],"
			     "{\"kind\":7},\n{\"apiVersion\":1,\"kind\":\"Service\",\"metadata\":{\"name\":\"b\"}},\n" JSON_SERVICE(
				     "c", "") "]}",
		 "Service a; Service b ! line 6: apiVersion: not a string; Service c; file: line 3: not "
		 "a Kubernetes object"},
		{"a list with an item that has a key twice",
		 "{\"kind\":\"List\",\"items\":[\n" JSON_SERVICE("a", "") "," JSON_SERVICE(
			 "b", ",\"spec\":{\"type\":1,\"type\":2}") "," JSON_SERVICE("c", "") "]}",
		 "Service a; Service b ! line 3, column 84: duplicate object key near '\"type\"'; Service "
		 "c"},
		{"what is no JSON", JSON_SERVICE("a", "") "{\"kind\":}",
		 "Service a; no file: line 2, column 9: unexpected token near '}'"},
	};

	(void)state;
	check_rows(rows, COUNT(rows), "a.json");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_field_cases),
		cmocka_unit_test(test_yaml),
		cmocka_unit_test(test_json),
	};

	directory = argc > 1 ? argv[1] : ".";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
