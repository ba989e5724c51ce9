/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_RESPONSE_H
#define SOURCE_KUBE_RESPONSE_H

#include "kube_status.h"
#include "lib/base/error.h"

#include <stdbool.h>

/**
 * struct kube_response - how a request ended
 * @http_status:    0 if no answer came
 * @status:         of an answer that is no success: what it said
 * @retry_seconds:  what a Retry-After says; -1 if there is none
 * @error:          code 0 if the answer is complete (whatever its status); else what went wrong
 * @is_unreached:   no connection came about
 * @is_broken:      there was a connection, and it was lost
 */
struct kube_response {
	int http_status;
	struct kube_status status;
	double retry_seconds;
	struct error error;
	bool is_unreached;
	bool is_broken;
};

#endif
