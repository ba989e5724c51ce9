/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_HTTP_H
#define SOURCE_KUBE_HTTP_H

#include "kube_call.h"
#include "kube_credentials.h"
#include "kube_response.h"
#include "lib/base/memory.h"
#include "lib/source/source_effort.h"

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * struct kube_http - requests to an API server, driven by the event loop
 *
 * HTTP/2 where the server offers it, all requests then share a connection. HTTPS_PROXY and
 * NO_PROXY count as for any program. Redirects are not followed.
 *
 * A connection that does not come about within 1.5 s once the address is known, or whose other end
 * does not answer for 8 s, is given up. Bodies are handed on in slices: after 5 ms the rest waits
 * for the next round of the loop.
 */
struct kube_http;

/**
 * kube_http_new() - nothing is connected yet
 * @on_response:  as in struct kube_source_options; may be NULL
 */
struct kube_http *kube_http_new(struct ev_loop *loop,
				void (*on_response)(void *owner, const char *method,
						    const char *host, int status, double seconds),
				void *owner);

/**
 * kube_http_limit() - how many requests are sent: @burst at once, and then @per_second
 *
 * What is beyond that waits. Without a call, and with a negative @per_second, there is no limit;
 * 0 stands for the default, 5 and 10. A request that reached no server does not count.
 * Source: k8s.io/client-go/rest RESTClientForConfigAndClient()
 */
void kube_http_limit(struct kube_http *http, double per_second, int burst);

/**
 * kube_http_effort() - what the answers took so far: libcurl, and those who were given the bodies
 */
const struct source_effort *kube_http_effort(const struct kube_http *http);

/** kube_http_free() - after all requests have ended or were freed; NULL is fine */
void kube_http_free(struct kube_http *http);
AUTO_FREE_DEFINE(kube_http);

/** struct kube_request - one request and its answer */
struct kube_request;

/**
 * struct kube_request_options - what to ask
 * @call:           method, path and body
 * @idle_seconds:   longest pause in the body of the answer; 0 = none. Whatever it is, the whole header
 *                  of an answer has to come within 30 s.
 * @total_seconds:  longest duration; 0 = no limit
 * @bytes_per_second_min: an answer that is slower for 30 s is given up; 0 = no limit
 * @is_fresh:       on a new connection
 * @is_continued:   part of what another request began, so that it does not count for the limit: the
 *                  next page of a list, which the client of kube-proxy gets in one piece
 * @is_compressed:  the answer may be; @on_body gets it as it was before
 * @on_answer:      a successful answer has begun, with this Content-Type or NULL; may be NULL
 * @on_body:        bytes of a successful answer; NULL: nobody wants them. A negative return value
 *                  ends the request; @err is then its error. It must neither start nor free
 *                  requests.
 * @on_end:         called once from the loop, unless the request was freed before; it may free the
 *                  request and start others
 */
struct kube_request_options {
	struct kube_call call;
	double idle_seconds;
	double total_seconds;
	int bytes_per_second_min;
	bool is_fresh;
	bool is_continued;
	bool is_compressed;
	void (*on_answer)(void *owner, const char *content_type);
	int (*on_body)(void *owner, const char *data, size_t size, struct error *err);
	void (*on_end)(void *owner, const struct kube_response *response);
	void *owner;
};

/** kube_request_new() - send a request; everything that @access and @options name is copied */
struct kube_request *kube_request_new(struct kube_http *http, const struct kube_access *access,
				      const struct kube_request_options *options);

/** kube_request_free() - also ends it if it has not ended; not from on_body(); NULL is fine */
void kube_request_free(struct kube_request *request);

/** kube_request_allow_idle() - from now on the answer may pause, or be slow; also from on_body() */
void kube_request_allow_idle(struct kube_request *request);

#endif
