/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capacity.h"

#include "lib/base/log.h"
#include "lib/plan/scheduling.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <uthash.h>

/* A Service of which something was told. */
struct told {
	UT_hash_handle hh;
	char key[];
};

/*
 * What may be too much of a Service: endpoints for a scheduler's table, its objects, its endpoints,
 * and its objects together with those of all others.
 */
enum topic { TOPIC_SCHEDULER, TOPIC_OBJECTS, TOPIC_ENDPOINTS, TOPIC_NODE };
#define TOPIC_COUNT (TOPIC_NODE + 1)

/* @are_full: sets by family, @is_out_of_memory: what the batch that is being reported has met */
struct capacity {
	struct events *events;
	struct told *told[TOPIC_COUNT];
	bool are_full[2][SET_KIND_COUNT];
	bool has_full, is_out_of_memory;
};

struct capacity *capacity_new(struct events *events)
{
	struct capacity *capacity = memory_allocate(sizeof(*capacity));

	capacity->events = events;
	return capacity;
}

static void clear(struct told **all)
{
	struct told *told, *next;

	HASH_ITER (hh, *all, told, next) {
		HASH_DEL(*all, told);
		free(told);
	}
}

void capacity_free(struct capacity *capacity)
{
	if (!capacity)
		return;
	for (size_t i = 0; i < TOPIC_COUNT; i++)
		clear(&capacity->told[i]);
	free(capacity);
}

/** enum news - what has become of a Service since it was looked at last */
enum news { NEWS_NONE, NEWS_BEGUN, NEWS_ENDED };

static enum news follow(struct told **all, const char *key, bool is_so)
{
	size_t size = strlen(key) + 1;
	struct told *told;

	HASH_FIND_STR(*all, key, told);
	if (is_so == !!told)
		return NEWS_NONE;
	if (told) {
		HASH_DEL(*all, told);
		free(told);
		return NEWS_ENDED;
	}
	told = memory_allocate(sizeof(*told) + size);
	memcpy(told->key, key, size);
	HASH_ADD_STR(*all, key, told);
	return NEWS_BEGUN;
}

/* The first of its servers that has more destinations than its scheduler has places for. */
static const struct wanted_server *find_crowded(const struct service_state *state)
{
	for (size_t i = 0; i < state->server_count; i++)
		if (scheduling_left_out(&state->servers[i]))
			return &state->servers[i];
	return NULL;
}

/* The text of its uid must live as long. */
static struct kube_event_object object_of(const struct service *service,
					  char uid[OBJECT_UID_TEXT_SIZE])
{
	return (struct kube_event_object){.kind = "Service",
					  .namespace_name = service->namespace_name,
					  .name = service->name,
					  .uid = object_uid_text(&service->uid, uid)};
}

static void tell_crowd(const struct capacity *capacity, const struct service_view *view,
		       const struct wanted_server *wanted)
{
	char server[2 * ADDRESS_TEXT_SIZE], uid[OBJECT_UID_TEXT_SIZE];
	const struct kube_event_object object = object_of(view->service, uid);

	virtual_server_key_text(&wanted->server.key, server);
	log_about(
		LOG_LEVEL_WARNING, "Service", view->key,
		"%u of %u endpoints get no connections at %s: scheduler %s cannot hold more; choose another scheduler",
		scheduling_left_out(wanted), wanted->destination_count, server,
		wanted->server.scheduler);
	/* Without the exact number, which would make a new event of each endpoint that comes. */
	events_emit_about(
		capacity->events, EVENT_KIND_CAPACITY, &object, NULL,
		"more endpoints at %s than the %u that scheduler %s can hold; the others get no connections",
		server, wanted->destination_count - scheduling_left_out(wanted),
		wanted->server.scheduler);
}

static void follow_crowd(struct capacity *capacity, const struct service_view *view,
			 const struct service_state *state)
{
	const struct wanted_server *crowded = view->service ? find_crowded(state) : NULL;

	switch (follow(&capacity->told[TOPIC_SCHEDULER], view->key, crowded)) {
	case NEWS_BEGUN:
		if (view->service)
			tell_crowd(capacity, view, crowded);
		break;
	case NEWS_ENDED:
		log_about(LOG_LEVEL_INFO, "Service", view->key,
			  "all endpoints get connections again");
		break;
	case NEWS_NONE:
		break;
	}
}

/* @text: what became of it, in the log and in an event */
static void follow_limit(struct capacity *capacity, const struct service_view *view,
			 enum topic topic, bool is_exceeded, const char *text)
{
	enum news news = follow(&capacity->told[topic], view->key, view->service && is_exceeded);
	char uid[OBJECT_UID_TEXT_SIZE];
	struct kube_event_object object;

	if (news == NEWS_ENDED)
		log_about(LOG_LEVEL_INFO, "Service", view->key, "%s: no longer", text);
	if (news != NEWS_BEGUN || !view->service)
		return;
	object = object_of(view->service, uid);
	log_about(LOG_LEVEL_WARNING, "Service", view->key, "%s", text);
	events_emit_about(capacity->events, EVENT_KIND_CAPACITY, &object, NULL, "%s", text);
}

void capacity_planned(struct capacity *capacity, const struct service_view *view,
		      const struct service_state *state)
{
	follow_crowd(capacity, view, state);
	follow_limit(
		capacity, view, TOPIC_OBJECTS, state->left_out && !state->is_node_full,
		"some of its addresses and ports do not answer: it has more kernel objects than --max-service-objects allows");
	follow_limit(
		capacity, view, TOPIC_ENDPOINTS, state->endpoints_left_out,
		"some of its endpoints get no connections: it has more than --max-service-endpoints allows");
	follow_limit(
		capacity, view, TOPIC_NODE, state->is_node_full,
		"some of its addresses and ports do not answer: all Services have more kernel objects than --max-node-objects allows");
}

/* What sync logs change by change is told once per set here. */
static void tell_full_sets(struct capacity *capacity)
{
	static const uint16_t families[2] = {AF_INET, AF_INET6};

	for (size_t f = 0; f < COUNT(families); f++)
		for (size_t k = 0; k < SET_KIND_COUNT; k++)
			if (capacity->are_full[f][k])
				events_emit(
					capacity->events, EVENT_KIND_CAPACITY,
					"set %s is full and could not be enlarged; retrying what does not fit",
					set_kind_name((enum set_kind)k, families[f]));
	memset(capacity->are_full, 0, sizeof(capacity->are_full));
	capacity->has_full = false;
}

void capacity_applied(struct capacity *capacity, const struct changes *changes)
{
	for (size_t i = 0; i < changes->count; i++) {
		const struct change *change = &changes->items[i];

		if (change->result >= 0)
			continue;
		if (change->result == -ENOMEM)
			capacity->is_out_of_memory = true;
		if (change->result != -ENOSPC || change->kind != CHANGE_KIND_MEMBER_ADD)
			continue;
		capacity->are_full[change->member.family == AF_INET6][change->member.kind] = true;
		capacity->has_full = true;
	}
}

void capacity_reported(struct capacity *capacity)
{
	if (capacity->has_full)
		tell_full_sets(capacity);
	if (capacity->is_out_of_memory)
		events_emit(capacity->events, EVENT_KIND_CAPACITY,
			    "the kernel is out of memory; retrying what it refused");
	capacity->is_out_of_memory = false;
}
