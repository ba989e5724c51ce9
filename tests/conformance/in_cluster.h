/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFORMANCE_IN_CLUSTER_H
#define CONFORMANCE_IN_CLUSTER_H

/*
 * With externalTrafficPolicy Local we have virtual servers by firewall mark for clients in the
 * cluster, and those by address have destinations of this node only: the part of the intended
 * difference api-semantics that is about both. As text, such a virtual server is called by the
 * element of the set that gives packets its mark: "-A in-cluster 192.168.77.10,tcp:30080 -s rr".
 */

/**
 * in_cluster_apply() - what ipvs.txt of a case should have been
 * @text:  as recorded; taken over
 * Return: the text with the virtual servers in question, for the caller to free. A line that it was
 * to lose and does not have aborts.
 */
char *in_cluster_apply(const char *case_name, unsigned int step, char *text);

/** in_cluster_has() - whether a case has any */
int in_cluster_has(const char *case_name);

/**
 * in_cluster_name() - call virtual servers by mark what they are for
 * @servers:  `ipvsadm-save -n`
 * @members:  the `add` lines of `ipset save`, which say what each mark is for
 * Return: for the caller to free; marks that no set gives stay numbers
 */
char *in_cluster_name(const char *servers, const char *members);

#endif
