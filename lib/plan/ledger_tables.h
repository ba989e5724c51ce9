/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_LEDGER_TABLES_H
#define PLAN_LEDGER_TABLES_H

#include "changes.h"
#include "ledger_elements.h"
#include "ledger_failures.h"
#include "ledger_servers.h"
#include "ledger_sources.h"
#include "ledger_types.h"
#include "lib/base/address.h"

/*
 * The ledger is four tables that know nothing of each other (servers, elements, failures, allowed
 * sources that were left), and above them the parts that say what is to be in them:
 *
 *     ledger             what others see: a Service wants this; what is to be done; what came of it
 *     ledger_observe     the tables against what the kernel really has
 *     ledger_drain       when a destination without an endpoint may go
 *     ledger_former      VIPs of Services that were deleted
 *     ledger_reconcile   one object: what is wanted against what is held gives changes
 *     ledger_shortage    Services that get less than they want
 *     ledger_conflicts   virtual servers with more than one claimant
 *     ledger_claims      which Service wants which objects, and whose wish counts
 *     ledger_servers, ledger_elements, ledger_failures, ledger_sources
 *
 * Each may include those below it. An object is looked at in two steps. Claims come and go at any
 * time and only mark what they concern as dirty; settling then looks at each dirty object once, so
 * that what one Service leaves and another takes over within a batch is not removed in between.
 * What is held changes when a change is emitted, not when it is confirmed: failures take that
 * back when the batch is reported. In between nothing may be observed, drained or retried.
 */

/** enum settling - what is settled one after the other; see ledger_settle_step() */
enum settling { SETTLING_OWNERS, SETTLING_ELEMENTS, SETTLING_SERVERS };

/**
 * struct ledger - all tables; for the parts of the ledger only
 * @services:         what each Service wants; see ledger_claims.h
 * @claiming:         a Service whose wishes are being replaced; see ledger_claims.h
 * @conflicts:        virtual servers with more than one claimant; see ledger_conflicts.h
 * @short_services:   which get less than they want; see ledger_shortage.h
 * @formers:          VIPs that are kept without a Service; see ledger_former.h
 * @object_count:     that all Services want, as of service_state.object_count
 * @unsettled_count:  about how many changes settling may emit
 * @settled_count:    how many of the dirty objects of the step @settling are done with
 * @generation:       of the observation that is under way, or of the last one
 * @drift:            objects that differed in it
 * @is_observed:      the first observation is over
 * @is_sweeping:      what is ours and claimed by nobody is removed
 */
struct ledger {
	struct ledger_options options;
	struct ledger_servers servers;
	struct ledger_elements elements;
	struct ledger_failures failures;
	struct ledger_sources sources;
	struct service_entry *services[SHARD_COUNT];
	struct claiming *claiming;
	struct short_service *short_services;
	struct former_vip *formers;
	size_t object_count;
	struct server_entry **conflicts;
	size_t conflict_count, conflict_capacity;
	uint64_t conflict_version;
	struct prefix *excluded;
	size_t excluded_count;
	size_t unsettled_count;
	size_t settled_count;
	enum settling settling;
	size_t drift;
	uint32_t generation;
	bool is_observed[FACILITY_COUNT];
	bool is_sweeping;
};

#endif
