/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "differences.h"

#include "agent/input/node_state.h"
#include "lib/plan/ledger_drain.h"
#include "lib/plan/restore_outline.h"

#include <string.h>
#include <sys/socket.h>

#define PRESENT "present"

struct differences *differences_new(void)
{
	return memory_allocate(sizeof(struct differences));
}

static void difference_clear(struct difference *difference)
{
	free(difference->object);
	free(difference->kernel);
	free(difference->wanted);
}

void differences_free(struct differences *differences)
{
	if (!differences)
		return;
	for (size_t i = 0; i < differences->count; i++)
		difference_clear(&differences->items[i]);
	for (size_t i = 0; i < differences->draining_count; i++)
		free(differences->draining[i].object);
	free(differences->items);
	free(differences->draining);
	free(differences);
}

/* Takes the texts over. */
static void add(struct differences *differences, const char *kind, char *object, char *kernel,
		char *wanted)
{
	differences->items = memory_grow(differences->items, differences->count,
					 &differences->capacity, sizeof(*differences->items));
	differences->items[differences->count++] =
		(struct difference){kind, object, kernel, wanted};
}

static char *nothing(void)
{
	return string_dup("");
}

static char *server_object(const struct virtual_server_key *key)
{
	char text[2 * ADDRESS_TEXT_SIZE];

	return string_printf("virtual server %s", virtual_server_key_text(key, text));
}

static char *server_state(const struct virtual_server *server)
{
	auto_memory char *affinity = NULL;
	auto_memory char *flags = NULL;

	if (server->persistence_seconds)
		affinity = string_printf(", affinity %us", server->persistence_seconds);
	if (server->flags)
		flags = string_printf(", flags 0x%x", server->flags);
	return string_printf("scheduler %s%s%s", server->scheduler, affinity ? affinity : "",
			     flags ? flags : "");
}

static char *destination_object(const struct virtual_server_key *key,
				const struct destination *destination)
{
	char server[2 * ADDRESS_TEXT_SIZE], text[2 * ADDRESS_TEXT_SIZE];

	return string_printf("destination %s of %s",
			     address_port_text(&destination->address, destination->port, text),
			     virtual_server_key_text(key, server));
}

static char *destination_state(const struct destination *destination)
{
	return string_printf("weight %u", destination->weight);
}

static const struct destination_usage *find_usage(const struct server_listing *listing,
						  const struct virtual_server_key *key,
						  const struct destination *destination)
{
	const struct listed_server *listed = server_listing_find(listing, key);

	for (size_t i = 0; listed && i < listed->usage_count; i++)
		if (destination_compare(&listed->usages[i].destination, destination) == 0)
			return &listed->usages[i];
	return NULL;
}

static void add_server(struct differences *differences, const struct change *change,
		       const struct server_listing *listing)
{
	const struct virtual_server *server = &change->server;
	const struct listed_server *listed = server_listing_find(listing, &server->key);
	bool is_wanted = change->kind != CHANGE_KIND_SERVER_REMOVE;

	add(differences, "virtualServer", server_object(&server->key),
	    listed ? server_state(&listed->server) : nothing(),
	    is_wanted ? server_state(server) : nothing());
}

/* One that is to drain is not wanted any more. The weight of one that is forwarded to in another way
 * may be right. */
static void add_destination(struct differences *differences, const struct change *change,
			    const struct server_listing *listing)
{
	const struct virtual_server_key *key = &change->destination.server;
	const struct destination *wanted = &change->destination.value;
	const struct destination_usage *usage = find_usage(listing, key, wanted);
	bool is_leaving = change->kind == CHANGE_KIND_DESTINATION_REMOVE ||
			  (change->kind == CHANGE_KIND_DESTINATION_EDIT && wanted->weight == 0);
	char *kernel = usage ? destination_state(&usage->destination) : nothing();
	char *as_wanted = is_leaving ? nothing() : destination_state(wanted);

	if (usage && usage->destination.weight == wanted->weight && !is_leaving) {
		free(kernel);
		kernel = string_dup("not masqueraded");
		free(as_wanted);
		as_wanted = string_dup("masqueraded");
	}
	add(differences, "destination", destination_object(key, wanted), kernel, as_wanted);
}

static char *member_object(const struct set_member *member)
{
	char text[3 * ADDRESS_TEXT_SIZE];

	return string_printf("member %s of %s", set_member_text(member, text),
			     set_kind_name((enum set_kind)member->kind, member->family));
}

static char *address_object(const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];

	return string_printf("address %s of " DUMMY_INTERFACE, address_text(address, text));
}

/* Of what is either there or not. Takes @object. */
static void add_plain(struct differences *differences, const char *kind, char *object,
		      bool is_wanted)
{
	add(differences, kind, object, string_dup(is_wanted ? "" : PRESENT),
	    string_dup(is_wanted ? PRESENT : ""));
}

static bool has_wrong_mark(const struct differences *differences, const char *object)
{
	for (size_t i = 0; i < differences->mark_count; i++)
		if (strcmp(differences->items[i].object, object) == 0)
			return true;
	return false;
}

