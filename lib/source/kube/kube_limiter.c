/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_limiter.h"

void kube_limiter_init(struct kube_limiter *limiter, double per_second, double burst, double now)
{
	*limiter = (struct kube_limiter){
		.per_second = per_second, .burst = burst, .tokens = burst, .then = now};
}

double kube_limiter_tokens(const struct kube_limiter *limiter, double now)
{
	double tokens = limiter->tokens + (now - limiter->then) * limiter->per_second;

	return tokens < limiter->burst ? tokens : limiter->burst;
}

double kube_limiter_wait(const struct kube_limiter *limiter, double now)
{
	double missing = 1 - kube_limiter_tokens(limiter, now);

	return missing > 0 ? missing / limiter->per_second : 0;
}

void kube_limiter_take(struct kube_limiter *limiter, double now)
{
	limiter->tokens = kube_limiter_tokens(limiter, now) - 1;
	limiter->then = now;
}

void kube_limiter_give_back(struct kube_limiter *limiter, double now)
{
	limiter->tokens = kube_limiter_tokens(limiter, now) + 1;
	limiter->then = now;
}
