/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake_facilities_internal.h"

#include <errno.h>
#include <string.h>

/* Nobody calls it here. */
int link_open(const char *name, struct link **ret, struct error *err)
{
	(void)name;
	(void)ret;
	return error_set(err, -EOPNOTSUPP, "%s", strerror(EOPNOTSUPP));
}

int link_reopen(struct link *link, struct error *err)
{
	return fake_reopen(link->facilities, FACILITY_LINK, err);
}

void link_close(struct link *link)
{
	if (!link)
		return;
	free(link->listed);
	free(link);
}

int link_ensure(struct link *link, enum link_ensured *ret, struct error *err)
{
	*ret = LINK_ENSURED_NOTHING;
	return fake_call(link->facilities, FACILITY_LINK, err);
}

int link_deprecate(struct link *link, size_t *ret_count, struct error *err)
{
	*ret_count = 0;
	return fake_call(link->facilities, FACILITY_LINK, err);
}

int link_observe_begin(struct link *link, struct error *err)
{
	link->listed_count = link->told = link->position = 0;
	link->applied = link->facilities->held->applied;
	return fake_call(link->facilities, FACILITY_LINK, err);
}

int link_observe_step(struct link *link,
		      void (*on_bound)(void *owner, const struct address *address), void *owner,
		      struct error *err)
{
	const struct fake_kernel *held = link->facilities->held;
	size_t limit = 1 + link->facilities->random(link->facilities->owner, PART_MAX);
	int r = fake_call(link->facilities, FACILITY_LINK, err);

	if (r < 0)
		return r;
	if (link->position < held->address_count) {
		for (; limit && link->position < held->address_count; limit--) {
			link->listed = memory_grow(link->listed, link->listed_count,
						   &link->listed_capacity, sizeof(*link->listed));
			link->listed[link->listed_count++] = held->addresses[link->position++];
		}
		if (link->applied != held->applied)
			return error_set(err, -EINTR, "%s", strerror(EINTR));
		return 1;
	}
	/* All have been read: what changes from now on does not interrupt. */
	link->position = SIZE_MAX;
	for (; limit && link->told < link->listed_count; limit--)
		on_bound(owner, &link->listed[link->told++]);
	return link->told < link->listed_count;
}

int link_apply(struct link *link, struct change *changes, size_t count, struct error *err)
{
	return fake_apply_all(link->facilities, changes, count, fake_apply_plain, err);
}
