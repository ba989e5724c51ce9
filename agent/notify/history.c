/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose a kernel operation is
 *
 * Virtual servers, destinations, and members of sets that stand for an address and port are those of
 * the Service that has the virtual server, as the ledger says. For what nobody wants any more, and
 * for addresses, the Services that were planned in the same batch are looked at: one that had or has
 * the address. If only one was planned it is that one's in any case. What is left is told of as one
 * event for all the others. A batch of many Services, of which more than can be told apart, is one
 * such event as well.
 */
#include "history.h"

#include "lib/plan/ledger.h"

#include <stdio.h>
#include <string.h>
#include <uthash.h>

#define PLANNED_MAX   64   /* Services that are told apart in one batch */
#define ADDRESSES_MAX 16   /* of one of them */
#define CAUSES_MAX    1024 /* Services that wait to be planned, with why */

/* Why a Service waits to be planned: the last object that changed. */
struct cause {
	UT_hash_handle hh;
	char *what;
	char service[];
};

/* An event that is being gathered. @text: of the operations; @is_listed: they are told of */
struct gathering {
	char *object;
	char *cause;
	char *text;
	size_t length;
	uint32_t kept, total, failed;
	struct address addresses[ADDRESSES_MAX];
	size_t address_count;
};

/**
 * struct history
 * @events:       the event of number n is at n % HISTORY_EVENTS; each is one allocation
 * @planned:      Services of this batch
 * @others:       what is of none of them
 * @is_begun:     the first pass is over
 */
struct history {
	struct history_event *events[HISTORY_EVENTS];
	uint64_t last;
	double (*clock)(void);
	struct cause *causes;
	size_t cause_count;
	struct gathering planned[PLANNED_MAX];
	size_t planned_count;
	struct gathering others;
	bool is_begun;
};

struct history *history_new(double (*clock)(void))
{
	struct history *history = memory_allocate(sizeof(*history));

	history->clock = clock;
	return history;
}

static void gathering_clear(struct gathering *gathering)
{
	free(gathering->object);
	free(gathering->cause);
	free(gathering->text);
	*gathering = (struct gathering){0};
}

static void forget_cause(struct history *history, struct cause *cause)
{
	HASH_DEL(history->causes, cause);
	history->cause_count--;
	free(cause->what);
	free(cause);
}

static void forget_batch(struct history *history)
{
	for (size_t i = 0; i < history->planned_count; i++)
		gathering_clear(&history->planned[i]);
	gathering_clear(&history->others);
	history->planned_count = 0;
}

void history_free(struct history *history)
{
	struct cause *cause, *next;

	if (!history)
		return;
	HASH_ITER (hh, history->causes, cause, next) {
		forget_cause(history, cause);
	}
	forget_batch(history);
	for (size_t i = 0; i < COUNT(history->events); i++)
		free(history->events[i]);
	free(history);
}

/* @text: of @length bytes, the operations */
static void append(struct history *history, const struct history_event *event, size_t length)
{
	size_t size = 0, at = memory_part(&size, 1, sizeof(*event), _Alignof(struct history_event));
	size_t object = memory_part_text(&size, event->object);
	size_t cause = memory_part_text(&size, event->cause);
	size_t operations = memory_part(&size, length, 1, 1);
	char *block = memory_allocate(size);
	struct history_event *copy = memory_put(block, at, event, sizeof(*event));
	struct history_event **place;

	copy->number = ++history->last;
	copy->time = history->clock();
	copy->object = memory_put_text(block, object, event->object);
	copy->cause = memory_put_text(block, cause, event->cause);
	copy->operations =
		length ? memory_put(block, operations, event->operations, length) : copy->cause;
	place = &history->events[copy->number % HISTORY_EVENTS];
	free(*place);
	*place = copy;
}

void history_note(struct history *history, const char *object, const char *cause,
		  const char *operation)
{
	const struct history_event event = {.object = object,
					    .cause = cause,
					    .operations = operation,
					    .kept = *operation ? 1 : 0,
					    .total = *operation ? 1 : 0};

	append(history, &event, *operation ? strlen(operation) + 1 : 0);
}

