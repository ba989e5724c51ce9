/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UNIT_AGENT_FIXTURE_H
#define UNIT_AGENT_FIXTURE_H

/* An agent without source and without kernel, for tests of what it tells about itself. */

#include "agent/status/control.h"
#include "tests/fake/object_text.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Its kernel accepts everything but virtual servers on this port. */
#define REFUSED_PORT 666

struct fixture {
	struct ev_loop *loop;
	struct string_pool *strings;
	struct store *store;
	struct ledger *ledger;
	struct sync *sync;
	struct rejections *rejections;
	struct agent_health health;
	struct status_sources sources;
};

void fixture_set_up(struct fixture *fixture);
void fixture_tear_down(struct fixture *fixture);

/** add_service(), add_slice() - as tests/fake/object_text.h reads them */
void add_service(struct fixture *fixture, const char *text);
void add_slice(struct fixture *fixture, const char *text);

/** program() - run until nothing is left to do */
void program(struct fixture *fixture);

/** text_of() - a field of a document; "" if it is not there or no text */
const char *text_of(const json_t *object, const char *name);

#endif
