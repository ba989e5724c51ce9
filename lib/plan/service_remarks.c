/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service_remarks.h"

#include <stdio.h>
#include <sys/socket.h>

static const char *family_name(uint16_t family)
{
	return family == AF_INET6 ? "IPv6" : "IPv4";
}

static bool remark_on_external_ips(const struct service *service,
				   const struct desired_options *options,
				   struct service_remark *ret)
{
	if (!options->omits_external_ips || !service->external_ip_count)
		return false;
	ret->kind = SERVICE_REMARK_EXTERNAL_IPS_OFF;
	snprintf(ret->text, sizeof(ret->text),
		 "externalIPs are not programmed: feature gate AllowServiceExternalIPs is false");
	return true;
}

/* Return: the first load balancer IP of a family that no range is of, or NULL */
static const struct address *find_unrestricted(const struct service *service)
{
	for (size_t i = 0; i < service->load_balancer_ip_count; i++) {
		const struct address *address = &service->load_balancer_ips[i];
		bool has_range = false;

		for (size_t k = 0; k < service->source_range_count; k++)
			has_range |= service->source_ranges[k].address.family == address->family;
		if (!has_range)
			return address;
	}
	return NULL;
}

static bool remark_on_ranges(const struct service *service, const struct desired_options *options,
			     struct service_remark *ret)
{
	const struct address *open = find_unrestricted(service);
	char text[ADDRESS_TEXT_SIZE];

	if (options->has_strict_ranges || !service->source_range_count || !open)
		return false;
	ret->kind = SERVICE_REMARK_RANGES_OF_ONE_FAMILY;
	snprintf(
		ret->text, sizeof(ret->text),
		"loadBalancerSourceRanges have no %s range: every %s client reaches %s; add a range of that family to restrict it",
		family_name(open->family), family_name(open->family), address_text(open, text));
	return true;
}

size_t service_remarks(const struct service *service, const struct desired_options *options,
		       struct service_remark ret[SERVICE_REMARK_COUNT])
{
	size_t count = 0;

	if (desired_skip_reason(service) != SKIP_REASON_NONE)
		return 0;
	count += remark_on_external_ips(service, options, &ret[count]);
	count += remark_on_ranges(service, options, &ret[count]);
	return count;
}