/* Before the first pass is over, there would be one for each object there is. */
void history_object(struct history *history, const char *service, const char *what)
{
	struct cause *cause;

	if (!history->is_begun)
		return;
	HASH_FIND_STR(history->causes, service, cause);
	if (!cause && history->cause_count == CAUSES_MAX)
		return;
	if (!cause) {
		size_t length = strlen(service);

		cause = memory_allocate(offsetof(struct cause, service) + length + 1);
		memcpy(cause->service, service, length + 1);
		HASH_ADD_KEYPTR(hh, history->causes, cause->service, length, cause);
		history->cause_count++;
	}
	free(cause->what);
	cause->what = string_dup(what);
}

static char *take_cause(struct history *history, const char *service)
{
	struct cause *cause;
	char *what;

	HASH_FIND_STR(history->causes, service, cause);
	if (!cause)
		return string_dup("node, settings or other Services changed");
	what = take(&cause->what);
	forget_cause(history, cause);
	return what;
}

static void add_address(struct gathering *gathering, const struct address *address)
{
	for (size_t i = 0; i < gathering->address_count; i++)
		if (address_is_equal(&gathering->addresses[i], address))
			return;
	if (gathering->address_count < ADDRESSES_MAX)
		gathering->addresses[gathering->address_count++] = *address;
}

/* Ports of one address follow each other, so some of the servers show all addresses in most cases. */
static void add_addresses(struct gathering *gathering, const struct service_state *state)
{
	for (uint32_t i = 0; i < state->address_count && i < ADDRESSES_MAX; i++)
		add_address(gathering, &state->addresses[i]);
	for (uint32_t i = 0; i < state->server_count && i < 4 * ADDRESSES_MAX; i++)
		add_address(gathering, &state->servers[i].server.key.address);
}

static struct gathering *find_service(struct history *history, const char *service)
{
	for (size_t i = 0; i < history->planned_count; i++)
		if (strcmp(history->planned[i].object + strlen("Service "), service) == 0)
			return &history->planned[i];
	return NULL;
}

/* Return: NULL if there are too many already */
static struct gathering *add_service(struct history *history, const char *service,
				     const char *cause)
{
	struct gathering *gathering = &history->planned[history->planned_count];

	if (history->planned_count == PLANNED_MAX)
		return NULL;
	history->planned_count++;
	gathering->object = string_printf("Service %s", service);
	gathering->cause = string_dup(cause);
	return gathering;
}

void history_planned(struct history *history, const char *service,
		     const struct service_state *before, const struct service_state *after)
{
	auto_memory char *cause = NULL;
	struct gathering *gathering;

	if (!history->is_begun)
		return;
	cause = take_cause(history, service);
	gathering = find_service(history, service);
	if (!gathering)
		gathering = add_service(history, service, cause);
	if (gathering && before)
		add_addresses(gathering, before);
	if (gathering && after)
		add_addresses(gathering, after);
}

static struct gathering *find_address(struct history *history, const struct address *address)
{
	for (size_t i = 0; i < history->planned_count; i++)
		for (size_t a = 0; a < history->planned[i].address_count; a++)
			if (address_is_equal(&history->planned[i].addresses[a], address))
				return &history->planned[i];
	return NULL;
}

/* @key: the virtual server that the change is about; of an address, or of a member that stands for
 * none, only the address is set, or nothing */
static void key_of(const struct change *change, struct virtual_server_key *key)
{
	memset(key, 0, sizeof(*key));
	switch (change->kind) {
	case CHANGE_KIND_SERVER_ADD:
	case CHANGE_KIND_SERVER_EDIT:
	case CHANGE_KIND_SERVER_REMOVE:
		*key = change->server.key;
		break;
	case CHANGE_KIND_DESTINATION_ADD:
	case CHANGE_KIND_DESTINATION_EDIT:
	case CHANGE_KIND_DESTINATION_REMOVE:
		*key = change->destination.server;
		break;
	case CHANGE_KIND_MEMBER_ADD:
	case CHANGE_KIND_MEMBER_REMOVE:
		key->address = change->member.address;
		key->port = change->member.port;
		key->protocol = change->member.protocol;
		break;
	case CHANGE_KIND_ADDRESS_ADD:
	case CHANGE_KIND_ADDRESS_REMOVE:
		key->address = change->address;
		break;
	}
}

