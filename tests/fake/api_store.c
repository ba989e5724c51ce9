/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api_store.h"

#include "lib/base/memory.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct api_kind kinds[] = {
	[API_RESOURCE_SERVICES] = {"services", "Service", "", "v1"},
	[API_RESOURCE_ENDPOINT_SLICES] = {"endpointslices", "EndpointSlice", "discovery.k8s.io",
					  "discovery.k8s.io/v1"},
	[API_RESOURCE_NODES] = {"nodes", "Node", "", "v1"},
	[API_RESOURCE_EVENTS] = {"events", "Event", "events.k8s.io", "events.k8s.io/v1"},
};

/* @given: as it was set, to see whether a new one differs; @item: as the server shows it. */
struct record {
	char *key;
	json_t *given;
	json_t *item;
	bool is_kept;
};

struct records {
	struct record *items; /* sorted by key */
	size_t count;
	size_t capacity;
};

/*
 * @before: NULL for a creation; @after: NULL for a deletion, whose object is @last. All are NULL
 * for an event that is a mere @line.
 */
struct change {
	long version;
	enum api_resource resource;
	json_t *before;
	json_t *after;
	json_t *last;
	json_t *line;
};

struct api_store {
	struct records records[API_RESOURCE_COUNT];
	json_t *shown[API_RESOURCE_COUNT];
	struct change *changes;
	size_t change_count;
	size_t change_capacity;
	long version;
	long oldest;
	unsigned int created;
};

const struct api_kind *api_store_kind(enum api_resource resource)
{
	return &kinds[resource];
}

struct api_store *api_store_new(long version)
{
	struct api_store *store = memory_allocate(sizeof(*store));

	store->version = store->oldest = version;
	for (size_t i = 0; i < API_RESOURCE_COUNT; i++)
		store->shown[i] = json_array();
	return store;
}

void api_store_compact(struct api_store *store)
{
	for (size_t i = 0; i < store->change_count; i++) {
		json_decref(store->changes[i].before);
		json_decref(store->changes[i].after);
		json_decref(store->changes[i].last);
		json_decref(store->changes[i].line);
	}
	store->change_count = 0;
	store->oldest = store->version;
}

void api_store_rewind(struct api_store *store, long version)
{
	store->version = version;
	api_store_compact(store);
}

void api_store_free(struct api_store *store)
{
	if (!store)
		return;
	api_store_compact(store);
	for (size_t i = 0; i < API_RESOURCE_COUNT; i++) {
		for (size_t j = 0; j < store->records[i].count; j++) {
			free(store->records[i].items[j].key);
			json_decref(store->records[i].items[j].given);
			json_decref(store->records[i].items[j].item);
		}
		free(store->records[i].items);
		json_decref(store->shown[i]);
	}
	free(store->changes);
	free(store);
}

long api_store_version(const struct api_store *store)
{
	return store->version;
}

long api_store_oldest(const struct api_store *store)
{
	return store->oldest;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static void note_change(struct api_store *store, enum api_resource resource, json_t *before,
			json_t *after, json_t *last)
{
	store->changes = memory_grow(store->changes, store->change_count, &store->change_capacity,
				     sizeof(*store->changes));
	store->changes[store->change_count++] = (struct change){
		.version = store->version,
		.resource = resource,
		.before = json_incref(before),
		.after = json_incref(after),
		.last = json_incref(last),
	};
}

void api_store_say(struct api_store *store, enum api_resource resource, const char *line)
{
	store->version++;
	note_change(store, resource, NULL, NULL, NULL);
	store->changes[store->change_count - 1].line = json_string_nocheck(line);
}

void api_store_show(struct api_store *store, enum api_resource resource, const char *text)
{
	json_array_append_new(store->shown[resource], json_string_nocheck(text));
}

const json_t *api_store_shown(const struct api_store *store, enum api_resource resource)
{
	return store->shown[resource];
}

static void set_version(json_t *item, long version)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", version);
	json_object_set_new(json_object_get(item, "metadata"), "resourceVersion",
			    json_string(text));
}

/* The fields that a real server adds, including the ones that nobody reads. */
static json_t *complete(struct api_store *store, const json_t *given, const json_t *before,
			bool is_namespaced)
{
	json_t *item = json_deep_copy(given), *metadata = json_object_get(item, "metadata");
	const json_t *old = json_object_get(before, "metadata");
	time_t now = time(NULL);
	struct tm broken;
	char text[64];

	json_object_del(item, "kind");
	json_object_del(item, "apiVersion");
	if (is_namespaced && !*text_of(metadata, "namespace"))
		json_object_set_new(metadata, "namespace", json_string("default"));
	snprintf(text, sizeof(text), "00000000-0000-4000-8000-%012u", ++store->created);
	json_object_set_new(metadata, "uid", json_string(old ? text_of(old, "uid") : text));
	gmtime_r(&now, &broken);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &broken);
	if (!*text_of(metadata, "creationTimestamp"))
		json_object_set_new(metadata, "creationTimestamp",
				    json_string(old ? text_of(old, "creationTimestamp") : text));
	json_object_set_new(metadata, "managedFields",
			    json_pack("[{s:s, s:s, s:s, s:{s:{s:{}, s:{}}}}]", "manager", "test",
				      "operation", "Update", "fieldsType", "FieldsV1", "fieldsV1",
				      "f:spec", "f:ports", "f:selector"));
	set_version(item, store->version);
	return item;
}

