/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_objects.h"

#include "lib/base/shards.h"
#include "lib/source/object_field.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Longer than any name that a server takes, so that a cut one is none of these. */
#define NAME_SIZE 300
#define KEY_SIZE  ((size_t)2 * NAME_SIZE)

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

/*
 * @seen: how many the listing has had. @has_skipped: it, or what followed, had some without names;
 * @is_skip_told: the sink knows of such.
 */
struct kube_objects {
	enum object_kind kind;
	const struct object_sink *sink;
	struct known *known[SHARD_COUNT];
	size_t known_count;
	size_t seen;
	uint32_t listing;
	bool has_skipped;
	bool is_skip_told;
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
	SHARDS_DELETE(objects->known, known);
	objects->known_count--;
	free(known);
}

void kube_objects_free(struct kube_objects *objects)
{
	struct known *known, *next;

	if (!objects)
		return;
	SHARDS_EACH (objects->known, known, next) {
		forget(objects, known);
	}
	free(objects);
}

static const char *name_of(const struct known *known)
{
	return known->key + known->namespace_length + 1;
}

/* A text of the metadata; "" if there is none */
static const char *metadata_text(struct object_value object, const char *name)
{
	struct object_field root = object_field_root(object);
	struct object_field metadata = object_field_get(&root, "metadata");
	struct object_field field = object_field_get(&metadata, name);

	return object_field_plain_text(&field);
}

/* @object: may be ABSENT if there is no @reason; @is_partial: it was delivered without what that names */
static void reject(const struct kube_objects *objects, struct known *known,
		   struct object_value object, const char *reason, bool is_partial)
{
	auto_memory char *namespace_name =
		string_printf("%.*s", (int)known->namespace_length, known->key);
	const char *uid = metadata_text(object, "uid");
	const struct rejection rejection = {
		.kind = object_kind_name(objects->kind),
		.namespace_name = namespace_name,
		.name = name_of(known),
		.uid = *uid ? uid : NULL,
		.reason = reason,
		.is_partial = is_partial,
	};

	if (!reason && !known->is_rejected)
		return;
	known->is_rejected = reason;
	objects->sink->rejected(objects->sink->owner, &rejection);
}

/* Return: as the decoders do */
static int deliver(const struct kube_objects *objects, struct object_value object,
		   struct error *err)
{
	const struct object_sink *sink = objects->sink;
	struct service *service = NULL;
	struct endpoint_slice *slice = NULL;
	struct node *node = NULL;
	int r;

	switch (objects->kind) {
	case OBJECT_KIND_SERVICE:
		r = object_decode_service(object, &service, err);
		if (r >= 0)
			sink->service_set(sink->owner, service);
		return r;
	case OBJECT_KIND_ENDPOINT_SLICE:
		r = object_decode_endpoint_slice(object, sink->strings, &slice, err);
		if (r >= 0)
			sink->endpoint_slice_set(sink->owner, slice);
		return r;
	case OBJECT_KIND_NODE:
		r = object_decode_node(object, &node, err);
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

	reject(objects, known, (struct object_value){0}, NULL, false);
	if (!known->is_delivered)
		return;
	if (objects->kind == OBJECT_KIND_SERVICE)
		sink->service_removed(sink->owner, namespace_name, name_of(known));
	else if (objects->kind == OBJECT_KIND_ENDPOINT_SLICE)
		sink->endpoint_slice_removed(sink->owner, namespace_name, name_of(known));
	else
		sink->node_removed(sink->owner, name_of(known));
}

/*
 * Names end up in the log, and "/" and the end of a text tell keys apart: what no name may have is
 * replaced by what no name may have either, so that the key is never that of another object.
 */
static void append_name(char *key, size_t size, const char *name)
{
	size_t used = strlen(key);

	for (; *name && used + 1 < size; name++)
		key[used++] = (char)(*name > ' ' && *name < 0x7f && *name != '/' ? *name : '?');
	key[used] = '\0';
}

/* "namespace/name", "/name" for Nodes; Return: false if there is no name */
static bool write_key(struct object_value object, char key[KEY_SIZE])
{
	const char *name = metadata_text(object, "name");

	*key = '\0';
	if (!*name)
		return false;
	append_name(key, NAME_SIZE, metadata_text(object, "namespace"));
	strcat(key, "/");
	append_name(key, KEY_SIZE, name);
	return true;
}

static struct known *find(struct kube_objects *objects, const char *key)
{
	struct known *known;

