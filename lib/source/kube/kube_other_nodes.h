/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_OTHER_NODES_H
#define SOURCE_KUBE_OTHER_NODES_H

#include "kube_credentials.h"
#include "kube_encoding.h"
#include "kube_http.h"
#include "kube_reflector.h"
#include "lib/objects/object_sink.h"

#include <ev.h>
#include <stdbool.h>

/**
 * struct kube_other_nodes - all Nodes but this node's own, listed when somebody asks, or watched
 *
 * With thousands of nodes that is most of what a proxy could ask an API server for, and hardly ever
 * needed. What is wrong with a Node is not told: it is its own node's concern.
 */
struct kube_other_nodes;

/**
 * struct kube_other_nodes_options
 * @own_name:    whose Node is left out
 * @is_watched:  listed at once, and followed; else nothing is asked for before somebody asks
 * @page_size:   as of struct kube_listing
 * @sink:        gets Nodes; outlives this
 * @on_listed:   the sink has all Nodes as they are now; in a watch, after each change
 * @on_trouble:  they cannot be listed at the moment, one line
 * @owner:       first argument of both
 */
struct kube_other_nodes_options {
	const char *own_name;
	bool is_watched;
	int page_size;
	enum kube_encoding encoding;
	struct kube_http *http;
	struct kube_credentials *credentials;
	const struct object_sink *sink;
	void (*on_listed)(void *owner);
	void (*on_trouble)(void *owner, const char *text);
	void *owner;
};

struct kube_other_nodes *kube_other_nodes_new(struct ev_loop *loop,
					      const struct kube_other_nodes_options *options);
void kube_other_nodes_free(struct kube_other_nodes *nodes);

/** kube_other_nodes_list() - ask for all of them once more, unless they are watched */
void kube_other_nodes_list(struct kube_other_nodes *nodes);

/** kube_other_nodes_credentials_ready() - as that of the reflector */
void kube_other_nodes_credentials_ready(struct kube_other_nodes *nodes, const struct error *err);

#endif
