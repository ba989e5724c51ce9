/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_UNIT_DESIRED_FIXTURE_H
#define TESTS_UNIT_DESIRED_FIXTURE_H

#include "lib/plan/desired.h"

#include <stdio.h>

/* One row of the tests of lib/plan/desired.c: a Service and slices in, as text; its plan out, as text. */

#define SLICES 3

/* The node of all rows: two addresses per family, the second of which has no node ports. */
#define NODE_IP	 "192.168.1.10"
#define NODE_IP6 "fd01::10"
#define OTHER_IP "192.168.1.11"
#define LOCAL_IP "192.168.2.10"

/* What most rows have: no settings that matter, a Service of one port, two endpoints of which one is here. */
extern const struct desired_options desired_ordinary;
#define SLICE  "a/web-1 port=:8080/TCP 10.0.0.1@here 10.0.0.2@there"
#define WEB    "a/web ip=10.96.0.1 port=:80/TCP"
#define AT_WEB "10.96.0.1:80/TCP rr > 10.0.0.1:8080 10.0.0.2:8080"

/* Members that rows of it have. */
#define HAIRPIN	     "LOOP-BACK 10.0.0.1,tcp:8080,10.0.0.1"
#define CLUSTER	     "CLUSTER-IP 10.96.0.1,tcp:80"
#define NODE_PORT_IP "NODE-PORT-IP 192.168.1.10"
#define BOUND	     "IPVS-IPS 10.96.0.1"

/**
 * desired_plan_on() - plan a row, on a node with that many of its two addresses taking NodePorts
 * Return: to be freed with service_state_free()
 */
struct service_state *desired_plan_on(size_t node_port_address_count, const char *service_text,
				      const char *const slices[SLICES],
				      const struct desired_options *options);

/** desired_plan() - on a node of which both take them */
struct service_state *desired_plan(const char *service_text, const char *const slices[SLICES],
				   const struct desired_options *options);

/** desired_plan_without_ipv6() - on a node where IPv6 is off */
struct service_state *desired_plan_without_ipv6(const char *service_text,
						const char *const slices[SLICES]);

/** desired_text() - what @write writes of @state; the caller frees it */
char *desired_text(const struct service_state *state,
		   void (*write)(FILE *stream, const struct service_state *state));

/* "10.96.0.1:80/TCP rr > 10.0.0.1:8080 10.0.0.2:8080 | ..." */
void desired_write_servers(FILE *stream, const struct service_state *state);

/* "CLUSTER-IP 10.96.0.1,tcp:80 | ...", without "KUBE-", and without NO-ENDPOINT */
void desired_write_members(FILE *stream, const struct service_state *state);

/* the same of the sets that tell clients in the cluster from others */
void desired_write_scope_members(FILE *stream, const struct service_state *state);

void desired_write_addresses(FILE *stream, const struct service_state *state);

#endif
