/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipv6.h"

#include "sysctl.h"

#include <stdio.h>
#include <unistd.h>

#define NAME_SIZE 64

static int read_switch(const char *interface)
{
	char name[NAME_SIZE];
	int value = -1;

	snprintf(name, sizeof(name), "net/ipv6/conf/%s/disable_ipv6", interface);
	return sysctl_get(name, &value, NULL) < 0 ? -1 : value;
}

void ipv6_read(const char *interface, struct ipv6_switches *ret)
{
	ret->is_missing = access("/proc/net/if_inet6", F_OK) < 0;
	ret->all = read_switch("all");
	ret->fallback = read_switch("default");
	ret->own = read_switch(interface);
}

static const char *off_text(const char *name, char ret[IPV6_TEXT_SIZE])
{
	snprintf(ret, IPV6_TEXT_SIZE, "net.ipv6.conf.%s.disable_ipv6 is 1", name);
	return ret;
}

const char *ipv6_off_text(const struct ipv6_switches *switches, const char *interface,
			  char ret[IPV6_TEXT_SIZE])
{
	*ret = '\0';
	if (switches->is_missing)
		snprintf(ret, IPV6_TEXT_SIZE, "this kernel has no IPv6");
	else if (switches->all > 0)
		off_text("all", ret);
	else if (switches->own > 0)
		off_text(interface, ret);
	else if (switches->own < 0 && switches->fallback > 0)
		off_text("default", ret);
	return ret;
}
