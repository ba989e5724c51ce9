/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "localhost_ports.h"

#include "lib/base/listen_retry.h"
#include "lib/base/log.h"
#include "lib/base/timer.h"
#include "tcp_relay.h"
#include "udp_relay.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

/* Time for what happens at once to be told of in one line. */
#define REVIEW_SECONDS 1.0

/*
 * Of the descriptors half are for the sockets of NodePorts and a quarter for connections, but not
 * more than this; the rest of the agent needs some, too.
 */
#define CONNECTIONS_MAX		   2000
#define DESCRIPTORS_PER_CONNECTION 6
#define CLIENTS_MAX		   1000
#define CLIENT_IDLE_SECONDS	   60.0

/* Without padding: compared as bytes. */
struct port_key {
	uint16_t family;
	uint16_t protocol;
	uint16_t number;
};

/* @tcp, @udp: neither while @failure, a negative errno, is the reason */
struct local_port {
	UT_hash_handle hh;
	struct local_port *previous, *next; /* of the same Service */
	struct port_key key;
	struct address target;
	uint16_t target_port;
	struct port_owner *owner;
	struct tcp_relay_listener *tcp;
	struct udp_relay_listener *udp;
	int failure;
	bool is_wanted;
};

/* A Service that has such ports. */
struct port_owner {
	UT_hash_handle hh;
	struct local_port *ports;
	char key[];
};

/*
 * @listening_count: sockets of NodePorts. @missing_count: NodePorts for which there is none left,
 * because of @shortage; @told_count: how many the log speaks of.
 */
struct localhost_ports {
	struct ev_loop *loop;
	struct tcp_relay *tcp;
	struct udp_relay *udp;
	struct local_port *ports;
	struct port_owner *owners;
	enum loopback_use uses[2];
	size_t descriptors;
	size_t listening_count;
	size_t missing_count;
	size_t told_count;
	int shortage;
	struct listen_retry retry;
	struct timer review;
};

static bool is_listening(const struct local_port *port)
{
	return port->tcp || port->udp;
}

/* What concerns all NodePorts alike is told in one line. */
static bool is_shortage(int code)
{
	return code == -EMFILE || code == -ENFILE || code == -ENOBUFS || code == -ENOMEM;
}

static void count_missing(struct localhost_ports *ports, int before, int now)
{
	if (is_shortage(before))
		ports->missing_count--;
	if (is_shortage(now)) {
		ports->missing_count++;
		ports->shortage = now;
	}
	if (ports->missing_count != ports->told_count)
		timer_ensure(&ports->review, REVIEW_SECONDS);
}

static void tell_shortage(const struct localhost_ports *ports)
{
	auto_memory char *limit = NULL;

	if (ports->shortage == -EMFILE)
		limit = string_printf("RLIMIT_NOFILE is %zu, half of it for NodePorts",
				      ports->descriptors);
	log_warning("%zu NodePorts do not listen on localhost: %s; retrying every %.0f s",
		    ports->missing_count, limit ? limit : strerror(-ports->shortage),
		    ports->retry.seconds);
}

static void on_review(void *owner)
{
	struct localhost_ports *ports = owner;

	if (ports->missing_count == ports->told_count)
		return;
	ports->told_count = ports->missing_count;
	if (ports->missing_count)
		tell_shortage(ports);
	else
		log_info("all NodePorts listen on localhost again");
}

static void stop_listening(struct localhost_ports *ports, struct local_port *port)
{
	if (is_listening(port))
		ports->listening_count--;
	tcp_relay_close(port->tcp);
	udp_relay_close(port->udp);
	port->tcp = NULL;
	port->udp = NULL;
}

/* Return: 0 or a negative errno */
static int start_listening(struct localhost_ports *ports, struct local_port *port)
{
	struct address loopback = {.family = port->key.family};
	struct socket_name name, target = socket_name_of(&port->target, port->target_port);

	if (port->key.family == AF_INET)
		memcpy(loopback.bytes, (const uint8_t[]){127, 0, 0, 1}, 4);
	else
		loopback.bytes[15] = 1;
	name = socket_name_of(&loopback, port->key.number);
	if (port->key.protocol == IPPROTO_TCP)
		return tcp_relay_listen(ports->tcp, &name, &target, &port->tcp);
	return udp_relay_listen(ports->udp, &name, &target, &port->udp);
}

