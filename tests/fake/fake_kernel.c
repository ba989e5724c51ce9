/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake_kernel.h"

#include "lib/plan/ledger_drain.h"
#include "lib/plan/ledger_observe.h"

#include <errno.h>
#include <linux/ip_vs.h>
#include <string.h>

/* What the sorted arrays differ in. */
struct order {
	size_t size;
	int (*compare)(const void *a, const void *b);
};

static int compare_servers(const void *a, const void *b)
{
	const struct fake_server *left = a, *right = b;

	return memcmp(&left->server.key, &right->server.key, sizeof(left->server.key));
}

static int compare_usages(const void *a, const void *b)
{
	const struct destination_usage *left = a, *right = b;

	return destination_compare(&left->destination, &right->destination);
}

static int compare_members(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct set_member));
}

static int compare_addresses(const void *a, const void *b)
{
	return address_compare(a, b);
}

static const struct order server_order = {sizeof(struct fake_server), compare_servers};
static const struct order usage_order = {sizeof(struct destination_usage), compare_usages};
static const struct order member_order = {sizeof(struct set_member), compare_members};
static const struct order address_order = {sizeof(struct address), compare_addresses};

static void *find(const void *items, size_t count, const struct order *order, const void *wanted)
{
	return count ? bsearch(wanted, items, count, order->size, order->compare) : NULL;
}

/* Return: @items, possibly moved; unchanged if @item is there already */
static void *insert(void *items, size_t *count, size_t *capacity, const struct order *order,
		    const void *item)
{
	size_t low = 0, high = *count;
	char *bytes;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int comparison = order->compare((char *)items + middle * order->size, item);

		if (comparison == 0)
			return items;
		if (comparison < 0)
			low = middle + 1;
		else
			high = middle;
	}
	bytes = memory_grow(items, *count, capacity, order->size);
	memmove(bytes + (low + 1) * order->size, bytes + low * order->size,
		(*count - low) * order->size);
	memcpy(bytes + low * order->size, item, order->size);
	(*count)++;
	return bytes;
}

/* @found: points into @items */
static void erase(void *items, size_t *count, const struct order *order, void *found)
{
	size_t position = (size_t)((char *)found - (char *)items) / order->size;

	memmove(found, (char *)found + order->size, (*count - position - 1) * order->size);
	(*count)--;
}

struct fake_kernel *fake_kernel_new(void)
{
	return memory_allocate(sizeof(struct fake_kernel));
}

void fake_kernel_free(struct fake_kernel *kernel)
{
	if (!kernel)
		return;
	for (size_t i = 0; i < kernel->server_count; i++)
		free(kernel->servers[i].destinations);
	free(kernel->servers);
	free(kernel->members);
	free(kernel->addresses);
	free(kernel);
}

static void *copy_array(const void *items, size_t count, size_t size)
{
	void *copy = memory_array(count, size);

	if (count)
		memcpy(copy, items, count * size);
	return copy;
}

struct fake_kernel *fake_kernel_copy(const struct fake_kernel *kernel)
{
	struct fake_kernel *copy = memory_allocate(sizeof(*copy));

	*copy = *kernel;
	copy->servers = copy_array(kernel->servers, kernel->server_count, sizeof(*kernel->servers));
	copy->server_capacity = kernel->server_count;
	for (size_t i = 0; i < copy->server_count; i++) {
		struct fake_server *server = &copy->servers[i];

		server->destinations = copy_array(server->destinations, server->destination_count,
						  sizeof(*server->destinations));
		server->destination_capacity = server->destination_count;
	}
	copy->members = copy_array(kernel->members, kernel->member_count, sizeof(*kernel->members));
	copy->member_capacity = kernel->member_count;
	copy->addresses =
		copy_array(kernel->addresses, kernel->address_count, sizeof(*kernel->addresses));
	copy->address_capacity = kernel->address_count;
	return copy;
}

static bool server_is_equal(const struct fake_server *a, const struct fake_server *b)
{
	if (!virtual_server_is_equal(&a->server, &b->server) ||
	    a->destination_count != b->destination_count)
		return false;
	for (size_t i = 0; i < a->destination_count; i++) {
		const struct destination_usage *left = &a->destinations[i];
		const struct destination_usage *right = &b->destinations[i];

		if (compare_usages(left, right) != 0 ||
		    left->destination.weight != right->destination.weight ||
		    left->forwarding_method != right->forwarding_method)
			return false;
	}
	return true;
}

