/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_SOURCE_H
#define SOURCE_KUBE_SOURCE_H

#include "kube_events.h"
#include "kube_reflector.h"
#include "lib/base/error.h"
#include "lib/objects/object_sink.h"
#include "lib/source/source_effort.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * struct kube_source - objects from a Kubernetes API server, kept up to date
 *
 * Lists and watches Services and EndpointSlices, with the label selector of kube-proxy, and one
 * Node. The sink hears of the objects, and of synced(), from the loop, never from within these
 * functions.
 *
 * What holds:
 * - synced() is first called when all three have been listed completely, and from then on after
 *   each batch of changes.
 * - Nothing is removed because a request failed. After an interruption the watch goes on where it
 *   was; where the server no longer knows that place everything is listed once more, and what is
 *   not in the complete new list is removed then.
 * - Lists are read as streams, object by object; no more than one object is held as JSON.
 * - A wrong object is reported; what was delivered for it before stays in force.
 * - A lost connection is noticed within ten seconds and tried again each half second or so until
 *   the server can be reached; a server that answers with errors is asked at growing intervals.
 * - Certificates, keys and tokens in files are read for each request; what a credential plugin
 *   gave is used until it expires or is refused.
 * - Reports never contain credentials.
 */
struct kube_source;

/**
 * enum kube_report - what a report is about
 *   WARNING  something does not work; the text says what happens next
 *   INFO     it works again, or for the first time
 */
enum kube_report { KUBE_REPORT_WARNING, KUBE_REPORT_INFO };

/** enum kube_nodes - how Nodes other than this node's are asked for */
enum kube_nodes { KUBE_NODES_LISTED, KUBE_NODES_WATCHED, KUBE_NODES_OFF };

/**
 * struct kube_source_options - where to find the server, and who hears of it
 * @kubeconfig:   path; NULL: the files of $KUBECONFIG, or else what Kubernetes gives a pod
 * @master:       URL in place of the configured one; may be NULL
 * @node_name:    whose Node is read
 * @reporter:     who tells events
 * @requests_per_second, @burst: as kube_http_limit() takes them
 * @listing:      how everything is asked for, at the start and after the loss of a watch
 * @encoding:     what the server is asked for
 * @sink:         copied; its strings outlive the source
 * @other_nodes:  LISTED: when kube_source_list_nodes() asks for them
 * @on_nodes:     @trouble is NULL: the sink has all Nodes as they are now; or why they cannot be
 *                listed. Not with KUBE_NODES_OFF
 * @on_report:    one line, without newline
 * @on_response:  each request that ended: its method, the server's "host:port", the HTTP status or 0
 *                if there was no answer, and the seconds until the answer began; may be NULL
 * @owner:        first argument of these
 *
 * The texts are copied.
 */
struct kube_source_options {
	const char *kubeconfig;
	const char *master;
	const char *node_name;
	struct kube_event_reporter reporter;
	double requests_per_second;
	int burst;
	struct kube_listing listing;
	enum kube_encoding encoding;
	struct object_sink sink;
	enum kube_nodes other_nodes;
	void (*on_nodes)(void *owner, const char *trouble);
	void (*on_report)(void *owner, enum kube_report kind, const char *text);
	void (*on_response)(void *owner, const char *method, const char *host, int status,
			    double seconds);
	void *owner;
};

/**
 * kube_source_open() - start to list and watch
 * @loop:  the default loop, if the kubeconfig names a credential plugin
 * @ret:   set on success only
 *
 * Return: 0, or a negative errno if the configuration cannot be used; whether the server can be
 * reached shows later.
 */
int kube_source_open(struct ev_loop *loop, const struct kube_source_options *options,
		     struct kube_source **ret, struct error *err);

/** kube_source_close() - stop; delivered objects stay with the sink; NULL is fine */
void kube_source_close(struct kube_source *source);

/**
 * struct kube_source_watch - one kind of object
 * @resource:       "services", "endpointslices", "nodes"
 * @is_current:     listed, and followed at the moment as far as is known
 * @interruptions:  how often following it began to fail
 */
struct kube_source_watch {
	const char *resource;
	bool is_current;
	uint64_t interruptions;
};
#define KUBE_SOURCE_WATCHES 3

void kube_source_watches(const struct kube_source *source,
			 struct kube_source_watch ret[KUBE_SOURCE_WATCHES]);

/** kube_source_certificate_expiry() - as kube_credentials_certificate_expiry() */
int64_t kube_source_certificate_expiry(const struct kube_source *source);

/** kube_source_limit() - how many requests are sent, as kube_http_limit() says */
void kube_source_limit(struct kube_source *source, double per_second, int burst);

/** kube_source_list_nodes() - ask for all Nodes, of which on_nodes() tells */
void kube_source_list_nodes(struct kube_source *source);

/** kube_source_emit() - as kube_events_emit(); sent while objects can be read without trouble */
void kube_source_emit(struct kube_source *source, const struct kube_event *event);

/** kube_source_event_counts() - valid until kube_source_close() */
const struct kube_events_counts *kube_source_event_counts(const struct kube_source *source);

/** kube_source_effort() - what it took so far; valid until kube_source_close() */
const struct source_effort *kube_source_effort(const struct kube_source *source);

/** kube_source_description() - "API server https://10.0.0.1:6443 (kubeconfig /etc/x)" */
const char *kube_source_description(const struct kube_source *source);

#endif
