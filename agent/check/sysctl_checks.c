/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"

#include "agent/input/node_state.h"
#include "lib/kernel/sysctl.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define INTERFACES "/proc/sys/net/ipv4/conf"

/* What the agent sets when it starts; those of IPVS exist once its module is loaded. */
static const struct {
	const char *name;
	int value;
	const char *without;
} wanted[] = {
	{"net/ipv4/ip_forward", 1, "nothing is forwarded to pods"},
	{"net/ipv4/vs/conntrack", 1, "answers of endpoints are not masqueraded"},
	{"net/ipv4/vs/expire_nodest_conn", 1,
	 "connections to a removed endpoint hang instead of ending"},
	{"net/ipv4/vs/expire_quiescent_template", 1,
	 "ClientIP affinity leads to endpoints that drain"},
};

static void check_wanted(struct findings *findings)
{
	for (size_t i = 0; i < COUNT(wanted); i++) {
		int value = wanted[i].value;

		if (sysctl_get(wanted[i].name, &value, NULL) < 0 || value == wanted[i].value ||
		    sysctl_is_writable(wanted[i].name))
			continue;
		findings_add(
			findings, SEVERITY_ERROR,
			"set it on the host, or run `ipvsagent run --init-only` with a writable /proc/sys",
			"sysctl %s is %d and read-only here; unless it is %d, %s", wanted[i].name,
			value, wanted[i].value, wanted[i].without);
	}
}

static bool is_of_interest(const char *interface)
{
	static const char *const others[] = {".", "..", "all", "default", "lo", DUMMY_INTERFACE};

	for (size_t i = 0; i < COUNT(others); i++)
		if (strcmp(interface, others[i]) == 0)
			return false;
	return true;
}

/* The larger of the two counts, Documentation/networking/ip-sysctl.rst. */
static bool is_strict(const char *interface, int for_all)
{
	char name[300];
	int value = 0;

	snprintf(name, sizeof(name), "net/ipv4/conf/%.255s/rp_filter", interface);
	sysctl_get(name, &value, NULL);
	return (value > for_all ? value : for_all) == 1;
}

static void check_reverse_paths(struct findings *findings)
{
	DIR *directory = opendir(INTERFACES);
	struct dirent *entry;
	char first[32] = "";
	size_t count = 0;
	int for_all = 0;

	sysctl_get("net/ipv4/conf/all/rp_filter", &for_all, NULL);
	while (directory && (entry = readdir(directory))) {
		if (!is_of_interest(entry->d_name) || !is_strict(entry->d_name, for_all))
			continue;
		if (count++ == 0)
			snprintf(first, sizeof(first), "%.31s", entry->d_name);
	}
	if (directory)
		closedir(directory);
	if (!count)
		return;
	findings_add(
		findings, SEVERITY_NOTE,
		"where routes are asymmetric, set net.ipv4.conf.all.rp_filter to 2",
		"reverse path filtering is strict on %zu interfaces, %s among them: a packet is "
		"dropped if its answer would leave through another interface",
		count, first);
}

static void check_ipv6(struct findings *findings)
{
	int value = 0;

	if (sysctl_get("net/ipv6/conf/all/disable_ipv6", &value, NULL) < 0 || value != 1)
		return;
	findings_add(findings, SEVERITY_NOTE,
		     "if the cluster uses IPv6, set net.ipv6.conf.all.disable_ipv6 to 0",
		     "net.ipv6.conf.all.disable_ipv6 is 1: no IPv6 address of a Service is served");
}

static void check_bridges(struct findings *findings)
{
	int value = 1;

	if (sysctl_get("net/bridge/bridge-nf-call-iptables", &value, NULL) < 0 || value != 0)
		return;
	findings_add(findings, SEVERITY_WARNING,
		     "set net.bridge.bridge-nf-call-iptables to 1 if pods are on a bridge",
		     "net.bridge.bridge-nf-call-iptables is 0: between two pods on one bridge, "
		     "answers do not pass IPVS, and connections through a Service fail");
}

void sysctls_check(const struct options *options, struct findings *findings)
{
	(void)options;
	check_wanted(findings);
	check_reverse_paths(findings);
	check_ipv6(findings);
	check_bridges(findings);
}
