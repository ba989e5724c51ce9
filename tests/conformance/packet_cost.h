/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFORMANCE_PACKET_COST_H
#define CONFORMANCE_PACKET_COST_H

#include "comparison.h"
#include "text_lines.h"

/**
 * packet_cost_take_rules() - take out rules of kube-proxy, and those of ours that decide the same with
 *                            fewer questions to each packet
 *
 * Where one of kube-proxy's is expected, what stands for it has to be there.
 */
void packet_cost_take_rules(struct comparison *comparison, struct text_lines *expected,
			    struct text_lines *actual, const char *table, bool is_ipv6);

#endif
