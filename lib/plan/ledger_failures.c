/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_failures.h"

#include "lib/base/memory.h"

#include <string.h>

void ledger_failures_clear(struct ledger_failures *failures)
{
	struct failure *failure, *next;

	HASH_ITER (hh, failures->first, failure, next) {
		ledger_failures_remove(failures, failure);
	}
}

size_t ledger_failures_count(const struct ledger_failures *failures)
{
	return HASH_COUNT(failures->first);
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

	HASH_FIND(hh, failures->first, object, sizeof(*object), failure);
	return failure;
}

struct failure *ledger_failures_of_server(const struct ledger_failures *failures,
					  const struct virtual_server_key *key)
{
	struct failed_object object;

	/* Asked for each object that is looked at, and nearly always there is none. */
	if (!failures->first)
		return NULL;
	object = server_object(key);
	return find(failures, &object);
}

struct failure *ledger_failures_of_element(const struct ledger_failures *failures,
					   const struct set_member *value)
{
	struct failed_object object;

	if (!failures->first)
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

static void add(struct ledger_failures *failures, const struct failed_object *object, int code,
		uint64_t now, const struct ledger_options *options)
{
	struct failure *failure = find(failures, object);

	if (!failure) {
		failure = memory_allocate(sizeof(*failure));
		failure->object = *object;
		HASH_ADD(hh, failures->first, object, sizeof(failure->object), failure);
	} else if (!failure->is_trying) {
		/* One more part of an object that waits already; the first says why. */
		return;
	}
	failure->retry_at = now + wait_after(failure->attempts, options);
	failure->attempts++;
	failure->is_trying = false;
	failure->code = code;
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
	HASH_DEL(failures->first, failure);
	free(failure);
}

void ledger_failures_remove_tried(struct ledger_failures *failures)
{
	struct failure *failure, *next;

	HASH_ITER (hh, failures->first, failure, next) {
		if (failure->is_trying)
			ledger_failures_remove(failures, failure);
	}
}

uint64_t ledger_failures_next_retry(const struct ledger_failures *failures)
{
	const struct failure *failure;
	uint64_t soonest = UINT64_MAX;

	for (failure = failures->first; failure; failure = failure->hh.next)
		if (failure->retry_at < soonest)
			soonest = failure->retry_at;
	return soonest;
}
