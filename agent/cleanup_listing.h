/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_CLEANUP_LISTING_H
#define AGENT_CLEANUP_LISTING_H

#include "lib/base/memory.h"
#include "lib/kernel/ipsets.h"
#include "lib/plan/changes.h"

#include <stdio.h>

/** struct cleanup_listing - what `ipvsagent cleanup` would remove, in words */
struct cleanup_listing;

struct cleanup_listing *cleanup_listing_new(void);
void cleanup_listing_free(struct cleanup_listing *listing);
AUTO_FREE_DEFINE(cleanup_listing);

/** cleanup_listing_add_changes() - virtual servers and addresses; members go with their sets */
void cleanup_listing_add_changes(struct cleanup_listing *listing, const struct changes *changes);

/** cleanup_listing_add_rules() - @restore: the input for iptables-restore of @family */
void cleanup_listing_add_rules(struct cleanup_listing *listing, uint16_t family,
			       const char *restore);

/** cleanup_listing_add_sets() - those of ours that are there; @only_own: as ipsets_destroy() */
void cleanup_listing_add_sets(struct cleanup_listing *listing, struct ipsets *ipsets,
			      bool only_own);

void cleanup_listing_add_interface(struct cleanup_listing *listing, const char *name);

void cleanup_listing_print_text(const struct cleanup_listing *listing, FILE *stream);

/** cleanup_listing_print_json() - as ipvsagent(8) describes it */
void cleanup_listing_print_json(const struct cleanup_listing *listing, FILE *stream);

#endif
