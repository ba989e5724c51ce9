/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store.h"

#include "lib/base/shards.h"

#include <string.h>
#include <utlist.h>

/* A Service and its slices; also exists while there is only one of both. */
struct service_entry {
	UT_hash_handle hh;
	struct service_entry *previous, *next; /* in the queue of dirty entries */
	struct service *service;
	struct endpoint_slice **slices;
	uint64_t version;
	uint32_t slice_count;
	bool is_dirty;
	char key[];
};

struct slice_entry {
	UT_hash_handle hh;
	struct endpoint_slice *slice;
	struct service_entry *owner; /* NULL if the slice names no Service */
	char key[];
};

struct store {
	struct service_entry *services[SHARD_COUNT];
	struct slice_entry *slices[SHARD_COUNT];
	size_t entry_count; /* of services; some have slices only */
	size_t slice_count;
	struct service_entry *dirty;
	struct external_addresses *externals;
	struct service_entry *taken; /* delivered empty, to be forgotten at the next call */
	size_t dirty_count;
	size_t service_count;
	size_t endpoint_count;
	uint64_t version; /* counts what made Services dirty */
	bool is_pinned;
	struct service **replaced_services; /* that would be freed if the store were not pinned */
	size_t replaced_service_count, replaced_service_capacity;
	struct endpoint_slice **replaced_slices;
	size_t replaced_slice_count, replaced_slice_capacity;
};

struct store *store_new(void)
{
	struct store *store = memory_allocate(sizeof(*store));

	store->externals = external_addresses_new();
	return store;
}

static void drop_service(struct store *store, struct service *service)
{
	if (!service || !store->is_pinned) {
		service_free(service);
		return;
	}
	store->replaced_services =
		memory_grow(store->replaced_services, store->replaced_service_count,
			    &store->replaced_service_capacity, sizeof(struct service *));
	store->replaced_services[store->replaced_service_count++] = service;
}

static void drop_slice(struct store *store, struct endpoint_slice *slice)
{
	if (!store->is_pinned) {
		endpoint_slice_free(slice);
		return;
	}
	store->replaced_slices =
		memory_grow(store->replaced_slices, store->replaced_slice_count,
			    &store->replaced_slice_capacity, sizeof(struct endpoint_slice *));
	store->replaced_slices[store->replaced_slice_count++] = slice;
}

void store_pin(struct store *store)
{
	store->is_pinned = true;
}

void store_unpin(struct store *store)
{
	for (size_t i = 0; i < store->replaced_service_count; i++)
		service_free(store->replaced_services[i]);
	for (size_t i = 0; i < store->replaced_slice_count; i++)
		endpoint_slice_free(store->replaced_slices[i]);
	free(take(&store->replaced_services));
	free(take(&store->replaced_slices));
	store->replaced_service_count = store->replaced_service_capacity = 0;
	store->replaced_slice_count = store->replaced_slice_capacity = 0;
	store->is_pinned = false;
}

static void service_entry_free(struct store *store, struct service_entry *entry)
{
	SHARDS_DELETE(store->services, entry);
	store->entry_count--;
	service_free(entry->service);
	free(entry->slices);
	free(entry);
}

void store_free(struct store *store)
{
	struct service_entry *service, *next_service;
	struct slice_entry *slice, *next_slice;

	if (!store)
		return;
	store_unpin(store);
	SHARDS_EACH (store->slices, slice, next_slice) {
		SHARDS_DELETE(store->slices, slice);
		endpoint_slice_free(slice->slice);
		free(slice);
	}
	SHARDS_EACH (store->services, service, next_service) {
		service_entry_free(store, service);
	}
	external_addresses_free(store->externals);
	free(store);
}

static struct service_entry *find_service(const struct store *store, const char *key)
{
	struct service_entry *entry;

	SHARDS_FIND(store->services, key, strlen(key), entry);
	return entry;
}

static struct service_entry *get_service(struct store *store, const char *namespace_name,
					 const char *name)
{
	auto_memory char *key = string_printf("%s/%s", namespace_name, name);
	struct service_entry *entry = find_service(store, key);

	if (!entry) {
		entry = memory_allocate(sizeof(*entry) + strlen(key) + 1);
		memcpy(entry->key, key, strlen(key) + 1);
		SHARDS_ADD(store->services, entry->key, strlen(key), entry);
		store->entry_count++;
	}
	return entry;
}

