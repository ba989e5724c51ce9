/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node_config.h"

#include "lib/source/yaml_tree.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* A key of the configuration and what to do with its value; read NULL: it concerns no planning. */
struct setting {
	const char *name;
	int (*read)(struct node_config *config, const json_t *value, struct error *err);
};

static int read_settings(struct node_config *config, const json_t *object,
			 const struct setting *settings, size_t count, struct error *err)
{
	const char *name;
	json_t *value;

	if (!json_is_object(object))
		return error_set(err, -EINVAL, "not a mapping");
	json_object_foreach ((json_t *)object, name, value) {
		const struct setting *setting = NULL;
		int r;

		for (size_t i = 0; i < count && !setting; i++)
			if (strcmp(settings[i].name, name) == 0)
				setting = &settings[i];
		if (!setting)
			return error_set(err, -EINVAL, "%s: not known to this runner", name);
		r = setting->read ? setting->read(config, value, err) : 0;
		if (r < 0)
			return error_wrap(err, r, "%s", name);
	}
	return 0;
}

static int read_text(const json_t *value, char **ret, struct error *err)
{
	if (!json_is_string(value))
		return error_set(err, -EINVAL, "not a string");
	free(*ret);
	*ret = string_dup(json_string_value(value));
	return 0;
}

static int read_prefixes(const json_t *value, struct prefix **ret, size_t *ret_count,
			 struct error *err)
{
	struct prefix *prefixes = memory_array(json_array_size(value), sizeof(*prefixes));
	const json_t *element;
	size_t i;

	json_array_foreach (value, i, element) {
		if (!json_is_string(element) ||
		    !address_parse_prefix(json_string_value(element), &prefixes[i])) {
			free(prefixes);
			return error_set(err, -EINVAL, "element %zu is not a prefix", i);
		}
	}
	*ret = prefixes;
	*ret_count = json_array_size(value);
	return 0;
}

static int read_node_name(struct node_config *config, const json_t *value, struct error *err)
{
	return read_text(value, &config->node_name, err);
}

static int read_cluster_cidr(struct node_config *config, const json_t *value, struct error *err)
{
	auto_memory char *text = NULL;
	char *rest, *word;
	int r = read_text(value, &text, err);

	if (r < 0)
		return r;
	rest = text;
	while ((word = strsep(&rest, ","))) {
		struct prefix prefix;

		if (!address_parse_prefix(word, &prefix))
			return error_set(err, -EINVAL, "%s is not a prefix", word);
		config->cluster_prefixes[prefix.address.family == AF_INET6] = prefix;
	}
	return 0;
}

static int read_detection(struct node_config *config, const json_t *value, struct error *err)
{
	static const struct {
		const char *name;
		enum local_detection detection;
		bool is_node_cidr;
	} modes[] = {
		{"ClusterCIDR", LOCAL_DETECTION_PREFIX, false},
		{"NodeCIDR", LOCAL_DETECTION_PREFIX, true},
		{"BridgeInterface", LOCAL_DETECTION_BRIDGE, false},
		{"InterfaceNamePrefix", LOCAL_DETECTION_INTERFACE_PREFIX, false},
	};

	for (size_t i = 0; i < COUNT(modes); i++) {
		if (!string_equal(json_string_value(value), modes[i].name))
			continue;
		config->detection = modes[i].detection;
		config->is_node_cidr = modes[i].is_node_cidr;
		return 0;
	}
	return error_set(err, -EINVAL, "unknown mode");
}

static int read_pod_interface(struct node_config *config, const json_t *value, struct error *err)
{
	return read_text(value, &config->pod_interface, err);
}

static int read_detect_local(struct node_config *config, const json_t *value, struct error *err)
{
	static const struct setting settings[] = {
		{"bridgeInterface", read_pod_interface},
		{"interfaceNamePrefix", read_pod_interface},
	};

	return read_settings(config, value, settings, COUNT(settings), err);
}

static int read_masquerade_all(struct node_config *config, const json_t *value, struct error *err)
{
	if (!json_is_boolean(value))
		return error_set(err, -EINVAL, "not a boolean");
	config->masquerade_all = json_is_true(value);
	return 0;
}

static int read_masquerade_bit(struct node_config *config, const json_t *value, struct error *err)
{
	json_int_t bit = json_integer_value(value);

	if (!json_is_integer(value) || bit < 0 || bit > 31)
		return error_set(err, -EINVAL, "not a bit (0-31)");
	config->masquerade_bit = (unsigned int)bit;
	return 0;
}

static int read_iptables(struct node_config *config, const json_t *value, struct error *err)
{
	static const struct setting settings[] = {
		{"masqueradeAll", read_masquerade_all},
		{"masqueradeBit", read_masquerade_bit},
	};

	return read_settings(config, value, settings, COUNT(settings), err);
}

static int read_scheduler(struct node_config *config, const json_t *value, struct error *err)
{
	const char *name = json_string_value(value);

	if (!name || strlen(name) >= sizeof(config->scheduler))
		return error_set(err, -EINVAL, "not the name of a scheduler");
	memset(config->scheduler, 0, sizeof(config->scheduler));
	memcpy(config->scheduler, name, strlen(name));
	return 0;
}

