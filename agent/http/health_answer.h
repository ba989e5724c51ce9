/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_HEALTH_ANSWER_H
#define AGENT_HEALTH_ANSWER_H

#include "agent/settings/options.h"
#include "proxy_health.h"

/**
 * struct health_time - @now is in milliseconds of clock_milliseconds(); what it means as a date is
 * @wall, in seconds since 1970, and as an age of the process @age, in seconds
 */
struct health_time {
	uint64_t now;
	double wall;
	double age;
};

/**
 * health_answer_text() - body of /healthz or, if @is_liveness, /livez; the caller frees it
 * @release:  whose body it is
 * @status:   set to 200 or 503
 *
 * Source: kube-proxy 1.36 and 1.32, pkg/proxy/healthcheck/proxy_health.go
 */
char *health_answer_text(const struct proxy_health *health, enum kube_proxy_release release,
			 bool is_liveness, const struct health_time *time, unsigned int *status);

#endif
