/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel_look.h"

#include "lib/plan/ledger_observe.h"

static void on_bound(void *owner, const struct address *address)
{
	ledger_observe_address(owner, address);
}

static void on_member(void *owner, const struct set_member *member)
{
	ledger_observe_member(owner, member);
}

static int look_at_addresses(struct kernel *kernel, struct ledger *ledger, struct changes *changes,
			     struct error *err)
{
	int r;

	ledger_observe_begin(ledger, FACILITY_LINK);
	r = link_observe(kernel->link, on_bound, NULL, ledger, err);
	if (r >= 0)
		ledger_observe_end(ledger, FACILITY_LINK, 0, changes);
	return r;
}

/* The names of marks come before the virtual servers that have these marks. */
static int look_at_sets(struct kernel *kernel, struct ledger *ledger, struct changes *changes,
			struct error *err)
{
	int r;

	ledger_observe_begin(ledger, FACILITY_IPSET);
	r = ipsets_observe(kernel->ipsets, on_member, ledger, err);
	if (r >= 0)
		ledger_observe_end(ledger, FACILITY_IPSET, 0, changes);
	return r;
}

/* As they come: the listing keeps them, and shows them to the ledger. */
static int look_at_servers(struct kernel *kernel, struct ledger *ledger,
			   struct server_listing *listing, struct changes *changes,
			   struct error *err)
{
	const struct listed_server **servers;
	size_t count;
	int r;

	r = ipvs_observe(kernel->ipvs, &server_listing_visitor, listing, err);
	if (r < 0)
		return r;
	ledger_observe_begin(ledger, FACILITY_IPVS);
	servers = server_listing_sorted(listing, &count);
	for (size_t i = 0; i < count; i++) {
		ledger_observe_server(ledger, &servers[i]->server);
		ledger_observe_destinations(ledger, &servers[i]->server.key, servers[i]->usages,
					    servers[i]->usage_count);
	}
	free(servers);
	ledger_observe_end(ledger, FACILITY_IPVS, 0, changes);
	return 0;
}

int kernel_look_take(struct kernel *kernel, struct ledger *ledger, struct server_listing *listing,
		     struct changes *repairs, struct error *err)
{
	auto_free(changes) struct changes *none = changes_new(); /* a first look only teaches */
	int r = look_at_addresses(kernel, ledger, none, err);

	if (r >= 0)
		r = look_at_sets(kernel, ledger, none, err);
	if (r >= 0)
		r = look_at_servers(kernel, ledger, listing, none, err);
	if (r >= 0)
		ipsets_plan_repairs(kernel->ipsets, repairs);
	return r;
}