static void mark_dirty(struct store *store, struct service_entry *entry)
{
	entry->version = ++store->version;
	if (entry->is_dirty)
		return;
	entry->is_dirty = true;
	store->dirty_count++;
	DL_APPEND2(store->dirty, entry, previous, next);
}

static void forget_taken(struct store *store)
{
	struct service_entry *entry = store->taken;

	if (store->is_pinned)
		return;
	store->taken = NULL;
	if (entry && !entry->is_dirty && !entry->service && !entry->slice_count)
		service_entry_free(store, entry);
}

bool store_set_service(struct store *store, struct service *service)
{
	struct service_entry *entry;

	forget_taken(store);
	entry = get_service(store, service->namespace_name, service->name);
	if (entry->service && service_is_equal(entry->service, service)) {
		service_free(service);
		return false;
	}
	if (!entry->service)
		store->service_count++;
	external_addresses_add(store->externals, service);
	external_addresses_remove(store->externals, entry->service);
	drop_service(store, entry->service);
	entry->service = service;
	mark_dirty(store, entry);
	return true;
}

bool store_remove_service(struct store *store, const char *namespace_name, const char *name)
{
	auto_memory char *key = string_printf("%s/%s", namespace_name, name);
	struct service_entry *entry;

	forget_taken(store);
	entry = find_service(store, key);
	if (!entry || !entry->service)
		return false;
	external_addresses_remove(store->externals, entry->service);
	drop_service(store, take(&entry->service));
	store->service_count--;
	mark_dirty(store, entry);
	return true;
}

static void attach(struct store *store, struct slice_entry *slice)
{
	const struct endpoint_slice *content = slice->slice;
	struct service_entry *owner;
	size_t position = 0;

	slice->owner = NULL;
	if (!content->service_name)
		return;
	owner = get_service(store, content->namespace_name, content->service_name);
	owner->slices =
		memory_resize(owner->slices, owner->slice_count + 1U, sizeof(*owner->slices));
	while (position < owner->slice_count &&
	       strcmp(owner->slices[position]->name, content->name) < 0)
		position++;
	memmove(owner->slices + position + 1, owner->slices + position,
		(owner->slice_count - position) * sizeof(*owner->slices));
	owner->slices[position] = slice->slice;
	owner->slice_count++;
	slice->owner = owner;
	mark_dirty(store, owner);
}

static void detach(struct store *store, struct slice_entry *slice)
{
	struct service_entry *owner = slice->owner;
	size_t position = 0;

	if (!owner)
		return;
	while (owner->slices[position] != slice->slice)
		position++;
	owner->slice_count--;
	memmove(owner->slices + position, owner->slices + position + 1,
		(owner->slice_count - position) * sizeof(*owner->slices));
	slice->owner = NULL;
	mark_dirty(store, owner);
}

static bool has_externals(const struct service *service)
{
	return service && (service->external_ip_count || service->load_balancer_ip_count);
}

/* Whose address an external IP is changes for whoever has it. */
static void count_endpoints(struct store *store, const struct endpoint_slice *slice, int by)
{
	struct service_entry *entry, *next;

	store->endpoint_count += (size_t)((int64_t)by * slice->endpoint_count);
	if (!external_addresses_count(store->externals, slice, by))
		return;
	SHARDS_EACH (store->services, entry, next) {
		if (has_externals(entry->service))
			mark_dirty(store, entry);
	}
}

/* For addresses that Services have since their endpoints were counted. */
static void catch_up(struct store *store)
{
	const struct slice_entry *slice, *next;

	if (!external_addresses_is_behind(store->externals))
		return;
	SHARDS_EACH (store->slices, slice, next) {
		external_addresses_catch_up(store->externals, slice->slice);
	}
	external_addresses_caught_up(store->externals);
}

bool store_set_endpoint_slice(struct store *store, struct endpoint_slice *slice)
{
	auto_memory char *key = string_printf("%s/%s", slice->namespace_name, slice->name);
	struct endpoint_slice *replaced = NULL;
	struct slice_entry *entry;

	forget_taken(store);
	SHARDS_FIND(store->slices, key, strlen(key), entry);
	if (!entry) {
		entry = memory_allocate(sizeof(*entry) + strlen(key) + 1);
		memcpy(entry->key, key, strlen(key) + 1);
		SHARDS_ADD(store->slices, entry->key, strlen(key), entry);
		store->slice_count++;
	} else if (endpoint_slice_is_equal(entry->slice, slice)) {
		endpoint_slice_free(slice);
		return false;
	} else {
		detach(store, entry);
		replaced = entry->slice;
	}
	entry->slice = slice;
	count_endpoints(store, slice, 1);
	if (replaced) {
		count_endpoints(store, replaced, -1);
		drop_slice(store, replaced);
	}
	attach(store, entry);
	return true;
}

