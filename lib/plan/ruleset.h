/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_RULESET_H
#define PLAN_RULESET_H

#include "lib/base/address.h"
#include "lib/base/memory.h"
#include "proxy_state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** enum local_detection - how traffic of this cluster's pods is told from other traffic */
enum local_detection {
	LOCAL_DETECTION_NONE,
	LOCAL_DETECTION_PREFIX,		  /* source in a prefix: ClusterCIDR and NodeCIDR */
	LOCAL_DETECTION_BRIDGE,		  /* arrives on the bridge of that name */
	LOCAL_DETECTION_INTERFACE_PREFIX, /* arrives on an interface whose name begins so */
};

/**
 * struct ruleset_options - all that the fixed rules depend on
 * @family:            AF_INET or AF_INET6
 * @pod_prefix:        for LOCAL_DETECTION_PREFIX; family 0 = none in this family
 * @pod_interface:     for BRIDGE and INTERFACE_PREFIX
 * @masquerade_mark:   1 << iptablesMasqueradeBit; 0x4000 by default
 * @masquerade_all:    every packet to a ClusterIP is masqueraded
 * @has_random_fully:  this iptables knows --random-fully
 * @has_in_cluster:    packets of clients in the cluster get the marks of SET_KIND_IN_CLUSTER
 * @marks:             the range of these, for @has_in_cluster
 * @is_kube_proxy:     only what kube-proxy has, and as it has it
 */
struct ruleset_options {
	uint16_t family;
	enum local_detection detection;
	struct prefix pod_prefix;
	const char *pod_interface;
	uint32_t masquerade_mark;
	bool masquerade_all;
	bool has_random_fully;
	bool has_in_cluster;
	bool is_kube_proxy;
	struct mark_range marks;
};

/**
 * struct ruleset - the fixed rules of one family
 *
 * Every rule exists from the start and refers to sets that may be empty, so no change of Services
 * touches iptables. Chains that have nothing to say are there, but empty. kube-proxy's rules
 * (pkg/proxy/ipvs/proxier.go, writeIptablesRules) are, in their order, a subsequence of them.
 */
struct ruleset;

struct ruleset *ruleset_new(const struct ruleset_options *options);
void ruleset_free(struct ruleset *ruleset);
AUTO_FREE_DEFINE(ruleset);

/** ruleset_clash() - mark_clash_find() for the marks of these rules; NULL also if they set none */
char *ruleset_clash(const struct ruleset *ruleset, const char *saved);

/** ruleset_rule_count() - rules in our chains and jumps into them */
size_t ruleset_rule_count(const struct ruleset *ruleset);

/**
 * ruleset_difference() - compare with what `iptables-save` (all tables) printed
 * @saved:       output of iptables-save or ip6tables-save, NUL-terminated; tables that are unreadable
 *               in it are left alone
 * @ret_restore: on true: input for `iptables-restore --noflush` that repairs exactly the chains and
 *               jumps that differ; the caller frees it. Our chains are flushed and refilled within
 *               one COMMIT per table, missing jumps are inserted at the place kube-proxy gives them
 *               (-I), surplus copies deleted; rules of others stay.
 * @ret_what:    on true: which chain differs first, for a log line; the caller frees it
 *
 * Return: whether anything differs
 */
bool ruleset_difference(const struct ruleset *ruleset, const char *saved, char **ret_restore,
			char **ret_what);

/** ruleset_text() - ruleset_difference() for a node without any rules; the caller frees it */
char *ruleset_text(const struct ruleset *ruleset);

/**
 * ruleset_removal() - input for `iptables-restore --noflush` that removes our jumps and chains
 * @saved:  output of iptables-save or ip6tables-save; tables that are unreadable stay as they are
 *
 * A chain of ours to which rules of others go cannot be deleted; it is left empty, or as it is in
 * the case of KUBE-MARK-MASQ, which kubelet and network plugins may share.
 * Return: for the caller to free; NULL if there is nothing of ours
 */
char *ruleset_removal(const char *saved);

/**
 * ruleset_kube_proxy_restore() - input for `iptables-restore --noflush` that removes what kube-proxy
 * does not have
 * @saved:  as for ruleset_removal()
 *
 * Where the rules are ours, kube-proxy's own take their place: everything goes on until it writes
 * them itself, with the rules for nodes outside of source ranges as the exception, since those name
 * each VIP. They depend on options, which are read from the rules that are there. Where kube-proxy
 * has written its rules already, they stay.
 * Return: for the caller to free; NULL if there is nothing to do
 */
char *ruleset_kube_proxy_restore(uint16_t family, const char *saved);

/** enum ruleset_table - the tables of iptables in which our chains are */
enum ruleset_table { RULESET_TABLE_FILTER, RULESET_TABLE_MANGLE, RULESET_TABLE_NAT };
#define RULESET_TABLE_COUNT (RULESET_TABLE_NAT + 1)

/** ruleset_table_name() - "filter" */
const char *ruleset_table_name(enum ruleset_table table);

/**
 * ruleset_is_unreadable() - whether iptables-save could not show this table
 *
 * Which is not the same as a table that is not there: nothing is known of it, so nothing in it may
 * be written. iptables-save of the nft variant says so in a comment, and ends with success, where
 * a rule was made by nft that it cannot express; a table without its COMMIT is not complete either.
 */
bool ruleset_is_unreadable(const char *saved, const char *table);

#endif