	SHARDS_FIND(objects->known, key, strlen(key), known);
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
	SHARDS_ADD(objects->known, known->key, length, known);
	objects->known_count++;
	return known;
}

/* @reason: NULL if all objects have names */
static void tell_skipped(struct kube_objects *objects, const char *reason)
{
	const struct rejection rejection = {
		.kind = object_kind_name(objects->kind),
		.namespace_name = "",
		.name = REJECTION_UNNAMED,
		.reason = reason,
	};

	if (!reason && !objects->is_skip_told)
		return;
	objects->is_skip_told = reason;
	objects->sink->rejected(objects->sink->owner, &rejection);
}

void kube_objects_begin(struct kube_objects *objects)
{
	objects->listing++;
	objects->seen = 0;
	objects->has_skipped = false;
}

void kube_objects_end(struct kube_objects *objects)
{
	struct known *known, *next;

	if (objects->has_skipped)
		return;
	tell_skipped(objects, NULL);
	SHARDS_EACH (objects->known, known, next) {
		if (known->listing == objects->listing)
			continue;
		withdraw(objects, known);
		forget(objects, known);
	}
}

void kube_objects_skip(struct kube_objects *objects, const char *reason)
{
	objects->has_skipped = true;
	tell_skipped(objects, reason);
}

/* Items of a list do not say of which kind they are, and no object in protocol buffers does. */
static bool is_of_kind(const struct kube_objects *objects, struct object_value object)
{
	struct object_field root = object_field_root(object);
	struct object_field field = object_field_get(&root, "kind");
	const char *kind = object_field_plain_text(&field);

	return !*kind || strcmp(kind, object_kind_name(objects->kind)) == 0;
}

/* Return: whether it is clear which object that is */
static bool identify(struct kube_objects *objects, struct object_value object, char key[KEY_SIZE])
{
	bool has_name = write_key(object, key);

	if (has_name && is_of_kind(objects, object))
		return true;
	kube_objects_skip(objects, has_name ? "the server sent an object of another kind"
					    : "the server sent an object without a name");
	return false;
}

bool kube_objects_set(struct kube_objects *objects, struct object_value object, const char *problem)
{
	char key[KEY_SIZE];
	struct known *known;
	struct error why = {0};
	int r;

	if (!identify(objects, object, key))
		return false;
	known = find_or_add(objects, key);
	objects->seen += known->listing != objects->listing;
	known->listing = objects->listing;
	r = problem ? error_set(&why, -EINVAL, "%s", problem) : deliver(objects, object, &why);
	known->is_delivered |= r >= 0;
	reject(objects, known, object, r ? why.text : NULL, r > 0);
	return true;
}

static bool remove_known(struct kube_objects *objects, struct object_value object)
{
	char key[KEY_SIZE];
	struct known *known;

	if (!identify(objects, object, key))
		return false;
	known = find(objects, key);
	if (!known)
		return true;
	objects->seen -= known->listing == objects->listing;
	withdraw(objects, known);
	forget(objects, known);
	return true;
}

bool kube_objects_take_event(struct kube_objects *objects, const char *type,
			     struct object_value object, const char *problem, bool *ret_is_clear)
{
	if (strcmp(type, "ADDED") == 0 || strcmp(type, "MODIFIED") == 0)
		*ret_is_clear = kube_objects_set(objects, object, problem);
	else if (strcmp(type, "DELETED") == 0)
		*ret_is_clear = remove_known(objects, object);
	else
		return false;
	return true;
}

bool kube_objects_has_skipped(const struct kube_objects *objects)
{
	return objects->has_skipped;
}

size_t kube_objects_seen(const struct kube_objects *objects)
{
	return objects->seen;
}

size_t kube_objects_missing(const struct kube_objects *objects)
{
	return objects->known_count - objects->seen;
}
