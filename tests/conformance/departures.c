/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "departures.h"

#include "lib/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BOTH_COUNT "health checks count both families"

/* The label on a Service hides nothing any more; clusterIP None does. */
#define HEADLESS_LABEL "since-1.33: kubernetes/kubernetes#134623"

/* @from: what was recorded; NULL: @to comes in addition, at the end */
static const struct departure {
	const char *case_name;
	unsigned int step;
	const char *path;
	const char *reason;
	const char *from;
	const char *to;
} departures[] = {
	{"trans-service-deleted", 1, "expect/healthcheck.txt", BOTH_COUNT, "Endpoint-Weight: 1",
	 "Endpoint-Weight: 2"},
	{"trans-service-deleted", 1, "expect/healthcheck.txt", BOTH_COUNT, "\"localEndpoints\": 1",
	 "\"localEndpoints\": 2"},
	{"ignored-headless-label", 1, "expect/ipvs.txt", HEADLESS_LABEL, NULL,
	 "-A -t 10.96.0.10:80 -s rr\n"
	 "-a -t 10.96.0.10:80 -r 10.244.1.1:8080 -m -w 1\n"
	 "-a -t 10.96.0.10:80 -r 10.244.2.1:8080 -m -w 1\n"
	 "-A -t 10.96.0.11:80 -s rr\n"
	 "-a -t 10.96.0.11:80 -r 10.244.1.1:8080 -m -w 1\n"
	 "-a -t 10.96.0.11:80 -r 10.244.2.1:8080 -m -w 1\n"},
	{"ignored-headless-label", 1, "expect/ipset.txt", HEADLESS_LABEL, NULL,
	 "add KUBE-CLUSTER-IP 10.96.0.10,tcp:80\n"
	 "add KUBE-CLUSTER-IP 10.96.0.11,tcp:80\n"
	 "add KUBE-IPVS-IPS 10.96.0.10\n"
	 "add KUBE-IPVS-IPS 10.96.0.11\n"
	 "add KUBE-LOOP-BACK 10.244.1.1,tcp:8080,10.244.1.1\n"},
	{"ignored-headless-label", 1, "expect/addrs.txt", HEADLESS_LABEL, NULL,
	 "inet 10.96.0.10/32 scope global\n"
	 "inet 10.96.0.11/32 scope global\n"},
	{"ignored-headless-label", 1, "expect/iptables-nat.txt", HEADLESS_LABEL,
	 "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN\n",
	 "-A KUBE-POSTROUTING -m comment --comment \"Kubernetes endpoints dst ip:port, source ip "
	 "for solving hairpin purpose\" -m set --match-set KUBE-LOOP-BACK dst,dst,src -j "
	 "MASQUERADE\n"
	 "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN\n"},
};

static char *apply(const struct departure *departure, const char *text)
{
	const char *at = departure->from ? strstr(text, departure->from) : text + strlen(text);

	if (!at) {
		fprintf(stderr, "%s of %s has no '%s'\n", departure->path, departure->case_name,
			departure->from);
		abort();
	}
	return string_printf("%.*s%s%s", (int)(at - text), text, departure->to,
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
	char *text = string_dup("");

	for (size_t i = 0; i < COUNT(departures); i++) {
		char *longer;

		if (strcmp(departures[i].case_name, case_name) != 0 ||
		    strstr(text, departures[i].reason))
			continue;
		longer = string_printf("%s%s%s", text, *text ? ", " : "", departures[i].reason);
		free(text);
		text = longer;
	}
	return text;
}
