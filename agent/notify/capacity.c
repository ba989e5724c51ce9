/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capacity.h"

#include "lib/base/log.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <uthash.h>

/* A Service that was told to have too many endpoints for its scheduler. */
struct crowd {
	UT_hash_handle hh;
	char key[];
};

struct capacity {
	struct events *events;
	struct crowd *crowds;
};

struct capacity *capacity_new(struct events *events)
{
	struct capacity *capacity = memory_allocate(sizeof(*capacity));

	capacity->events = events;
	return capacity;
}

static void drop(struct capacity *capacity, struct crowd *crowd)
{
	HASH_DEL(capacity->crowds, crowd);
	free(crowd);
}

void capacity_free(struct capacity *capacity)
{
	struct crowd *crowd, *next;

	if (!capacity)
		return;
	HASH_ITER (hh, capacity->crowds, crowd, next) {
		drop(capacity, crowd);
	}
	free(capacity);
}

/* The first of its servers that has more destinations than its scheduler has places for. */
static const struct wanted_server *find_crowded(const struct service_state *state)
{
	for (size_t i = 0; i < state->server_count; i++)
		if (desired_left_out(&state->servers[i]))
			return &state->servers[i];
	return NULL;
}

static void tell_crowd(const struct capacity *capacity, const struct service_view *view,
		       const struct wanted_server *wanted)
{
	char server[2 * ADDRESS_TEXT_SIZE], uid[OBJECT_UID_TEXT_SIZE];
	const struct service *service = view->service;
	const struct kube_event_object object = {.kind = "Service",
						 .namespace_name = service->namespace_name,
						 .name = service->name,
						 .uid = object_uid_text(&service->uid, uid)};

	virtual_server_key_text(&wanted->server.key, server);
	log_about(
		LOG_LEVEL_WARNING, "Service", view->key,
		"%u of %u endpoints get no connections at %s: scheduler %s cannot hold more; choose another scheduler",
		desired_left_out(wanted), wanted->destination_count, server,
		wanted->server.scheduler);
	/* Without the exact number, which would make a new event of each endpoint that comes. */
	events_emit_about(
		capacity->events, EVENT_KIND_CAPACITY, &object, NULL,
		"more endpoints at %s than the %u that scheduler %s can hold; the others get no connections",
		server, wanted->destination_count - desired_left_out(wanted),
		wanted->server.scheduler);
}

void capacity_planned(struct capacity *capacity, const struct service_view *view,
		      const struct service_state *state)
{
	const struct wanted_server *crowded = view->service ? find_crowded(state) : NULL;
	size_t size = strlen(view->key) + 1;
	struct crowd *crowd;

	HASH_FIND_STR(capacity->crowds, view->key, crowd);
	if (crowd && !crowded) {
		log_about(LOG_LEVEL_INFO, "Service", view->key,
			  "all endpoints get connections again");
		drop(capacity, crowd);
	}
	if (crowd || !crowded)
		return;
	tell_crowd(capacity, view, crowded);
	crowd = memory_allocate(sizeof(*crowd) + size);
	memcpy(crowd->key, view->key, size);
	HASH_ADD_STR(capacity->crowds, key, crowd);
}

/* What sync logs change by change is told once per set here. */
static void tell_full_sets(const struct capacity *capacity, const bool are_full[2][SET_KIND_COUNT])
{
	static const uint16_t families[2] = {AF_INET, AF_INET6};

	for (size_t f = 0; f < COUNT(families); f++)
		for (size_t k = 0; k < SET_KIND_COUNT; k++)
			if (are_full[f][k])
				events_emit(
					capacity->events, EVENT_KIND_CAPACITY,
					"set %s is full and could not be enlarged; retrying what does not fit",
					set_kind_name((enum set_kind)k, families[f]));
}

void capacity_applied(struct capacity *capacity, const struct changes *changes)
{
	bool are_full[2][SET_KIND_COUNT] = {{false}}, is_out_of_memory = false, has_full = false;

	for (size_t i = 0; i < changes->count; i++) {
		const struct change *change = &changes->items[i];

		if (change->result >= 0)
			continue;
		if (change->result == -ENOMEM)
			is_out_of_memory = true;
		if (change->result != -ENOSPC || change->kind != CHANGE_KIND_MEMBER_ADD)
			continue;
		are_full[change->member.family == AF_INET6][change->member.kind] = true;
		has_full = true;
	}
	if (has_full)
		tell_full_sets(capacity, are_full);
	if (is_out_of_memory)
		events_emit(capacity->events, EVENT_KIND_CAPACITY,
			    "the kernel is out of memory; retrying what it refused");
}
