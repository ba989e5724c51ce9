/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_objects.h"

#include "lib/source/json_value.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <uthash.h>

/*
 * @listing: the number of the listing, or of the time after it, that set it last. @is_rejected: the
 * sink was told what is wrong with it. @is_delivered: the sink has it, maybe in an earlier state.
 */
struct known {
	UT_hash_handle hh;
	uint32_t listing;
	uint32_t namespace_length;
	bool is_rejected;
	bool is_delivered;
	char key[]; /* namespace/name */
};

struct kube_objects {
	enum object_kind kind;
	const struct object_sink *sink;
	struct known *known;
	uint32_t listing;
};

struct kube_objects *kube_objects_new(enum object_kind kind, const struct object_sink *sink)
{
	struct kube_objects *objects = memory_allocate(sizeof(*objects));

	objects->kind = kind;
	objects->sink = sink;
	return objects;
}

static void forget(struct kube_objects *objects, struct known *known)
{
	HASH_DEL(objects->known, known);
	free(known);
}

void kube_objects_free(struct kube_objects *objects)
{
	struct known *known, *next;

	if (!objects)
		return;
	for (known = objects->known; known; known = next) {
		next = known->hh.next;
		forget(objects, known);
	}
	free(objects);
}

static const char *name_of(const struct known *known)
{
	return known->key + known->namespace_length + 1;
}

/* @object: NULL if there is no @reason */
static void reject(const struct kube_objects *objects, struct known *known, const json_t *object,
		   const char *reason)
{
	auto_memory char *namespace_name =
		string_printf("%.*s", (int)known->namespace_length, known->key);
	const struct rejection rejection = {
		.kind = object_kind_name(objects->kind),
		.namespace_name = namespace_name,
		.name = name_of(known),
		.uid = json_string_value(
			json_object_get(json_object_get(object, "metadata"), "uid")),
		.reason = reason,
	};

	if (!reason && !known->is_rejected)
		return;
	known->is_rejected = reason;
	objects->sink->rejected(objects->sink->owner, &rejection);
}

static int deliver(const struct kube_objects *objects, const json_t *object, struct error *err)
{
	const struct object_sink *sink = objects->sink;
	struct service *service = NULL;
	struct endpoint_slice *slice = NULL;
	struct node *node = NULL;
	int r;

	switch (objects->kind) {
	case OBJECT_KIND_SERVICE:
		r = object_decode_service(json_value_of(object), &service, err);
		if (r >= 0)
			sink->service_set(sink->owner, service);
		return r;
	case OBJECT_KIND_ENDPOINT_SLICE:
		r = object_decode_endpoint_slice(json_value_of(object), sink->strings, &slice, err);
		if (r >= 0)
			sink->endpoint_slice_set(sink->owner, slice);
		return r;
	case OBJECT_KIND_NODE:
		r = object_decode_node(json_value_of(object), &node, err);
		if (r >= 0)
			sink->node_set(sink->owner, node);
		return r;
	case OBJECT_KIND_ENDPOINTS:
	case OBJECT_KIND_OTHER:
		break;
	}
	abort();
}

static void withdraw(struct kube_objects *objects, struct known *known)
{
	const struct object_sink *sink = objects->sink;
	auto_memory char *namespace_name =
		string_printf("%.*s", (int)known->namespace_length, known->key);

	reject(objects, known, NULL, NULL);
	if (!known->is_delivered)
		return;
	if (objects->kind == OBJECT_KIND_SERVICE)
		sink->service_removed(sink->owner, namespace_name, name_of(known));
	else if (objects->kind == OBJECT_KIND_ENDPOINT_SLICE)
		sink->endpoint_slice_removed(sink->owner, namespace_name, name_of(known));
	else
		sink->node_removed(sink->owner, name_of(known));
}

/* Return: "namespace/name", "/name" for Nodes; NULL if there is no name */
static char *key_of(const json_t *object)
{
	const json_t *metadata = json_object_get(object, "metadata");
	const char *name = json_string_value(json_object_get(metadata, "name"));
	const char *space = json_string_value(json_object_get(metadata, "namespace"));

	if (!name || !*name)
		return NULL;
	return string_printf("%s/%s", space ? space : "", name);
}

static struct known *find(struct kube_objects *objects, const char *key)
{
	struct known *known;

	HASH_FIND_STR(objects->known, key, known);
	return known;
}

static struct known *find_or_add(struct kube_objects *objects, const char *key)
{
	struct known *known = find(objects, key);
	size_t length = strlen(key);

	if (known)
		return known;
	known = memory_allocate(sizeof(*known) + length + 1);
	memcpy(known->key, key, length);
	known->namespace_length = (uint32_t)strcspn(key, "/");
	HASH_ADD_KEYPTR(hh, objects->known, known->key, length, known);
	return known;
}

void kube_objects_begin(struct kube_objects *objects)
{
	objects->listing++;
}

void kube_objects_end(struct kube_objects *objects)
{
	struct known *known, *next;

	for (known = objects->known; known; known = next) {
		next = known->hh.next;
		if (known->listing == objects->listing)
			continue;
		withdraw(objects, known);
		forget(objects, known);
	}
}

int kube_objects_set(struct kube_objects *objects, const json_t *object, struct error *err)
{
	auto_memory char *key = key_of(object);
	struct known *known;
	struct error why = {0};

	if (!key)
		return error_set(err, -EINVAL, "the server sent an object without a name");
	known = find_or_add(objects, key);
	known->listing = objects->listing;
	if (deliver(objects, object, &why) < 0) {
		reject(objects, known, object, why.text);
		return 0;
	}
	known->is_delivered = true;
	reject(objects, known, NULL, NULL);
	return 0;
}

int kube_objects_remove(struct kube_objects *objects, const json_t *object, struct error *err)
{
	auto_memory char *key = key_of(object);
	struct known *known = key ? find(objects, key) : NULL;

	if (!key)
		return error_set(err, -EINVAL, "the server sent an object without a name");
	if (known) {
		withdraw(objects, known);
		forget(objects, known);
	}
	return 0;
}

size_t kube_objects_count(const struct kube_objects *objects)
{
	return HASH_COUNT(objects->known);
}
