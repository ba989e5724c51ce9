/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cleanup.h"

#include "agent/input/node_state.h"
#include "agent/reconcile/sync.h"
#include "cleanup_listing.h"
#include "instance_lock.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/kernel/kernel.h"
#include "lib/kernel/rules.h"
#include "lib/plan/ledger.h"
#include "lib/plan/ledger_observe.h"
#include "privileges.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* So often at most virtual servers are read, while that brings new ones. */
#define DUMPS_MAX 5

/**
 * struct cleanup
 * @listing:  of a dry run, which gets what would be removed; else NULL
 * @family:   of the rules that are looked at
 * @code:     the first failure
 * @is_news:  the dump of virtual servers brought one that was not known
 */
struct cleanup {
	struct ledger *ledger;
	struct cleanup_listing *listing;
	uint16_t family;
	struct error *err;
	int code;
	bool is_news;
};

static void note_failure(struct cleanup *cleanup, int code, const struct error *err)
{
	log_warning("%s", err->text);
	if (cleanup->code < 0)
		return;
	cleanup->code = code;
	*cleanup->err = *err;
}

static int on_server(void *owner, const struct virtual_server *server)
{
	struct cleanup *cleanup = owner;

	cleanup->is_news = ledger_observe_server(cleanup->ledger, server) || cleanup->is_news;
	return 0;
}

static void on_bound(void *owner, const struct address *address)
{
	ledger_observe_address(owner, address);
}

static void on_member(void *owner, const struct set_member *member)
{
	ledger_observe_member(owner, member);
}

/*
 * What other network namespaces change makes a dump leave some out, see kernel_reader.c. So it is
 * read until it brings nothing new.
 */
static int observe_servers(struct cleanup *cleanup, struct kernel *kernel, struct error *err)
{
	static const struct ipvs_visitor visitor = {.server = on_server};
	int r = 0;

	cleanup->is_news = true;
	for (unsigned int dumps = 0; r >= 0 && cleanup->is_news && dumps < DUMPS_MAX; dumps++) {
		cleanup->is_news = false;
		r = ipvs_observe(kernel->ipvs, &visitor, cleanup, err);
	}
	return r;
}

/* What the ledger would sweep when nobody claims anything is exactly what is ours. */
static int observe(struct cleanup *cleanup, struct kernel *kernel, struct changes *changes,
		   struct error *err)
{
	int r;

	ledger_observe_begin(cleanup->ledger, FACILITY_LINK);
	r = link_observe(kernel->link, on_bound, NULL, cleanup->ledger, err);
	if (r < 0)
		return r;
	ledger_observe_end(cleanup->ledger, FACILITY_LINK, 0, changes);
	ledger_observe_begin(cleanup->ledger, FACILITY_IPSET);
	r = ipsets_observe(kernel->ipsets, on_member, cleanup->ledger, err);
	if (r < 0)
		return r;
	ledger_observe_end(cleanup->ledger, FACILITY_IPSET, 0, changes);
	ledger_observe_begin(cleanup->ledger, FACILITY_IPVS);
	r = observe_servers(cleanup, kernel, err);
	if (r < 0)
		return r;
	ledger_observe_end(cleanup->ledger, FACILITY_IPVS, 0, changes);
	return 0;
}

/* Of what is ours, the virtual servers by firewall mark. */
static void keep_in_cluster(struct changes *changes)
{
	size_t kept = 0;

	for (size_t i = 0; i < changes->count; i++)
		if (changes->items[i].kind == CHANGE_KIND_SERVER_REMOVE &&
		    changes->items[i].server.key.client_scope == CLIENT_SCOPE_IN_CLUSTER)
			changes->items[kept++] = changes->items[i];
	changes->count = kept;
}

