/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "planner.h"

#include <string.h>

/*
 * @slices:   those of @view; a copy, since the store may move its own
 * @desired:  NULL: nothing is being planned, or it is known already
 */
struct planner {
	struct store *store;
	struct service_view view;
	struct endpoint_slice **slices;
	size_t slice_capacity;
	struct desired_options options;
	struct desired *desired;
};

struct planner *planner_new(struct store *store)
{
	struct planner *planner = memory_allocate(sizeof(*planner));

	planner->store = store;
	return planner;
}

void planner_free(struct planner *planner)
{
	if (!planner)
		return;
	planner_abandon(planner);
	free(planner->slices);
	free(planner);
}

bool planner_begin(struct planner *planner, const struct node_view *node,
		   const struct desired_options *options, const struct ledger *ledger)
{
	struct service_view *view = &planner->view;

	if (!store_take_dirty(planner->store, view))
		return false;
	store_pin(planner->store);
	if (view->slice_count > planner->slice_capacity) {
		planner->slice_capacity = view->slice_count;
		planner->slices = memory_resize(planner->slices, planner->slice_capacity,
						sizeof(*planner->slices));
	}
	if (view->slice_count)
		memcpy(planner->slices, view->slices, view->slice_count * sizeof(*planner->slices));
	view->slices = planner->slices;
	planner->options = *options;
	planner->options.node_objects_elsewhere = ledger_object_count(ledger, view->key);
	planner->desired = desired_begin(view, node, &planner->options);
	return true;
}

bool planner_is_busy(const struct planner *planner)
{
	return planner->desired;
}

bool planner_is_waiting(const struct planner *planner)
{
	return planner->desired && desired_is_waiting(planner->desired);
}

struct service_state *planner_step(struct planner *planner, size_t *budget)
{
	if (!desired_step(planner->desired, budget))
		return NULL;
	return desired_end(take(&planner->desired));
}

const struct service_view *planner_view(const struct planner *planner)
{
	return &planner->view;
}

void planner_end(struct planner *planner)
{
	store_unpin(planner->store);
}

void planner_abandon(struct planner *planner)
{
	if (!planner->desired)
		return;
	desired_free(take(&planner->desired));
	store_mark_dirty(planner->store, planner->view.key);
	planner_end(planner);
}
