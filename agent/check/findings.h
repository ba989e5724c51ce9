/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_FINDINGS_H
#define AGENT_FINDINGS_H

#include "lib/base/memory.h"

#include <stddef.h>

/**
 * enum severity - how much a finding matters
 *   NOTE     good to know; nothing has to be done
 *   WARNING  the agent works, but something on this node may not
 *   ERROR    the agent cannot work here, or not as it is configured
 */
enum severity { SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR };
#define SEVERITY_COUNT (SEVERITY_ERROR + 1)

/** severity_name() - "warning" */
const char *severity_name(enum severity severity);

/**
 * struct finding
 * @check:   name of the check that found it: "modules"
 * @what:    what is so, and what follows from it
 * @remedy:  what to do; "" if nothing
 */
struct finding {
	enum severity severity;
	const char *check;
	char *what;
	char *remedy;
};

/** struct findings - what checks found, in order */
struct findings;

struct findings *findings_new(void);
void findings_free(struct findings *findings);
AUTO_FREE_DEFINE(findings);

/** findings_begin() - what is added from now on was found by the check @name, which is not copied */
void findings_begin(struct findings *findings, const char *name);

/** findings_add() - @remedy is copied */
__attribute__((format(printf, 4, 5))) void findings_add(struct findings *findings,
							enum severity severity, const char *remedy,
							const char *format, ...);

size_t findings_count(const struct findings *findings);
const struct finding *findings_get(const struct findings *findings, size_t position);

/** findings_count_of() - of one severity */
size_t findings_count_of(const struct findings *findings, enum severity severity);

#endif
