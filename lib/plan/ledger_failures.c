/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_failures.h"

#include "lib/base/memory.h"

#include <string.h>
#include <utlist.h>

void ledger_failures_clear(struct ledger_failures *failures)
{
	struct failure *failure, *next;

	HASH_ITER (hh, failures->table, failure, next) {
		ledger_failures_remove(failures, failure);
	}
}

size_t ledger_failures_count(const struct ledger_failures *failures)
{
	return HASH_COUNT(failures->table);
}

static struct failed_object server_object(const struct virtual_server_key *key)
{
	struct failed_object object;

	memset(&object, 0, sizeof(object));
	object.server = *key;
	return object;
}

static struct failed_object element_object(const struct set_member *value)
{
	struct failed_object object;

	memset(&object, 0, sizeof(object));
	object.element = *value;
	return object;
}

static struct failure *find(const struct ledger_failures *failures,
			    const struct failed_object *object)
{
	struct failure *failure;

	HASH_FIND(hh, failures->table, object, sizeof(*object), failure);
	return failure;
}

struct failure *ledger_failures_of_server(const struct ledger_failures *failures,
					  const struct virtual_server_key *key)
{
	struct failed_object object;

	/* Asked for each object that is looked at, and nearly always there is none. */
	if (!failures->table)
		return NULL;
	object = server_object(key);
	return find(failures, &object);
}

struct failure *ledger_failures_of_element(const struct ledger_failures *failures,
					   const struct set_member *value)
{
	struct failed_object object;

	if (!failures->table)
		return NULL;
	object = element_object(value);
	return find(failures, &object);
}

static uint64_t wait_after(unsigned int attempts, const struct ledger_options *options)
{
	uint64_t wait = options->retry_first_milliseconds;

	while (attempts-- && wait < options->retry_max_milliseconds)
		wait *= 2;
	return wait < options->retry_max_milliseconds ? wait : options->retry_max_milliseconds;
}

/* Where it is. */
static struct failure **queue_of(struct ledger_failures *failures, const struct failure *failure)
{
	unsigned int last = FAILURE_QUEUES - 1;

	if (failure->is_trying)
		return &failures->trying;
	return &failures->waiting[failure->attempts < last ? failure->attempts : last];
}

static void leave_queue(struct ledger_failures *failures, struct failure *failure)
{
	struct failure **queue = queue_of(failures, failure);

	DL_DELETE2(*queue, failure, previous, next);
}

static void join_queue(struct ledger_failures *failures, struct failure *failure)
{
	struct failure **queue = queue_of(failures, failure);

	DL_APPEND2(*queue, failure, previous, next);
}

static void add(struct ledger_failures *failures, const struct failed_object *object, int code,
		uint64_t now, const struct ledger_options *options)
{
	struct failure *failure = find(failures, object);

	/* One more part of an object that waits already; the first says why. */
	if (failure && !failure->is_trying)
		return;
	if (failure) {
		leave_queue(failures, failure);
	} else {
		failure = memory_allocate(sizeof(*failure));
		failure->object = *object;
		HASH_ADD(hh, failures->table, object, sizeof(failure->object), failure);
	}
	failure->retry_at = now + wait_after(failure->attempts, options);
	failure->attempts++;
	failure->is_trying = false;
	failure->code = code;
	join_queue(failures, failure);
}

void ledger_failures_add_server(struct ledger_failures *failures,
				const struct virtual_server_key *key, int code, uint64_t now,
				const struct ledger_options *options)
{
	struct failed_object object = server_object(key);

	add(failures, &object, code, now, options);
}

void ledger_failures_add_element(struct ledger_failures *failures, const struct set_member *value,
				 int code, uint64_t now, const struct ledger_options *options)
{
	struct failed_object object = element_object(value);

	add(failures, &object, code, now, options);
}

void ledger_failures_remove(struct ledger_failures *failures, struct failure *failure)
{
	if (!failure)
		return;
	leave_queue(failures, failure);
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): it is in the table */
	HASH_DEL(failures->table, failure);
	free(failure);
}

void ledger_failures_try(struct ledger_failures *failures, struct failure *failure)
{
	leave_queue(failures, failure);
	failure->is_trying = true;
	join_queue(failures, failure);
}

bool ledger_failures_remove_tried(struct ledger_failures *failures, size_t *budget)
{
	for (; *budget && failures->trying; --*budget)
		ledger_failures_remove(failures, failures->trying);
	return !failures->trying;
}

struct failure *ledger_failures_due(const struct ledger_failures *failures, uint64_t now)
{
	for (size_t i = 0; i < FAILURE_QUEUES; i++)
		if (failures->waiting[i] && failures->waiting[i]->retry_at <= now)
			return failures->waiting[i];
	return NULL;
}

uint64_t ledger_failures_next_retry(const struct ledger_failures *failures)
{
	uint64_t soonest = UINT64_MAX;

	for (size_t i = 0; failures->table && i < FAILURE_QUEUES; i++)
		if (failures->waiting[i] && failures->waiting[i]->retry_at < soonest)
			soonest = failures->waiting[i]->retry_at;
	return soonest;
}
