/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node_setup.h"

#include "agent/input/node_state.h"
#include "lib/base/log.h"
#include "lib/base/port_set.h"
#include "lib/kernel/modules.h"
#include "lib/kernel/sysctl.h"
#include "privileges.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HASH_SIZE_PATH "/sys/module/nf_conntrack/parameters/hashsize"

#define RESERVED_SIZE 4096

/* Each takes memory that the kernel does not give back, however many processors there are. */
#define CONNECTIONS_BY_CORES_MAX 1048576

/* @r, @err: what sysctl_ensure() said */
static void report(const char *name, int before, int value, int r, const struct error *err)
{
	if (r < 0)
		log_warning("%s; continuing without it", err->text);
	else if (r == 1)
		log_info("sysctl %s set to %d (was %d)", name, value, before);
}

static void set(const char *name, int value)
{
	struct error err = {0};
	int before = value;

	sysctl_get(name, &before, NULL);
	report(name, before, value, sysctl_ensure(name, value, &err), &err);
}

/* The kernel sizes the hash table for its own default; four entries a bucket are kube-proxy's. */
static void ensure_hash_size(int size)
{
	int current = 0;
	int r = sysctl_read_number(HASH_SIZE_PATH, &current);

	if (r >= 0 && current >= size)
		return;
	if (r >= 0)
		r = sysctl_write_number(HASH_SIZE_PATH, size);
	if (r < 0)
		log_warning("writing %d to " HASH_SIZE_PATH ": %s; continuing without it", size,
			    strerror(-r));
	else
		log_info("conntrack hash table set to %d buckets (was %d)", size, current);
}

/*
 * It is one for the whole kernel, and other namespaces than the initial one may only look at it.
 * Return: whether it has been set
 */
static bool set_connection_limit(int limit)
{
	static const char name[] = "net/netfilter/nf_conntrack_max";
	struct error err = {0};
	int before = limit;
	int r;

	sysctl_get(name, &before, NULL);
	r = sysctl_ensure(name, limit, &err);
	if (r == -EACCES)
		log_debug(
			"sysctl %s left at %d; only the initial network namespace can set it to %d",
			name, before, limit);
	else
		report(name, before, limit, r, &err);
	return r >= 0;
}

int node_setup_connection_limit(const struct conntrack_options *options, long processors)
{
	long long scaled = (long long)options->max_per_core * (processors > 0 ? processors : 1);

	if (!options->max_per_core)
		return 0;
	if (scaled > CONNECTIONS_BY_CORES_MAX)
		scaled = CONNECTIONS_BY_CORES_MAX;
	return scaled > options->min ? (int)scaled : options->min;
}

static void set_conntrack_max(const struct conntrack_options *options)
{
	int limit = node_setup_connection_limit(options, sysconf(_SC_NPROCESSORS_ONLN));

	if (limit && set_connection_limit(limit))
		ensure_hash_size(limit / 4);
}

static void set_timeout(const char *name, uint32_t seconds)
{
	if (seconds)
		set(name, (int)seconds);
}

static void prepare_conntrack(const struct conntrack_options *options)
{
	set_conntrack_max(options);
	set_timeout("net/netfilter/nf_conntrack_tcp_timeout_established",
		    options->tcp_established_timeout);
	set_timeout("net/netfilter/nf_conntrack_tcp_timeout_close_wait",
		    options->tcp_close_wait_timeout);
	if (options->tcp_be_liberal)
		set("net/netfilter/nf_conntrack_tcp_be_liberal", 1);
	set_timeout("net/netfilter/nf_conntrack_udp_timeout", options->udp_timeout);
	set_timeout("net/netfilter/nf_conntrack_udp_timeout_stream", options->udp_stream_timeout);
}

/*
 * Other programs have reserved ports as well. What is reserved stays so, like all that is set here: who
 * reserved it first is not known.
 */
static void reserve_node_ports(struct port_range range)
{
	static const char name[] = "net/ipv4/ip_local_reserved_ports";
	struct port_set reserved = {0};
	char before[RESERVED_SIZE];
	auto_memory char *after = NULL;
	struct error err = {0};
	int r;

	if (!range.first)
		return;
	r = sysctl_get_text(name, before, sizeof(before), &err);
	if (r >= 0 && !port_set_parse(&reserved, before))
		r = error_set(&err, -EBADMSG, "%s is not a list of ports", name);
	if (r >= 0 && port_set_includes(&reserved, range))
		return;
	port_set_add(&reserved, range);
	after = port_set_text(&reserved);
	if (r >= 0)
		r = sysctl_set_text(name, after, &err);
	if (r < 0)
		log_warning("%s; continuing without reserved NodePorts", err.text);
	else
		log_info("sysctl %s set to %s (was %s)", name, after, *before ? before : "empty");
}

/* For what only newer kernels have. */
static void set_if_known(const char *name, int value, const char *setting)
{
	int current;

	if (sysctl_get(name, &current, NULL) == -ENOENT)
		log_warning("this kernel has no sysctl %s; ignoring %s", name, setting);
	else
		set(name, value);
}

#define KERNEL(major, minor) ((major) << 16 | (minor))

