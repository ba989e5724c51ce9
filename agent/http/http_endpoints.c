/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http_endpoints.h"

#include "agent/page/pages.h"
#include "agent/settings/kube_proxy_config.h"
#include "agent/settings/settings_log.h"
#include "health_answer.h"
#include "lib/base/clock.h"
#include "lib/base/listen_retry.h"
#include "lib/base/log.h"
#include "lib/http/http_server.h"
#include "metric_table.h"
#include "process_usage.h"
#include "zpages.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define RETRY_SECONDS 5.0
#define PAGE_SECONDS  0.004

/* An address to listen at, and what is answered there. */
struct http_endpoint_port {
	const char *what;
	enum event_kind failure;
	struct listen_address at;
	void (*handler)(void *owner, const struct http_request *request, struct http_reply *reply);
	void (*put_handler)(void *owner, const struct http_request *request,
			    struct http_reply *reply);
	struct http_server *server; /* NULL while @refusal, a negative errno, keeps it away */
	int refusal;
};

struct http_endpoints {
	struct ev_loop *loop;
	struct http_endpoints_sources sources;
	struct http_endpoint_port ports[2];
	struct listen_retry retry;
	uint16_t health_port;			  /* that @sources.listens knows of */
	double started;				  /* of clock_now() */
	double started_at;			  /* seconds since 1970 */
	double process_started;			  /* seconds since 1970 */
	struct metrics *checks;			  /* of /metrics/slis */
	struct metric *of[CHECK_METRIC_ID_COUNT]; /* NULL: the release does not have it */
};

char *http_endpoints_configuration_text(const struct options *options)
{
	json_t *all = json_object();
	char *text;

	json_object_set_new(all, "kubeproxy.config.k8s.io", kube_proxy_config_json(options));
	text = json_dumps(all, JSON_COMPACT);
	json_decref(all);
	return text;
}

static void set_reply(struct http_reply *reply, unsigned int status, const char *content_type,
		      char *body)
{
	reply->status = status;
	reply->body = body;
	reply->headers[0].name = "Content-Type";
	reply->headers[0].value = string_dup(content_type);
}

static void forbid_sniffing(struct http_reply *reply)
{
	reply->headers[1].name = "X-Content-Type-Options";
	reply->headers[1].value = string_dup("nosniff");
}

static void set_text(struct http_reply *reply, unsigned int status, const char *body)
{
	set_reply(reply, status, "text/plain; charset=utf-8", string_dup(body));
	forbid_sniffing(reply);
}

/* In seconds, whatever the time of day has been set to. */
static double age(const struct http_endpoints *endpoints)
{
	return clock_now() - endpoints->started;
}

static void answer_health(void *owner, const struct http_request *request, struct http_reply *reply)
{
	const struct http_endpoints *endpoints = owner;
	const struct health_time time = {
		.now = clock_milliseconds(), .wall = ev_time(), .age = age(endpoints)};
	bool is_liveness = strcmp(request->path, "/livez") == 0;
	unsigned int status;
	char *body;

	if (!is_liveness && strcmp(request->path, "/healthz") != 0) {
		set_text(reply, 404, "404 page not found\n");
		return;
	}
	body = health_answer_text(endpoints->sources.health,
				  endpoints->sources.options->kube_proxy_compat, is_liveness, &time,
				  &status);
	set_reply(reply, status, "application/json", body);
	forbid_sniffing(reply);
	proxy_metrics_probe(endpoints->sources.metrics, is_liveness, status);
}

static bool is_like_1_32(const struct http_endpoints *endpoints)
{
	return endpoints->sources.options->kube_proxy_compat == KUBE_PROXY_RELEASE_1_32;
}

/* All our names can do without an escape, which Prometheus 3 may ask for and is told of. */
static void set_metrics(const struct http_endpoints *endpoints, struct http_reply *reply,
			enum metrics_format format, char *text)
{
	auto_memory char *type =
		string_printf("%s%s", metrics_content_type(format),
			      is_like_1_32(endpoints) ? "" : "; escaping=underscores");

	set_reply(reply, 200, type, text);
}

static void answer_metrics(const struct http_endpoints *endpoints, const char *accept,
			   struct http_reply *reply)
{
	const struct http_endpoints_sources *sources = &endpoints->sources;
	enum metrics_format format = metrics_format_accepted(accept);

	set_metrics(endpoints, reply, format,
		    proxy_metrics_text(sources->metrics, &sources->looked_up, format));
}

/* Only what /healthz was asked is counted, and the one check there is always succeeds. */
static void answer_ping(const struct http_endpoints *endpoints, bool is_verbose,
			struct http_reply *reply)
{
	static const char *const last_values[] = {"ping", "healthz"};
	static const char *const values[] = {"ping", "success", "healthz"};

	metric_set(endpoints->of[CHECK_METRIC_ID_LAST_RESULT], last_values, 1);
	metric_increase(endpoints->of[CHECK_METRIC_ID_RESULTS], values, 1);
	set_text(reply, 200, is_verbose ? "[+]ping ok\nhealthz check passed\n" : "ok");
}

