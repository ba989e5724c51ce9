/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_PAGE_SERVICE_CHOICE_H
#define AGENT_PAGE_SERVICE_CHOICE_H

#include "agent/status/status_report.h"

#include <stdbool.h>
#include <stddef.h>

#define SERVICE_CHOICE_MAX 50

/**
 * struct service_choice - a page of the list of Services, as keys, sorted
 * @wanted:    only Services whose "namespace/name" contains that; "" = all
 * @after:     only those behind this key; "" = from the first on
 * @keys:      the first of them; owned
 * @is_more:   whether there are more behind the last one
 * @total:     how many contain @wanted, on any page
 */
struct service_choice {
	const char *wanted;
	const char *after;
	char *keys[SERVICE_CHOICE_MAX];
	size_t count;
	bool is_more;
	size_t total;
};

/**
 * service_choice_make() - with those that were only ever rejected
 * @choice:  with @wanted and @after; the rest is filled
 *
 * Looks at each Service once and sorts none but those of the page.
 */
void service_choice_make(struct service_choice *choice, const struct status_sources *sources);

void service_choice_clear(struct service_choice *choice);

#endif
