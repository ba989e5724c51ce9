/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "planned_proxy.h"

#include "lib/objects/store.h"
#include "lib/plan/desired.h"
#include "lib/plan/ledger.h"
#include "lib/source/json_value.h"
#include "lib/source/object_decode.h"

#include <errno.h>
#include <string.h>

/* An object of the current or the previous list. */
struct listed {
	enum object_kind kind;
	char *namespace_name;
	char *name;
};

struct listing {
	struct listed *items;
	size_t count;
	size_t capacity;
};

struct planned_proxy {
	struct fake_kernel *kernel;
	const struct node_config *config;
	struct desired_options desired;
	struct string_pool *strings;
	struct store *store;
	struct ledger *ledger;
	struct changes *changes;
	struct listing listing;
	struct node *node;
	struct node_addresses *addresses;
	char *zone;
	struct node_view view;
	uint64_t now;
	bool is_swept;
};

static void listing_clear(struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++) {
		free(listing->items[i].namespace_name);
		free(listing->items[i].name);
	}
	free(listing->items);
	memset(listing, 0, sizeof(*listing));
}

static bool listing_has(const struct listing *listing, const struct listed *wanted)
{
	for (size_t i = 0; i < listing->count; i++)
		if (listing->items[i].kind == wanted->kind &&
		    strcmp(listing->items[i].namespace_name, wanted->namespace_name) == 0 &&
		    strcmp(listing->items[i].name, wanted->name) == 0)
			return true;
	return false;
}

static void note_listed(struct listing *listing, const struct object_identity *identity)
{
	listing->items = memory_grow(listing->items, listing->count, &listing->capacity,
				     sizeof(*listing->items));
	listing->items[listing->count++] = (struct listed){
		.kind = identity->kind,
		.namespace_name = string_dup(identity->namespace_name),
		.name = string_dup(identity->name),
	};
}

static void observe(struct planned_proxy *proxy)
{
	for (int facility = 0; facility < FACILITY_COUNT; facility++)
		fake_kernel_observe(proxy->kernel, proxy->ledger, (enum facility)facility,
				    proxy->now, proxy->changes);
}

struct planned_proxy *planned_proxy_new(struct fake_kernel *kernel,
					const struct node_config *config,
					const struct own_choices *choices)
{
	static const struct ledger_options options = {
		.drain_milliseconds = 900000,
		.retry_first_milliseconds = 1000,
		.retry_max_milliseconds = 60000,
	};
	struct planned_proxy *proxy = memory_allocate(sizeof(*proxy));

	proxy->kernel = kernel;
	proxy->config = config;
	node_config_desired(config, choices, &proxy->desired);
	proxy->strings = string_pool_new();
	proxy->store = store_new();
	proxy->ledger = ledger_new(&options);
	proxy->changes = changes_new();
	ledger_set_excluded(proxy->ledger, config->excluded, config->excluded_count);
	proxy->view.name = config->node_name;
	proxy->now = 1000000;
	observe(proxy);
	return proxy;
}

void planned_proxy_free(struct planned_proxy *proxy)
{
	if (!proxy)
		return;
	listing_clear(&proxy->listing);
	store_free(proxy->store);
	ledger_free(proxy->ledger);
	changes_free(proxy->changes);
	node_free(proxy->node);
	node_addresses_free(proxy->addresses);
	free(proxy->zone);
	string_pool_free(proxy->strings);
	free(proxy);
}

static int take_service(struct planned_proxy *proxy, const json_t *object, struct error *err)
{
	struct service *service;
	int r = object_decode_service(json_value_of(object), &service, err);

	if (r >= 0)
		store_set_service(proxy->store, service);
	return r;
}

static int take_endpoint_slice(struct planned_proxy *proxy, const json_t *object, struct error *err)
{
	struct endpoint_slice *slice;
	int r = object_decode_endpoint_slice(json_value_of(object), proxy->strings, &slice, err);

	if (r >= 0)
		store_set_endpoint_slice(proxy->store, slice);
	return r;
}

static int take_node(struct planned_proxy *proxy, const json_t *object, struct error *err)
{
	struct node *node;
	int r = object_decode_node(json_value_of(object), &node, err);

	if (r < 0)
		return r;
	if (strcmp(node->name, proxy->config->node_name) != 0) {
		node_free(node);
		return 0;
	}
	node_free(proxy->node);
	proxy->node = node;
	return 0;
}

struct update {
	struct planned_proxy *proxy;
	struct listing listing;
	struct error *err;
};

static int take_object(const struct object_identity *identity, const json_t *object,
		       const struct error *identity_error, void *owner)
{
	struct update *update = owner;
	int r = -EINVAL;

	if (identity_error)
		return error_set(update->err, identity_error->code, "%s", identity_error->text);
	note_listed(&update->listing, identity);
	switch (identity->kind) {
	case OBJECT_KIND_SERVICE:
		r = take_service(update->proxy, object, update->err);
		break;
	case OBJECT_KIND_ENDPOINT_SLICE:
		r = take_endpoint_slice(update->proxy, object, update->err);
		break;
	case OBJECT_KIND_NODE:
		r = take_node(update->proxy, object, update->err);
		break;
	case OBJECT_KIND_ENDPOINTS:
	case OBJECT_KIND_OTHER:
		error_set(update->err, -EINVAL, "not a kind that was recorded");
		break;
	}
	return r < 0 ? error_wrap(update->err, r, "%s %s/%s", identity->kind_text,
				  identity->namespace_name, identity->name)
		     : 0;
}

