/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "manifest_intake.h"

#include "agent/input/object_source.h"
#include "lib/base/log.h"

#include <errno.h>
#include <string.h>

struct intake {
	struct ev_loop *loop;
	struct store *store;
	struct node_state *node;
	size_t error_count;
};

static void on_service_set(void *owner, struct service *service)
{
	store_set_service(((struct intake *)owner)->store, service);
}

static void on_endpoint_slice_set(void *owner, struct endpoint_slice *slice)
{
	store_set_endpoint_slice(((struct intake *)owner)->store, slice);
}

static void on_node_set(void *owner, struct node *node)
{
	node_state_set_node(((struct intake *)owner)->node, node);
}

/* Files that change while they are read may take something back. */
static void on_service_removed(void *owner, const char *namespace_name, const char *name)
{
	store_remove_service(((struct intake *)owner)->store, namespace_name, name);
}

static void on_endpoint_slice_removed(void *owner, const char *namespace_name, const char *name)
{
	store_remove_endpoint_slice(((struct intake *)owner)->store, namespace_name, name);
}

static void on_node_removed(void *owner, const char *name)
{
	node_state_remove_node(((struct intake *)owner)->node, name);
}

static void on_rejected(void *owner, const struct rejection *rejection)
{
	struct intake *intake = owner;
	auto_memory char *object = NULL;

	if (!rejection->reason)
		return;
	object = rejection_object(rejection);
	/* What part of a file cannot even be named might matter. */
	if (rejection->is_partial && strcmp(rejection->kind, "file") != 0) {
		log_about(LOG_LEVEL_WARNING, rejection->kind, object,
			  "%s; leaving that out and using the rest", rejection->reason);
		return;
	}
	log_about(LOG_LEVEL_ERROR, rejection->kind, object, "%s", rejection->reason);
	intake->error_count++;
}

static void on_synced(void *owner)
{
	ev_break(((struct intake *)owner)->loop, EVBREAK_ALL);
}

static int read_all(struct intake *intake, const struct options *options,
		    struct string_pool *strings, struct error *err)
{
	const struct object_source_observer observer = {0};
	const struct object_sink sink = {
		.owner = intake,
		.strings = strings,
		.service_set = on_service_set,
		.service_removed = on_service_removed,
		.endpoint_slice_set = on_endpoint_slice_set,
		.endpoint_slice_removed = on_endpoint_slice_removed,
		.node_set = on_node_set,
		.node_removed = on_node_removed,
		.rejected = on_rejected,
		.synced = on_synced,
	};
	struct object_source *source;
	bool is_complete;
	int r = object_source_open(intake->loop, options, node_state_name(intake->node), &sink,
				   &observer, &source, err);

	if (r < 0)
		return r;
	ev_run(intake->loop, 0);
	is_complete = object_source_is_complete(source);
	object_source_close(source);
	if (intake->error_count)
		return error_set(err, -EBADMSG,
				 "the manifests have %zu error%s, so there is no plan",
				 intake->error_count, intake->error_count == 1 ? "" : "s");
	/* An agent tries again what nobody is told of. */
	if (!is_complete)
		return error_set(err, -EAGAIN,
				 "a manifest is still being written, so there is no plan");
	return 0;
}

int manifest_intake_read(const struct options *options, struct string_pool *strings,
			 struct store *store, struct node_state *node, struct error *err)
{
	struct intake intake = {.loop = ev_loop_new(EVFLAG_AUTO), .store = store, .node = node};
	int r;

	if (!intake.loop)
		return error_set(err, -EIO, "creating the event loop failed (libev)");
	r = read_all(&intake, options, strings, err);
	ev_loop_destroy(intake.loop);
	return r;
}
