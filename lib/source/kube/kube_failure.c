/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_failure.h"

#include <errno.h>
#include <string.h>

static bool is_connect_failure(CURLcode code)
{
	return code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
	       code == CURLE_COULDNT_RESOLVE_PROXY;
}

/*
 * A load balancer without servers behind it accepts and hangs up. That is as good as no connection:
 * it costs no server a handshake.
 */
static bool is_turned_away(CURLcode code, const char *text)
{
	return code == CURLE_SSL_CONNECT_ERROR &&
	       (strstr(text, "Connection reset") || strstr(text, "SSL_ERROR_SYSCALL"));
}

static bool is_tls_failure(CURLcode code)
{
	return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CERTPROBLEM ||
	       code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_ISSUER_ERROR ||
	       code == CURLE_SSL_CIPHER;
}

void kube_failure_explain(const struct kube_failure *failure, struct kube_response *response)
{
	CURLcode code = failure->code;
	const char *text = *failure->text ? failure->text : curl_easy_strerror(code);
	curl_off_t connected = 0;
	long number = 0;

	curl_easy_getinfo(failure->handle, CURLINFO_OS_ERRNO, &number);
	curl_easy_getinfo(failure->handle, CURLINFO_CONNECT_TIME_T, &connected);
	if (code == CURLE_COULDNT_CONNECT && number) {
		/* libcurl's own text has a duration in it, and never looks the same twice. */
		error_set(&response->error, -EHOSTUNREACH, "%s", strerror((int)number));
	} else if (code == CURLE_OPERATION_TIMEDOUT) {
		error_set(&response->error, -ETIMEDOUT, "%s",
			  failure->is_receiving ? "timed out before the end of the response"
						: "timed out");
	} else {
		error_set(&response->error, is_tls_failure(code) ? -EPROTO : -EIO, "%s", text);
	}
	response->is_unreached =
		is_connect_failure(code) || is_turned_away(code, text) ||
		(code == CURLE_OPERATION_TIMEDOUT && !connected && failure->is_connecting);
	response->is_broken = !response->is_unreached && !is_tls_failure(code);
}
