/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "departures.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OTHER_FAMILY "source ranges of one family restrict both"
#define BOTH_COUNT   "health checks count both families"

/* @from: what was recorded; NULL: @to comes in addition, at the end */
static const struct departure {
	const char *case_name;
	unsigned int step;
	const char *path;
	const char *reason;
	const char *from;
	const char *to;
} departures[] = {
	{"trans-service-deleted", 1, "expect/ipset.txt", OTHER_FAMILY, NULL,
	 "add KUBE-6-LOAD-BALANCER-FW 2001:db8::10,tcp:80\n"},
	{"trans-service-deleted", 1, "expect/ip6tables-filter.txt", OTHER_FAMILY, NULL,
	 "-A KUBE-PROXY-FIREWALL -m comment --comment \"Kubernetes service load balancer ip + port "
	 "for load balancer with sourceRange\" -m set --match-set KUBE-6-LOAD-BALANCER-FW dst,dst "
	 "-j KUBE-SOURCE-RANGES-FIREWALL\n"
	 "-A KUBE-IPVS-OUT-FILTER -s 2001:db8::10/128 -m ipvs --vproto 6 --vaddr 2001:db8::10 "
	 "--vport 80 -j DROP\n"},
	{"trans-service-deleted", 1, "expect/healthcheck.txt", BOTH_COUNT, "Endpoint-Weight: 1",
	 "Endpoint-Weight: 2"},
	{"trans-service-deleted", 1, "expect/healthcheck.txt", BOTH_COUNT, "\"localEndpoints\": 1",
	 "\"localEndpoints\": 2"},
};

static char *apply(const struct departure *departure, const char *text)
{
	const char *at = departure->from ? strstr(text, departure->from) : text + strlen(text);

	if (!at) {
		fprintf(stderr, "%s of %s has no '%s'\n", departure->path, departure->case_name,
			departure->from);
		abort();
	}
	return memory_format("%.*s%s%s", (int)(at - text), text, departure->to,
			     at + (departure->from ? strlen(departure->from) : 0));
}

char *departures_apply(const char *case_name, unsigned int step, const char *path, char *text)
{
	for (size_t i = 0; i < COUNT(departures); i++) {
		const struct departure *departure = &departures[i];
		char *changed;

		if (departure->step != step || strcmp(departure->path, path) != 0 ||
		    strcmp(departure->case_name, case_name) != 0)
			continue;
		changed = apply(departure, text);
		free(text);
		text = changed;
	}
	return text;
}

char *departures_reasons(const char *case_name)
{
	char *text = memory_text("");

	for (size_t i = 0; i < COUNT(departures); i++) {
		char *longer;

		if (strcmp(departures[i].case_name, case_name) != 0 ||
		    strstr(text, departures[i].reason))
			continue;
		longer = memory_format("%s%s%s", text, *text ? ", " : "", departures[i].reason);
		free(text);
		text = longer;
	}
	return text;
}
