/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_FAKE_FACILITIES_INTERNAL_H
#define FAKE_FAKE_FACILITIES_INTERNAL_H

/* Shared by the files that together are fake_facilities; nobody else includes this. */

#include "fake_facilities.h"

#define PART_MAX 5

/* What a part of a dump is made of. */
struct part {
	size_t position; /* where in the kernel's table the next part begins */
	size_t count;
	bool is_last;
};

struct link {
	struct fake_facilities *facilities;
	struct address *listed;
	size_t listed_count, listed_capacity, told;
	size_t position;
	size_t applied; /* changes of the kernel when the dump began */
};

struct ipsets {
	struct fake_facilities *facilities;
	void (*on_member)(void *owner, const struct set_member *member);
	void *owner;
	struct part part;
	struct set_member members[PART_MAX];
	struct set_member *written; /* since the observation began */
	size_t written_count, written_capacity;
	struct set_member *wrong; /* as of the observation */
	size_t wrong_count, wrong_capacity;
};

struct ipvs {
	struct fake_facilities *facilities;
	const struct ipvs_visitor *visitor;
	void *owner;
	struct part part;
	struct virtual_server servers[PART_MAX];
	bool is_disturbed; /* the dump that is under way, or was the last */
};

bool fake_happens(struct fake_facilities *facilities, unsigned int percent);

/** fake_call() - Return: 0, or a negative errno because the connection broke or is lost */
int fake_call(struct fake_facilities *facilities, enum facility facility, struct error *err);

/** fake_reopen() - what X_reopen() returns */
int fake_reopen(struct fake_facilities *facilities, enum facility facility, struct error *err);

/** fake_complain() - the first complaint stays */
void fake_complain(struct fake_facilities *facilities, const char *complaint);

/* mark_list_find() - NULL if there is none; _forget() - nothing if there is none */
struct mark_name *mark_list_find(const struct mark_list *list,
				 const struct virtual_server_key *key);
void mark_list_forget(struct mark_list *list, const struct virtual_server_key *key);
void mark_list_note(struct mark_list *list, const struct virtual_server_key *key, uint32_t mark);

/** fake_apply_all() - Return: as the appliers of lib/kernel; where the connection broke, a part was
 * carried out */
int fake_apply_all(struct fake_facilities *facilities, struct change *changes, size_t count,
		   void (*apply)(struct fake_facilities *facilities, struct change *change),
		   struct error *err);

/** fake_apply_plain() - for fake_apply_all(): a change that marks have no part in */
void fake_apply_plain(struct fake_facilities *facilities, struct change *change);

/** fake_is_by_mark() - whether the kernel knows it by a mark of ours */
bool fake_is_by_mark(const struct virtual_server_key *key);

/**
 * fake_note_use() - as lib/kernel does: what may be there is taken for granted until it is known
 */
void fake_note_use(struct fake_facilities *facilities, const struct change *change,
		   const struct virtual_server_key *key, enum mark_use use, bool is_lost);

/** fake_next_part() - begin the next part; Return: how much of @total belongs to it, from @position
 * on */
size_t fake_next_part(struct fake_facilities *facilities, struct part *part, size_t total);

#endif
