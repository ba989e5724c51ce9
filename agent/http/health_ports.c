/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health_ports.h"

#include "lib/base/clock.h"
#include "lib/base/listen_retry.h"
#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/http/http_server.h"
#include "lib/objects/service_key.h"

#include <string.h>
#include <sys/socket.h>
#include <uthash.h>

/* @server: NULL while @failure, a negative errno, keeps it from being listened on */
struct listener {
	struct http_server *server;
	int failure;
};

struct health_port {
	UT_hash_handle hh;
	struct health_ports *owner;
	struct listener *listeners; /* one per address */
	size_t listener_count;
	uint32_t count;
	uint16_t port;
	char key[];
};

struct health_ports {
	struct http_clients *clients;
	const struct proxy_health *health;
	struct events *events;
	const char *node_name;
	struct ev_loop *loop;
	struct health_port *services;
	struct address *addresses;
	size_t address_count;
	struct listen_retry retry;
};

static void answer(void *owner, const struct http_request *request, struct http_reply *reply)
{
	const struct health_port *service = owner;
	auto_memory char *namespace_name = service_key_namespace(service->key);
	bool is_healthy =
		proxy_health_is_healthy(service->owner->health, clock_milliseconds(), NULL);

	/* Whatever the path: load balancers of all kinds ask for different ones. */
	(void)request;
	reply->status = service->count && is_healthy ? 200 : 503;
	reply->headers[0].name = "Content-Type";
	reply->headers[0].value = string_dup("application/json");
	reply->headers[1].name = "X-Content-Type-Options";
	reply->headers[1].value = string_dup("nosniff");
	reply->headers[2].name = "X-Load-Balancing-Endpoint-Weight";
	reply->headers[2].value = string_printf("%u", service->count);
	reply->body = string_printf("{\n"
				    "\t\"service\": {\n"
				    "\t\t\"namespace\": \"%s\",\n"
				    "\t\t\"name\": \"%s\"\n"
				    "\t},\n"
				    "\t\"localEndpoints\": %u,\n"
				    "\t\"serviceProxyHealthy\": %s\n"
				    "}",
				    namespace_name, service_key_name(service->key), service->count,
				    is_healthy ? "true" : "false");
}

static void stop_listening(struct health_port *service)
{
	for (size_t i = 0; i < service->listener_count; i++)
		http_server_close(service->listeners[i].server);
	free(take(&service->listeners));
	service->listener_count = 0;
}

/* The event is kube-proxy's, which takes the key for the UID. */
static void tell_event(const struct health_port *service, const struct error *err)
{
	const struct health_ports *ports = service->owner;
	auto_memory char *space = service_key_namespace(service->key);
	const struct kube_event_object object = {.kind = "Service",
						 .namespace_name = space,
						 .name = service_key_name(service->key),
						 .uid = service->key};

	events_emit_about(ports->events, EVENT_KIND_HEALTH_CHECK, &object, NULL,
			  "node %s failed to start healthcheck \"%s\" on port %u: %s",
			  ports->node_name, service->key, service->port, err->text);
}

static void tell_news(const struct health_port *service, enum listen_news news,
		      const struct address *address, const struct error *err)
{
	char text[ADDRESS_TEXT_SIZE];

	switch (news) {
	case LISTEN_NEWS_FAILED:
		log_about(LOG_LEVEL_WARNING, "Service", service->key,
			  "health check port: %s; retrying every %.0f s", err->text,
			  service->owner->retry.seconds);
		break;
	case LISTEN_NEWS_LISTENS:
		log_about(LOG_LEVEL_INFO, "Service", service->key,
			  "health check port: now listening on %s",
			  address_port_text(address, service->port, text));
		break;
	case LISTEN_NEWS_NONE:
		break;
	}
}

/* Events are counted, so each try is one; the log has a line when something changes. */
static void listen_on(struct health_port *service, struct listener *listener,
		      const struct address *address)
{
	struct health_ports *ports = service->owner;
	struct error err = {0};
	int r;

	if (listener->server)
		return;
	r = http_server_open(ports->loop, ports->clients, address, service->port, answer, service,
			     &listener->server, &err);
	if (r < 0)
		tell_event(service, &err);
	tell_news(service, listen_retry_note(&ports->retry, &listener->failure, r), address, &err);
}

