/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BACKENDS_IPVS_FIXTURE_H
#define BACKENDS_IPVS_FIXTURE_H

#include "lib/kernel/ipvs.h"

/* Short words for what the tests of ipvs_* say again and again; each fails the test on an error. */

/* What the result of a change is before it was applied. */
#define IPVS_FIXTURE_UNTOUCHED 12345

struct ipvs *ipvs_fixture_open(void);

struct address ipvs_fixture_address(const char *text);

struct virtual_server_key ipvs_fixture_key(const char *text, uint16_t port, uint16_t protocol);

/** ipvs_fixture_server() - with the netmask of its family and without flags */
struct virtual_server ipvs_fixture_server(struct virtual_server_key key, const char *scheduler,
					  uint32_t persistence_seconds);

void ipvs_fixture_add_server(struct changes *changes, enum change_kind kind,
			     struct virtual_server value);

void ipvs_fixture_add_destination(struct changes *changes, enum change_kind kind,
				  struct virtual_server_key server, const char *text, uint16_t port,
				  uint16_t weight);

/** ipvs_fixture_apply() - single changes may fail */
void ipvs_fixture_apply(struct ipvs *ipvs, struct changes *changes);

/** ipvs_fixture_apply_all() - no change may fail; then forgets them */
void ipvs_fixture_apply_all(struct ipvs *ipvs, struct changes *changes);

#endif
