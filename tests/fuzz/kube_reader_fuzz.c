/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as the body of a list or of a watch in protocol buffers, from there to structs. The first
 * byte says which, and of what kind; the second one, how large the pieces are: that must not make a
 * difference. Whatever comes: no memory error, no string left behind, every refusal in words on one
 * line, and no struct that the planner may not see.
 */
#include "lib/source/kube/kube_reader.h"
#include "lib/source/kube/kube_status.h"

#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was heard, as numbers that two readings must have in common. */
struct heard {
	enum object_kind kind;
	struct string_pool *strings;
	size_t decoded;
	size_t refused;
	size_t unread;
	size_t skipped;
	size_t elements; /* addresses, ports, endpoints */
};

static void require(bool condition)
{
	if (!condition)
		abort();
}

static int take_service(struct heard *heard, struct object_value object, struct error *err)
{
	auto_free(service) struct service *service = NULL;
	int r = object_decode_service(object, &service, err);

	if (r < 0)
		return r;
	require(*service->name && service->namespace_name && service->cluster_ip_count <= 2);
	for (size_t i = 0; i < service->port_count; i++)
		require(service->ports[i].name && service->ports[i].port);
	heard->elements += service->port_count + service->cluster_ip_count;
	return 0;
}

static int take_slice(struct heard *heard, struct object_value object, struct error *err)
{
	auto_free(endpoint_slice) struct endpoint_slice *slice = NULL;
	int r = object_decode_endpoint_slice(object, heard->strings, &slice, err);

	if (r < 0)
		return r;
	require(*slice->name && slice->namespace_name);
	for (size_t i = 0; i < slice->endpoint_count; i++)
		require(slice->endpoints[i].address.family == slice->family);
	heard->elements += slice->endpoint_count + slice->port_count;
	return 0;
}

static int take_node(struct heard *heard, struct object_value object, struct error *err)
{
	auto_free(node) struct node *node = NULL;
	int r = object_decode_node(object, &node, err);

	if (r < 0)
		return r;
	require(*node->name && node->internal_count <= node->address_count);
	heard->elements += node->address_count;
	return 0;
}

static int on_object(void *owner, const char *event, struct object_value object,
		     const char *problem, struct error *err)
{
	struct heard *heard = owner;
	struct kube_status status;
	struct error why = {0};
	int r;

	(void)err;
	if (event && strcmp(event, "ERROR") == 0) {
		kube_status_read(object, &status);
		require(!strchr(status.message, '\n'));
		return 0;
	}
	if (problem) {
		require(*problem && object.type == OBJECT_VALUE_OBJECT);
		heard->unread++;
		return 0;
	}
	if (heard->kind == OBJECT_KIND_SERVICE)
		r = take_service(heard, object, &why);
	else if (heard->kind == OBJECT_KIND_ENDPOINT_SLICE)
		r = take_slice(heard, object, &why);
	else
		r = take_node(heard, object, &why);
	/* More than 0: without what the text names. */
	require(r == 0 || (*why.text && !strchr(why.text, '\n')));
	heard->decoded += r >= 0;
	heard->refused += r < 0;
	return 0;
}

static int on_skipped(void *owner, const char *reason, struct error *err)
{
	struct heard *heard = owner;

	(void)err;
	require(*reason);
	heard->skipped++;
	return 0;
}

/* Return: what the reader did */
static int read_body(const uint8_t *data, size_t size, size_t piece, bool is_watch,
		     struct heard *heard)
{
	const struct kube_reader_options options = {
		.encoding = KUBE_ENCODING_PROTOBUF,
		.kind = heard->kind,
		.is_watch = is_watch,
		.on_object = on_object,
		.on_skipped = on_skipped,
		.owner = heard,
	};
	auto_free(kube_reader) struct kube_reader *reader = kube_reader_new(&options);
	struct kube_list_end end = {0};
	struct error err = {0};
	int r = 0;

	for (size_t at = 0; r >= 0 && at < size; at += piece)
		r = kube_reader_feed(reader, (const char *)data + at,
				     size - at < piece ? size - at : piece, &err);
	if (r >= 0 && !is_watch)
		r = kube_reader_finish(reader, &end, &err);
	require(r == 0 || (r == err.code && *err.text && !strchr(err.text, '\n')));
	kube_list_end_clear(&end);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum object_kind kinds[] = {OBJECT_KIND_SERVICE, OBJECT_KIND_ENDPOINT_SLICE,
						 OBJECT_KIND_NODE};
	struct heard pieces = {0}, whole = {0};
	struct string_pool *strings;
	struct kube_status status;
	bool is_watch;

	if (size < 2)
		return 0;
	strings = string_pool_new();
	is_watch = data[0] & 1;
	pieces.kind = whole.kind = kinds[data[0] / 2 % COUNT(kinds)];
	pieces.strings = whole.strings = strings;
	require(read_body(data + 2, size - 2, (size_t)data[1] + 1, is_watch, &pieces) ==
		read_body(data + 2, size - 2, size, is_watch, &whole));
	require(pieces.decoded == whole.decoded && pieces.refused == whole.refused &&
		pieces.unread == whole.unread && pieces.skipped == whole.skipped &&
		pieces.elements == whole.elements);
	require(string_pool_count(strings) == 0);
	string_pool_free(strings);
	kube_status_parse(500, (const char *)data + 2, size - 2, &status);
	require(!strchr(status.message, '\n'));
	return 0;
}