void node_setup_sysctls(const struct options *options)
{
	unsigned int version = sysctl_kernel_version();

	set("net/ipv4/vs/conntrack", 1);

	/*
	 * Before 5.9, reusing a client port while its old connection is in TIME_WAIT cost a
	 * second; setting 0 avoids that at the price of sticking to the old destination.
	 */
	if (version && version < KERNEL(5U, 9U))
		set("net/ipv4/vs/conn_reuse_mode", 0);
	set("net/ipv4/vs/expire_nodest_conn", 1);
	set("net/ipv4/vs/expire_quiescent_template", 1);
	set("net/ipv4/ip_forward", 1);
	if (options->suspend_estimation)
		set_if_known("net/ipv4/vs/run_estimation", 0, "suspendEstimation");
	if (options->sloppy_sctp)
		set_if_known("net/ipv4/vs/sloppy_sctp", 1, "sloppySCTP");
	if (options->strict_arp) {
		set("net/ipv4/conf/all/arp_ignore", 1);
		set("net/ipv4/conf/all/arp_announce", 2);
	}
	reserve_node_ports(options->reserved_node_ports);
	prepare_conntrack(&options->conntrack);
}

static int check_scheduler(struct ipvs *ipvs, const char *name, const char *flag, struct error *err)
{
	char module[SCHEDULER_NAME_SIZE + 8], feature[SCHEDULER_NAME_SIZE + 32];
	int r;

	snprintf(module, sizeof(module), "ip_vs_%s", name);
	snprintf(feature, sizeof(feature), "scheduler %s", name);
	r = modules_load(module, feature, err);
	if (r >= 0 || ipvs_has_scheduler(ipvs, name))
		return 0;
	return error_wrap(err, -ENOENT, "%s %s", flag, name);
}

int node_setup_scheduler(const struct options *options, struct ipvs *ipvs, struct error *err)
{
	const char *affinity = options->desired.affinity_scheduler;
	int r = check_scheduler(ipvs, options->desired.scheduler, "--ipvs-scheduler", err);

	if (r >= 0 && strcmp(affinity, "inherit") != 0)
		r = check_scheduler(ipvs, affinity, "--affinity-scheduler", err);
	return r;
}

int node_setup_timeouts(const struct options *options, struct ipvs *ipvs, struct error *err)
{
	if (!options->timeouts.tcp && !options->timeouts.tcp_fin && !options->timeouts.udp)
		return 0;
	return ipvs_set_timeouts(ipvs, &options->timeouts, err);
}

static bool is_conntrack_equal(const struct conntrack_options *a, const struct conntrack_options *b)
{
	return a->max_per_core == b->max_per_core && a->min == b->min &&
	       a->tcp_established_timeout == b->tcp_established_timeout &&
	       a->tcp_close_wait_timeout == b->tcp_close_wait_timeout &&
	       a->udp_timeout == b->udp_timeout && a->udp_stream_timeout == b->udp_stream_timeout &&
	       a->tcp_be_liberal == b->tcp_be_liberal;
}

void node_setup_follow(const struct options *options, const struct options *before,
		       struct ipvs *ipvs)
{
	struct error err = {0};

	if (memcmp(&options->timeouts, &before->timeouts, sizeof(options->timeouts)) != 0 &&
	    node_setup_timeouts(options, ipvs, &err) < 0)
		log_warning("IPVS timeouts: %s; keeping the previous ones", err.text);
	if (options->strict_arp != before->strict_arp ||
	    options->suspend_estimation != before->suspend_estimation ||
	    options->sloppy_sctp != before->sloppy_sctp ||
	    options->reserved_node_ports.first != before->reserved_node_ports.first ||
	    options->reserved_node_ports.last != before->reserved_node_ports.last ||
	    !is_conntrack_equal(&options->conntrack, &before->conntrack))
		node_setup_sysctls(options);
	if (before->strict_arp && !options->strict_arp)
		log_info("strictARP is off now; arp_ignore and arp_announce are not reset");
	if (before->suspend_estimation && !options->suspend_estimation)
		log_info("suspendEstimation is off now; run_estimation is not reset");
	if (before->sloppy_sctp && !options->sloppy_sctp)
		log_info("sloppySCTP is off now; sloppy_sctp is not reset");
}

/* The legacy iptables programs load these themselves, which takes CAP_SYS_MODULE; all others are
 * loaded by the kernel when rules name them. A kernel that only knows nftables has neither. */
void node_setup_programs(void)
{
	static const char *const names[] = {"ip_tables", "ip6_tables"};

	for (size_t i = 0; i < COUNT(names); i++) {
		struct error err = {0};

		if (modules_load(names[i], "iptables", &err) < 0)
			log_debug("%s; iptables may not need it", err.text);
	}
}

int node_setup_init(const struct options *options, struct error *err)
{
	struct kernel *kernel = NULL;
	int r = privileges_check(err);

	if (r >= 0)
		r = kernel_open(DUMMY_INTERFACE, &options->in_cluster_marks, &kernel, err);
	if (r >= 0)
		r = node_setup_scheduler(options, kernel->ipvs, err);
	if (r >= 0)
		r = node_setup_timeouts(options, kernel->ipvs, err);
	if (r >= 0) {
		node_setup_sysctls(options);
		node_setup_programs();
	}
	kernel_close(kernel);
	return r;
}
