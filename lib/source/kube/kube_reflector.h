/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_REFLECTOR_H
#define SOURCE_KUBE_REFLECTOR_H

#include "kube_credentials.h"
#include "kube_encoding.h"
#include "kube_http.h"
#include "lib/base/error.h"
#include "lib/base/memory.h"
#include "lib/objects/object_sink.h"
#include "lib/source/object_decode.h"

#include <ev.h>
#include <stdbool.h>

/**
 * struct kube_reflector - one kind of object, listed and then watched
 *
 * First a streaming list (a watch with sendInitialEvents) is tried; a server that does not know it
 * is asked for an ordinary list, in pages where the server pages. Then a watch follows the changes;
 * it is renewed every five to ten minutes from where it was. A new list is made where the server
 * says that this place is gone, when a watch ends without even a bookmark, which would have come if
 * the server knew the place, when several watches in a row ended at once, and when something was
 * missed because not even its name could be read.
 *
 * An object that cannot be decoded is told to the sink as rejected, and is no failure.
 * After a failure:
 * - not reached at all: again in 0.3 to 0.8 s, however often, because that costs a server nothing;
 * - 401: credentials are read again, once at once;
 * - 406, or a response in protocol buffers that cannot be read: everything in JSON from then on;
 * - otherwise in 0.8 s, doubled each time up to 10 s, or what Retry-After says; give or take half.
 */
struct kube_reflector;

/**
 * struct kube_listing - how everything that exists is asked for
 * @page_size:      objects at a time where the server counts them; 0 = all at once
 * @is_streamed:    as events of a watch, if the server knows that; else as a list
 * @is_compressed:  lists may be; a server does not compress events
 */
struct kube_listing {
	int page_size;
	bool is_streamed;
	bool is_compressed;
};
#define KUBE_LISTING_DEFAULT                          \
	{                                             \
		.page_size = 500, .is_streamed = true \
	}

/**
 * struct kube_reflector_options - what to list, and who hears of it
 * @kind:         Service, EndpointSlice or Node
 * @path:         "/api/v1/services"
 * @selector:     part of a query: "labelSelector=...", or "fieldSelector=..."
 * @encoding:     what is asked for; the server chooses
 * @watch_seconds: how long a watch lasts at least; up to twice that; 0: no watch follows, and
 *                 each listing is made when kube_reflector_list() asks for it
 * @sink:         outlives the reflector
 * @on_changed:   the sink got a batch of objects, or the listing became complete
 * @on_trouble:   a request failed; what happens next
 * @on_fine:      a request succeeded after on_trouble()
 * @owner:        first argument of the callbacks
 */
struct kube_reflector_options {
	enum object_kind kind;
	const char *path;
	const char *selector;
	int watch_seconds;
	struct kube_listing listing;
	enum kube_encoding encoding;
	struct kube_http *http;
	struct kube_credentials *credentials;
	const struct object_sink *sink;
	void (*on_changed)(void *owner);
	void (*on_trouble)(void *owner, struct kube_reflector *reflector, const char *text);
	void (*on_fine)(void *owner, struct kube_reflector *reflector);
	void *owner;
};

/** kube_reflector_new() - starts by itself, in the loop; @options are copied, their texts too */
struct kube_reflector *kube_reflector_new(struct ev_loop *loop,
					  const struct kube_reflector_options *options);

void kube_reflector_free(struct kube_reflector *reflector);
AUTO_FREE_DEFINE(kube_reflector);

/**
 * kube_reflector_list() - list once, where no watch follows; nothing if that is under way
 *
 * Ends with on_changed() when the listing is complete. A server that answers with errors is asked
 * some times; on_trouble() tells, and what was known stays.
 */
void kube_reflector_list(struct kube_reflector *reflector);

/** kube_reflector_credentials_ready() - after kube_credentials_get() gave -EINPROGRESS */
void kube_reflector_credentials_ready(struct kube_reflector *reflector, const struct error *err);

/** kube_reflector_is_listed() - a listing was complete at least once */
bool kube_reflector_is_listed(const struct kube_reflector *reflector);

#endif
