/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_source.h"

#include "kube_config.h"
#include "kube_credentials.h"
#include "kube_events.h"
#include "kube_http.h"
#include "kube_other_nodes.h"
#include "kube_reflector.h"
#include "kube_text.h"
#include "lib/base/memory.h"

#include <string.h>

#define WATCH_SECONDS 300

/*
 * What kube-proxy asks for since Kubernetes 1.36, as its client escapes it: neither headless
 * Services nor those of another proxy, and no EndpointSlice of a headless Service. Source:
 * cmd/kube-proxy/app/server.go Run()
 */
#define SERVICES_SELECTOR                                                  \
	"fieldSelector=spec.clusterIP%21%3DNone&labelSelector=%21service." \
	"kubernetes.io%2Fservice-proxy-name"
#define SLICES_SELECTOR "labelSelector=%21service.kubernetes.io%2Fheadless"

/* One kind of object; @trouble: why it cannot be read at the moment, NULL if it can. */
struct part {
	const char *resource;
	struct kube_reflector *reflector;
	char *trouble;
	uint64_t interruptions;
};

struct kube_source {
	struct object_sink sink;
	void (*on_report)(void *owner, enum kube_report kind, const char *text);
	void (*on_response)(void *owner, const char *method, const char *host, int status,
			    double seconds);
	void *owner;
	struct kube_config *config;
	struct kube_credentials *credentials;
	struct kube_http *http;
	struct part parts[KUBE_SOURCE_WATCHES];
	struct kube_other_nodes *other_nodes; /* NULL: nobody wants them */
	void (*on_nodes)(void *owner, const char *trouble);
	struct kube_events *events;
	char *description;
};

static struct part *find_part(struct kube_source *source, const struct kube_reflector *reflector)
{
	for (size_t i = 0; i < COUNT(source->parts); i++)
		if (source->parts[i].reflector == reflector)
			return &source->parts[i];
	abort();
}

static bool is_known_trouble(const struct kube_source *source, const char *text)
{
	for (size_t i = 0; i < COUNT(source->parts); i++)
		if (string_equal(source->parts[i].trouble, text))
			return true;
	return false;
}

/* Events can wait for better times, and are no reason to tell of a trouble twice. */
static void hold_events(struct kube_source *source)
{
	bool is_held = false;

	for (size_t i = 0; i < COUNT(source->parts); i++)
		is_held |= source->parts[i].trouble ||
			   !kube_reflector_is_listed(source->parts[i].reflector);
	kube_events_hold(source->events, is_held);
}

/* Most troubles hit all parts alike, so each is told once. */
static void on_trouble(void *owner, struct kube_reflector *reflector, const char *text)
{
	struct kube_source *source = owner;
	struct part *part = find_part(source, reflector);
	auto_memory char *line = NULL;

	if (!part->trouble)
		part->interruptions++;
	if (!is_known_trouble(source, text)) {
		line = string_printf("%s: %s", source->description, text);
		source->on_report(source->owner, KUBE_REPORT_WARNING, line);
	}
	free(part->trouble);
	part->trouble = string_dup(text);
	hold_events(source);
}

static void on_fine(void *owner, struct kube_reflector *reflector)
{
	struct kube_source *source = owner;
	struct part *part = find_part(source, reflector);
	auto_memory char *line = NULL;

	free(take(&part->trouble));
	hold_events(source);
	for (size_t i = 0; i < COUNT(source->parts); i++)
		if (source->parts[i].trouble)
			return;
	line = string_printf("%s: works again", source->description);
	source->on_report(source->owner, KUBE_REPORT_INFO, line);
}

static void on_changed(void *owner)
{
	struct kube_source *source = owner;

	for (size_t i = 0; i < COUNT(source->parts); i++)
		if (!kube_reflector_is_listed(source->parts[i].reflector))
			return;
	hold_events(source);
	source->sink.synced(source->sink.owner);
}

static void on_event_trouble(void *owner, const char *text)
{
	struct kube_source *source = owner;
	auto_memory char *line = string_printf("%s: %s", source->description,
					       text ? text : "writing events works again");

	source->on_report(source->owner, text ? KUBE_REPORT_WARNING : KUBE_REPORT_INFO, line);
}

static void on_credentials_ready(void *owner, const struct error *err)
{
	struct kube_source *source = owner;

	for (size_t i = 0; i < COUNT(source->parts); i++)
		kube_reflector_credentials_ready(source->parts[i].reflector, err);
	if (source->other_nodes)
		kube_other_nodes_credentials_ready(source->other_nodes, err);
	kube_events_credentials_ready(source->events, err);
}

static void on_certificate(void *owner, bool is_expired, const char *text)
{
	struct kube_source *source = owner;
	auto_memory char *line = string_printf("%s: %s", source->description, text);

	source->on_report(source->owner, is_expired ? KUBE_REPORT_WARNING : KUBE_REPORT_INFO, line);
}

static void on_response(void *owner, const char *method, const char *host, int status,
			double seconds)
{
	struct kube_source *source = owner;

	if (source->on_response)
		source->on_response(source->owner, method, host, status, seconds);
}

static void start_part(struct kube_source *source, struct ev_loop *loop,
		       const struct kube_source_options *source_options, size_t index,
		       enum object_kind kind, const char *path, const char *selector)
{
	const struct kube_reflector_options options = {
		.kind = kind,
		.path = path,
		.selector = selector,
		.watch_seconds = WATCH_SECONDS,
		.listing = source_options->listing,
		.encoding = source_options->encoding,
		.http = source->http,
		.credentials = source->credentials,
		.sink = &source->sink,
		.on_changed = on_changed,
		.on_trouble = on_trouble,
		.on_fine = on_fine,
		.owner = source,
	};

