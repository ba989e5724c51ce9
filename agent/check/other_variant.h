/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_OTHER_VARIANT_H
#define AGENT_OTHER_VARIANT_H

#include "iptables_variant.h"

#include <stdint.h>

#define OTHER_VARIANT_TEXT_SIZE 400

/**
 * other_variant_find() - chains of Kubernetes or of network plugins, KUBE-* or CNI-*, in the variant of
 *                        iptables that is not used here
 * @used:  the variant that is; the other one's programs need not be installed
 * @text:  which chain, and what follows from it; if the kubelet's hints are there, that it uses that
 *         variant. "" if there is none
 *
 * Only looks: no table is created. Return: 0, or a negative errno
 */
int other_variant_find(uint16_t family, enum iptables_variant used,
		       char text[OTHER_VARIANT_TEXT_SIZE], struct error *err);

#endif