static void tell_failure(const struct localhost_ports *ports, const struct local_port *port,
			 int code)
{
	auto_memory char *name =
		string_printf("NodePort %u/%s of Service %s on localhost", port->key.number,
			      address_protocol_name((uint8_t)port->key.protocol), port->owner->key);

	if (code < 0)
		log_warning("%s: %s; retrying every %.0f s", name, strerror(-code),
			    ports->retry.seconds);
	else
		log_info("%s: now listening", name);
}

/* Return: 0 or a negative errno */
static int listen_or_retry(struct localhost_ports *ports, struct local_port *port)
{
	int before = port->failure, r = -EMFILE;

	if (is_listening(port))
		return 0;
	if (ports->listening_count < ports->descriptors / 2)
		r = start_listening(ports, port);
	if (r >= 0)
		ports->listening_count++;
	if (listen_retry_note(&ports->retry, &port->failure, r) == LISTEN_NEWS_NONE)
		return r;
	if (!is_shortage(r < 0 ? r : before))
		tell_failure(ports, port, r);
	count_missing(ports, before, r);
	return r;
}

/* Where one gets no socket, none does. */
static void on_retry(void *owner)
{
	struct localhost_ports *ports = owner;
	struct local_port *port, *next;

	HASH_ITER (hh, ports->ports, port, next) {
		if (is_shortage(listen_or_retry(ports, port)))
			return;
	}
}

static void drop(struct localhost_ports *ports, struct local_port *port)
{
	stop_listening(ports, port);
	count_missing(ports, port->failure, 0);
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a port that there is is in the table */
	HASH_DEL(ports->ports, port);
	DL_DELETE2(port->owner->ports, port, previous, next);
	free(port);
}

/* Whether a port has endpoints, by family and port; the caller frees it. */
static bool *find_endpoints(const struct service *service, const struct service_state *state)
{
	size_t port_count = service ? service->port_count : 0;
	bool *has_endpoints = memory_array(2 * port_count, sizeof(*has_endpoints));

	for (size_t i = 0; i < state->server_count; i++) {
		const struct wanted_server *server = &state->servers[i];
		bool is_ipv6 = server->server.key.address.family == AF_INET6;

		has_endpoints[is_ipv6 * port_count + server->port_index] |=
			server->destination_count > 0;
	}
	return has_endpoints;
}

static bool is_node_port(const struct service *service, const struct wanted_server *server)
{
	const struct service_port *port = &service->ports[server->port_index];
	const struct virtual_server_key *key = &server->server.key;

	if (!port->node_port || key->port != port->node_port || key->firewall_mark)
		return false;
	return key->protocol == IPPROTO_TCP || key->protocol == IPPROTO_UDP;
}

/* Whether it is what serves a NodePort that no address of the node has: the one of a cluster IP. */
static bool is_substitute(const struct service *service, const struct wanted_server *server)
{
	const struct service_port *port = &service->ports[server->port_index];
	const struct virtual_server_key *key = &server->server.key;

	if (!port->node_port || key->port != port->port || key->protocol == IPPROTO_SCTP)
		return false;
	for (size_t i = 0; i < service->cluster_ip_count; i++)
		if (address_is_equal(&service->cluster_ips[i], &key->address))
			return true;
	return false;
}

/* Two Services cannot have one NodePort but for the moment in which it changes hands. */
static void want(struct localhost_ports *ports, struct port_owner *owner, uint16_t number,
		 const struct wanted_server *server)
{
	const struct virtual_server_key *target = &server->server.key;
	struct port_key port_key = {target->address.family, target->protocol, number};
	struct local_port *port;

	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): every byte is set */
	HASH_FIND(hh, ports->ports, &port_key, sizeof(port_key), port);
	if (port && port->is_wanted)
		return;
	if (port && (!address_is_equal(&port->target, &target->address) ||
		     port->target_port != target->port)) {
		drop(ports, port);
		port = NULL;
	}
	if (!port) {
		port = memory_allocate(sizeof(*port));
		port->key = port_key;
		port->target = target->address;
		port->target_port = target->port;
		HASH_ADD(hh, ports->ports, key, sizeof(port->key), port);
	} else {
		DL_DELETE2(port->owner->ports, port, previous, next);
	}
	port->owner = owner;
	DL_APPEND2(owner->ports, port, previous, next);
	port->is_wanted = true;
	listen_or_retry(ports, port);
}

