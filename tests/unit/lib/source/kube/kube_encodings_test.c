/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same objects from a real API server in JSON and in protocol buffers, see tests/transcripts: they
 * become the same structs; and the protocol buffers that the API server of the tests makes of the
 * JSON are those of the real one, byte for byte.
 */
#include "lib/source/kube/kube_reader.h"
#include "tests/fake/api_protobuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BODY_MAX    65536
#define OBJECTS_MAX 32

static const char *directory;

static const struct pair {
	const char *name;
	enum object_kind kind;
	size_t objects;
	bool is_watch;
	bool is_same; /* else a bookmark has another version, as they were asked for at other times */
} pairs[] = {
	{"list-services", OBJECT_KIND_SERVICE, 5, false, true},
	{"list-endpointslices", OBJECT_KIND_ENDPOINT_SLICE, 6, false, true},
	{"list-node1", OBJECT_KIND_NODE, 1, false, true},
	{"list-nodes", OBJECT_KIND_NODE, 2, false, true},
	{"watch-services", OBJECT_KIND_SERVICE, 3, true, true},
	{"watch-endpointslices", OBJECT_KIND_ENDPOINT_SLICE, 5, true, true},
	{"watch-node1", OBJECT_KIND_NODE, 2, true, true},
	{"watchlist-services", OBJECT_KIND_SERVICE, 6, true, false},
	{"watchlist-endpointslices", OBJECT_KIND_ENDPOINT_SLICE, 7, true, false},
};

/* A body without what HTTP puts around it */
struct body {
	char bytes[BODY_MAX];
	size_t size;
};

static void read_body(const char *name, const char *encoding, struct body *ret)
{
	auto_memory char *path = string_printf("%s/%s-%s.response", directory, name, encoding);
	FILE *stream = fopen(path, "r");
	static char bytes[BODY_MAX + 1];
	size_t size, chunk = 0;
	char *at;

	if (!stream)
		fail_msg("%s is missing", path);
	size = fread(bytes, 1, BODY_MAX, stream);
	fclose(stream);
	bytes[size] = '\0';
	ret->size = 0;
	at = strstr(bytes, "\r\n\r\n") + 4;
	if (!strstr(bytes, "\r\nTransfer-Encoding: chunked\r\n")) {
		ret->size = size - (size_t)(at - bytes);
		memcpy(ret->bytes, at, ret->size);
		return;
	}
	for (; (chunk = strtoul(at, NULL, 16)); at += chunk + 2) {
		at = strchr(at, '\n') + 1;
		memcpy(ret->bytes + ret->size, at, chunk);
		ret->size += chunk;
	}
	assert_int_equal(at - bytes, size - strlen("0\r\n\r\n"));
}

/* One of the pointers is set, unless the event is a bookmark. */
struct object {
	char event[16];
	struct service *service;
	struct endpoint_slice *slice;
	struct node *node;
};

struct objects {
	enum object_kind kind;
	struct string_pool *strings;
	struct object items[OBJECTS_MAX];
	size_t count;
};

static int on_object(void *owner, const char *event, struct object_value value, const char *problem,
		     struct error *err)
{
	struct objects *objects = owner;
	struct object *object = &objects->items[objects->count++];

	assert_true(objects->count <= OBJECTS_MAX);
	assert_null(problem);
	snprintf(object->event, sizeof(object->event), "%s", event ? event : "");
	if (event && strcmp(event, "BOOKMARK") == 0)
		return 0;
	if (objects->kind == OBJECT_KIND_SERVICE)
		return object_decode_service(value, &object->service, err);
	if (objects->kind == OBJECT_KIND_ENDPOINT_SLICE)
		return object_decode_endpoint_slice(value, objects->strings, &object->slice, err);
	return object_decode_node(value, &object->node, err);
}

static int on_skipped(void *owner, const char *reason, struct error *err)
{
	(void)owner;
	(void)err;
	fail_msg("%s", reason);
	return 0;
}

static void read_objects(const struct pair *pair, enum kube_encoding encoding, size_t piece,
			 struct string_pool *strings, struct objects *ret)
{
	const struct kube_reader_options options = {
		.encoding = encoding,
		.kind = pair->kind,
		.is_watch = pair->is_watch,
		.on_object = on_object,
		.on_skipped = on_skipped,
		.owner = ret,
	};
	auto_free(kube_reader) struct kube_reader *reader = kube_reader_new(&options);
	struct kube_list_end end = {0};
	struct error err = {0};
	struct body body;