bool fake_kernel_is_equal(const struct fake_kernel *a, const struct fake_kernel *b)
{
	if (a->server_count != b->server_count || a->member_count != b->member_count ||
	    a->address_count != b->address_count)
		return false;
	for (size_t i = 0; i < a->server_count; i++)
		if (!server_is_equal(&a->servers[i], &b->servers[i]))
			return false;
	for (size_t i = 0; i < a->member_count; i++)
		if (compare_members(&a->members[i], &b->members[i]) != 0)
			return false;
	for (size_t i = 0; i < a->address_count; i++)
		if (!address_is_equal(&a->addresses[i], &b->addresses[i]))
			return false;
	return true;
}

void fake_kernel_fail(struct fake_kernel *kernel, size_t nth, int code)
{
	kernel->fail_in = nth;
	kernel->fail_code = code;
}

struct fake_server *fake_kernel_find_server(const struct fake_kernel *kernel,
					    const struct virtual_server_key *key)
{
	struct fake_server wanted = {.server.key = *key};

	return find(kernel->servers, kernel->server_count, &server_order, &wanted);
}

struct destination_usage *fake_server_find_destination(const struct fake_server *server,
						       const struct destination *destination)
{
	struct destination_usage wanted = {.destination = *destination};

	return find(server->destinations, server->destination_count, &usage_order, &wanted);
}

static struct set_member *find_member(const struct fake_kernel *kernel,
				      const struct set_member *member)
{
	return find(kernel->members, kernel->member_count, &member_order, member);
}

static struct address *find_address(const struct fake_kernel *kernel, const struct address *address)
{
	return find(kernel->addresses, kernel->address_count, &address_order, address);
}

bool fake_kernel_has_member(const struct fake_kernel *kernel, const struct set_member *member)
{
	return find_member(kernel, member) != NULL;
}

bool fake_kernel_has_address(const struct fake_kernel *kernel, const struct address *address)
{
	return find_address(kernel, address) != NULL;
}

/* The appliers return a negative errno, 0 when nothing changed, 1 when something did. */

static int add_server(struct fake_kernel *kernel, const struct virtual_server *server)
{
	struct fake_server added = {.server = *server};

	if (fake_kernel_find_server(kernel, &server->key))
		return -EEXIST;
	kernel->servers = insert(kernel->servers, &kernel->server_count, &kernel->server_capacity,
				 &server_order, &added);
	return 1;
}

static int edit_server(struct fake_kernel *kernel, const struct virtual_server *server)
{
	struct fake_server *found = fake_kernel_find_server(kernel, &server->key);

	if (!found)
		return -ESRCH;
	if (virtual_server_is_equal(&found->server, server))
		return 0;
	found->server = *server;
	return 1;
}

static int remove_server(struct fake_kernel *kernel, const struct virtual_server_key *key)
{
	struct fake_server *found = fake_kernel_find_server(kernel, key);

	if (!found)
		return -ESRCH;
	free(found->destinations);
	erase(kernel->servers, &kernel->server_count, &server_order, found);
	return 1;
}

static int apply_destination(struct fake_kernel *kernel, const struct change *change)
{
	struct fake_server *server = fake_kernel_find_server(kernel, &change->destination.server);
	struct destination_usage usage = {.destination = change->destination.value,
					  .forwarding_method = IP_VS_CONN_F_MASQ};
	struct destination_usage *found;

	if (!server)
		return -ESRCH;
	found = fake_server_find_destination(server, &usage.destination);
	if (change->kind == CHANGE_KIND_DESTINATION_ADD) {
		if (found)
			return -EEXIST;
		server->destinations = insert(server->destinations, &server->destination_count,
					      &server->destination_capacity, &usage_order, &usage);
		return 1;
	}
	if (!found)
		return -ENOENT;
	if (change->kind == CHANGE_KIND_DESTINATION_REMOVE) {
		erase(server->destinations, &server->destination_count, &usage_order, found);
		return 1;
	}
	if (found->destination.weight == usage.destination.weight &&
	    found->forwarding_method == usage.forwarding_method)
		return 0;
	found->destination.weight = usage.destination.weight;
	found->forwarding_method = usage.forwarding_method;
	return 1;
}

