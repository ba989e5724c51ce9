/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_MARK_CLASH_H
#define PLAN_MARK_CLASH_H

#include "proxy_state.h"

/**
 * mark_clash_find() - a rule of somebody else that is about firewall marks of ours
 * @saved:  output of iptables-save or ip6tables-save
 * @range:  our marks
 *
 * It sets, changes or restores bits that our marks consist of, so that packets do not get to the
 * virtual server that they should; or it looks at such bits and would take a mark of ours for its
 * own. Rules in KUBE-* chains do not count.
 *
 * Return: "chain CHAIN of table TABLE: RULE" of the first one, for the caller to free; NULL if
 * there is none
 */
char *mark_clash_find(const char *saved, const struct mark_range *range);

#endif