static struct port_owner *owner_get(struct localhost_ports *ports, const char *key)
{
	struct port_owner *owner;
	size_t size = strlen(key) + 1;

	HASH_FIND_STR(ports->owners, key, owner);
	if (!owner) {
		owner = memory_allocate(sizeof(*owner) + size);
		memcpy(owner->key, key, size);
		HASH_ADD_STR(ports->owners, key, owner);
	}
	return owner;
}

/*
 * Those of the virtual servers that @is_suitable, on addresses of at least that @use. A port that is
 * wanted already stays with the virtual server that it has.
 */
static void
want_all(struct localhost_ports *ports, struct port_owner *owner, const struct service *service,
	 const struct service_state *state, const bool *has_endpoints, enum loopback_use use,
	 bool (*is_suitable)(const struct service *service, const struct wanted_server *server))
{
	for (size_t i = 0; i < state->server_count; i++) {
		const struct wanted_server *server = &state->servers[i];
		bool is_ipv6 = server->server.key.address.family == AF_INET6;

		if (ports->uses[is_ipv6] >= use && is_suitable(service, server) &&
		    has_endpoints[is_ipv6 * service->port_count + server->port_index])
			want(ports, owner, service->ports[server->port_index].node_port, server);
	}
}

void localhost_ports_planned(struct localhost_ports *ports, const char *key,
			     const struct service *service, const struct service_state *state)
{
	auto_memory bool *has_endpoints = find_endpoints(service, state);
	struct port_owner *owner = owner_get(ports, key);
	struct local_port *port, *next;

	want_all(ports, owner, service, state, has_endpoints, LOOPBACK_USE_BESIDE, is_node_port);
	want_all(ports, owner, service, state, has_endpoints, LOOPBACK_USE_ALWAYS, is_substitute);
	DL_FOREACH_SAFE2(owner->ports, port, next, next)
	{
		if (!port->is_wanted)
			drop(ports, port);
		else
			port->is_wanted = false;
	}
	if (!owner->ports) {
		HASH_DEL(ports->owners, owner);
		free(owner);
	}
}

bool localhost_ports_select(struct localhost_ports *ports, const enum loopback_use uses[2])
{
	if (ports->uses[0] == uses[0] && ports->uses[1] == uses[1])
		return false;
	memcpy(ports->uses, uses, sizeof(ports->uses));
	return true;
}

struct localhost_ports *localhost_ports_new(struct ev_loop *loop, size_t descriptors,
					    double retry_seconds)
{
	struct localhost_ports *ports = memory_allocate(sizeof(*ports));
	size_t limit = descriptors / 4 / DESCRIPTORS_PER_CONNECTION;

	ports->loop = loop;
	ports->descriptors = descriptors;
	ports->tcp = tcp_relay_new(loop, limit < CONNECTIONS_MAX ? limit : CONNECTIONS_MAX);
	ports->udp =
		udp_relay_new(loop, limit < CLIENTS_MAX ? limit : CLIENTS_MAX, CLIENT_IDLE_SECONDS);
	listen_retry_init(&ports->retry, loop, retry_seconds, on_retry, ports);
	timer_init(&ports->review, ports->loop, on_review, ports);
	return ports;
}

void localhost_ports_free(struct localhost_ports *ports)
{
	struct local_port *port, *next;
	struct port_owner *owner, *next_owner;

	if (!ports)
		return;
	HASH_ITER (hh, ports->ports, port, next) {
		drop(ports, port);
	}
	HASH_ITER (hh, ports->owners, owner, next_owner) {
		HASH_DEL(ports->owners, owner);
		free(owner);
	}
	listen_retry_stop(&ports->retry);
	timer_stop(&ports->review);
	tcp_relay_free(ports->tcp);
	udp_relay_free(ports->udp);
	free(ports);
}
