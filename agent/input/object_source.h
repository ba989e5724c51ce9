/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_OBJECT_SOURCE_H
#define AGENT_OBJECT_SOURCE_H

#include "agent/settings/options.h"
#include "lib/base/error.h"
#include "lib/objects/object_sink.h"
#include "lib/source/kube/kube_source.h"
#include "lib/source/source_effort.h"

#include <ev.h>
#include <stdbool.h>

/**
 * struct object_source - where objects come from: manifests if --manifests is given, else the API
 */
struct object_source;

/**
 * struct object_source_observer - who hears of the source itself, beside the sink
 * @on_response, @on_nodes:  as in struct kube_source_options; may be NULL
 */
struct object_source_observer {
	void *owner;
	void (*on_response)(void *owner, const char *method, const char *host, int status,
			    double seconds);
	void (*on_nodes)(void *owner, const char *trouble);
};

/**
 * object_source_open() - start to read; troubles are logged
 * @node_name:  whose Node is read from the API
 * @sink:       copied
 */
int object_source_open(struct ev_loop *loop, const struct options *options, const char *node_name,
		       const struct object_sink *sink,
		       const struct object_source_observer *observer, struct object_source **ret,
		       struct error *err);

/** object_source_close() - delivered objects stay with the sink; NULL is fine */
void object_source_close(struct object_source *source);

/** object_source_is_complete() - once it has synced: whether nothing may exist that is unknown */
bool object_source_is_complete(const struct object_source *source);

/** object_source_follow_options() - the limits for requests may be others than @before */
void object_source_follow_options(struct object_source *source, const struct options *options,
				  const struct options *before);

/** object_source_reload() - after SIGHUP: read manifests again; the API needs no such thing */
void object_source_reload(struct object_source *source);

/** object_source_list_nodes() - as kube_source_list_nodes() */
void object_source_list_nodes(struct object_source *source);

/** object_source_emit() - as kube_events_emit(); to nowhere without an API server */
void object_source_emit(struct object_source *source, const struct kube_event *event);

/** object_source_event_counts() - NULL without an API server */
const struct kube_events_counts *object_source_event_counts(const struct object_source *source);

/** object_source_effort() - what it took so far; valid until object_source_close() */
const struct source_effort *object_source_effort(const struct object_source *source);

/** object_source_description() - "manifests /etc/x", "API server https://10.0.0.1 (...)" */
const char *object_source_description(const struct object_source *source);

/** object_source_watches() - the state of each watch; Return: how many; manifests have none */
size_t object_source_watches(const struct object_source *source,
			     struct kube_source_watch ret[KUBE_SOURCE_WATCHES]);

/** object_source_certificate_expiry() - as kube_source_certificate_expiry(); 0 for manifests */
int64_t object_source_certificate_expiry(const struct object_source *source);

#endif
