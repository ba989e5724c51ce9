/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipsets.h"

#include "ipsets_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Sets that are created in a step: about a millisecond in the test kernel. */
#define CREATED_PER_STEP 10

static const char *family_name(uint16_t family)
{
	switch (family) {
	case AF_INET:
		return "IPv4";
	case AF_INET6:
		return "IPv6";
	default:
		return "any family";
	}
}

static int check(const struct set *set, const struct set_header *header, struct error *err)
{
	const char *type = set_type_name(set_kind_type(set->kind));
	uint16_t family = ipsets_is_bitmap(set) ? AF_UNSPEC : set->family;

	if (strcmp(header->type, type) != 0 || header->family != family)
		return error_set(err, -EEXIST, "set %s exists as %s for %s, not as %s for %s",
				 ipsets_name(set), header->type, family_name(header->family), type,
				 family_name(family));
	if (header->has_marks != set_kind_has_marks(set->kind))
		return error_set(err, -EEXIST, "set %s exists %s marks (skbinfo)", ipsets_name(set),
				 header->has_marks ? "with" : "without");
	return 0;
}

static int create(struct ipsets *ipsets, struct set *set, struct error *err)
{
	struct set_shape shape = ipsets_shape_of(set, SET_DEFAULT_HASH_SIZE, SET_DEFAULT_CAPACITY);

	set->capacity = ipsets_is_bitmap(set) ? 0 : SET_DEFAULT_CAPACITY;
	set->count = 0;
	return set_commands_create(ipsets->commands, ipsets_name(set), &shape, err);
}

/* The first failure is told in the end; without sets with marks everything else goes on. */
static void note_failure(struct ipsets *ipsets, const struct set *set, const struct error *err)
{
	struct ipsets_ensuring *ensuring = &ipsets->ensuring;

	if (!set_kind_has_marks(set->kind)) {
		if (!ensuring->failure.code)
			ensuring->failure = *err;
	} else if (!ipsets->marks_error) {
		ipsets->marks_error = string_dup(err->text);
	}
}

int ipsets_ensure_begin(struct ipsets *ipsets, struct error *err)
{
	struct set_header headers[2 * SET_KIND_COUNT];
	int r = ipsets_read_headers(ipsets, headers, err);

	if (r < 0)
		return r;
	free(take(&ipsets->marks_error));
	memset(&ipsets->ensuring, 0, sizeof(ipsets->ensuring));
	for (size_t i = 0; i < COUNT(ipsets->sets); i++) {
		struct set *set = &ipsets->sets[i];
		struct error own = {0};

		set->is_missing = !*headers[i].type;
		if (!set->is_missing && check(set, &headers[i], &own) < 0)
			note_failure(ipsets, set, &own);
	}
	return 0;
}

int ipsets_ensure_step(struct ipsets *ipsets, struct error *err)
{
	struct ipsets_ensuring *ensuring = &ipsets->ensuring;
	size_t created = 0;

	while (ensuring->next < COUNT(ipsets->sets)) {
		struct set *set = &ipsets->sets[ensuring->next];
		struct error own = {0};

		if (set->is_missing && created++ == CREATED_PER_STEP)
			return 1;
		if (set->is_missing && create(ipsets, set, &own) < 0)
			note_failure(ipsets, set, &own);
		ensuring->next++;
	}
	if (!ensuring->failure.code)
		return 0;
	return error_set(err, ensuring->failure.code, "%s", ensuring->failure.text);
}

int ipsets_ensure(struct ipsets *ipsets, struct error *err)
{
	int r = ipsets_ensure_begin(ipsets, err);

	if (r < 0)
		return r;
	do
		r = ipsets_ensure_step(ipsets, err);
	while (r > 0);
	return r;
}