/* @changes: becomes what removes virtual servers, addresses and members; Return: whether it is known */
static bool plan_removal(struct cleanup *cleanup, struct kernel *kernel,
			 const struct options *options, struct changes *changes)
{
	struct error err = {0};
	int r;

	ledger_set_excluded(cleanup->ledger, options->excluded.items, options->excluded.count);
	r = observe(cleanup, kernel, changes, &err);
	if (r < 0) {
		note_failure(cleanup, r, &err);
		return false;
	}
	ledger_sweep(cleanup->ledger, 0, changes);
	if (options->for_kube_proxy)
		keep_in_cluster(changes);
	changes_sort(changes);
	return true;
}

static void remove_planned(struct cleanup *cleanup, struct kernel *kernel, struct changes *changes)
{
	struct kernel_target target = kernel_target(kernel);
	char text[6 * ADDRESS_TEXT_SIZE];
	struct error err = {0};

	kernel_apply(&target, changes);
	for (size_t i = 0; i < changes->count; i++) {
		struct change *change = &changes->items[i];

		if (change->result < 0) {
			error_set(&err, change->result, "%s: %s", change_text(change, text),
				  strerror(-change->result));
			note_failure(cleanup, change->result, &err);
		}
	}
	log_info("removed %zu virtual servers, addresses and set members", changes->count);
}

static void on_rules_done(void *owner, const struct rules_report *report)
{
	struct cleanup *cleanup = owner;
	struct error err = {0};

	if (cleanup->listing)
		cleanup_listing_add_rules(cleanup->listing, cleanup->family, report->restore);
	if (report->code < 0)
		note_failure(owner, report->code, report->error);
	if (!*report->unreadable)
		return;
	error_set(&err, -EBUSY, "iptables rules: %s", report->unreadable);
	note_failure(owner, err.code, &err);
}

static void remove_rules(struct cleanup *cleanup, uint16_t family, bool for_kube_proxy)
{
	struct ev_loop *loop = ev_default_loop(EVFLAG_AUTO);
	struct rules *rules = NULL;
	struct error err = {0};
	int r = rules_open(loop, family, on_rules_done, cleanup, &rules, &err);

	if (r < 0) {
		note_failure(cleanup, r, &err);
		return;
	}
	cleanup->family = family;
	if (cleanup->listing)
		rules_only_look(rules);
	if (for_kube_proxy)
		rules_keep_for_kube_proxy(rules);
	else
		rules_remove(rules);
	while (rules_is_busy(rules))
		ev_run(loop, EVRUN_ONCE);
	rules_close(rules);
}

static void remove_all_rules(struct cleanup *cleanup, const struct options *options)
{
	remove_rules(cleanup, AF_INET, options->for_kube_proxy);
	if (access("/proc/net/if_inet6", F_OK) == 0)
		remove_rules(cleanup, AF_INET6, options->for_kube_proxy);
}

static void remove_sets(struct cleanup *cleanup, struct kernel *kernel,
			const struct options *options)
{
	struct error err = {0};
	int r = ipsets_destroy(kernel->ipsets, options->for_kube_proxy, &err);

	if (r < 0)
		note_failure(cleanup, r, &err);
}

static void remove_link(struct cleanup *cleanup, struct kernel *kernel)
{
	struct error err = {0};
	int r = link_remove(kernel->link, &err);

	if (r < 0)
		note_failure(cleanup, r, &err);
}

static int on_connections(void *owner, const struct virtual_server_key *server,
			  const struct destination_usage *usage)
{
	size_t *count = owner;

	if (server->client_scope == CLIENT_SCOPE_IN_CLUSTER)
		*count += usage->active_connections + usage->inactive_connections;
	return 0;
}

/* Connections go on without their marks; with the virtual server they end. */
static void await_connections(struct cleanup *cleanup, struct kernel *kernel, double seconds)
{
	static const struct ipvs_visitor visitor = {.destination = on_connections};
	double end = clock_now() + seconds;
	bool is_told = false;

	for (;;) {
		struct error err = {0};
		size_t count = 0;
		int r = ipvs_observe(kernel->ipvs, &visitor, &count, &err);

		if (r < 0)
			note_failure(cleanup, r, &err);
		if (r < 0 || !count || clock_now() >= end)
			return;
		if (!is_told)
			log_info(
				"waiting up to %.0f s for %zu connections through virtual servers by firewall mark",
				seconds, count);
		is_told = true;
		sleep(1);
	}
}

