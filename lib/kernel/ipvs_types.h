/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_IPVS_TYPES_H
#define KERNEL_IPVS_TYPES_H

#include <stdint.h>

/* What IPVS tells and is told beside virtual servers and destinations, as values. */

/** struct ipvs_timeouts - seconds; 0 = leave as it is (when set) */
struct ipvs_timeouts {
	uint32_t tcp;
	uint32_t tcp_fin;
	uint32_t udp;
};

/** struct ipvs_traffic - what a virtual server has had since it was created */
struct ipvs_traffic {
	uint64_t connections;
	uint64_t packets_in;
	uint64_t packets_out;
	uint64_t bytes_in;
	uint64_t bytes_out;
};

#endif