static const char *cause_text(enum change_cause cause)
{
	switch (cause) {
	case CHANGE_CAUSE_PLAN:
		return "several Services changed";
	case CHANGE_CAUSE_DRIFT:
		return "drift: another program changed it";
	case CHANGE_CAUSE_DRAIN:
		return "drained: no connections left, or --drain-timeout is over";
	case CHANGE_CAUSE_RETRY:
		return "retry of what failed";
	case CHANGE_CAUSE_SWEEP:
		return "left over from before the start";
	}
	return "";
}

/* Of repairs and others, which follow from no plan, a Service has an event as well. */
static struct gathering *open_service(struct history *history, const char *service,
				      enum change_cause cause)
{
	struct gathering *gathering = find_service(history, service);

	if (gathering || cause == CHANGE_CAUSE_PLAN)
		return gathering;
	return add_service(history, service, cause_text(cause));
}

static struct gathering *open_others(struct history *history, enum change_cause cause)
{
	struct gathering *others = &history->others;

	if (others->object)
		return others;
	others->object = string_dup(history->is_begun ? "kernel objects" : "all Services");
	others->cause = string_dup(history->is_begun ? cause_text(cause) : "start");
	return others;
}

/* Return: the event that the change belongs to */
static struct gathering *place_of(struct history *history, const struct ledger *ledger,
				  const struct change *change, enum change_cause cause)
{
	struct gathering *gathering = NULL;
	struct virtual_server_key key;
	const char *service;

	if (!history->is_begun)
		return open_others(history, cause);
	key_of(change, &key);
	service = ledger_server_owner(ledger, &key);
	if (service)
		gathering = open_service(history, service, cause);
	if (!gathering && key.address.family)
		gathering = find_address(history, &key.address);
	if (!gathering && cause == CHANGE_CAUSE_PLAN && history->planned_count == 1)
		gathering = &history->planned[0];
	return gathering ? gathering : open_others(history, cause);
}

static void add_operation(struct gathering *gathering, const struct change *change)
{
	char text[6 * ADDRESS_TEXT_SIZE];
	auto_memory char *line = NULL;
	size_t length;

	gathering->total++;
	gathering->failed += change->result < 0;
	if (gathering->kept == HISTORY_OPERATIONS)
		return;
	line = string_printf("%s%s%s", change_text(change, text), change->result < 0 ? ": " : "",
			     change->result < 0 ? strerror(-change->result) : "");
	length = strlen(line) + 1;
	gathering->text = memory_resize(gathering->text, gathering->length + length, 1);
	memcpy(gathering->text + gathering->length, line, length);
	gathering->length += length;
	gathering->kept++;
}

void history_applied(struct history *history, const struct ledger *ledger,
		     const struct changes *changes)
{
	for (size_t i = 0; i < changes->count; i++)
		add_operation(place_of(history, ledger, &changes->items[i], changes->cause),
			      &changes->items[i]);
}

/* What led to no kernel operation is no change. */
static void tell(struct history *history, const struct gathering *gathering)
{
	const struct history_event event = {.object = gathering->object,
					    .cause = gathering->cause,
					    .operations = gathering->text,
					    .kept = gathering->kept,
					    .total = gathering->total,
					    .failed = gathering->failed};

	if (gathering->total)
		append(history, &event, gathering->length);
}

void history_reported(struct history *history)
{
	if (!history->is_begun)
		return;
	for (size_t i = 0; i < history->planned_count; i++)
		tell(history, &history->planned[i]);
	tell(history, &history->others);
	forget_batch(history);
}

void history_passed(struct history *history)
{
	if (history->is_begun)
		return;
	tell(history, &history->others);
	forget_batch(history);
	history->is_begun = true;
}

uint64_t history_last(const struct history *history)
{
	return history->last;
}

const struct history_event *history_find(const struct history *history, uint64_t number)
{
	const struct history_event *event = history->events[number % HISTORY_EVENTS];

	return event && event->number == number ? event : NULL;
}
