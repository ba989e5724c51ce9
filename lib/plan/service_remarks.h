/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_SERVICE_REMARKS_H
#define PLAN_SERVICE_REMARKS_H

#include "desired.h"
#include "lib/objects/service.h"

#define SERVICE_REMARK_SIZE 512

/**
 * enum service_remark_kind - what a valid Service asks for and does not get, or gets in a way that
 *                            its author may not expect
 *   EXTERNAL_IPS_OFF     it has external IPs, and the feature gate AllowServiceExternalIPs is false
 *   EXTERNAL_IPS_OUTSIDE, LOAD_BALANCER_IPS_OUTSIDE
 *                        some are outside of the ranges that the operator allows
 *   UNPROGRAMMED         an address of it is in unprogrammedCIDRs
 *   SCHEDULER_MISSING    it asks for a scheduler that this kernel does not have
 *   RANGES_OF_ONE_FAMILY its loadBalancerSourceRanges name one IP family only, and it has load
 *                        balancer IPs of the other one, which everybody reaches
 */
enum service_remark_kind {
	SERVICE_REMARK_EXTERNAL_IPS_OFF,
	SERVICE_REMARK_EXTERNAL_IPS_OUTSIDE,
	SERVICE_REMARK_LOAD_BALANCER_IPS_OUTSIDE,
	SERVICE_REMARK_UNPROGRAMMED,
	SERVICE_REMARK_SCHEDULER_MISSING,
	SERVICE_REMARK_RANGES_OF_ONE_FAMILY,
};
#define SERVICE_REMARK_COUNT (SERVICE_REMARK_RANGES_OF_ONE_FAMILY + 1)

/** struct service_remark - @text: a sentence for people, without the Service's name */
struct service_remark {
	enum service_remark_kind kind;
	char text[SERVICE_REMARK_SIZE];
};

/** service_remarks() - Return: how many of @ret are filled, none of a kind twice */
size_t service_remarks(const struct service *service, const struct desired_options *options,
		       struct service_remark ret[SERVICE_REMARK_COUNT]);

#endif
