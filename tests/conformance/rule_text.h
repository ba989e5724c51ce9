/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFORMANCE_RULE_TEXT_H
#define CONFORMANCE_RULE_TEXT_H

#include <stdbool.h>

/**
 * rule_with_set_names() - "SET(CLUSTER-IP)" becomes "KUBE-CLUSTER-IP" or "KUBE-6-CLUSTER-IP"
 *
 * Names are cut as kube-proxy cuts them. Return: for the caller to free
 */
char *rule_with_set_names(const char *line, bool is_ipv6);

#endif