static void answer_checks(const struct http_endpoints *endpoints, const char *accept,
			  struct http_reply *reply)
{
	enum metrics_format format = metrics_format_accepted(accept);

	set_metrics(endpoints, reply, format, metrics_text(endpoints->checks, format));
	if (is_like_1_32(endpoints))
		return;
	reply->headers[1].name = "Process-Start-Time-Unix";
	reply->headers[1].value = string_printf("%.0f", floor(endpoints->process_started));
}

/* Neither page tells browsers not to guess what it is, as kube-proxy's do not. */
static void answer_zpage(const struct http_endpoints *endpoints, const struct http_request *request,
			 struct http_reply *reply)
{
	bool is_status = strcmp(request->path, "/statusz") == 0;

	if (!zpages_is_accepted(request->accept)) {
		set_text(reply, 406, "media type not acceptable, must be: text/plain\n");
		return;
	}
	set_reply(reply, 200, "text/plain; charset=utf-8",
		  is_status ? zpages_status_text(endpoints->process_started,
						 endpoints->started_at + age(endpoints))
			    : zpages_flags_text(endpoints->sources.options));
}

/* Return: whether there is such a page; it shows names and texts that others chose */
static bool answer_page(const struct http_endpoints *endpoints, const struct http_request *request,
			struct http_reply *reply)
{
	const struct page_request page = {.path = request->path,
					  .wanted = http_request_argument(request, "name"),
					  .after = http_request_argument(request, "after"),
					  .seconds = PAGE_SECONDS};
	char *text = NULL;

	if (endpoints->sources.options->status_page)
		text = pages_text(endpoints->sources.looked_up.status, &page);
	if (!text)
		return false;
	set_reply(reply, 200, "text/html; charset=utf-8", text);
	forbid_sniffing(reply);
	reply->headers[2].name = "Content-Security-Policy";
	reply->headers[2].value =
		string_dup("default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
			   "base-uri 'none'; frame-ancestors 'none'");
	reply->headers[3].name = "Cache-Control";
	reply->headers[3].value = string_dup("no-store");
	return true;
}

static bool is_zpage(const struct http_endpoints *endpoints, const char *path)
{
	return !is_like_1_32(endpoints) &&
	       (strcmp(path, "/statusz") == 0 || strcmp(path, "/flagz") == 0);
}

static void answer_operator(void *owner, const struct http_request *request,
			    struct http_reply *reply)
{
	const struct http_endpoints *endpoints = owner;
	const char *path = request->path;

	if (strcmp(path, "/metrics") == 0) {
		answer_metrics(endpoints, request->accept, reply);
	} else if (strcmp(path, "/metrics/slis") == 0) {
		answer_checks(endpoints, request->accept, reply);
	} else if (strcmp(path, "/healthz") == 0) {
		answer_ping(endpoints, request->is_verbose, reply);
	} else if (strcmp(path, "/healthz/ping") == 0) {
		set_text(reply, 200, "ok");
	} else if (strcmp(path, "/proxyMode") == 0) {
		set_text(reply, 200, "ipvs");
	} else if (strcmp(path, "/configz") == 0) {
		set_reply(reply, 200, "application/json",
			  http_endpoints_configuration_text(endpoints->sources.options));
		forbid_sniffing(reply);
	} else if (is_zpage(endpoints, path)) {
		answer_zpage(endpoints, request, reply);
	} else if (!answer_page(endpoints, request, reply)) {
		set_text(reply, 404, "404 page not found\n");
	}
}

/*
 * As k8s.io/apiserver's routes.DebugFlags with the setter of k8s.io/component-base/logs, which a
 * Kubernetes component serves where profiling is enabled.
 */
static void answer_put(void *owner, const struct http_request *request, struct http_reply *reply)
{
	const struct http_endpoints *endpoints = owner;
	auto_memory char *text = NULL;
	char *end;
	long verbosity;

	if (!endpoints->sources.options->profiling ||
	    strcmp(request->path, "/debug/flags/v") != 0) {
		set_text(reply, 405, "405 method not allowed\n");
		return;
	}
	errno = 0;
	verbosity = strtol(request->body, &end, 10);
	if (errno || end == request->body || *end || verbosity < INT32_MIN ||
	    verbosity > INT32_MAX) {
		text = string_printf("failed set klog.logging.verbosity %s: not a 32-bit number",
				     request->body);
		set_text(reply, 400, text);
		return;
	}
	settings_log_set_verbosity((int)verbosity);
	log_warning(
		"log level set to %ld by PUT /debug/flags/v, until the settings change or the agent restarts",
		verbosity);
	text = string_printf("successfully set klog.logging.verbosity to %s", request->body);
	set_text(reply, 200, text);
}

static int listen_at(struct http_endpoints *endpoints, struct http_endpoint_port *port,
		     struct error *err)
{
	struct address address = port->at.address;
	int r;

