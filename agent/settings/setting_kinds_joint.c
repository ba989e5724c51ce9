/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setting_kinds.h"

#include "lib/plan/node_addresses.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Kinds of settings that several fields of struct options hold, or that are words of which each sets some. */

static int set_cluster_cidr(const struct setting *setting, struct options *options,
			    const char *text, struct error *err)
{
	auto_memory char *copy = string_dup(text);
	char *rest = NULL;
	int r = 0;

	(void)setting;
	options->cluster_cidrs.count = 0;
	for (char *item = strtok_r(copy, ", ", &rest); item && r >= 0;
	     item = strtok_r(NULL, ", ", &rest))
		r = prefix_list_add(&options->cluster_cidrs, item, err);
	return r;
}

static json_t *get_cluster_cidr(const struct setting *setting, const struct options *options)
{
	const struct prefix_list *list = &options->cluster_cidrs;
	auto_memory char *text = string_dup("");

	(void)setting;
	for (size_t i = 0; i < list->count; i++) {
		char prefix[ADDRESS_TEXT_SIZE];
		char *longer = string_printf("%s%s%s", text, i ? "," : "",
					     address_prefix_text(&list->items[i], prefix));

		free(text);
		text = longer;
	}
	return json_string(text);
}

static const struct {
	const char *name;
	enum node_port_keyword keyword;
} node_port_keywords[] = {
	{"primary", NODE_PORT_KEYWORD_PRIMARY},
	{"localhost", NODE_PORT_KEYWORD_LOCALHOST},
	{"all", NODE_PORT_KEYWORD_ALL},
};

static int add_node_port_addresses(const struct setting *setting, struct options *options,
				   const char *text, struct error *err)
{
	(void)setting;
	for (size_t i = 0; i < COUNT(node_port_keywords); i++) {
		if (strcmp(text, node_port_keywords[i].name) != 0)
			continue;
		options->node_port_keywords |= node_port_keywords[i].keyword;
		return 0;
	}
	return prefix_list_add(&options->node_port_prefixes, text, err);
}

static json_t *get_node_port_addresses(const struct setting *setting, const struct options *options)
{
	json_t *list = prefix_list_json(&options->node_port_prefixes);

	(void)setting;
	if (!json_is_array(list) && options->node_port_keywords)
		list = json_array();
	for (size_t i = 0; i < COUNT(node_port_keywords); i++)
		if (options->node_port_keywords & node_port_keywords[i].keyword)
			json_array_append_new(list, json_string(node_port_keywords[i].name));
	return list;
}

static const struct {
	const char *name;
	enum local_detection detection;
	bool is_node_cidr;
} detections[] = {
	{"ClusterCIDR", LOCAL_DETECTION_PREFIX, false},
	{"NodeCIDR", LOCAL_DETECTION_PREFIX, true},
	{"BridgeInterface", LOCAL_DETECTION_BRIDGE, false},
	{"InterfaceNamePrefix", LOCAL_DETECTION_INTERFACE_PREFIX, false},
};

static int set_detection(const struct setting *setting, struct options *options, const char *text,
			 struct error *err)
{
	(void)setting;
	for (size_t i = 0; i < COUNT(detections); i++) {
		if (strcmp(detections[i].name, text) != 0)
			continue;
		options->detection = detections[i].detection;
		options->is_node_cidr = detections[i].is_node_cidr;
		return 0;
	}
	return error_set(
		err, -EINVAL,
		"\"%s\" is not ClusterCIDR, NodeCIDR, BridgeInterface or InterfaceNamePrefix",
		text);
}

static json_t *get_detection(const struct setting *setting, const struct options *options)
{
	(void)setting;
	for (size_t i = 0; i < COUNT(detections); i++)
		if (detections[i].detection == options->detection &&
		    detections[i].is_node_cidr == options->is_node_cidr)
			return json_string(detections[i].name);
	return json_string("");
}

static int set_mode(const struct setting *setting, struct options *options, const char *text,
		    struct error *err)
{
	(void)setting;
	(void)options;
	if (strcmp(text, "ipvs") == 0)
		return 0;
	return error_set(err, -EINVAL, "\"%s\" is not supported; the only mode is ipvs", text);
}

static json_t *get_mode(const struct setting *setting, const struct options *options)
{
	(void)setting;
	(void)options;
	return json_string("ipvs");
}

/* Return: a new object, or NULL if @text is not NAME=true,NAME=false,... */
static json_t *feature_gates_json(const char *text)
{
	auto_memory char *copy = string_dup(text);
	json_t *gates = json_object();
	char *rest = NULL;

	for (char *item = strtok_r(copy, ", ", &rest); item; item = strtok_r(NULL, ", ", &rest)) {
		char *value = strchr(item, '=');

		if (value)
			*value++ = '\0';
		if (!value || value == item + 1 ||
		    (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)) {
			json_decref(gates);
			return NULL;
		}
		json_object_set_new(gates, item, json_boolean(strcmp(value, "true") == 0));
	}
	return gates;
}

/*
 * Of kube-proxy's gates two concern this program: the one that closes external IPs must not be
 * reopened by an exchange of images, and the one that ends kube-proxy's IPVS mode is not about us.
 */
static void follow_feature_gates(struct options *options, const json_t *gates, const char *field)
{
	const json_t *external_ips = json_object_get(gates, "AllowServiceExternalIPs");
	const json_t *ipvs = json_object_get(gates, "KubeProxyIPVS");
	size_t known = (external_ips ? 1U : 0U) + (ipvs ? 1U : 0U);

	options->desired.omits_external_ips = json_is_false(external_ips);
	if (json_is_false(ipvs))
		options_note(
			options, true, field,
			"KubeProxyIPVS=false disables the IPVS mode of kube-proxy; the agent runs all the same");
	if (json_object_size(gates) > known)
		options_note(
			options, false, field,
			"ignored but for AllowServiceExternalIPs, the only feature gate that applies to the agent");
}

static int set_feature_gates(const struct setting *setting, struct options *options,
			     const char *text, struct error *err)
{
	json_t *gates = feature_gates_json(text);

	if (!gates)
		return error_set(err, -EINVAL, "\"%s\" is not NAME=true,NAME=false,...", text);
	follow_feature_gates(options, gates, setting->field);
	json_decref(gates);
	free(options->feature_gates);
	options->feature_gates = string_dup(text);
	return 0;
}

static json_t *get_feature_gates(const struct setting *setting, const struct options *options)
{
	(void)setting;
	return options->feature_gates ? feature_gates_json(options->feature_gates) : json_object();
}

const struct setting_kind setting_kind_cluster_cidr = {SETTING_FORM_TEXT, 0, set_cluster_cidr,
						       get_cluster_cidr, false};
const struct setting_kind setting_kind_node_port_addresses = {
	SETTING_FORM_LIST, 0, add_node_port_addresses, get_node_port_addresses, true};
const struct setting_kind setting_kind_detection = {SETTING_FORM_TEXT, 0, set_detection,
						    get_detection, true};
const struct setting_kind setting_kind_mode = {SETTING_FORM_TEXT, 0, set_mode, get_mode, true};
const struct setting_kind setting_kind_feature_gates = {SETTING_FORM_MAP, 0, set_feature_gates,
							get_feature_gates, true};