static int apply_member(struct fake_kernel *kernel, const struct set_member *member, bool is_wanted)
{
	struct set_member *found = find_member(kernel, member);

	if (is_wanted == (found != NULL))
		return 0;
	if (is_wanted)
		kernel->members = insert(kernel->members, &kernel->member_count,
					 &kernel->member_capacity, &member_order, member);
	else
		erase(kernel->members, &kernel->member_count, &member_order, found);
	return 1;
}

static int apply_address(struct fake_kernel *kernel, const struct address *address, bool is_wanted)
{
	struct address *found = find_address(kernel, address);

	if (is_wanted == (found != NULL))
		return 0;
	if (is_wanted)
		kernel->addresses = insert(kernel->addresses, &kernel->address_count,
					   &kernel->address_capacity, &address_order, address);
	else
		erase(kernel->addresses, &kernel->address_count, &address_order, found);
	return 1;
}

static int apply_one(struct fake_kernel *kernel, const struct change *change)
{
	switch (change->kind) {
	case CHANGE_KIND_MEMBER_ADD:
		return apply_member(kernel, &change->member, true);
	case CHANGE_KIND_MEMBER_REMOVE:
		return apply_member(kernel, &change->member, false);
	case CHANGE_KIND_SERVER_ADD:
		return add_server(kernel, &change->server);
	case CHANGE_KIND_SERVER_EDIT:
		return edit_server(kernel, &change->server);
	case CHANGE_KIND_SERVER_REMOVE:
		return remove_server(kernel, &change->server.key);
	case CHANGE_KIND_DESTINATION_ADD:
	case CHANGE_KIND_DESTINATION_EDIT:
	case CHANGE_KIND_DESTINATION_REMOVE:
		return apply_destination(kernel, change);
	case CHANGE_KIND_ADDRESS_ADD:
		return apply_address(kernel, &change->address, true);
	case CHANGE_KIND_ADDRESS_REMOVE:
		return apply_address(kernel, &change->address, false);
	}
	return -EINVAL;
}

size_t fake_kernel_apply(struct fake_kernel *kernel, struct change *changes, size_t count)
{
	size_t refused = 0;

	for (size_t i = 0; i < count; i++) {
		int r;

		kernel->applied++;
		if (kernel->fail_in && --kernel->fail_in == 0)
			r = kernel->fail_code;
		else
			r = apply_one(kernel, &changes[i]);
		changes[i].result = r < 0 ? r : 0;
		kernel->redundant += r == 0;
		refused += r < 0;
	}
	return refused;
}

size_t fake_kernel_observe(const struct fake_kernel *kernel, struct ledger *ledger,
			   enum facility facility, uint64_t now, struct changes *changes)
{
	ledger_observe_begin(ledger, facility);
	switch (facility) {
	case FACILITY_IPVS:
		for (size_t i = 0; i < kernel->server_count; i++) {
			const struct fake_server *server = &kernel->servers[i];

			ledger_observe_server(ledger, &server->server);
			ledger_observe_destinations(ledger, &server->server.key,
						    server->destinations,
						    server->destination_count);
		}
		break;
	case FACILITY_IPSET:
		for (size_t i = 0; i < kernel->member_count; i++)
			ledger_observe_member(ledger, &kernel->members[i]);
		break;
	case FACILITY_LINK:
		for (size_t i = 0; i < kernel->address_count; i++)
			ledger_observe_address(ledger, &kernel->addresses[i]);
		break;
	}
	return ledger_observe_end(ledger, facility, now, changes);
}

struct draining {
	struct virtual_server_key *keys;
	size_t count;
	size_t capacity;
};

static void note_draining(void *owner, const struct virtual_server_key *server)
{
	struct draining *draining = owner;

	draining->keys = memory_grow(draining->keys, draining->count, &draining->capacity,
				     sizeof(*draining->keys));
	draining->keys[draining->count++] = *server;
}

void fake_kernel_drain(const struct fake_kernel *kernel, struct ledger *ledger, uint64_t now,
		       struct changes *changes)
{
	struct draining draining = {0};

	ledger_drain_each(ledger, note_draining, &draining);
	for (size_t i = 0; i < draining.count; i++) {
		const struct fake_server *server =
			fake_kernel_find_server(kernel, &draining.keys[i]);

		ledger_drain_server(ledger, &draining.keys[i], server ? server->destinations : NULL,
				    server ? server->destination_count : 0, now, changes);
	}
	free(draining.keys);
}
