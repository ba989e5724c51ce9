/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFORMANCE_COMPARISON_H
#define CONFORMANCE_COMPARISON_H

#include "differences.h"
#include "lib/base/memory.h"

#include <stdbool.h>
#include <stdio.h>

/**
 * struct comparison - collects in what respect two states of the kernel differ
 * @allowed:  bits of enum difference that may be used
 * @used:     those that were
 *
 * The texts compared are those of the corpus' expect/ files; NULL is an empty one.
 */
struct comparison;

struct comparison *comparison_new(unsigned int allowed);
void comparison_free(struct comparison *comparison);
AUTO_FREE_DEFINE(comparison);

/** comparison_set_context() - put before each problem from now on: "step 2"; copied */
void comparison_set_context(struct comparison *comparison, const char *context);

/** comparison_problem() - something is not as it should be */
__attribute__((format(printf, 2, 3))) void comparison_problem(struct comparison *comparison,
							      const char *format, ...);

/** comparison_note() - @difference was used; a problem if it is not allowed */
void comparison_note(struct comparison *comparison, enum difference difference);

/** comparison_allows() - whether @difference may be used */
bool comparison_allows(const struct comparison *comparison, enum difference difference);

/** comparison_problems() - one per line; "" if there are none; valid until the next one */
const char *comparison_problems(struct comparison *comparison);

unsigned int comparison_used(const struct comparison *comparison);

/**
 * comparison_servers() - ipvs.txt
 * @strangers:  virtual servers of others, in the same format: where strangers stay they may be
 *              there beside those expected
 *
 * Where affinity takes the scheduler sh, it has to.
 */
void comparison_servers(struct comparison *comparison, const char *expected, const char *actual,
			const char *strangers);

/** comparison_lines() - ipset.txt, addrs.txt: equal as sets of lines; @what: for the problem */
void comparison_lines(struct comparison *comparison, const char *what, const char *expected,
		      const char *actual);

/** comparison_sets() - ipset-sets.txt: names, types, families, ranges; sizes may differ */
void comparison_sets(struct comparison *comparison, const char *expected, const char *actual);

/** struct comparison_rules - what the rules of one family are compared by
 * @expected_nat, @expected_filter:  iptables-nat.txt and iptables-filter.txt
 * @nat, @filter, @mangle:           what is there
 * @members:                         ipset.txt as it is there
 */
struct comparison_rules {
	const char *expected_nat;
	const char *expected_filter;
	const char *nat;
	const char *filter;
	const char *mangle;
	const char *members;
};

/**
 * comparison_rules() - what is expected has to be there in its order; what is there besides has to
 * be without effect, because a set that it needs is empty
 * @is_ipv6:  which family the rules are of
 */
void comparison_rules(struct comparison *comparison, const struct comparison_rules *rules,
		      bool is_ipv6);

#endif
