/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFORMANCE_PROGRAMMED_STATE_H
#define CONFORMANCE_PROGRAMMED_STATE_H

/*
 * What the ordinary tools print of a kernel, put into the form of the corpus' expect/ files. All
 * take NULL for an empty text; callers free what they get.
 */

/** programmed_state_rules() - of one table of `iptables-save`: KUBE-* chains, jumps into them */
char *programmed_state_rules(const char *saved, const char *table);

/** programmed_state_members() - the `add` lines of `ipset save` */
char *programmed_state_members(const char *saved);

/** programmed_state_sets() - its `create` lines without initval */
char *programmed_state_sets(const char *saved);

/**
 * programmed_state_addresses() - of `ip address show dev kube-ipvs0`: "link <FLAGS>", then
 * "inet 10.96.0.1/32 scope global", "inet6 fd00:96::a/128 scope global deprecated"
 */
char *programmed_state_addresses(const char *shown);

/**
 * programmed_state_strangers() - virtual servers that are on no address of kube-ipvs0
 * @servers:  `ipvsadm-save -n`
 * @shown:    `ip address show dev kube-ipvs0` at the same time
 */
char *programmed_state_strangers(const char *servers, const char *shown);

#endif