/* From the last to the first: what refers to something else goes before that. */
static void remove_everything(struct cleanup *cleanup, struct kernel *kernel,
			      const struct options *options)
{
	auto_free(changes) struct changes *changes = changes_new();

	if (plan_removal(cleanup, kernel, options, changes))
		remove_planned(cleanup, kernel, changes);
	remove_all_rules(cleanup, options);
	remove_sets(cleanup, kernel, options);
	remove_link(cleanup, kernel);
}

/* Packets get no marks any more before the virtual servers go that wait for them. */
static void keep_for_kube_proxy(struct cleanup *cleanup, struct kernel *kernel,
				const struct options *options)
{
	auto_free(changes) struct changes *changes = changes_new();
	bool is_planned = plan_removal(cleanup, kernel, options, changes);

	remove_all_rules(cleanup, options);
	if (is_planned) {
		await_connections(cleanup, kernel, options->drain_timeout);
		remove_planned(cleanup, kernel, changes);
	}
	remove_sets(cleanup, kernel, options);
}

/* In the order in which it would go. */
static void list_everything(struct cleanup *cleanup, struct kernel *kernel,
			    const struct options *options)
{
	auto_free(changes) struct changes *changes = changes_new();

	if (plan_removal(cleanup, kernel, options, changes))
		cleanup_listing_add_changes(cleanup->listing, changes);
	remove_all_rules(cleanup, options);
	cleanup_listing_add_sets(cleanup->listing, kernel->ipsets, options->for_kube_proxy);
	if (!options->for_kube_proxy && if_nametoindex(DUMMY_INTERFACE))
		cleanup_listing_add_interface(cleanup->listing, DUMMY_INTERFACE);
}

int cleanup_list(const struct options *options, FILE *stream, struct error *err)
{
	auto_free(cleanup_listing) struct cleanup_listing *listing = cleanup_listing_new();
	const struct ledger_options ledger_options = {0};
	struct cleanup cleanup = {.err = err, .listing = listing};
	struct kernel *kernel = NULL;
	int r = privileges_check(err);

	if (r >= 0)
		r = kernel_open_to_read(DUMMY_INTERFACE, &options->in_cluster_marks, &kernel, err);
	if (r < 0)
		return r;
	cleanup.ledger = ledger_new(&ledger_options);
	list_everything(&cleanup, kernel, options);
	ledger_free(cleanup.ledger);
	kernel_close(kernel);
	if (strcmp(options->output, "json") == 0)
		cleanup_listing_print_json(listing, stream);
	else
		cleanup_listing_print_text(listing, stream);
	if (cleanup.code >= 0 && (fflush(stream) != 0 || ferror(stream)))
		return error_set(err, -EIO, "writing the output: %s", strerror(errno));
	return cleanup.code;
}

int cleanup_run(const struct options *options, struct error *err)
{
	struct ledger_options ledger_options = {0};
	struct cleanup cleanup = {.err = err};
	struct kernel *kernel = NULL;
	struct instance_lock *lock = NULL;
	int r = privileges_check(err);

	if (r >= 0)
		r = instance_lock_take(&lock, err);
	if (r >= 0)
		r = kernel_open(DUMMY_INTERFACE, &options->in_cluster_marks, &kernel, err);
	if (r >= 0) {
		cleanup.ledger = ledger_new(&ledger_options);
		if (options->for_kube_proxy)
			keep_for_kube_proxy(&cleanup, kernel, options);
		else
			remove_everything(&cleanup, kernel, options);
		ledger_free(cleanup.ledger);
		r = cleanup.code;
	}
	kernel_close(kernel);
	instance_lock_release(lock);
	return r;
}
