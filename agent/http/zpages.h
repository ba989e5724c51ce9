/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_ZPAGES_H
#define AGENT_ZPAGES_H

#include "agent/settings/options.h"

#include <stdbool.h>

/*
 * /statusz and /flagz, for people. Of kube-proxy's forms there is the text only, with the first of
 * the separators between which kube-proxy 1.36 chooses at random; of its lines not that of the
 * version of Go.
 * Source: kube-proxy 1.36, staging/src/k8s.io/component-base/zpages
 */

/** zpages_is_accepted() - whether an Accept header allows text/plain; "" does */
bool zpages_is_accepted(const char *accept);

/** zpages_status_text() - body of /statusz; dates in seconds since 1970; the caller frees it */
char *zpages_status_text(double started, double now);

/** zpages_flags_text() - body of /flagz; the caller frees it */
char *zpages_flags_text(const struct options *options);

#endif
