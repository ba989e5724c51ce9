/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_LIMITER_H
#define SOURCE_KUBE_LIMITER_H

/**
 * struct kube_limiter - a token bucket: so many at once, then so many a second
 *
 * A value. Times are seconds of any clock that does not jump.
 */
struct kube_limiter {
	double per_second;
	double burst;
	double tokens; /* at the time @then */
	double then;
};

/** kube_limiter_init() - full */
void kube_limiter_init(struct kube_limiter *limiter, double per_second, double burst, double now);

/** kube_limiter_wait() - seconds until there is a token; 0 = there is one */
double kube_limiter_wait(const struct kube_limiter *limiter, double now);

/** kube_limiter_take() - use one up: one that there is, or the one that comes after
 *  kube_limiter_wait() */
void kube_limiter_take(struct kube_limiter *limiter, double now);

/** kube_limiter_give_back() - one that was taken has not been used */
void kube_limiter_give_back(struct kube_limiter *limiter, double now);

/** kube_limiter_tokens() - how many there are */
double kube_limiter_tokens(const struct kube_limiter *limiter, double now);

#endif
