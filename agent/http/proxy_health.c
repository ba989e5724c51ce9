/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy_health.h"

#include <string.h>

void proxy_health_init(struct proxy_health *health, double period)
{
	memset(health, 0, sizeof(*health));
	proxy_health_set_period(health, period);
	health->is_eligible = true;
}

void proxy_health_set_period(struct proxy_health *health, double period)
{
	health->timeout = (uint64_t)(2 * period * 1000);
}

void proxy_health_queued(struct proxy_health *health, enum proxy_part part, uint64_t now)
{
	if (!health->pending_since[part])
		health->pending_since[part] = now;
}

void proxy_health_updated(struct proxy_health *health, enum proxy_part part, uint64_t now)
{
	health->has_updated[part] = true;
	health->last_updated[part] = now;
	health->pending_since[part] = 0;
}

void proxy_health_set_lost(struct proxy_health *health, bool is_lost, uint64_t now)
{
	if (!is_lost)
		health->lost_since = 0;
	else if (!health->lost_since)
		health->lost_since = now;
}

bool proxy_health_is_alive(const struct proxy_health *health, uint64_t now, uint64_t *last_updated)
{
	*last_updated = now;
	for (int i = 0; i < PROXY_PART_COUNT; i++) {
		uint64_t since = health->pending_since[i];

		if (!health->has_updated[i] || !since || now - since < health->timeout)
			continue;
		*last_updated = health->last_updated[i];
		return false;
	}
	return true;
}

bool proxy_health_is_healthy(const struct proxy_health *health, uint64_t now,
			     uint64_t *last_updated)
{
	uint64_t ignored;

	if (!last_updated)
		last_updated = &ignored;
	if (!proxy_health_is_alive(health, now, last_updated))
		return false;
	if (!health->lost_since || now - health->lost_since < PROXY_HEALTH_LOST_MILLISECONDS)
		return true;
	*last_updated = health->lost_since;
	return false;
}
