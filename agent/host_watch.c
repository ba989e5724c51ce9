/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host_watch.h"

#include "agent/check/other_variant.h"
#include "lib/base/log.h"
#include "lib/base/port_set.h"
#include "lib/kernel/sysctl.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define RESERVED_SIZE 4096

/* @over: what is logged when there is no more to say */
static void tell(char *told, size_t size, const char *text, const char *over)
{
	if (strncmp(told, text, size - 1) == 0)
		return;
	snprintf(told, size, "%s", text);
	if (*text)
		log_warning("%s", text);
	else
		log_info("%s", over);
}

void host_watch_variant(bool is_legacy, struct agent_health *health)
{
	static const uint16_t families[] = {AF_INET, AF_INET6};
	enum iptables_variant used = is_legacy ? IPTABLES_VARIANT_LEGACY : IPTABLES_VARIANT_NFT;
	char text[OTHER_VARIANT_TEXT_SIZE] = "";
	struct error err = {0};

	for (size_t i = 0; i < COUNT(families) && !*text; i++)
		if (other_variant_find(families[i], used, text, &err) < 0)
			log_debug("%s", err.text);
	tell(health->other_variant, sizeof(health->other_variant), text,
	     "the other variant of iptables has no chains of Kubernetes any more");
}

static void add_port(void *owner, uint16_t port)
{
	port_set_add(owner, (struct port_range){port, port});
}

/* The usual range of NodePorts if these are all in it, which makes no difference to others. */
static struct port_range worth_reserving(struct port_range found)
{
	static const struct port_range usual = {30000, 32767};

	return found.first >= usual.first && found.last <= usual.last ? usual : found;
}

char *host_watch_overlap(const struct port_set *used, const char *ephemeral, const char *reserved)
{
	static const struct port_range all = {1, 65535};
	struct port_set range = {0}, except = {0};
	struct port_range found, rest;
	auto_memory char *cure = NULL;

	if (!port_set_parse(&range, ephemeral) || !port_set_parse(&except, reserved))
		return NULL;
	for (size_t i = 0; i < COUNT(range.words); i++)
		range.words[i] &= used->words[i];
	found = port_set_overlap(&range, &except, all);
	if (!found.first)
		return NULL;
	rest = found;
	while (rest.first) {
		found.last = rest.last;
		rest = port_set_overlap(&range, &except, (struct port_range){rest.last + 1, 65535});
	}
	port_set_add(&except, worth_reserving(found));
	cure = port_set_text(&except);
	return string_printf(
		"NodePort %u is an ephemeral port as well (net.ipv4.ip_local_port_range): a connection of "
		"this node from a port that is a NodePort gets no answer; set "
		"net.ipv4.ip_local_reserved_ports to %s, or --reserve-node-ports",
		found.first, cure);
}

void host_watch_ports(const struct ledger *ledger, struct agent_health *health)
{
	struct port_set used = {0};
	char ephemeral[64], reserved[RESERVED_SIZE];
	auto_memory char *text = NULL;

	if (sysctl_get_text("net/ipv4/ip_local_port_range", ephemeral, sizeof(ephemeral), NULL) <
		    0 ||
	    sysctl_get_text("net/ipv4/ip_local_reserved_ports", reserved, sizeof(reserved), NULL) <
		    0)
		return;
	ledger_each_node_port(ledger, add_port, &used);
	text = host_watch_overlap(&used, ephemeral, reserved);
	tell(health->port_overlap, sizeof(health->port_overlap), text ? text : "",
	     "no NodePort is an ephemeral port any more");
}
