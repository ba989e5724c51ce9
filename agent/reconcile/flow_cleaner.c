/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow_cleaner.h"

#include "lib/base/log.h"

#include <netinet/in.h>

/** struct flow_cleaner - @is_failing: the last walk did, which is in the log */
struct flow_cleaner {
	struct conntrack *conntrack;
	struct flow_cleaner_observer observer;
	bool is_failing;
};

static void set_failing(struct flow_cleaner *cleaner, bool is_failing, const char *reason)
{
	if (cleaner->is_failing != is_failing)
		cleaner->observer.lost(cleaner->observer.owner, HEALTH_PART_CONNTRACK, reason);
	cleaner->is_failing = is_failing;
}

static void note_failure(struct flow_cleaner *cleaner, const struct conntrack_report *report)
{
	if (report->retry_seconds <= 0)
		log_warning("%s; giving up: stale UDP flows expire with their conntrack timeout",
			    report->error->text);
	else if (!cleaner->is_failing)
		log_warning(
			"%s; retrying in %.0f s, until then UDP clients may keep sending to removed endpoints",
			report->error->text, report->retry_seconds);
	set_failing(cleaner, report->retry_seconds > 0,
		    report->retry_seconds > 0 ? report->error->text : "");
}

static void on_done(void *owner, const struct conntrack_report *report)
{
	struct flow_cleaner *cleaner = owner;
	size_t deleted = report->deleted[IP_FAMILY_IPV4] + report->deleted[IP_FAMILY_IPV6];

	cleaner->observer.walked(cleaner->observer.owner, report);
	if (report->error->code < 0) {
		note_failure(cleaner, report);
		return;
	}
	if (cleaner->is_failing)
		log_info("conntrack works again");
	set_failing(cleaner, false, "");
	if (deleted)
		log_info("deleted %zu stale UDP flows from conntrack", deleted);
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

int flow_cleaner_new(struct ev_loop *loop, const struct flow_cleaner_observer *observer,
		     struct flow_cleaner **ret, struct error *err)
{
	struct flow_cleaner *cleaner = memory_allocate(sizeof(*cleaner));
	int r = conntrack_open(loop, on_done, cleaner, &cleaner->conntrack, err);

	if (r < 0) {
		free(cleaner);
		return r;
	}
	cleaner->observer = *observer;
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
