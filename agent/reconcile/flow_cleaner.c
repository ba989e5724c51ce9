/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow_cleaner.h"

#include "lib/base/log.h"
#include "lib/kernel/conntrack.h"

#include <netinet/in.h>

struct flow_cleaner {
	struct conntrack *conntrack;
};

static void on_done(void *user, long deleted, const struct error *err)
{
	(void)user;
	if (deleted < 0)
		log_warning("%s; stale UDP flows expire with their conntrack timeout", err->text);
	else if (deleted)
		log_info("deleted %ld stale UDP flows from conntrack", deleted);
}

static void clear(struct flow_cleaner *cleaner, const struct virtual_server_key *server,
		  const struct address *endpoint)
{
	struct stale_flow flow = {.destination = server->address, .port = server->port};

	if (server->protocol != IPPROTO_UDP)
		return;
	if (endpoint)
		flow.endpoint = *endpoint;
	conntrack_clear(cleaner->conntrack, &flow);
}

static void follow(struct flow_cleaner *cleaner, const struct change *change)
{
	switch (change->kind) {
	case CHANGE_KIND_SERVER_ADD:
	case CHANGE_KIND_SERVER_REMOVE:
		/* One for the cluster comes and goes beside one for everybody, whose flows stay. */
		if (change->server.key.client_scope == CLIENT_SCOPE_ANY)
			clear(cleaner, &change->server.key, NULL);
		break;
	case CHANGE_KIND_DESTINATION_ADD:
		clear(cleaner, &change->destination.server, &change->destination.server.address);
		break;
	case CHANGE_KIND_DESTINATION_REMOVE:
		clear(cleaner, &change->destination.server, &change->destination.value.address);
		break;
	case CHANGE_KIND_MEMBER_ADD:
	case CHANGE_KIND_SERVER_EDIT:
	case CHANGE_KIND_DESTINATION_EDIT:
	case CHANGE_KIND_ADDRESS_ADD:
	case CHANGE_KIND_ADDRESS_REMOVE:
	case CHANGE_KIND_MEMBER_REMOVE:
		break;
	}
}

void flow_cleaner_follow(struct flow_cleaner *cleaner, const struct changes *changes)
{
	for (size_t i = 0; i < changes->count; i++)
		if (changes->items[i].result >= 0)
			follow(cleaner, &changes->items[i]);
}

int flow_cleaner_new(struct ev_loop *loop, struct flow_cleaner **ret, struct error *err)
{
	struct flow_cleaner *cleaner = memory_allocate(sizeof(*cleaner));
	int r = conntrack_open(loop, on_done, cleaner, &cleaner->conntrack, err);

	if (r < 0) {
		free(cleaner);
		return r;
	}
	*ret = cleaner;
	return 0;
}

void flow_cleaner_free(struct flow_cleaner *cleaner)
{
	if (!cleaner)
		return;
	conntrack_close(cleaner->conntrack);
	free(cleaner);
}
