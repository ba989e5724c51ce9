/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_IPTABLES_VARIANT_H
#define AGENT_IPTABLES_VARIANT_H

#include "lib/base/error.h"

/** enum iptables_variant - which of its two programs a host calls iptables */
enum iptables_variant { IPTABLES_VARIANT_NFT, IPTABLES_VARIANT_LEGACY };

/**
 * iptables_variant_ask() - start @program with -V and read its answer
 * @program:  "iptables-save", looked up in PATH
 *
 * Blocks until it has ended. Return: 0; -ENOENT if there is no such program; another negative errno
 */
int iptables_variant_ask(const char *program, enum iptables_variant *ret, struct error *err);

#endif
