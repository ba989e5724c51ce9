/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"

#include "agent/input/node_state.h"
#include "lib/kernel/ipsets.h"
#include "lib/kernel/ipvs.h"
#include "lib/kernel/link.h"
#include "lib/kernel/modules.h"
#include "lib/kernel/sysctl.h"
#include "processes.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void check_kube_proxy(struct findings *findings)
{
	pid_t process = processes_find("kube-proxy");

	if (process)
		findings_add(findings, SEVERITY_ERROR,
			     "remove kube-proxy from this node; ipvsagent-migration(7) says how",
			     "kube-proxy runs on this node (process %ld): two proxies undo each "
			     "other's changes",
			     (long)process);
}

/* They announce load balancer IPs, which the node itself is not to answer for. */
static void check_announcers(const struct options *options, struct findings *findings)
{
	static const struct {
		const char *process, *name;
	} announcers[] = {{"speaker", "MetalLB"}, {"kube-vip", "kube-vip"}};
	int arp_ignore = 0;

	sysctl_get("net/ipv4/conf/all/arp_ignore", &arp_ignore, NULL);
	if (options->strict_arp || arp_ignore > 0)
		return;
	for (size_t i = 0; i < COUNT(announcers); i++)
		if (processes_find(announcers[i].process))
			findings_add(
				findings, SEVERITY_WARNING,
				"set ipvs.strictARP (--ipvs-strict-arp)",
				"%s runs on this node, and strictARP is off: every node answers ARP for all load balancer IPs",
				announcers[i].name);
}

/* Addresses of the node, the dummy interface included. */
struct addresses {
	struct address *items;
	size_t count;
};

static void add_address(struct addresses *addresses, const struct address *address)
{
	addresses->items =
		memory_resize(addresses->items, addresses->count + 1, sizeof(*addresses->items));
	addresses->items[addresses->count++] = *address;
}

static void on_bound(void *owner, const struct address *address)
{
	add_address(owner, address);
}

static void on_node(void *owner, const struct node_address *address)
{
	add_address(owner, &address->address);
}

/* Virtual servers that our sets name: ours, even if the node does not have their address. */
struct named_servers {
	struct virtual_server_key *items;
	size_t count, capacity;
};

static void on_member(void *owner, const struct set_member *member)
{
	static const enum set_kind kinds[] = {SET_KIND_CLUSTER_IP, SET_KIND_EXTERNAL_IP,
					      SET_KIND_EXTERNAL_IP_LOCAL, SET_KIND_LOAD_BALANCER,
					      SET_KIND_LOAD_BALANCER_LOCAL};
	struct named_servers *named = owner;

	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (member->kind != kinds[i])
			continue;
		named->items = memory_grow(named->items, named->count, &named->capacity,
					   sizeof(*named->items));
		named->items[named->count++] =
			(struct virtual_server_key){.address = member->address,
						    .port = member->port,
						    .protocol = member->protocol};
	}
}

static int compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct virtual_server_key));
}

/* To ask ipset would load its module; a node without it has no set of ours. */
static int read_names(struct named_servers *named)
{
	struct ipsets *ipsets = NULL;
	int r;

	if (modules_look("ip_set") != MODULE_STATE_PRESENT)
		return 0;
	r = ipsets_open(&ipsets, NULL);
	if (r >= 0)
		r = ipsets_observe(ipsets, on_member, named, NULL);
	ipsets_close(ipsets);
	if (named->count)
		qsort(named->items, named->count, sizeof(*named->items), compare_keys);
	return r;
}

static bool is_named(const struct named_servers *named, const struct virtual_server_key *key)
{
	return named->count &&
	       bsearch(key, named->items, named->count, sizeof(*named->items), compare_keys);
}

struct search {
	const struct options *options;
	struct addresses local;
	struct named_servers named;
	size_t count;
	struct virtual_server_key first;
};

static bool is_excluded(const struct options *options, const struct address *address)
{
	for (size_t i = 0; i < options->excluded.count; i++)
		if (prefix_contains(&options->excluded.items[i], address))
			return true;
	return false;
}

