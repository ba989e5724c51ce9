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

void proxy_health_queued(struct proxy_health *health, enum proxy_part part, unsigned int families,
			 uint64_t now)
{
	for (unsigned int i = 0; i < IP_FAMILY_COUNT; i++)
		if (families & 1U << i && !health->parts[i][part].pending_since)
			health->parts[i][part].pending_since = now;
}

bool proxy_health_is_queued(const struct proxy_health *health, enum proxy_part part,
			    unsigned int families)
{
	for (unsigned int i = 0; i < IP_FAMILY_COUNT; i++)
		if (families & 1U << i && !health->parts[i][part].pending_since)
			return false;
	return true;
}

void proxy_health_updated(struct proxy_health *health, enum proxy_part part, unsigned int families,
			  uint64_t now, double wall)
{
	for (unsigned int i = 0; i < IP_FAMILY_COUNT; i++)
		if (families & 1U << i)
			health->parts[i][part] = (struct proxy_part_health){
				.has_updated = true, .last_updated = now, .updated_at = wall};
}

void proxy_health_forget(struct proxy_health *health, unsigned int families)
{
	for (unsigned int i = 0; i < IP_FAMILY_COUNT; i++)
		if (families & 1U << i)
			memset(health->parts[i], 0, sizeof(health->parts[i]));
}

void proxy_health_set_lost(struct proxy_health *health, bool is_lost, uint64_t now)
{
	if (!is_lost)
		health->lost_since = 0;
	else if (!health->lost_since)
		health->lost_since = now;
}

static bool is_lost(const struct proxy_health *health, uint64_t now)
{
	return health->lost_since && now - health->lost_since >= PROXY_HEALTH_LOST_MILLISECONDS;
}

/* Return: NULL if no part of @family is late */
static const struct proxy_part_health *late_part(const struct proxy_health *health,
						 enum ip_family family, uint64_t now)
{
	for (int i = 0; i < PROXY_PART_COUNT; i++) {
		const struct proxy_part_health *part = &health->parts[family][i];

		if (part->has_updated && part->pending_since &&
		    now - part->pending_since >= health->timeout)
			return part;
	}
	return NULL;
}

bool proxy_health_is_alive(const struct proxy_health *health, uint64_t now, uint64_t *last_updated)
{
	*last_updated = now;
	for (int i = 0; i < IP_FAMILY_COUNT; i++) {
		const struct proxy_part_health *late = late_part(health, (enum ip_family)i, now);

		if (!late)
			continue;
		*last_updated = late->last_updated;
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
	if (!is_lost(health, now))
		return true;
	*last_updated = health->lost_since;
	return false;
}

bool proxy_health_look(const struct proxy_health *health, enum ip_family family, uint64_t now,
		       bool is_liveness, struct family_health *ret)
{
	const struct proxy_part_health *objects = &health->parts[family][PROXY_PART_OBJECTS];
	const struct proxy_part_health *rules = &health->parts[family][PROXY_PART_RULES];
	const struct proxy_part_health *late = late_part(health, family, now);

	if (late)
		ret->updated_at = late->updated_at;
	else
		ret->updated_at = rules->updated_at > objects->updated_at ? rules->updated_at
									  : objects->updated_at;
	ret->is_healthy = !late && (is_liveness || !is_lost(health, now));
	return objects->has_updated || late;
}