static size_t find_place(const struct records *records, const char *key, bool *ret_found)
{
	size_t low = 0, high = records->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(records->items[middle].key, key);

		if (order == 0) {
			*ret_found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_found = false;
	return low;
}

static struct record *insert(struct records *records, size_t place, const char *key)
{
	records->items = memory_grow(records->items, records->count, &records->capacity,
				     sizeof(*records->items));
	memmove(&records->items[place + 1], &records->items[place],
		(records->count - place) * sizeof(*records->items));
	records->items[place] = (struct record){.key = string_dup(key)};
	records->count++;
	return &records->items[place];
}

static int find_resource(const json_t *object)
{
	for (int i = 0; i < API_RESOURCE_COUNT; i++)
		if (strcmp(text_of(object, "kind"), kinds[i].kind) == 0 &&
		    strcmp(text_of(object, "apiVersion"), kinds[i].version) == 0)
			return i;
	return -1;
}

bool api_store_set(struct api_store *store, const json_t *object)
{
	const json_t *metadata = json_object_get(object, "metadata");
	const char *name = text_of(metadata, "name"), *space = text_of(metadata, "namespace");
	int resource = find_resource(object);
	bool is_namespaced = resource != API_RESOURCE_NODES, is_found;
	auto_memory char *key = NULL;
	struct record *record;
	json_t *item;
	size_t place;

	if (resource < 0 || !*name)
		return false;
	key = string_printf("%s/%s", is_namespaced && !*space ? "default" : space, name);
	place = find_place(&store->records[resource], key, &is_found);
	record = is_found ? &store->records[resource].items[place]
			  : insert(&store->records[resource], place, key);
	record->is_kept = true;
	if (is_found && json_equal(record->given, object))
		return true;
	store->version++;
	item = complete(store, object, record->item, is_namespaced);
	note_change(store, (enum api_resource)resource, record->item, item, item);
	json_decref(record->item);
	json_decref(record->given);
	record->item = item;
	record->given = json_deep_copy(object);
	return true;
}

static void remove_record(struct api_store *store, enum api_resource resource, size_t place)
{
	struct records *records = &store->records[resource];
	struct record *record = &records->items[place];
	json_t *last = json_deep_copy(record->item);

	store->version++;
	set_version(last, store->version);
	note_change(store, resource, record->item, NULL, last);
	json_decref(last);
	json_decref(record->item);
	json_decref(record->given);
	free(record->key);
	records->count--;
	memmove(record, record + 1, (records->count - place) * sizeof(*record));
}

void api_store_keep(struct api_store *store)
{
	for (int i = 0; i < API_RESOURCE_COUNT; i++) {
		struct records *records = &store->records[i];

		for (size_t j = records->count; j-- > 0;)
			if (!records->items[j].is_kept)
				remove_record(store, (enum api_resource)i, j);
		for (size_t j = 0; j < records->count; j++)
			records->items[j].is_kept = false;
	}
}

static bool fields_match(const char *fields, const json_t *item)
{
	const json_t *metadata = json_object_get(item, "metadata");
	const json_t *spec = json_object_get(item, "spec");

	if (strncmp(fields, "metadata.name=", 14) == 0)
		return strcmp(fields + 14, text_of(metadata, "name")) == 0;
	if (strcmp(fields, "spec.clusterIP!=None") == 0)
		return strcmp(text_of(spec, "clusterIP"), "None") != 0;
	fprintf(stderr, "the server of the tests knows no field selector %s\n", fields);
	abort();
}

static bool matches(const struct api_selector *selector, const json_t *item)
{
	const json_t *metadata = json_object_get(item, "metadata");
	const json_t *labels = json_object_get(metadata, "labels");
	auto_memory char *terms = string_dup(selector->labels ? selector->labels : "");
	char *rest = NULL;

	for (char *term = strtok_r(terms, ",", &rest); term; term = strtok_r(NULL, ",", &rest))
		if (*term == '!' && json_object_get(labels, term + 1))
			return false;
	return !selector->fields || fields_match(selector->fields, item);
}

json_t *api_store_list(const struct api_store *store, enum api_resource resource,
		       const struct api_selector *selector)
{
	const struct records *records = &store->records[resource];
	json_t *list = json_array();

	for (size_t i = 0; i < records->count; i++)
		if (matches(selector, records->items[i].item))
			json_array_append(list, records->items[i].item);
	return list;
}

json_t *api_store_object(enum api_resource resource, const json_t *item)
{
	json_t *object = json_object();

	json_object_set_new(object, "kind", json_string(kinds[resource].kind));
	json_object_set_new(object, "apiVersion", json_string(kinds[resource].version));
	json_object_update(object, (json_t *)item);
	return object;
}

/* What becomes visible or invisible to a selector is added or deleted for it. */
static json_t *event_of(const struct change *change, const struct api_selector *selector)
{
	bool was = change->before && matches(selector, change->before);
	bool is = change->after && matches(selector, change->after);
	const char *type = is ? (was ? "MODIFIED" : "ADDED") : "DELETED";
	json_t *event;

	if (change->line)
		return json_incref(change->line);
	if (!was && !is)
		return NULL;
	event = json_object();
	json_object_set_new(event, "type", json_string(type));
	json_object_set_new(event, "object", api_store_object(change->resource, change->last));
	return event;
}

json_t *api_store_next(const struct api_store *store, enum api_resource resource,
		       const struct api_selector *selector, long version, long *ret_version)
{
	for (size_t i = 0; i < store->change_count; i++) {
		const struct change *change = &store->changes[i];
		json_t *event;

		if (change->version <= version || change->resource != resource)
			continue;
		event = event_of(change, selector);
		if (!event)
			continue;
		*ret_version = change->version;
		return event;
	}
	*ret_version = store->version;
	return NULL;
}
