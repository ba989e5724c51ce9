/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_FAILURE_H
#define SOURCE_KUBE_FAILURE_H

#include "kube_response.h"

#include <curl/curl.h>
#include <stdbool.h>

/**
 * struct kube_failure - a transfer that libcurl gave up
 * @text:           what libcurl wrote about it, "" if nothing
 * @is_connecting:  it had no connection yet
 * @is_receiving:   the answer had begun
 */
struct kube_failure {
	CURL *handle;
	CURLcode code;
	const char *text;
	bool is_connecting;
	bool is_receiving;
};

/** kube_failure_explain() - sets error, is_unreached and is_broken of @response */
void kube_failure_explain(const struct kube_failure *failure, struct kube_response *response);

#endif
