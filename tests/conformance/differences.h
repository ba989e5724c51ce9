/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFORMANCE_DIFFERENCES_H
#define CONFORMANCE_DIFFERENCES_H

/**
 * enum difference - where we differ from kube-proxy on purpose; README.md explains each
 *
 * Bits. Whoever compares notes which of them it needed; everything else is a failure.
 */
enum difference {
	DIFFERENCE_AFFINITY_SCHEDULER_SH = 1 << 0,
	DIFFERENCE_STATIC_RULES = 1 << 1,
	DIFFERENCE_SET_SIZES = 1 << 2,
	DIFFERENCE_IPVS_OUT_FILTER_SET = 1 << 3,
	DIFFERENCE_STRANGERS_STAY = 1 << 4,
	DIFFERENCE_API_SEMANTICS = 1 << 5,
	DIFFERENCE_PACKET_COST = 1 << 6,
};
#define DIFFERENCE_COUNT 7

/** difference_name() - "static-rules" */
const char *difference_name(enum difference difference);

/** difference_names() - those of a set of bits, separated by blanks; the caller frees it */
char *difference_names(unsigned int differences);

#endif
