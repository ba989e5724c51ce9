/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "object_source.h"

#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/source/manifests.h"

#include <unistd.h>

/* Events are found by it, so it is kube-proxy's. */
#define REPORTING_CONTROLLER "kube-proxy"

/* One of @manifests and @kube. */
struct object_source {
	struct manifests *manifests;
	struct kube_source *kube;
	char *description;
};

static void on_ignored(void *owner, const char *path, const char *kind, const char *name)
{
	(void)owner;
	log_debug("%s: ignoring %s %s: not a kind that the agent reads", path, kind, name);
}

static void on_report(void *owner, enum kube_report kind, const char *text)
{
	(void)owner;
	switch (kind) {
	case KUBE_REPORT_WARNING:
		log_warning("%s", text);
		return;
	case KUBE_REPORT_INFO:
		log_info("%s", text);
		return;
	}
}

static int open_manifests(struct object_source *source, struct ev_loop *loop,
			  const struct options *options, const struct object_sink *sink,
			  struct error *err)
{
	const struct manifests_options manifests = {
		.paths = (const char *const *)options->manifests.items,
		.path_count = options->manifests.count,
		.on_ignored = on_ignored,
		.sink = *sink,
	};

	source->description = string_printf("manifests %s%s", options->manifests.items[0],
					    options->manifests.count > 1 ? ", ..." : "");
	return manifests_open(loop, &manifests, &source->manifests, err);
}

static int open_kube(struct object_source *source, struct ev_loop *loop,
		     const struct options *options, const char *node_name,
		     const struct object_sink *sink, const struct object_source_observer *observer,
		     struct error *err)
{
	char host[256] = "";
	auto_memory char *instance = NULL;
	struct kube_source_options kube = {
		.kubeconfig = options->client.kubeconfig,
		.master = options->client.master,
		.node_name = node_name,
		.requests_per_second = options->client.requests_per_second,
		.burst = options->client.burst,
		.listing = {.page_size = options->client.page_size,
			    .is_streamed = options->client.streaming_lists,
			    .is_compressed = options->client.compression},
		.encoding = kube_encoding_wanted(options->client.content_type,
						 options->client.accept_content_types),
		.sink = *sink,
		.on_report = on_report,
		.other_nodes = options->other_nodes,
		.on_nodes = observer->on_nodes,
		.on_response = observer->on_response,
		.owner = observer->owner,
	};
	int r;

	/* Of the host, whatever the Node is called: so does client-go. */
	gethostname(host, sizeof(host) - 1);
	instance = string_printf(REPORTING_CONTROLLER "-%s", host);
	kube.reporter = (struct kube_event_reporter){REPORTING_CONTROLLER, instance};
	r = kube_source_open(loop, &kube, &source->kube, err);
	if (r >= 0)
		source->description = string_dup(kube_source_description(source->kube));
	return r;
}

int object_source_open(struct ev_loop *loop, const struct options *options, const char *node_name,
		       const struct object_sink *sink,
		       const struct object_source_observer *observer, struct object_source **ret,
		       struct error *err)
{
	struct object_source *source = memory_allocate(sizeof(*source));
	int r = options->manifests.count
			? open_manifests(source, loop, options, sink, err)
			: open_kube(source, loop, options, node_name, sink, observer, err);

	if (r < 0) {
		object_source_close(source);
		return r;
	}
	*ret = source;
	return 0;
}

void object_source_close(struct object_source *source)
{
	if (!source)
		return;
	manifests_close(source->manifests);
	kube_source_close(source->kube);
	free(source->description);
	free(source);
}

bool object_source_is_complete(const struct object_source *source)
{
	return !source->manifests || manifests_is_complete(source->manifests);
}

void object_source_follow_options(struct object_source *source, const struct options *options,
				  const struct options *before)
{
	const struct client_options *now = &options->client, *then = &before->client;
	bool is_same = now->burst == then->burst &&
		       !(now->requests_per_second < then->requests_per_second) &&
		       !(now->requests_per_second > then->requests_per_second);

	/* A new limit begins with all of its burst, so it is not set without need. */
	if (source->kube && !is_same)
		kube_source_limit(source->kube, now->requests_per_second, now->burst);
}

void object_source_reload(struct object_source *source)
{
	if (!source->manifests)
		return;
	log_info("reloading the manifests");
	manifests_reload(source->manifests);
}

void object_source_list_nodes(struct object_source *source)
{
	if (source->kube)
		kube_source_list_nodes(source->kube);
}

void object_source_emit(struct object_source *source, const struct kube_event *event)
{
	if (source->kube)
		kube_source_emit(source->kube, event);
}

const struct kube_events_counts *object_source_event_counts(const struct object_source *source)
{
	return source->kube ? kube_source_event_counts(source->kube) : NULL;
}

const char *object_source_description(const struct object_source *source)
{
	return source->description;
}

const struct source_effort *object_source_effort(const struct object_source *source)
{
	return source->manifests ? manifests_effort(source->manifests)
				 : kube_source_effort(source->kube);
}

size_t object_source_watches(const struct object_source *source,
			     struct kube_source_watch ret[KUBE_SOURCE_WATCHES])
{
	if (!source->kube)
		return 0;
	kube_source_watches(source->kube, ret);
	return KUBE_SOURCE_WATCHES;
}

int64_t object_source_certificate_expiry(const struct object_source *source)
{
	return source->kube ? kube_source_certificate_expiry(source->kube) : 0;
}
