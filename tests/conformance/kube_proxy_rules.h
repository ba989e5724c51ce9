/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFORMANCE_KUBE_PROXY_RULES_H
#define CONFORMANCE_KUBE_PROXY_RULES_H

#include "comparison.h"

/**
 * kube_proxy_rules_compare() - whether what we know of kube-proxy's rules has those recorded
 * @recorded:  of one table; NULL = nothing was recorded
 * @known:     kernel_text_rules() of a ruleset with is_kube_proxy
 *
 * Each has to be there, and in this order within its chain. Not asked for are those that name a VIP,
 * and those that ask for the way in of packets to external IPs: see ruleset_kube_proxy_restore().
 */
void kube_proxy_rules_compare(struct comparison *comparison, const char *recorded,
			      const char *known);

#endif
