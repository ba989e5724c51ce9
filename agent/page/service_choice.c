/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service_choice.h"

#include "lib/base/memory.h"

#include <string.h>

/* Return: where @key belongs among the keys */
static size_t place_of(const struct service_choice *choice, const char *key)
{
	size_t low = 0, high = choice->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(choice->keys[middle], key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void insert(struct service_choice *choice, const char *key, size_t place)
{
	if (choice->count == SERVICE_CHOICE_MAX) {
		choice->is_more = true;
		if (place == SERVICE_CHOICE_MAX)
			return;
		free(choice->keys[--choice->count]);
	}
	memmove(&choice->keys[place + 1], &choice->keys[place],
		(choice->count - place) * sizeof(*choice->keys));
	choice->keys[place] = string_dup(key);
	choice->count++;
}

static void consider(struct service_choice *choice, const char *key)
{
	if (!strstr(key, choice->wanted))
		return;
	choice->total++;
	if (strcmp(key, choice->after) > 0)
		insert(choice, key, place_of(choice, key));
}

static void on_service(const struct service_view *view, void *owner)
{
	if (view->service)
		consider(owner, view->key);
}

struct rejected_search {
	struct service_choice *choice;
	const struct store *store;
};

static void on_rejected(void *owner, const struct rejection *rejection)
{
	const struct rejected_search *search = owner;
	auto_memory char *key = NULL;
	struct service_view view;

	if (strcmp(rejection->kind, "Service") != 0)
		return;
	key = string_printf("%s/%s", rejection->namespace_name, rejection->name);
	if (!store_find(search->store, key, &view) || !view.service)
		consider(search->choice, key);
}

void service_choice_make(struct service_choice *choice, const struct status_sources *sources)
{
	struct rejected_search search = {.choice = choice, .store = sources->store};

	choice->count = 0;
	choice->total = 0;
	choice->is_more = false;
	store_each(sources->store, false, on_service, choice);
	rejections_each(sources->rejections, on_rejected, &search);
}

void service_choice_clear(struct service_choice *choice)
{
	while (choice->count)
		free(choice->keys[--choice->count]);
}
