/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "external_addresses.h"

#include <string.h>
#include <uthash.h>

/*
 * @services: how many times Services have it
 * @balancers: how many times they say that it is their load balancer's own
 * @endpoints: how many endpoints do; those that came before it are missing while @is_new
 */
struct entry {
	UT_hash_handle hh;
	struct address address;
	uint32_t services;
	uint32_t balancers;
	uint32_t endpoints;
	bool is_new;
};

struct external_addresses {
	struct entry *entries;
	size_t new_count;
	uint64_t version;
};

struct external_addresses *external_addresses_new(void)
{
	return memory_allocate(sizeof(struct external_addresses));
}

static void drop(struct external_addresses *externals, struct entry *entry)
{
	externals->new_count -= entry->is_new;
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): the table has it, so its head is there */
	HASH_DEL(externals->entries, entry);
	free(entry);
}

void external_addresses_free(struct external_addresses *externals)
{
	struct entry *entry, *next;

	if (!externals)
		return;
	HASH_ITER (hh, externals->entries, entry, next) {
		drop(externals, entry);
	}
	free(externals);
}

static struct entry *find(const struct external_addresses *externals, const struct address *address)
{
	struct entry *entry;

	HASH_FIND(hh, externals->entries, address, sizeof(*address), entry);
	return entry;
}

static struct entry *get(struct external_addresses *externals, const struct address *address)
{
	struct entry *entry = find(externals, address);

	if (!entry) {
		entry = memory_allocate(sizeof(*entry));
		entry->address = *address;
		entry->is_new = true;
		externals->new_count++;
		HASH_ADD(hh, externals->entries, address, sizeof(entry->address), entry);
	}
	return entry;
}

static void drop_unused(struct external_addresses *externals, struct entry *entry)
{
	if (!entry->services && !entry->balancers)
		drop(externals, entry);
}

static void add(struct external_addresses *externals, const struct address *address)
{
	if (get(externals, address)->services++ == 0)
		externals->version++;
}

static void discard(struct external_addresses *externals, const struct address *address)
{
	struct entry *entry = find(externals, address);

	if (--entry->services == 0)
		externals->version++;
	drop_unused(externals, entry);
}

/* A Service without ClusterIP has no other address either. */
static bool is_counted(const struct service *service)
{
	return service && service->cluster_ip_count;
}

void external_addresses_add(struct external_addresses *externals, const struct service *service)
{
	if (!is_counted(service))
		return;
	for (size_t i = 0; i < service->external_ip_count; i++)
		add(externals, &service->external_ips[i]);
	for (size_t i = 0; i < service->load_balancer_ip_count; i++)
		add(externals, &service->load_balancer_ips[i]);
	for (size_t i = 0; i < service->proxied_ip_count; i++)
		get(externals, &service->proxied_ips[i])->balancers++;
}

void external_addresses_remove(struct external_addresses *externals, const struct service *service)
{
	if (!is_counted(service))
		return;
	for (size_t i = 0; i < service->external_ip_count; i++)
		discard(externals, &service->external_ips[i]);
	for (size_t i = 0; i < service->load_balancer_ip_count; i++)
		discard(externals, &service->load_balancer_ips[i]);
	for (size_t i = 0; i < service->proxied_ip_count; i++) {
		struct entry *entry = find(externals, &service->proxied_ips[i]);

		entry->balancers--;
		drop_unused(externals, entry);
	}
}

bool external_addresses_is_named(const struct external_addresses *externals,
				 const struct address *address)
{
	return externals && find(externals, address);
}

static bool is_of_api_server(const struct endpoint_slice *slice)
{
	return string_equal(slice->service_name, "kubernetes") &&
	       strcmp(slice->namespace_name, "default") == 0;
}

bool external_addresses_is_told(const struct endpoint_slice *slice, size_t index)
{
	return slice->endpoints[index].node_name || is_of_api_server(slice);
}

/* Return: the entry of an endpoint that tells whose its address is; NULL if there is none */
static struct entry *find_told(const struct external_addresses *externals,
			       const struct endpoint_slice *slice, size_t index)
{
	if (!external_addresses_is_told(slice, index))
		return NULL;
	return find(externals, &slice->endpoints[index].address);
}

bool external_addresses_count(struct external_addresses *externals,
			      const struct endpoint_slice *slice, int by)
{
	bool has_changed = false;

	for (size_t i = 0; externals->entries && i < slice->endpoint_count; i++) {
		struct entry *entry = find_told(externals, slice, i);

		if (!entry || entry->is_new)
			continue;
		entry->endpoints += (uint32_t)by;
		has_changed |= entry->services && entry->endpoints == (by > 0 ? 1 : 0);
	}
	return has_changed;
}

bool external_addresses_is_behind(const struct external_addresses *externals)
{
	return externals->new_count;
}

void external_addresses_catch_up(struct external_addresses *externals,
				 const struct endpoint_slice *slice)
{
	for (size_t i = 0; i < slice->endpoint_count; i++) {
		struct entry *entry = find_told(externals, slice, i);

		if (entry && entry->is_new)
			entry->endpoints++;
	}
}

void external_addresses_caught_up(struct external_addresses *externals)
{
	struct entry *entry;

	for (entry = externals->entries; entry; entry = entry->hh.next)
		entry->is_new = false;
	externals->new_count = 0;
}

bool external_addresses_has_endpoint(const struct external_addresses *externals,
				     const struct address *address)
{
	const struct entry *entry = externals ? find(externals, address) : NULL;

	return entry && entry->endpoints;
}

uint64_t external_addresses_version(const struct external_addresses *externals)
{
	return externals->version;
}

struct address *external_addresses_list(const struct external_addresses *externals, size_t *count)
{
	struct address *list = memory_array(HASH_COUNT(externals->entries), sizeof(*list));
	const struct entry *entry;

	*count = 0;
	for (entry = externals->entries; entry; entry = entry->hh.next)
		if (entry->services)
			list[(*count)++] = entry->address;
	return list;
}