void differences_add_changes(struct differences *differences, const struct changes *changes,
			     const struct server_listing *listing)
{
	for (size_t i = 0; i < changes->count; i++) {
		const struct change *change = &changes->items[i];
		char *object;

		switch (change->kind) {
		case CHANGE_KIND_MEMBER_ADD:
		case CHANGE_KIND_MEMBER_REMOVE:
			object = member_object(&change->member);
			/* Those with a wrong mark were told already. */
			if (change->member.kind == SET_KIND_IN_CLUSTER &&
			    has_wrong_mark(differences, object))
				free(object);
			else
				add_plain(differences, "setMember", object,
					  change->kind == CHANGE_KIND_MEMBER_ADD);
			break;
		case CHANGE_KIND_SERVER_ADD:
		case CHANGE_KIND_SERVER_EDIT:
		case CHANGE_KIND_SERVER_REMOVE:
			add_server(differences, change, listing);
			break;
		case CHANGE_KIND_DESTINATION_ADD:
		case CHANGE_KIND_DESTINATION_EDIT:
		case CHANGE_KIND_DESTINATION_REMOVE:
			add_destination(differences, change, listing);
			break;
		case CHANGE_KIND_ADDRESS_ADD:
		case CHANGE_KIND_ADDRESS_REMOVE:
			add_plain(differences, "address", address_object(&change->address),
				  change->kind == CHANGE_KIND_ADDRESS_ADD);
			break;
		}
	}
}

void differences_add_marks(struct differences *differences, const struct changes *repairs)
{
	for (size_t i = 0; i < repairs->count; i++) {
		const struct change *change = &repairs->items[i];
		bool is_marked = change->member.kind == SET_KIND_IN_CLUSTER;

		if (is_marked && change->kind == CHANGE_KIND_MEMBER_REMOVE)
			add(differences, "setMember", member_object(&change->member),
			    string_dup("another mark"), string_dup(PRESENT));
		else
			add_plain(differences, "setMember", member_object(&change->member),
				  change->kind == CHANGE_KIND_MEMBER_ADD);
	}
	differences->mark_count = differences->count;
}

struct rules_adding {
	struct differences *differences;
	const char *program;
};

static void add_chain(void *owner, const char *table, const char *chain, enum restore_part part)
{
	struct rules_adding *adding = owner;
	auto_memory char *text = restore_outline_text(table, chain, part);

	add(adding->differences, "rules", string_printf("%s (%s)", text, adding->program),
	    string_dup("missing or altered"), string_dup(PRESENT));
}

void differences_add_rules(struct differences *differences, uint16_t family, const char *restore)
{
	struct rules_adding adding = {differences, family == AF_INET6 ? "ip6tables" : "iptables"};

	restore_outline_each(restore, add_chain, &adding);
}

struct drain_adding {
	struct differences *differences;
	struct ledger *ledger;
	const struct server_listing *listing;
	const struct virtual_server_key *server;
};

/* What the kernel gives new connections to is a difference and not told here. */
static void add_draining(void *owner, const struct destination *destination, uint64_t since)
{
	struct drain_adding *adding = owner;
	struct differences *differences = adding->differences;
	const struct destination_usage *usage =
		find_usage(adding->listing, adding->server, destination);

	(void)since;
	if (!usage || usage->destination.weight)
		return;
	differences->draining =
		memory_grow(differences->draining, differences->draining_count,
			    &differences->draining_capacity, sizeof(*differences->draining));
	differences->draining[differences->draining_count++] =
		(struct draining){destination_object(adding->server, destination),
				  usage->active_connections, usage->inactive_connections};
}

static void add_draining_of(void *owner, const struct virtual_server_key *server)
{
	struct drain_adding *adding = owner;

	adding->server = server;
	ledger_drain_each_destination(adding->ledger, server, add_draining, adding);
}

void differences_add_draining(struct differences *differences, struct ledger *ledger,
			      const struct server_listing *listing)
{
	struct drain_adding adding = {differences, ledger, listing, NULL};

	ledger_drain_each(ledger, add_draining_of, &adding);
}

static int compare(const void *a, const void *b)
{
	const struct difference *left = *(const struct difference *const *)a;
	const struct difference *right = *(const struct difference *const *)b;
	int order = strcmp(left->object, right->object);

	if (!order)
		order = strcmp(left->kernel, right->kernel);
	return order ? order : strcmp(left->wanted, right->wanted);
}

void differences_keep(struct differences *differences, const struct differences *others)
{
	const struct difference **sorted = memory_array(others->count + 1, sizeof(*sorted));
	size_t kept = 0;

	for (size_t i = 0; i < others->count; i++)
		sorted[i] = &others->items[i];
	qsort(sorted, others->count, sizeof(*sorted), compare);
	for (size_t i = 0; i < differences->count; i++) {
		const struct difference *one = &differences->items[i];

		if (bsearch(&one, sorted, others->count, sizeof(*sorted), compare))
			differences->items[kept++] = *one;
		else
			difference_clear(&differences->items[i]);
	}
	differences->count = kept;
	free(sorted);
}
