/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BACKENDS_IPSETS_FIXTURE_H
#define BACKENDS_IPSETS_FIXTURE_H

#include "lib/kernel/ipsets.h"

/* Short words for what the tests of ipsets say again and again; each fails the test on an error. */

/** ipsets_fixture_open() - with all sets in place */
struct ipsets *ipsets_fixture_open(void);

/**
 * ipsets_fixture_member()
 * @address:  NULL: none, of IPv4
 * @source:   an address, a prefix, or NULL
 */
struct set_member ipsets_fixture_member(enum set_kind kind, const char *address, uint8_t protocol,
					uint16_t port, const char *source);

/** ipsets_fixture_numbered() - a member of CLUSTER_IP, another one for each number */
struct set_member ipsets_fixture_numbered(uint32_t number);

/** ipsets_fixture_add() - its result is neither success nor failure until it is applied */
void ipsets_fixture_add(struct changes *changes, enum change_kind kind, struct set_member value);

/** ipsets_fixture_apply() - single changes may fail */
void ipsets_fixture_apply(struct ipsets *ipsets, struct changes *changes);

/** ipsets_fixture_apply_all() - no change may fail */
void ipsets_fixture_apply_all(struct ipsets *ipsets, struct changes *changes);

/** ipsets_fixture_observe() - all members, as additions to @ret */
void ipsets_fixture_observe(struct ipsets *ipsets, struct changes *ret);

/** ipsets_fixture_repair() - as the last observation tells; no change may fail */
void ipsets_fixture_repair(struct ipsets *ipsets);

/** ipsets_fixture_write_name() - of the mark of @key, or take it away */
void ipsets_fixture_write_name(struct ipsets *ipsets, enum change_kind kind,
			       const struct virtual_server_key *key);

/** ipsets_fixture_count() - of the members that an observation tells */
size_t ipsets_fixture_count(struct ipsets *ipsets);

#endif
