/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_RULES_WATCH_H
#define AGENT_RULES_WATCH_H

#include "health.h"
#include "lib/base/ip_family.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * struct rules_watch - notices when others may have taken iptables rules of ours away
 *
 * nftables tells at once; where its notifications cannot be received, listening begins again and
 * both families count as changed. The legacy tables are looked at each second. What we change
 * ourselves is told as well.
 */
struct rules_watch;

/**
 * rules_watch_new()
 * @on_changed:  @family is AF_INET or AF_INET6; @writer says who did it, "" if that is not known
 * @on_lost:     nftables cannot be listened to, and why; "" when it can again. On a kernel without
 *               nftables it is never called.
 */
struct rules_watch *rules_watch_new(
	struct ev_loop *loop, void (*on_changed)(void *owner, uint16_t family, const char *writer),
	void (*on_lost)(void *owner, enum health_part part, const char *reason), void *owner);
void rules_watch_free(struct rules_watch *watch);

/** rules_watch_set_legacy() - whether the rules are in the legacy tables */
void rules_watch_set_legacy(struct rules_watch *watch, bool is_legacy);

/**
 * rules_watch_written() - we wrote rules of @family
 *
 * Whoever undoes that before the legacy tables are looked at leaves them as they were seen last, so that
 * the next look counts as a change whatever it sees.
 */
void rules_watch_written(struct rules_watch *watch, enum ip_family family);

#endif