bool store_remove_endpoint_slice(struct store *store, const char *namespace_name, const char *name)
{
	auto_memory char *key = string_printf("%s/%s", namespace_name, name);
	struct slice_entry *entry;

	forget_taken(store);
	SHARDS_FIND(store->slices, key, strlen(key), entry);
	if (!entry)
		return false;
	detach(store, entry);
	count_endpoints(store, entry->slice, -1);
	SHARDS_DELETE(store->slices, entry);
	store->slice_count--;
	drop_slice(store, entry->slice);
	free(entry);
	return true;
}

const struct endpoint_slice *store_endpoint_slice(const struct store *store,
						  const char *namespace_name, const char *name)
{
	auto_memory char *key = string_printf("%s/%s", namespace_name, name);
	const struct slice_entry *entry;

	SHARDS_FIND(store->slices, key, strlen(key), entry);
	return entry ? entry->slice : NULL;
}

void store_mark_all_dirty(struct store *store)
{
	struct service_entry *entry, *next;

	SHARDS_EACH (store->services, entry, next) {
		mark_dirty(store, entry);
	}
}

void store_mark_dirty(struct store *store, const char *key)
{
	struct service_entry *entry = find_service(store, key);

	if (entry)
		mark_dirty(store, entry);
}

size_t store_dirty_count(const struct store *store)
{
	return store->dirty_count;
}

static void view_of(const struct store *store, const struct service_entry *entry,
		    struct service_view *ret)
{
	*ret = (struct service_view){
		.key = entry->key,
		.service = entry->service,
		.slices = entry->slices,
		.slice_count = entry->slice_count,
		.version = entry->version,
		.externals = store->externals,
	};
}

bool store_take_dirty(struct store *store, struct service_view *ret)
{
	struct service_entry *entry;

	forget_taken(store);
	catch_up(store);
	entry = store->dirty;
	if (!entry)
		return false;
	DL_DELETE2(store->dirty, entry, previous, next);
	entry->is_dirty = false;
	store->dirty_count--;
	store->taken = entry;
	view_of(store, entry, ret);
	return true;
}

bool store_find(const struct store *store, const char *key, struct service_view *ret)
{
	const struct service_entry *entry = find_service(store, key);

	if (!entry)
		return false;
	view_of(store, entry, ret);
	return true;
}

static int compare_keys(const void *a, const void *b)
{
	const struct service_entry *const *left = a, *const *right = b;

	return strcmp((*left)->key, (*right)->key);
}

void store_each(const struct store *store, bool is_sorted,
		void (*visit)(const struct service_view *view, void *owner), void *owner)
{
	size_t count = store->entry_count, used = 0;
	auto_memory struct service_entry **entries =
		memory_array(count, sizeof(struct service_entry *));
	struct service_entry *entry, *next;
	struct service_view view;

	SHARDS_EACH (store->services, entry, next) {
		entries[used++] = entry;
	}
	if (is_sorted)
		qsort(entries, used, sizeof(struct service_entry *), compare_keys);
	for (size_t i = 0; i < used; i++) {
		view_of(store, entries[i], &view);
		visit(&view, owner);
	}
}

const struct external_addresses *store_externals(const struct store *store)
{
	return store->externals;
}

const char *store_endpoint_owner(const struct store *store, const struct address *address)
{
	const struct slice_entry *entry, *next;

	SHARDS_EACH (store->slices, entry, next) {
		for (size_t i = 0; entry->owner && i < entry->slice->endpoint_count; i++)
			if (address_is_equal(&entry->slice->endpoints[i].address, address))
				return entry->owner->key;
	}
	return NULL;
}

size_t store_service_count(const struct store *store)
{
	return store->service_count;
}

size_t store_endpoint_slice_count(const struct store *store)
{
	return store->slice_count;
}

size_t store_endpoint_count(const struct store *store)
{
	return store->endpoint_count;
}
