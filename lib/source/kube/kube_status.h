/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_STATUS_H
#define SOURCE_KUBE_STATUS_H

#include "lib/source/object_value.h"

#include <stdbool.h>
#include <stddef.h>

#define KUBE_STATUS_TEXT_SIZE 320

/**
 * struct kube_status - why an API server refuses: a v1 Status, or what stands in for one
 * @code:                  HTTP status, 0 if the answer did not say
 * @is_expired:            the server no longer knows the resourceVersion or continue token
 * @is_version_too_large:  the server does not know the resourceVersion yet
 * @retry_seconds:         details.retryAfterSeconds; -1 if absent
 * @message:               one line, cut where it is too long
 */
struct kube_status {
	int code;
	bool is_expired;
	bool is_version_too_large;
	double retry_seconds;
	char message[KUBE_STATUS_TEXT_SIZE];
};

/** kube_status_read() - from a Status object; anything else gives an empty message */
void kube_status_read(struct object_value object, struct kube_status *ret);

/**
 * kube_status_parse() - from the body of an answer
 * @code:  the answer's HTTP status
 *
 * In either encoding. A body that is no Status, such as that of a proxy, gives its first line.
 */
void kube_status_parse(int code, const char *body, size_t length, struct kube_status *ret);

#endif