static void remove_unlisted(struct planned_proxy *proxy, const struct listing *now)
{
	for (size_t i = 0; i < proxy->listing.count; i++) {
		const struct listed *before = &proxy->listing.items[i];

		if (listing_has(now, before))
			continue;
		if (before->kind == OBJECT_KIND_SERVICE)
			store_remove_service(proxy->store, before->namespace_name, before->name);
		if (before->kind == OBJECT_KIND_ENDPOINT_SLICE)
			store_remove_endpoint_slice(proxy->store, before->namespace_name,
						    before->name);
	}
}

static bool arrays_are_equal(const struct address *a, size_t a_count, const struct address *b,
			     size_t b_count)
{
	return a_count == b_count && (!a_count || memcmp(a, b, a_count * sizeof(*a)) == 0);
}

/* As in the agent, everything is planned again only if something relevant changed. */
static void look_at_node(struct planned_proxy *proxy, const struct recorded_addresses *observed)
{
	const char *zone = proxy->node ? proxy->node->zone : NULL;
	struct node_addresses *before = proxy->addresses;
	struct node_addresses *now;
	struct node_address_options options;

	node_config_addresses(proxy->config, &options);
	now = node_addresses_new(observed->items, observed->count, proxy->node, &options);
	if (!before || !string_equal(proxy->zone, zone) ||
	    memcmp(before->node_ips, now->node_ips, sizeof(now->node_ips)) != 0 ||
	    !arrays_are_equal(before->node_port_addresses, before->node_port_address_count,
			      now->node_port_addresses, now->node_port_address_count) ||
	    !arrays_are_equal(before->local_addresses, before->local_address_count,
			      now->local_addresses, now->local_address_count))
		store_mark_all_dirty(proxy->store);
	node_addresses_free(before);
	proxy->addresses = now;
	node_addresses_fill(now, &proxy->view);
	free(proxy->zone);
	proxy->zone = string_dup(zone);
	proxy->view.zone = proxy->zone;
}

static int commit(struct planned_proxy *proxy, struct error *err)
{
	struct changes *changes = proxy->changes;
	int r = 0;

	changes_sort(changes);
	fake_kernel_apply(proxy->kernel, changes->items, changes->count);
	ledger_report(proxy->ledger, changes->items, changes->count, proxy->now);
	for (size_t i = 0; i < changes->count && r == 0; i++) {
		char text[6 * ADDRESS_TEXT_SIZE];

		if (changes->items[i].result < 0)
			r = error_set(err, -EIO, "%s: %s", change_text(&changes->items[i], text),
				      strerror(-changes->items[i].result));
	}
	changes_clear(changes);
	return r;
}

static int settle(struct planned_proxy *proxy, struct error *err)
{
	struct service_view view;
	int r;

	while (store_take_dirty(proxy->store, &view))
		ledger_replace(proxy->ledger, view.key, view.service ? view.service->created : 0,
			       desired_service(&view, &proxy->view, &proxy->desired));
	ledger_settle(proxy->ledger, proxy->now, proxy->changes);
	r = commit(proxy, err);
	if (r == 0 && !proxy->is_swept) {
		proxy->is_swept = true;
		ledger_sweep(proxy->ledger, proxy->now, proxy->changes);
		r = commit(proxy, err);
	}
	if (r < 0)
		return r;
	fake_kernel_drain(proxy->kernel, proxy->ledger, proxy->now, proxy->changes);
	return commit(proxy, err);
}

int planned_proxy_update(struct planned_proxy *proxy, const json_t *list,
			 const struct recorded_addresses *addresses, struct error *err)
{
	struct update update = {.proxy = proxy, .err = err};
	int r = object_decode_each(list, take_object, &update, err);

	proxy->now += 1000;
	remove_unlisted(proxy, &update.listing);
	listing_clear(&proxy->listing);
	proxy->listing = update.listing;
	if (r < 0)
		return r;
	look_at_node(proxy, addresses);
	return settle(proxy, err);
}

size_t planned_proxy_verify(struct planned_proxy *proxy)
{
	size_t count;

	observe(proxy);
	count = proxy->changes->count;
	changes_clear(proxy->changes);
	return count;
}

const struct node *planned_proxy_node(const struct planned_proxy *proxy)
{
	return proxy->node;
}

bool planned_proxy_health_check(struct planned_proxy *proxy, uint16_t port,
				struct health_check *ret)
{
	for (size_t i = 0; i < proxy->listing.count; i++) {
		const struct listed *listed = &proxy->listing.items[i];
		auto_memory char *key =
			string_printf("%s/%s", listed->namespace_name, listed->name);
		const struct service_state *state = ledger_state(proxy->ledger, key);

		if (listed->kind != OBJECT_KIND_SERVICE || !state ||
		    state->health_check_port != port)
			continue;
		ret->namespace_name = listed->namespace_name;
		ret->name = listed->name;
		ret->local_endpoint_count = state->local_endpoint_count;
		return true;
	}
	return false;
}