	*ret = (struct objects){.kind = pair->kind, .strings = strings};
	read_body(pair->name, encoding == KUBE_ENCODING_JSON ? "json" : "pb", &body);
	for (size_t at = 0; at < body.size; at += piece)
		if (kube_reader_feed(reader, body.bytes + at,
				     body.size - at < piece ? body.size - at : piece, &err) < 0)
			fail_msg("%s: %s", pair->name, err.text);
	if (pair->is_watch)
		return;
	if (kube_reader_finish(reader, &end, &err) < 0)
		fail_msg("%s: %s", pair->name, err.text);
	assert_string_not_equal(end.version, "");
	assert_string_equal(end.token, "");
	kube_list_end_clear(&end);
}

static void free_objects(struct objects *objects)
{
	for (size_t i = 0; i < objects->count; i++) {
		service_free(objects->items[i].service);
		endpoint_slice_free(objects->items[i].slice);
		node_free(objects->items[i].node);
	}
}

static void assert_equal(const struct object *a, const struct object *b)
{
	assert_string_equal(a->event, b->event);
	assert_int_equal(!a->service, !b->service);
	assert_int_equal(!a->slice, !b->slice);
	assert_int_equal(!a->node, !b->node);
	if (a->service) {
		assert_true(service_is_equal(a->service, b->service));
		assert_memory_equal(&a->service->uid, &b->service->uid, sizeof(a->service->uid));
		assert_true(a->service->created > 0);
	}
	if (a->slice) {
		assert_true(endpoint_slice_is_equal(a->slice, b->slice));
		assert_int_equal(a->slice->trigger_time, b->slice->trigger_time);
	}
	if (a->node)
		assert_true(node_is_equal(a->node, b->node));
}

static void test_same_objects(void **state)
{
	static const size_t pieces[] = {1, 7, 4096, BODY_MAX};
	auto_free(string_pool) struct string_pool *strings = string_pool_new();

	(void)state;
	for (size_t i = 0; i < COUNT(pairs) * COUNT(pieces); i++) {
		const struct pair *pair = &pairs[i / COUNT(pieces)];
		size_t piece = pieces[i % COUNT(pieces)];
		struct objects json, proto;

		print_message("%s, in pieces of %zu\n", pair->name, piece);
		read_objects(pair, KUBE_ENCODING_JSON, piece, strings, &json);
		read_objects(pair, KUBE_ENCODING_PROTOBUF, piece, strings, &proto);
		assert_int_equal(json.count, pair->objects);
		assert_int_equal(proto.count, pair->objects);
		for (size_t j = 0; j < json.count; j++)
			assert_equal(&json.items[j], &proto.items[j]);
		free_objects(&json);
		free_objects(&proto);
	}
	assert_int_equal(string_pool_count(strings), 0);
}

static void make_protobuf(const struct pair *pair, const struct body *json, struct api_bytes *ret)
{
	const char *at = json->bytes, *end = json->bytes + json->size;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((newline ? newline : end) - at);
		json_t *tree = json_loadb(at, length, 0, NULL);

		assert_non_null(tree);
		if (pair->is_watch)
			api_protobuf_event(ret, tree);
		else
			api_protobuf_object(ret, tree);
		json_decref(tree);
		at += length + 1;
	}
}

static void test_made_as_the_real_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct api_bytes made = {0};
		struct body json, proto;

		if (!pairs[i].is_same)
			continue;
		print_message("%s\n", pairs[i].name);
		read_body(pairs[i].name, "json", &json);
		read_body(pairs[i].name, "pb", &proto);
		make_protobuf(&pairs[i], &json, &made);
		for (size_t j = 0; j < made.length && j < proto.size; j++)
			if (made.bytes[j] != proto.bytes[j])
				fail_msg("byte %zu of %zu differs", j, proto.size);
		assert_int_equal(made.length, proto.size);
		free(made.bytes);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_objects),
		cmocka_unit_test(test_made_as_the_real_one),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s DIRECTORY-OF-TRANSCRIPTS\n", argv[0]);
		return 2;
	}
	directory = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
