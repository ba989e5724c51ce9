/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel.h"

#include "modules.h"

#include <errno.h>
#include <string.h>

/* The kernel loads schedulers, set types and matches by itself; these it does not. */
static const struct {
	enum facility facility;
	const char *name, *feature;
} modules[] = {
	{FACILITY_IPVS, "ip_vs", "virtual servers"},
	{FACILITY_IPSET, "ip_set", "ipsets"},
	{FACILITY_LINK, "dummy", "the interface of the virtual IPs"},
	{FACILITY_IPVS, "nf_conntrack", "masquerading"},
};

/* @facilities: a bit for each; Return: 0, or -ENOENT if this kernel does not have one of them */
static int load_modules(unsigned int facilities, struct error *err)
{
	for (size_t i = 0; i < COUNT(modules); i++) {
		int r = 0;

		if (facilities & 1U << modules[i].facility)
			r = modules_load(modules[i].name, modules[i].feature, err);
		if (r == -ENOENT)
			return r;
	}
	return 0;
}

static const char *name_of(enum facility facility)
{
	static const char *const names[] = {
		[FACILITY_IPVS] = "IPVS",
		[FACILITY_IPSET] = "ipset",
		[FACILITY_LINK] = "rtnetlink",
	};

	return names[facility];
}

/* A missing module explains more than the call that failed for want of it. */
static int explain(int r, int module, const struct error *module_error, struct error *err)
{
	if (module < 0 && r != -EPERM && err)
		*err = *module_error;
	return r;
}

static int open_all(struct kernel *kernel, const char *link_name, struct error *err)
{
	int r = ipvs_open(&kernel->ipvs, err);

	if (r < 0)
		return error_wrap(err, r, "%s", name_of(FACILITY_IPVS));
	r = ipsets_open(&kernel->ipsets, err);
	if (r < 0)
		return error_wrap(err, r, "%s", name_of(FACILITY_IPSET));
	r = link_open(link_name, &kernel->link, err);
	return r < 0 ? error_wrap(err, r, "%s", name_of(FACILITY_LINK)) : 0;
}

int kernel_open_to_read(const char *link_name, const struct mark_range *range, struct kernel **ret,
			struct error *err)
{
	struct kernel *kernel = memory_allocate(sizeof(*kernel));
	int r = open_all(kernel, link_name, err);

	if (r < 0) {
		kernel_close(kernel);
		return r;
	}
	kernel->marks = marks_new(range);
	ipvs_use_marks(kernel->ipvs, kernel->marks);
	ipsets_use_marks(kernel->ipsets, kernel->marks);
	*ret = kernel;
	return 0;
}

int kernel_open(const char *link_name, const struct mark_range *range, struct kernel **ret,
		struct error *err)
{
	struct error module_error = {0};
	int module = load_modules(~0U, &module_error);
	int r = kernel_open_to_read(link_name, range, ret, err);

	return r < 0 ? explain(r, module, &module_error, err) : 0;
}

static int reopen(struct kernel *kernel, enum facility facility, struct error *err)
{
	switch (facility) {
	case FACILITY_IPSET:
		return ipsets_reopen(kernel->ipsets, err);
	case FACILITY_IPVS:
		return ipvs_reopen(kernel->ipvs, err);
	case FACILITY_LINK:
		return link_reopen(kernel->link, err);
	}
	return -EINVAL;
}

int kernel_reopen(struct kernel *kernel, enum facility facility, struct error *err)
{
	struct error module_error = {0};
	int module = load_modules(1U << facility, &module_error);
	int r = reopen(kernel, facility, err);

	if (r < 0) {
		error_wrap(err, r, "%s", name_of(facility));
		return explain(r, module, &module_error, err);
	}
	return r;
}

void kernel_close(struct kernel *kernel)
{
	if (!kernel)
		return;
	link_close(kernel->link);
	ipsets_close(kernel->ipsets);
	ipvs_close(kernel->ipvs);
	marks_free(kernel->marks);
	free(kernel);
}

static bool is_by_mark(const struct change *change, enum change_kind kind)
{
	return change->kind == kind && change->server.key.client_scope == CLIENT_SCOPE_IN_CLUSTER &&
	       !change->server.key.firewall_mark;
}