static int read_excluded(struct node_config *config, const json_t *value, struct error *err)
{
	free(config->excluded);
	config->excluded = NULL;
	return read_prefixes(value, &config->excluded, &config->excluded_count, err);
}

static int read_ipvs(struct node_config *config, const json_t *value, struct error *err)
{
	static const struct setting settings[] = {
		{"scheduler", read_scheduler}, {"excludeCIDRs", read_excluded},
		{"strictARP", NULL},	       {"tcpTimeout", NULL},
		{"tcpFinTimeout", NULL},       {"udpTimeout", NULL},
	};

	return read_settings(config, value, settings, COUNT(settings), err);
}

static int read_node_port_addresses(struct node_config *config, const json_t *value,
				    struct error *err)
{
	const char *first = json_string_value(json_array_get(value, 0));

	if (json_array_size(value) == 1 && string_equal(first, "primary")) {
		config->node_port_keywords = NODE_PORT_KEYWORD_PRIMARY;
		return 0;
	}
	free(config->node_port_prefixes);
	config->node_port_prefixes = NULL;
	return read_prefixes(value, &config->node_port_prefixes, &config->node_port_prefix_count,
			     err);
}

static int read_external_ips_gate(struct node_config *config, const json_t *value,
				  struct error *err)
{
	(void)err;
	config->omits_external_ips = json_is_false(value);
	return 0;
}

static int read_feature_gates(struct node_config *config, const json_t *value, struct error *err)
{
	static const struct setting settings[] = {
		{"AllowServiceExternalIPs", read_external_ips_gate},
	};

	return read_settings(config, value, settings, COUNT(settings), err);
}

static int read_configuration(struct node_config *config, const json_t *tree, struct error *err)
{
	static const struct setting settings[] = {
		{"apiVersion", NULL},
		{"kind", NULL},
		{"mode", NULL},
		{"conntrack", NULL},
		{"hostnameOverride", read_node_name},
		{"clusterCIDR", read_cluster_cidr},
		{"detectLocalMode", read_detection},
		{"detectLocal", read_detect_local},
		{"iptables", read_iptables},
		{"ipvs", read_ipvs},
		{"nodePortAddresses", read_node_port_addresses},
		{"featureGates", read_feature_gates},
	};
	int r = read_settings(config, tree, settings, COUNT(settings), err);

	if (r == 0 && !config->node_name)
		r = error_set(err, -EINVAL, "hostnameOverride: missing");
	return r;
}

int node_config_parse(const char *yaml, struct node_config **ret, struct error *err)
{
	auto_free(yaml_tree) struct yaml_tree *reader = yaml_tree_new(yaml, strlen(yaml));
	auto_free(node_config) struct node_config *config = memory_allocate(sizeof(*config));
	json_t *tree = NULL;
	int r = yaml_tree_next(reader, &tree, NULL, err);

	if (r < 0)
		return r;
	if (r == 0)
		return error_set(err, -EINVAL, "no configuration");
	config->detection = LOCAL_DETECTION_PREFIX;
	config->masquerade_bit = 14;
	memcpy(config->scheduler, "rr", sizeof("rr"));
	r = read_configuration(config, tree, err);
	json_decref(tree);
	if (r < 0)
		return r;
	*ret = take(&config);
	return 0;
}

void node_config_free(struct node_config *config)
{
	if (!config)
		return;
	free(config->node_name);
	free(config->excluded);
	free(config->node_port_prefixes);
	free(config->pod_interface);
	free(config);
}

void node_config_desired(const struct node_config *config, const struct own_choices *choices,
			 struct desired_options *ret)
{
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->scheduler, config->scheduler, sizeof(ret->scheduler));
	memcpy(ret->affinity_scheduler, choices->affinity_scheduler,
	       strlen(choices->affinity_scheduler));
	ret->has_in_cluster = choices->has_in_cluster;
	ret->omits_external_ips = config->omits_external_ips;
}

static struct prefix pod_prefix(const struct node_config *config, const struct node *node,
				uint16_t family)
{
	if (!config->is_node_cidr)
		return config->cluster_prefixes[family == AF_INET6];
	for (size_t i = 0; i < node->pod_cidr_count; i++)
		if (node->pod_cidrs[i].address.family == family)
			return node->pod_cidrs[i];
	return (struct prefix){0};
}

void node_config_ruleset(const struct node_config *config, const struct own_choices *choices,
			 const struct node *node, uint16_t family, struct ruleset_options *ret)
{
	*ret = (struct ruleset_options){
		.family = family,
		.detection = config->detection,
		.pod_prefix = pod_prefix(config, node, family),
		.pod_interface = config->pod_interface,
		.masquerade_mark = 1U << config->masquerade_bit,
		.masquerade_all = config->masquerade_all,
		.has_random_fully = true,
		.has_in_cluster = choices->has_in_cluster,
		.marks = {0x60000000, 0x1fff007e & ~(1U << config->masquerade_bit)},
	};
}

void node_config_addresses(const struct node_config *config, struct node_address_options *ret)
{
	*ret = (struct node_address_options){
		.node_ports = {.prefixes = config->node_port_prefixes,
			       .prefix_count = config->node_port_prefix_count,
			       .keywords = config->node_port_keywords},
		.dummy_interface = "kube-ipvs0",
	};
}