static void listen_or_retry(struct health_port *service)
{
	static const struct address everywhere;
	struct health_ports *ports = service->owner;
	size_t count = ports->address_count ? ports->address_count : 1;

	if (!service->listeners) {
		service->listeners = memory_array(count, sizeof(*service->listeners));
		service->listener_count = count;
	}
	for (size_t i = 0; i < count; i++)
		listen_on(service, &service->listeners[i],
			  ports->address_count ? &ports->addresses[i] : &everywhere);
}

static void on_retry(void *owner)
{
	struct health_ports *ports = owner;
	struct health_port *service, *next;

	HASH_ITER (hh, ports->services, service, next) {
		listen_or_retry(service);
	}
}

struct health_ports *health_ports_new(struct ev_loop *loop, struct http_clients *clients,
				      const struct proxy_health *health, struct events *events,
				      const char *node_name, double retry_seconds)
{
	struct health_ports *ports = memory_allocate(sizeof(*ports));

	ports->loop = loop;
	ports->clients = clients;
	ports->health = health;
	ports->events = events;
	ports->node_name = node_name;
	listen_retry_init(&ports->retry, loop, retry_seconds, on_retry, ports);
	return ports;
}

static void drop(struct health_ports *ports, struct health_port *service)
{
	stop_listening(service);
	HASH_DEL(ports->services, service);
	free(service);
}

void health_ports_free(struct health_ports *ports)
{
	struct health_port *service, *next;

	if (!ports)
		return;
	listen_retry_stop(&ports->retry);
	HASH_ITER (hh, ports->services, service, next) {
		drop(ports, service);
	}
	free(ports->addresses);
	free(ports);
}

static bool has_address(const struct address *addresses, size_t count, uint16_t family)
{
	for (size_t i = 0; i < count; i++)
		if (addresses[i].family == family)
			return true;
	return false;
}

static bool has_range(const struct prefix *ranges, size_t count, uint16_t family)
{
	for (size_t i = 0; i < count; i++)
		if (ranges[i].address.family == family)
			return true;
	return false;
}

void health_ports_listen_on(struct health_ports *ports, const struct address *addresses,
			    size_t count, const struct prefix *ranges, size_t range_count)
{
	static const uint16_t families[] = {AF_INET, AF_INET6};
	struct address *listened = memory_array(count + COUNT(families), sizeof(*listened));
	size_t listened_count = count;
	struct health_port *service, *next;

	if (count)
		memcpy(listened, addresses, count * sizeof(*addresses));
	for (size_t i = 0; i < COUNT(families) && count; i++)
		if (has_range(ranges, range_count, families[i]) &&
		    !has_address(addresses, count, families[i]))
			listened[listened_count++] = (struct address){.family = families[i]};

	if (listened_count == ports->address_count &&
	    (!listened_count ||
	     !memcmp(listened, ports->addresses, listened_count * sizeof(*listened)))) {
		free(listened);
		return;
	}
	HASH_ITER (hh, ports->services, service, next) {
		stop_listening(service);
	}
	free(ports->addresses);
	ports->addresses = listened;
	ports->address_count = listened_count;
	HASH_ITER (hh, ports->services, service, next) {
		listen_or_retry(service);
	}
}

void health_ports_set(struct health_ports *ports, const char *key, uint16_t port, uint32_t count)
{
	struct health_port *service;
	size_t size = strlen(key) + 1;

	HASH_FIND_STR(ports->services, key, service);
	if (service && service->port != port) {
		drop(ports, service);
		service = NULL;
	}
	if (!port)
		return;
	if (service) {
		service->count = count;
		return;
	}
	service = memory_allocate(sizeof(*service) + size);
	memcpy(service->key, key, size);
	service->owner = ports;
	service->port = port;
	service->count = count;
	HASH_ADD_STR(ports->services, key, service);
	listen_or_retry(service);
}
