/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_SERVER_RATES_H
#define AGENT_SERVER_RATES_H

#include "agent/reconcile/kernel_reader.h"
#include "lib/base/memory.h"

/**
 * struct server_rates - how much virtual servers have in a second, between the last two verifications
 *
 * It costs nothing while nobody wants it.
 */
struct server_rates;

/** struct server_rate - in a second; in: from clients to endpoints */
struct server_rate {
	double connections;
	double packets_in, packets_out;
	double bytes_in, bytes_out;
};

/**
 * server_rates_new()
 * @clock:   seconds; as ev_time()
 * @next:    another observer of the same verifications; copied
 */
struct server_rates *server_rates_new(double (*clock)(void), const struct traffic_observer *next);
void server_rates_free(struct server_rates *rates);
AUTO_FREE_DEFINE(server_rates);

/** server_rates_want() - from the next verification on, or no more */
void server_rates_want(struct server_rates *rates, bool is_wanted);

/** server_rates_observer() - for the verifier; it passes all on */
struct traffic_observer server_rates_observer(struct server_rates *rates);

/** server_rates_add() - add those of @server to @sum; Return: false if there are no two observations */
bool server_rates_add(const struct server_rates *rates, const struct virtual_server_key *server,
		      struct server_rate *sum);

#endif