	if (!port->at.port || port->server)
		return 0;
	/* As Go does it: no matter of which family the unspecified address is. */
	if (address_is_unspecified(&address))
		memset(&address, 0, sizeof(address));
	r = http_server_open(endpoints->loop, endpoints->sources.clients, &address, port->at.port,
			     port->handler, endpoints, &port->server, err);
	if (r < 0)
		return error_wrap(err, r, "%s", port->what);
	if (port->put_handler)
		http_server_set_put_handler(port->server, port->put_handler);
	return 0;
}

/* A port that is not ours, or not on all addresses, is of no use to a load balancer. */
static void tell_health_port(struct http_endpoints *endpoints)
{
	const struct http_endpoint_port *health = &endpoints->ports[0];
	bool is_everywhere = health->server && address_is_unspecified(&health->at.address);
	uint16_t port = is_everywhere ? health->at.port : 0;

	if (port == endpoints->health_port)
		return;
	endpoints->health_port = port;
	if (endpoints->sources.listens)
		endpoints->sources.listens(endpoints->sources.owner, port);
}

static void listen_or_retry(struct http_endpoints *endpoints)
{
	for (size_t i = 0; i < COUNT(endpoints->ports); i++) {
		struct http_endpoint_port *port = &endpoints->ports[i];
		struct error err = {0};
		int r = listen_at(endpoints, port, &err);

		switch (listen_retry_note(&endpoints->retry, &port->refusal, r)) {
		case LISTEN_NEWS_FAILED:
			log_warning("%s; retrying every %.0f s", err.text, RETRY_SECONDS);
			events_emit(endpoints->sources.events, port->failure, "%s", err.text);
			break;
		case LISTEN_NEWS_LISTENS:
			log_info("%s: now listening", port->what);
			break;
		case LISTEN_NEWS_NONE:
			break;
		}
	}
	tell_health_port(endpoints);
}

static void on_retry(void *owner)
{
	listen_or_retry(owner);
}

static void create_checks(struct http_endpoints *endpoints)
{
	struct metric *start_time;
	struct process_usage usage;

	endpoints->checks = metrics_new();
	for (int i = 0; i < CHECK_METRIC_ID_COUNT; i++) {
		const struct metric_description *description = metric_table_check(
			endpoints->sources.options->kube_proxy_compat, (enum check_metric_id)i);

		if (description)
			endpoints->of[i] = metrics_add(endpoints->checks, description);
	}
	process_usage_read(&usage);
	endpoints->process_started = usage.start_seconds;
	start_time = endpoints->of[CHECK_METRIC_ID_START_TIME];
	if (start_time)
		metric_set(start_time, NULL, usage.start_seconds);
}

int http_endpoints_open(struct ev_loop *loop, const struct http_endpoints_sources *sources,
			struct http_endpoints **ret, struct error *err)
{
	struct http_endpoints *endpoints = memory_allocate(sizeof(*endpoints));

	endpoints->loop = loop;
	endpoints->sources = *sources;
	endpoints->started = clock_now();
	endpoints->started_at = ev_time();
	create_checks(endpoints);
	endpoints->ports[0] = (struct http_endpoint_port){.what = "--healthz-bind-address",
							  .failure = EVENT_KIND_HEALTHZ,
							  .at = sources->options->healthz,
							  .handler = answer_health};
	endpoints->ports[1] = (struct http_endpoint_port){.what = "--metrics-bind-address",
							  .failure = EVENT_KIND_METRICS,
							  .at = sources->options->metrics,
							  .handler = answer_operator,
							  .put_handler = answer_put};
	listen_retry_init(&endpoints->retry, loop, RETRY_SECONDS, on_retry, endpoints);
	for (size_t i = 0; sources->options->bind_address_hard_fail && i < COUNT(endpoints->ports);
	     i++) {
		int r = listen_at(endpoints, &endpoints->ports[i], err);

		if (r < 0) {
			http_endpoints_close(endpoints);
			return r;
		}
	}
	listen_or_retry(endpoints);
	*ret = endpoints;
	return 0;
}

static void move(struct http_endpoint_port *port, const struct listen_address *at)
{
	if (port->at.port == at->port && address_is_equal(&port->at.address, &at->address))
		return;
	http_server_close(take(&port->server));
	port->at = *at;
	port->refusal = 0;
}

void http_endpoints_follow_options(struct http_endpoints *endpoints)
{
	move(&endpoints->ports[0], &endpoints->sources.options->healthz);
	move(&endpoints->ports[1], &endpoints->sources.options->metrics);
	listen_retry_stop(&endpoints->retry);
	listen_or_retry(endpoints);
}

void http_endpoints_close(struct http_endpoints *endpoints)
{
	if (!endpoints)
		return;
	listen_retry_stop(&endpoints->retry);
	for (size_t i = 0; i < COUNT(endpoints->ports); i++)
		http_server_close(endpoints->ports[i].server);
	metrics_free(endpoints->checks);
	free(endpoints);
}