static int on_server(void *owner, const struct virtual_server *server)
{
	struct search *search = owner;

	if (!server->key.address.family || server->key.firewall_mark ||
	    address_is_among(&server->key.address, search->local.items, search->local.count) ||
	    is_excluded(search->options, &server->key.address) ||
	    is_named(&search->named, &server->key))
		return 0;
	if (search->count++ == 0)
		search->first = server->key;
	return 0;
}

static int search_servers(struct search *search)
{
	const struct ipvs_visitor visitor = {.server = on_server};
	struct link *link = NULL;
	struct ipvs *ipvs = NULL;
	int r = link_open(DUMMY_INTERFACE, &link, NULL);

	if (r >= 0)
		r = link_observe(link, on_bound, on_node, &search->local, NULL);
	if (r >= 0)
		r = read_names(&search->named);
	if (r >= 0)
		r = ipvs_open(&ipvs, NULL);
	address_sort(search->local.items, search->local.count);
	if (r >= 0)
		r = ipvs_observe(ipvs, &visitor, search, NULL);
	ipvs_close(ipvs);
	link_close(link);
	return r;
}

/* To ask IPVS would load its module. */
static void check_servers(const struct options *options, struct findings *findings)
{
	struct search search = {.options = options};
	char text[ADDRESS_TEXT_SIZE];

	if (modules_look("ip_vs") != MODULE_STATE_PRESENT)
		return;
	if (search_servers(&search) < 0)
		findings_add(findings, SEVERITY_WARNING, "run as root",
			     "virtual servers of other programs cannot be listed");
	else if (search.count)
		findings_add(findings, SEVERITY_NOTE,
			     "if Services use these addresses, name them in ipvs.excludeCIDRs",
			     "another program has %zu virtual servers, %s among them; the agent "
			     "leaves them alone unless a Service gets their address",
			     search.count,
			     address_port_text(&search.first.address, search.first.port, text));
	free(search.local.items);
	free(search.named.items);
}

void proxies_check(const struct options *options, struct findings *findings)
{
	check_kube_proxy(findings);
	check_announcers(options, findings);
	check_servers(options, findings);
}

/* Return: whether the file has the line @wanted, or one that begins with it */
static bool has_line(const char *path, const char *wanted)
{
	FILE *stream = fopen(path, "re");
	char line[256];
	bool has = false;

	while (stream && !has && fgets(line, sizeof(line), stream))
		has = strncmp(line, wanted, strlen(wanted)) == 0;
	if (stream)
		fclose(stream);
	return has;
}

static void check_manager(unsigned int index, struct findings *findings)
{
	char path[64];

	snprintf(path, sizeof(path), "/run/NetworkManager/devices/%u", index);
	if (has_line(path, "managed=true"))
		findings_add(findings, SEVERITY_WARNING,
			     "install packaging/networkmanager/ipvsagent.conf",
			     "NetworkManager manages " DUMMY_INTERFACE
			     " and may remove its addresses");
	snprintf(path, sizeof(path), "/run/systemd/netif/links/%u", index);
	if (has_line(path, "ADMIN_STATE=configur"))
		findings_add(findings, SEVERITY_WARNING,
			     "install packaging/systemd/10-ipvsagent.network",
			     "systemd-networkd configures " DUMMY_INTERFACE
			     " and may remove its addresses");
}

static bool is_dummy(const char *name)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq request = {.ifr_data = (char *)&info};
	int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool is_dummy = true;

	if (descriptor < 0)
		return true;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(descriptor, SIOCETHTOOL, &request) == 0)
		is_dummy = strcmp(info.driver, "dummy") == 0;
	close(descriptor);
	return is_dummy;
}

void interface_check(const struct options *options, struct findings *findings)
{
	unsigned int index = if_nametoindex(DUMMY_INTERFACE);

	(void)options;
	if (!index)
		return;
	if (!is_dummy(DUMMY_INTERFACE))
		findings_add(findings, SEVERITY_ERROR, "rename or remove the interface",
			     "the interface " DUMMY_INTERFACE " exists and is no dummy");
	check_manager(index, findings);
}