	source->parts[index].resource = strrchr(path, '/') + 1;
	source->parts[index].reflector = kube_reflector_new(loop, &options);
}

static void on_nodes_listed(void *owner)
{
	struct kube_source *source = owner;

	source->on_nodes(source->owner, NULL);
	on_changed(source);
}

static void on_nodes_trouble(void *owner, const char *text)
{
	struct kube_source *source = owner;

	source->on_nodes(source->owner, text);
}

static void start_other_nodes(struct kube_source *source, struct ev_loop *loop,
			      const struct kube_source_options *source_options)
{
	const struct kube_other_nodes_options options = {
		.own_name = source_options->node_name,
		.is_watched = source_options->other_nodes == KUBE_NODES_WATCHED,
		.page_size = source_options->listing.page_size,
		.encoding = source_options->encoding,
		.http = source->http,
		.credentials = source->credentials,
		.sink = &source->sink,
		.on_listed = on_nodes_listed,
		.on_trouble = on_nodes_trouble,
		.owner = source,
	};

	source->on_nodes = source_options->on_nodes;
	if (source_options->on_nodes && source_options->other_nodes != KUBE_NODES_OFF)
		source->other_nodes = kube_other_nodes_new(loop, &options);
}

static void start_events(struct kube_source *source, struct ev_loop *loop,
			 const struct kube_event_reporter *reporter)
{
	const struct kube_events_options options = {
		.http = source->http,
		.credentials = source->credentials,
		.reporter = *reporter,
		.pace = &kube_events_default_pace,
		.on_trouble = on_event_trouble,
		.owner = source,
	};

	source->events = kube_events_new(loop, &options);
}

static void warn(struct kube_source *source)
{
	auto_memory char *line = NULL;

	if (!source->config->is_insecure)
		return;
	line = string_printf(
		"%s: its certificate is not verified (insecure-skip-tls-verify); a man in the middle can read and change everything",
		source->description);
	source->on_report(source->owner, KUBE_REPORT_WARNING, line);
}

int kube_source_open(struct ev_loop *loop, const struct kube_source_options *options,
		     struct kube_source **ret, struct error *err)
{
	const struct kube_config_place place = {
		.kubeconfig = options->kubeconfig,
		.master = options->master,
		.service_account = KUBE_CONFIG_SERVICE_ACCOUNT,
	};
	auto_memory char *escaped = kube_text_escape(options->node_name);
	auto_memory char *own_node = string_printf("fieldSelector=metadata.name%%3D%s", escaped);
	struct kube_config *config = NULL;
	struct kube_source *source;
	int r = kube_config_load(&place, &config, err);

	if (r < 0)
		return r;
	source = memory_allocate(sizeof(*source));
	source->sink = options->sink;
	source->on_report = options->on_report;
	source->on_response = options->on_response;
	source->owner = options->owner;
	source->config = config;
	source->description = string_printf("API server %s (%s)", config->server, config->origin);
	source->credentials = kube_credentials_new(loop, config, on_credentials_ready, source);
	kube_credentials_watch_certificate(source->credentials, on_certificate);
	source->http = kube_http_new(loop, on_response, source);
	kube_http_limit(source->http, options->requests_per_second, options->burst);
	warn(source);
	start_events(source, loop, &options->reporter);
	start_part(source, loop, options, 0, OBJECT_KIND_SERVICE, "/api/v1/services",
		   SERVICES_SELECTOR);
	start_part(source, loop, options, 1, OBJECT_KIND_ENDPOINT_SLICE,
		   "/apis/discovery.k8s.io/v1/endpointslices", SLICES_SELECTOR);
	start_part(source, loop, options, 2, OBJECT_KIND_NODE, "/api/v1/nodes", own_node);
	start_other_nodes(source, loop, options);
	*ret = source;
	return 0;
}

void kube_source_close(struct kube_source *source)
{
	if (!source)
		return;
	kube_events_free(source->events);
	kube_other_nodes_free(source->other_nodes);
	for (size_t i = 0; i < COUNT(source->parts); i++) {
		kube_reflector_free(source->parts[i].reflector);
		free(source->parts[i].trouble);
	}
	kube_http_free(source->http);
	kube_credentials_free(source->credentials);
	kube_config_free(source->config);
	free(source->description);
	free(source);
}

void kube_source_limit(struct kube_source *source, double per_second, int burst)
{
	kube_http_limit(source->http, per_second, burst);
}

void kube_source_list_nodes(struct kube_source *source)
{
	if (source->other_nodes)
		kube_other_nodes_list(source->other_nodes);
}

void kube_source_emit(struct kube_source *source, const struct kube_event *event)
{
	kube_events_emit(source->events, event);
}

const struct kube_events_counts *kube_source_event_counts(const struct kube_source *source)
{
	return kube_events_counts(source->events);
}

const char *kube_source_description(const struct kube_source *source)
{
	return source->description;
}

const struct source_effort *kube_source_effort(const struct kube_source *source)
{
	return kube_http_effort(source->http);
}

void kube_source_watches(const struct kube_source *source,
			 struct kube_source_watch ret[KUBE_SOURCE_WATCHES])
{
	for (size_t i = 0; i < COUNT(source->parts); i++) {
		const struct part *part = &source->parts[i];

		ret[i] = (struct kube_source_watch){
			.resource = part->resource,
			.is_current = !part->trouble && kube_reflector_is_listed(part->reflector),
			.interruptions = part->interruptions};
	}
}

int64_t kube_source_certificate_expiry(const struct kube_source *source)
{
	return kube_credentials_certificate_expiry(source->credentials);
}
