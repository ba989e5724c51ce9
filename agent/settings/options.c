/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/*
 * Eight thousand marks in the upper half, where no bit of kube-proxy, kubelet (0x4000, 0x8000),
 * the portmap plugin (0x2000), Cilium (0xf00) or the AWS plugin (0x80) is.
 */
#define IN_CLUSTER_MARK_BASE 0x60000000U
#define IN_CLUSTER_MARK_MASK 0x1fff007eU

struct options *options_new(void)
{
	struct options *options = memory_allocate(sizeof(*options));

	options->socket_path = string_dup(OPTIONS_DEFAULT_SOCKET);
	options->client.content_type = string_dup("application/vnd.kubernetes.protobuf");
	options->client.requests_per_second = 5;
	options->client.burst = 10;
	options->client.page_size = 500;
	options->client.streaming_lists = true;
	options->drop_privileges = true;
	options->bind_address.family = AF_INET;
	address_parse("0.0.0.0", &options->healthz.address);
	address_parse("127.0.0.1", &options->metrics.address);
	options->healthz_port = OPTIONS_HEALTHZ_PORT;
	options->metrics_port = OPTIONS_METRICS_PORT;
	strcpy(options->desired.scheduler, "rr");
	strcpy(options->desired.affinity_scheduler, "sh");
	options->desired.objects_max = 250000;
	options->desired.endpoints_max = 10000;
	options->desired.node_objects_max = 2000000;
	options->detection = LOCAL_DETECTION_PREFIX;
	options->localhost_node_ports = true;
	options->masquerade_bit = 14;
	options->in_cluster_marks = (struct mark_range){IN_CLUSTER_MARK_BASE, IN_CLUSTER_MARK_MASK};
	options->sync_period = 30;
	options->interval = 2;
	options->config_sync_period = 15 * 60.0;
	options->drain_timeout = 15 * 60.0;
	options->former_vip_timeout = 60.0;
	options->conntrack.max_per_core = 32768;
	options->conntrack.min = 131072;
	options->conntrack.tcp_established_timeout = 24 * 3600;
	options->conntrack.tcp_close_wait_timeout = 3600;
	options->oom_score_adj = -999;
	options->verbosity = 2;
	options->output = string_dup("");
	return options;
}

void options_settle_marks(struct options *options)
{
	struct mark_range *range = &options->in_cluster_marks;
	uint32_t bit = 1U << options->masquerade_bit;

	if (range->base != IN_CLUSTER_MARK_BASE || range->mask != IN_CLUSTER_MARK_MASK)
		return;
	if (range->base & bit) {
		/* The highest bit of the mask takes its place. */
		bit = 1U << (31 - __builtin_clz(range->mask));
		range->base ^= 1U << options->masquerade_bit | bit;
	}
	range->mask &= ~bit;
}

void options_free(struct options *options)
{
	if (!options)
		return;
	string_list_clear(&options->manifests);
	string_list_clear(&options->arguments);
	string_list_clear(&options->unused);
	string_list_clear(&options->command_line);
	for (size_t i = 0; i < options->note_count; i++)
		free(options->notes[i].names);
	free(options->notes);
	free(options->node_name);
	free(options->socket_path);
	free(options->configuration_path);
	free(options->agent_config_path);
	free(options->write_to);
	free(options->client.kubeconfig);
	free(options->client.master);
	free(options->client.content_type);
	free(options->client.accept_content_types);
	free(options->feature_gates);
	free(options->cluster_cidrs.items);
	free(options->node_port_prefixes.items);
	free(options->excluded.items);
	free(options->desired.allowed_external_ips.items);
	free(options->desired.allowed_load_balancer_ips.items);
	free(options->desired.opt_out.unprogrammed.items);
	free(options->desired.opt_out.unbound.items);
	free(options->pod_bridge_interface);
	free(options->pod_interface_prefix);
	free(options->output);
	free(options->node_addresses.items);
	free(options);
}

void options_note(struct options *options, bool is_warning, const char *name, const char *reason)
{
	struct option_note *note;

	for (size_t i = 0; i < options->note_count; i++) {
		char *names;

		note = &options->notes[i];
		if (strcmp(note->reason, reason) != 0)
			continue;
		names = string_printf("%s, %s", note->names, name);
		free(note->names);
		note->names = names;
		return;
	}
	options->notes =
		memory_resize(options->notes, options->note_count + 1, sizeof(*options->notes));
	options->notes[options->note_count++] =
		(struct option_note){is_warning, string_dup(name), reason};
}

void options_exchange(struct options *a, struct options *b)
{
	struct options kept = *a;

	*a = *b;
	*b = kept;
}
