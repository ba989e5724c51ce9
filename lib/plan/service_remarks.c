/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service_remarks.h"

#include "lib/objects/scheduler.h"
#include "scheduling.h"

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

/* The kind of addresses that a remark is about, with what the operator allows of them. */
struct restriction {
	enum service_remark_kind kind;
	const struct address *addresses;
	size_t count;
	const struct prefix_list *allowed;
	const char *name, *setting;
};

static bool are_all_allowed(const struct restriction *restriction)
{
	for (size_t i = 0; i < restriction->count; i++)
		if (!desired_allows(restriction->allowed, &restriction->addresses[i]))
			return false;
	return true;
}

/* Names as many addresses as there is room for, and counts the rest. */
static void name_outside(const struct restriction *restriction, struct service_remark *ret)
{
	const size_t room = sizeof(ret->text) - 150; /* for the words before and behind them */
	char names[SERVICE_REMARK_SIZE] = "", text[ADDRESS_TEXT_SIZE], more[40] = "";
	size_t outside = 0, used = 0, unnamed = 0;

	for (size_t i = 0; i < restriction->count; i++) {
		if (desired_allows(restriction->allowed, &restriction->addresses[i]))
			continue;
		outside++;
		if (used + ADDRESS_TEXT_SIZE > room)
			unnamed++;
		else
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
						 used ? ", " : "",
						 address_text(&restriction->addresses[i], text));
	}
	if (unnamed)
		snprintf(more, sizeof(more), " and %zu more", unnamed);
	ret->kind = restriction->kind;
	snprintf(ret->text, sizeof(ret->text), "%s%s %.*s%s %s outside of %s and not programmed",
		 restriction->name, outside == 1 ? "" : "s", (int)room, names, more,
		 outside == 1 ? "is" : "are", restriction->setting);
}

/* Of nearly all Services there are none, and for these no text is made. */
static bool remark_on_outside(const struct restriction *restriction, struct service_remark *ret)
{
	if (are_all_allowed(restriction))
		return false;
	name_outside(restriction, ret);
	return true;
}

static bool remark_on_outside_external_ips(const struct service *service,
					   const struct desired_options *options,
					   struct service_remark *ret)
{
	const struct restriction restriction = {
		.kind = SERVICE_REMARK_EXTERNAL_IPS_OUTSIDE,
		.addresses = service->external_ips,
		.count = options->omits_external_ips ? 0 : service->external_ip_count,
		.allowed = &options->allowed_external_ips,
		.name = "external IP",
		.setting = "allowedExternalIPs",
	};

	return remark_on_outside(&restriction, ret);
}

static bool remark_on_outside_load_balancer_ips(const struct service *service,
						const struct desired_options *options,
						struct service_remark *ret)
{
	const struct restriction restriction = {
		.kind = SERVICE_REMARK_LOAD_BALANCER_IPS_OUTSIDE,
		.addresses = service->load_balancer_ips,
		.count = service->load_balancer_ip_count,
		.allowed = &options->allowed_load_balancer_ips,
		.name = "load balancer IP",
		.setting = "allowedLoadBalancerIPs",
	};

	return remark_on_outside(&restriction, ret);
}

static size_t find_unprogrammed(const struct address *addresses, size_t count,
				const struct desired_options *options, const struct address **first)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		if (!prefix_list_contains(&options->opt_out.unprogrammed, &addresses[i]))
			continue;
		if (!*first)
			*first = &addresses[i];
		found++;
	}
	return found;
}

static bool remark_on_unprogrammed(const struct service *service,
				   const struct desired_options *options,
				   struct service_remark *ret)
{
	const struct address *first = NULL;
	size_t count =
		find_unprogrammed(service->cluster_ips, service->cluster_ip_count, options, &first);
	char text[ADDRESS_TEXT_SIZE], more[40] = "";

	count += find_unprogrammed(service->external_ips, service->external_ip_count, options,
				   &first);
	count += find_unprogrammed(service->load_balancer_ips, service->load_balancer_ip_count,
				   options, &first);
	if (!count)
		return false;
	if (count > 1)
		snprintf(more, sizeof(more), " and %zu more", count - 1);
	ret->kind = SERVICE_REMARK_UNPROGRAMMED;
	snprintf(ret->text, sizeof(ret->text), "not programmed because of unprogrammedCIDRs: %s%s",
		 address_text(first, text), more);
	return true;
}

static bool remark_on_scheduler(const struct service *service,
				const struct desired_options *options, struct service_remark *ret)
{
	const char *name;

	if (!scheduling_is_missing(service, options))
		return false;
	name = scheduler_name(service->scheduler);
	ret->kind = SERVICE_REMARK_SCHEDULER_MISSING;
	snprintf(ret->text, sizeof(ret->text),
		 "this kernel has no scheduler %s (module ip_vs_%s); using %s", name, name,
		 scheduling_choose(service, options, CLIENT_SCOPE_ANY).scheduler);
	return true;
}

/* Return: the first load balancer IP of a family that no range is of, or NULL */
static const struct address *find_unrestricted(const struct service *service,
					       const struct desired_options *options)
{
	bool has_range[2] = {false};

	for (size_t i = 0; i < service->source_range_count; i++)
		has_range[service->source_ranges[i].address.family == AF_INET6] = true;
	for (size_t i = 0; i < service->load_balancer_ip_count; i++) {
		const struct address *address = &service->load_balancer_ips[i];

		if (!has_range[address->family == AF_INET6] &&
		    desired_allows(&options->allowed_load_balancer_ips, address))
			return address;
	}
	return NULL;
}

static bool remark_on_ranges(const struct service *service, const struct desired_options *options,
			     struct service_remark *ret)
{
	const struct address *open = find_unrestricted(service, options);
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

	if (skip_reason_of(service) != SKIP_REASON_NONE)
		return 0;
	count += remark_on_external_ips(service, options, &ret[count]);
	count += remark_on_outside_external_ips(service, options, &ret[count]);
	count += remark_on_outside_load_balancer_ips(service, options, &ret[count]);
	count += remark_on_unprogrammed(service, options, &ret[count]);
	count += remark_on_scheduler(service, options, &ret[count]);
	count += remark_on_ranges(service, options, &ret[count]);
	return count;
}
