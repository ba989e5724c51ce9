/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "skip_reason.h"

enum skip_reason skip_reason_of(const struct service *service)
{
	if (!service)
		return SKIP_REASON_NO_SERVICE;
	if (service->type == SERVICE_TYPE_EXTERNAL_NAME)
		return SKIP_REASON_EXTERNAL_NAME;
	if (service->proxy_name)
		return SKIP_REASON_OTHER_PROXY;
	if (service->is_opted_out)
		return SKIP_REASON_OPTED_OUT;
	if (service->cluster_ip_count == 0)
		return SKIP_REASON_HEADLESS;
	return SKIP_REASON_NONE;
}

const char *skip_reason_text(enum skip_reason reason)
{
	switch (reason) {
	case SKIP_REASON_NONE:
		return "";
	case SKIP_REASON_NO_SERVICE:
		return "no Service, only EndpointSlices";
	case SKIP_REASON_HEADLESS:
		return "headless";
	case SKIP_REASON_EXTERNAL_NAME:
		return "ExternalName";
	case SKIP_REASON_OTHER_PROXY:
		return "label service.kubernetes.io/service-proxy-name names another proxy";
	case SKIP_REASON_OPTED_OUT:
		return "annotation ipvsagent/do-not-program";
	}
	return "";
}
