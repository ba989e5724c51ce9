/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cleanup_listing.h"

#include "agent/input/node_state.h"
#include "lib/plan/restore_outline.h"

#include <jansson.h>
#include <sys/socket.h>

#define DOCUMENT_VERSION 1

/* @kind: as in the JSON */
struct item {
	const char *kind;
	char *object;
};

struct cleanup_listing {
	struct item *items;
	size_t count, capacity;
};

struct cleanup_listing *cleanup_listing_new(void)
{
	return memory_allocate(sizeof(struct cleanup_listing));
}

void cleanup_listing_free(struct cleanup_listing *listing)
{
	if (!listing)
		return;
	for (size_t i = 0; i < listing->count; i++)
		free(listing->items[i].object);
	free(listing->items);
	free(listing);
}

/* Takes @object. */
static void add(struct cleanup_listing *listing, const char *kind, char *object)
{
	listing->items = memory_grow(listing->items, listing->count, &listing->capacity,
				     sizeof(*listing->items));
	listing->items[listing->count++] = (struct item){kind, object};
}

void cleanup_listing_add_changes(struct cleanup_listing *listing, const struct changes *changes)
{
	for (size_t i = 0; i < changes->count; i++) {
		const struct change *change = &changes->items[i];
		char text[2 * ADDRESS_TEXT_SIZE];

		switch (change->kind) {
		case CHANGE_KIND_SERVER_REMOVE:
			add(listing, "virtualServer",
			    string_printf("virtual server %s",
					  virtual_server_key_text(&change->server.key, text)));
			break;
		case CHANGE_KIND_ADDRESS_REMOVE:
			add(listing, "address",
			    string_printf("address %s of " DUMMY_INTERFACE,
					  address_text(&change->address, text)));
			break;
		case CHANGE_KIND_MEMBER_ADD:
		case CHANGE_KIND_MEMBER_REMOVE:
		case CHANGE_KIND_SERVER_ADD:
		case CHANGE_KIND_SERVER_EDIT:
		case CHANGE_KIND_DESTINATION_ADD:
		case CHANGE_KIND_DESTINATION_EDIT:
		case CHANGE_KIND_DESTINATION_REMOVE:
		case CHANGE_KIND_ADDRESS_ADD:
			break;
		}
	}
}

struct rules_adding {
	struct cleanup_listing *listing;
	const char *program;
};

static void add_chain(void *owner, const char *table, const char *chain, enum restore_part part)
{
	const struct rules_adding *adding = owner;
	auto_memory char *text = restore_outline_text(table, chain, part);

	add(adding->listing, "rules", string_printf("%s (%s)", text, adding->program));
}

void cleanup_listing_add_rules(struct cleanup_listing *listing, uint16_t family,
			       const char *restore)
{
	struct rules_adding adding = {listing, family == AF_INET6 ? "ip6tables" : "iptables"};

	restore_outline_each(restore, add_chain, &adding);
}

void cleanup_listing_add_sets(struct cleanup_listing *listing, struct ipsets *ipsets, bool only_own)
{
	struct ipset_usage usages[2 * SET_KIND_COUNT];
	size_t count = ipsets_usage(ipsets, usages);

	for (size_t i = 0; i < count; i++) {
		const struct ipset_usage *usage = &usages[i];

		if (only_own && !set_kind_is_own(usage->kind))
			continue;
		add(listing, "set",
		    string_printf("set %s with %u member%s",
				  set_kind_name(usage->kind, usage->family), usage->member_count,
				  usage->member_count == 1 ? "" : "s"));
	}
}

void cleanup_listing_add_interface(struct cleanup_listing *listing, const char *name)
{
	add(listing, "interface", string_printf("interface %s", name));
}

void cleanup_listing_print_text(const struct cleanup_listing *listing, FILE *stream)
{
	for (size_t i = 0; i < listing->count; i++)
		fprintf(stream, "%s\n", listing->items[i].object);
	fprintf(stream, "%s%zu object%s would be removed; nothing was changed.\n",
		listing->count ? "\n" : "", listing->count, listing->count == 1 ? "" : "s");
}

void cleanup_listing_print_json(const struct cleanup_listing *listing, FILE *stream)
{
	json_t *json = json_object(), *list = json_array();

	for (size_t i = 0; i < listing->count; i++) {
		const struct item *item = &listing->items[i];

		json_array_append_new(
			list, json_pack("{s:s, s:s}", "kind", item->kind, "object", item->object));
	}
	json_object_set_new(json, "version", json_integer(DOCUMENT_VERSION));
	json_object_set_new(json, "removed", list);
	json_dumpf(json, stream, JSON_INDENT(2));
	fputc('\n', stream);
	json_decref(json);
}
