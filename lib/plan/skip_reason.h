/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PLAN_SKIP_REASON_H
#define PLAN_SKIP_REASON_H

#include "lib/objects/service.h"

/** enum skip_reason - why a Service wants nothing from this proxy */
enum skip_reason {
	SKIP_REASON_NONE,
	SKIP_REASON_NO_SERVICE,	   /* only slices are known */
	SKIP_REASON_HEADLESS,	   /* clusterIP None; a label does not make it so */
	SKIP_REASON_EXTERNAL_NAME, /* DNS only */
	SKIP_REASON_OTHER_PROXY,   /* label service.kubernetes.io/service-proxy-name */
	SKIP_REASON_OPTED_OUT,	   /* annotation ipvsagent/do-not-program */
};

/** skip_reason_of() - as kube-proxy's ShouldSkipService and its watch selectors; NULL is fine */
enum skip_reason skip_reason_of(const struct service *service);

/** skip_reason_text() - words for status; "" for SKIP_REASON_NONE */
const char *skip_reason_text(enum skip_reason reason);

#endif
