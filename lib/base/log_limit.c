/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log_limit.h"

#include "memory.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* More than there are places that log. One that finds no room is not limited. */
#define PLACES 512

/** struct place - @tokens: lines that it may write, at the time @then */
struct place {
	struct held_back held;
	char *last_text;
	double tokens;
	double then;
};

static struct place places[PLACES];
static size_t holding; /* places that hold lines back */

/* Return: NULL if there is no room */
static struct place *find(const struct log_context *context, double now)
{
	size_t at = ((uintptr_t)context->file / 8 + (size_t)context->line) % PLACES;

	for (size_t i = 0; i < PLACES; i++, at = (at + 1) % PLACES) {
		struct place *place = &places[at];

		if (!place->held.context.file) {
			place->held.context =
				(struct log_context){.file = context->file, .line = context->line};
			place->tokens = LOG_LIMIT_BURST;
			place->then = now;
		}
		if (place->held.context.file == context->file &&
		    place->held.context.line == context->line)
			return place;
	}
	return NULL;
}

static bool take_token(struct place *place, double now)
{
	place->tokens += (now - place->then) / LOG_LIMIT_SECONDS;
	if (place->tokens > LOG_LIMIT_BURST)
		place->tokens = LOG_LIMIT_BURST;
	place->then = now;
	if (place->tokens < 1)
		return false;
	place->tokens--;
	return true;
}

static void hold_back(struct place *place, enum log_level level, const char *text)
{
	holding += place->held.count == 0;
	place->held.count++;
	place->held.level = level;
	free(place->last_text);
	place->last_text = string_dup(text);
}

bool log_limit_take(const struct log_context *context, enum log_level level, const char *text,
		    double now)
{
	struct place *place;

	if (level == LOG_LEVEL_ERROR || level == LOG_LEVEL_DEBUG)
		return true;
	place = find(context, now);
	/* What was held back comes first. */
	if (!place || (place->held.count == 0 && take_token(place, now)))
		return true;
	hold_back(place, level, text);
	return false;
}

bool log_limit_next(struct held_back *ret, double now)
{
	for (size_t i = 0; holding && i < PLACES; i++) {
		struct place *place = &places[i];

		if (place->held.count == 0 || !take_token(place, now))
			continue;
		*ret = place->held;
		ret->text = place->last_text;
		place->held.count = 0;
		holding--;
		return true;
	}
	return false;
}
