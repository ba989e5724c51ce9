/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OBJECTS_STORE_H
#define OBJECTS_STORE_H

#include "endpoint_slice.h"
#include "external_addresses.h"
#include "node.h"
#include "service.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * struct service_view - one Service and what belongs to it
 * @key:      "namespace/name"; stays valid while the view exists
 * @service:  NULL while only slices are known
 * @slices:   every EndpointSlice that names this Service, in the order of their names
 * @version:  another one once the Service or its slices, or anything else for which it is planned
 *            again, has changed
 * @externals: of all Services; may be NULL: of none it is known to be an endpoint's
 */
struct service_view {
	const char *key;
	const struct service *service;
	struct endpoint_slice *const *slices;
	size_t slice_count;
	uint64_t version;
	const struct external_addresses *externals;
};

/**
 * struct store - every object that the agent knows, typed and indexed
 *
 * Owns the objects. A change that makes a difference marks one Service dirty; a Service that is
 * marked twice before it is taken is taken once.
 */
struct store;

struct store *store_new(void);
void store_free(struct store *store);
AUTO_FREE_DEFINE(store);

/** store_set_service() - takes ownership; Return: whether anything differs from before */
bool store_set_service(struct store *store, struct service *service);
bool store_remove_service(struct store *store, const char *namespace_name, const char *name);

/**
 * store_set_endpoint_slice() - takes ownership; a slice that moved to another Service leaves the
 * old one, and both become dirty
 */
bool store_set_endpoint_slice(struct store *store, struct endpoint_slice *slice);
bool store_remove_endpoint_slice(struct store *store, const char *namespace_name, const char *name);

/** store_endpoint_slice() - the slice of this name; NULL if there is none; valid until it changes */
const struct endpoint_slice *store_endpoint_slice(const struct store *store,
						  const char *namespace_name, const char *name);

/** store_mark_all_dirty() - after a change of node view or options, which every Service may feel;
 *  in no particular order */
void store_mark_all_dirty(struct store *store);

/** store_mark_dirty() - plan @key again; unknown keys are ignored */
void store_mark_dirty(struct store *store, const char *key);

size_t store_dirty_count(const struct store *store);

/**
 * store_take_dirty() - the dirty Service that waits longest, no longer dirty
 * @ret:  filled on true; valid until the next call that changes the store. A view without Service
 *        and without slices is delivered once more so that its kernel objects can go, and is
 *        forgotten at the next call.
 */
bool store_take_dirty(struct store *store, struct service_view *ret);

/** store_find() - a view by key; false if nothing is known of it */
bool store_find(const struct store *store, const char *key, struct service_view *ret);

/** store_each() - call @visit for every view, sorted by key when @is_sorted */
void store_each(const struct store *store, bool is_sorted,
		void (*visit)(const struct service_view *view, void *owner), void *owner);

/** store_externals() - the external and load balancer IPs of all Services */
const struct external_addresses *store_externals(const struct store *store);

/** store_endpoint_owner() - the key of a Service that has an endpoint at @address; NULL if none has
 *  one. Looks at every endpoint. */
const char *store_endpoint_owner(const struct store *store, const struct address *address);

/**
 * store_pin() - keep the objects that there are now, although they change or go, until
 * store_unpin(), and the key of what was taken last; for whoever looks at them over several turns of
 * the loop
 */
void store_pin(struct store *store);
void store_unpin(struct store *store);

size_t store_service_count(const struct store *store);
size_t store_endpoint_slice_count(const struct store *store);
size_t store_endpoint_count(const struct store *store);

#endif
