/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "former_vips.h"

#include "lib/base/clock.h"
#include "lib/base/timer.h"
#include "lib/plan/address_owner.h"
#include "lib/plan/ledger_former.h"

/* That go at once; of the rest a turn each. */
#define EXPIRED_AT_ONCE 500

/* While the ledger is ahead of the kernel. */
#define WAIT_SECONDS 0.1

/* @is_node_other: what the node, other Nodes and settings take is to be looked at */
struct former_vips {
	struct sync *sync;
	struct ledger *ledger;
	struct changes *none;
	struct timer timer;
	uint64_t milliseconds;
	bool is_node_other;
};

static void yield_all(struct former_vips *vips, const struct address *addresses, size_t count)
{
	for (size_t i = 0; i < count; i++)
		ledger_former_yield(vips->ledger, &addresses[i]);
}

static bool is_taken(void *owner, const struct address *address)
{
	const struct former_vips *vips = owner;
	const struct node_view *node = sync_node(vips->sync);
	const struct opt_out_ranges *ranges = &sync_desired_options(vips->sync)->opt_out;

	return node_view_lacks(node, address->family) ||
	       address_owner_find(node, NULL, address) != ADDRESS_OWNER_NONE ||
	       prefix_list_contains(&ranges->unprogrammed, address) ||
	       prefix_list_contains(&ranges->unbound, address);
}

static void yield_to_node(struct former_vips *vips)
{
	const struct former_filter filter = {is_taken, vips};

	ledger_former_yield_taken(vips->ledger, &filter);
	vips->is_node_other = false;
}

/* One that is served is claimed before it would go. */
static void yield_to_service(struct former_vips *vips, const struct service *service)
{
	if (!service || !service->cluster_ip_count)
		return;
	yield_all(vips, service->cluster_ips, service->cluster_ip_count);
	yield_all(vips, service->external_ips, service->external_ip_count);
	yield_all(vips, service->load_balancer_ips, service->load_balancer_ip_count);
	yield_all(vips, service->proxied_ips, service->proxied_ip_count);
}

static void yield_to_endpoints(struct former_vips *vips, const struct endpoint_slice *slice)
{
	for (size_t i = 0; i < slice->endpoint_count; i++)
		if (external_addresses_is_told(slice, i))
			ledger_former_yield(vips->ledger, &slice->endpoints[i].address);
}

/* When the next one goes. */
static void schedule(struct former_vips *vips)
{
	uint64_t at = ledger_former_next(vips->ledger, vips->milliseconds);
	uint64_t now = clock_milliseconds();

	timer_stop(&vips->timer);
	if (at != UINT64_MAX)
		timer_start(&vips->timer, at > now ? (double)(at - now) / 1000 : 0.);
}

static void on_time(void *owner)
{
	struct former_vips *vips = owner;

	if (sync_is_ahead(vips->sync)) {
		timer_start(&vips->timer, WAIT_SECONDS);
		return;
	}
	if (vips->is_node_other)
		yield_to_node(vips);
	ledger_former_expire(vips->ledger, vips->milliseconds, clock_milliseconds(),
			     EXPIRED_AT_ONCE);
	if (ledger_unsettled_count(vips->ledger))
		sync_commit(vips->sync, vips->none);
	schedule(vips);
}

void former_vips_planned(struct former_vips *vips, const struct service_view *view,
			 const struct service_state *state)
{
	const struct former_filter filter = {is_taken, vips};

	if (vips->milliseconds)
		ledger_former_keep(vips->ledger, view, state, &filter, clock_milliseconds());
	if (!ledger_former_count(vips->ledger))
		return;
	if (vips->is_node_other)
		yield_to_node(vips);
	yield_to_service(vips, view->service);
	for (size_t i = 0; i < view->slice_count; i++)
		yield_to_endpoints(vips, view->slices[i]);
	if (!timer_is_running(&vips->timer))
		schedule(vips);
}

void former_vips_node_changed(struct former_vips *vips)
{
	if (!ledger_former_count(vips->ledger))
		return;
	vips->is_node_other = true;
	timer_stop(&vips->timer);
	timer_start(&vips->timer, 0.);
}

void former_vips_set_time(struct former_vips *vips, double seconds)
{
	vips->milliseconds = (uint64_t)(seconds * 1000);
	schedule(vips);
}

struct former_vips *former_vips_new(struct ev_loop *loop, struct sync *sync, struct ledger *ledger,
				    double seconds)
{
	struct former_vips *vips = memory_allocate(sizeof(*vips));

	vips->sync = sync;
	vips->ledger = ledger;
	vips->none = changes_new();
	vips->milliseconds = (uint64_t)(seconds * 1000);
	timer_init(&vips->timer, loop, on_time, vips);
	return vips;
}

void former_vips_free(struct former_vips *vips)
{
	if (!vips)
		return;
	timer_stop(&vips->timer);
	changes_free(vips->none);
	free(vips);
}