/*
 * A mark is named before it is used, so that whoever comes after this process knows what it is.
 * Return: as ipsets_apply()
 */
static int name_marks(struct kernel *kernel, const struct change *changes, size_t count)
{
	auto_free(changes) struct changes *names = changes_new();
	struct error err = {0};
	int r = 0;

	for (size_t i = 0; i < count; i++) {
		const struct virtual_server_key *key = &changes[i].server.key;

		if (is_by_mark(&changes[i], CHANGE_KIND_SERVER_ADD) &&
		    !(marks_uses(kernel->marks, key) & MARK_USE_NAME) &&
		    marks_take(kernel->marks, key))
			changes_add(names, CHANGE_KIND_MEMBER_ADD)->member = marks_name_of(key);
	}
	if (names->count)
		r = ipsets_apply(kernel->ipsets, names->items, names->count, &err);
	/* What cannot be named is not added either, and will be tried again. */
	for (size_t i = 0; i < names->count; i++) {
		struct virtual_server_key key = marks_key_of(&names->items[i].member);

		if (!marks_uses(kernel->marks, &key))
			marks_drop(kernel->marks, &key);
	}
	return r;
}

/*
 * Of virtual servers that are gone, or have not come to be. What is not removed since this fails is
 * seen by the next observation.
 */
static void remove_names(struct kernel *kernel, const struct change *changes, size_t count)
{
	auto_free(changes) struct changes *names = changes_new();
	struct error err = {0};

	for (size_t i = 0; i < count; i++) {
		const struct virtual_server_key *key = &changes[i].server.key;

		if ((is_by_mark(&changes[i], CHANGE_KIND_SERVER_ADD) ||
		     is_by_mark(&changes[i], CHANGE_KIND_SERVER_REMOVE)) &&
		    marks_uses(kernel->marks, key) == MARK_USE_NAME)
			changes_add(names, CHANGE_KIND_MEMBER_REMOVE)->member = marks_name_of(key);
	}
	if (names->count)
		ipsets_apply(kernel->ipsets, names->items, names->count, &err);
}

static int apply_servers(struct kernel *kernel, struct change *changes, size_t count,
			 struct error *err)
{
	int r = name_marks(kernel, changes, count);

	if (r > 0)
		return r;
	r = ipvs_apply(kernel->ipvs, changes, count, err);
	remove_names(kernel, changes, count);
	return r;
}

static int apply(void *owner, enum facility facility, struct change *changes, size_t count,
		 struct error *err)
{
	struct kernel *kernel = owner;

	switch (facility) {
	case FACILITY_IPSET:
		return ipsets_apply(kernel->ipsets, changes, count, err);
	case FACILITY_IPVS:
		return apply_servers(kernel, changes, count, err);
	case FACILITY_LINK:
		return link_apply(kernel->link, changes, count, err);
	}
	return -EINVAL;
}

struct kernel_target kernel_target(struct kernel *kernel)
{
	return (struct kernel_target){.owner = kernel, .apply = apply};
}

/*
 * Applies a run of one facility, leaving out what must not be without its guard.
 * Return: the position of the first one that is left
 */
static size_t apply_run(const struct kernel_target *target, struct changes *changes, size_t first,
			size_t end)
{
	enum facility facility = change_facility(changes->items[first].kind);

	while (first < end) {
		size_t stop = first;

		while (stop < end && !changes_is_barred(changes, &changes->items[stop]))
			stop++;
		if (stop > first) {
			if (target->apply(target->owner, facility, changes->items + first,
					  stop - first, NULL) > 0)
				break;
			changes_note_guards(changes, first, stop);
		}
		if (stop < end)
			changes->items[stop++].result = -ECANCELED;
		first = stop;
	}
	return first;
}

size_t kernel_apply_some(const struct kernel_target *target, struct changes *changes, size_t first,
			 size_t limit)
{
	size_t end = first + 1;

	while (end < changes->count && end - first < limit &&
	       changes->items[end].kind == changes->items[first].kind)
		end++;
	return apply_run(target, changes, first, end);
}

void kernel_apply(const struct kernel_target *target, struct changes *changes)
{
	size_t done = 0;

	while (done < changes->count)
		done = kernel_apply_some(target, changes, done, changes->count);
}
