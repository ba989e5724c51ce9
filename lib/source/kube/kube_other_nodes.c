/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_other_nodes.h"

#include "lib/base/memory.h"

#include <string.h>

#define WATCH_SECONDS 300

struct kube_other_nodes {
	struct kube_other_nodes_options options;
	char *own_name;
	struct object_sink sink; /* what the reflector delivers to */
	struct kube_reflector *reflector;
};

static void on_node_set(void *owner, struct node *node)
{
	struct kube_other_nodes *nodes = owner;

	if (strcmp(node->name, nodes->own_name) == 0)
		node_free(node);
	else
		nodes->options.sink->node_set(nodes->options.sink->owner, node);
}

static void on_node_removed(void *owner, const char *name)
{
	struct kube_other_nodes *nodes = owner;

	if (strcmp(name, nodes->own_name) != 0)
		nodes->options.sink->node_removed(nodes->options.sink->owner, name);
}

static void on_rejected(void *owner, const struct rejection *rejection)
{
	(void)owner;
	(void)rejection;
}

static void on_changed(void *owner)
{
	struct kube_other_nodes *nodes = owner;

	nodes->options.on_listed(nodes->options.owner);
}

static void on_trouble(void *owner, struct kube_reflector *reflector, const char *text)
{
	struct kube_other_nodes *nodes = owner;

	(void)reflector;
	nodes->options.on_trouble(nodes->options.owner, text);
}

static void on_fine(void *owner, struct kube_reflector *reflector)
{
	(void)owner;
	(void)reflector;
}

struct kube_other_nodes *kube_other_nodes_new(struct ev_loop *loop,
					      const struct kube_other_nodes_options *options)
{
	struct kube_other_nodes *nodes = memory_allocate(sizeof(*nodes));
	const struct kube_reflector_options reflector = {
		.kind = OBJECT_KIND_NODE,
		.path = "/api/v1/nodes",
		.selector = "labelSelector=",
		.watch_seconds = options->is_watched ? WATCH_SECONDS : 0,
		.listing = {.page_size = options->page_size},
		.encoding = options->encoding,
		.http = options->http,
		.credentials = options->credentials,
		.sink = &nodes->sink,
		.on_changed = on_changed,
		.on_trouble = on_trouble,
		.on_fine = on_fine,
		.owner = nodes,
	};

	nodes->options = *options;
	nodes->own_name = string_dup(options->own_name);
	nodes->sink = (struct object_sink){
		.owner = nodes,
		.strings = options->sink->strings,
		.node_set = on_node_set,
		.node_removed = on_node_removed,
		.rejected = on_rejected,
	};
	nodes->reflector = kube_reflector_new(loop, &reflector);
	return nodes;
}

void kube_other_nodes_free(struct kube_other_nodes *nodes)
{
	if (!nodes)
		return;
	kube_reflector_free(nodes->reflector);
	free(nodes->own_name);
	free(nodes);
}

void kube_other_nodes_list(struct kube_other_nodes *nodes)
{
	if (!nodes->options.is_watched)
		kube_reflector_list(nodes->reflector);
}

void kube_other_nodes_credentials_ready(struct kube_other_nodes *nodes, const struct error *err)
{
	kube_reflector_credentials_ready(nodes->reflector, err);
}
