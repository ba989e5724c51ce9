/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "object_decode.h"

#include "object_field.h"
#include "service_annotations.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#define DEFAULT_AFFINITY_SECONDS 10800
#define LONGEST_AFFINITY_SECONDS 86400

/* Up to so many ports are compared with each other, which takes less than clearing a port_set. */
#define FEW_PORTS 16

/* Port numbers that were seen, per protocol. */
struct port_set {
	uint8_t seen[3][(UINT16_MAX + 1) / 8];
};

static bool port_set_add(struct port_set *set, uint8_t protocol, uint16_t port)
{
	size_t row = protocol == IPPROTO_TCP ? 0 : protocol == IPPROTO_UDP ? 1 : 2;
	uint8_t bit = (uint8_t)(1U << (port % 8));
	bool is_new = !(set->seen[row][port / 8] & bit);

	set->seen[row][port / 8] |= bit;
	return is_new;
}

static int decode_metadata(const struct object_field *root, struct service *service,
			   struct object_leftovers *left, struct error *err)
{
	struct object_field metadata = object_field_get(root, "metadata");
	struct object_field name = object_field_get(&metadata, "name");
	struct object_field namespace_name = object_field_get(&metadata, "namespace");
	struct object_field uid = object_field_get(&metadata, "uid");
	struct object_field created = object_field_get(&metadata, "creationTimestamp");
	struct object_field labels = object_field_get(&metadata, "labels");
	struct object_field annotations = object_field_get(&metadata, "annotations");
	struct object_field proxy =
		object_field_get(&labels, "service.kubernetes.io/service-proxy-name");
	const char *name_text = "", *namespace_text = "default", *proxy_text = NULL;
	int64_t milliseconds = 0;
	int r;

	r = object_field_object(&metadata, err);
	if (r >= 0)
		r = object_field_object(&labels, err);
	if (r >= 0)
		r = object_field_name(&name, &name_text, err);
	if (r >= 0)
		r = object_field_name(&namespace_name, &namespace_text, err);
	if (r >= 0)
		r = object_field_time(&created, &milliseconds, err);
	if (r >= 0)
		r = object_field_text(&proxy, &proxy_text, err);
	if (r < 0)
		return r;
	if (!*name_text)
		return object_field_error(&name, err, "missing");
	service->name = string_dup(name_text);
	service->namespace_name = string_dup(namespace_text);
	service->uid = object_uid_parse(object_field_plain_text(&uid));
	service->created = milliseconds / 1000;
	service->proxy_name = string_dup(proxy_text);
	service_annotations_decode(&annotations, service, left);
	return 0;
}

static int decode_type(const struct object_field *spec, struct service *service, struct error *err)
{
	static const char *const names[] = {
		[SERVICE_TYPE_CLUSTER_IP] = "ClusterIP",
		[SERVICE_TYPE_NODE_PORT] = "NodePort",
		[SERVICE_TYPE_LOAD_BALANCER] = "LoadBalancer",
		[SERVICE_TYPE_EXTERNAL_NAME] = "ExternalName",
	};
	struct object_field field = object_field_get(spec, "type");
	size_t choice = SERVICE_TYPE_CLUSTER_IP;
	int r = object_field_choice(&field, names, COUNT(names), &choice, err);

	service->type = (enum service_type)choice;
	return r;
}

static bool is_no_cluster_ip(const struct object_field *field)
{
	const char *text = object_field_plain_text(field);

	return !object_field_is_present(field) ||
	       (field->value.type == OBJECT_VALUE_TEXT && (!*text || strcmp(text, "None") == 0));
}

/* Return: whether it can be used */
static bool take_address(const struct object_field *field, struct address *ret,
			 struct object_leftovers *left)
{
	struct error why = {0};

	if (object_field_unicast(field, ret, &why) >= 0)
		return true;
	object_leftovers_add(left, &why);
	return false;
}

static int decode_cluster_ip_list(const struct object_field *list, size_t count,
				  const struct address *single, struct service *service,
				  struct object_leftovers *left, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		struct object_field entry = object_field_at(list, i);
		struct address address = {0}, *addresses = service->cluster_ips;
		int r;

		if (i == 0 && is_no_cluster_ip(&entry) && !single->family)
			return 0;
		if (!object_field_is_present(&entry))
			return object_field_error(&entry, err, "missing");
		r = object_field_address(&entry, &address, err);
		if (r < 0)
			return r;
		if (!take_address(&entry, &address, left))
			continue;
		if (i == 0 && single->family && !address_is_equal(&address, single))
			return object_field_error(&entry, err, "differs from spec.clusterIP");
		if (service->cluster_ip_count && address.family == addresses[0].family)
			return object_field_error(&entry, err, "is of the family of the first");
		addresses[service->cluster_ip_count++] = address;
	}
	return 0;
}

static int decode_cluster_ips(const struct object_field *spec, struct service *service,
			      struct object_leftovers *left, struct error *err)
{
	struct object_field single = object_field_get(spec, "clusterIP");
	struct object_field list = object_field_get(spec, "clusterIPs");
	struct object_leftovers said_in_list = {0};
	struct address first = {0};
	size_t count = 0;
	int r = object_field_list(&list, &count, err);

	if (r < 0)
		return r;
	if (count > 2)
		return object_field_error(&list, err, "more than one address per family");
	if (!is_no_cluster_ip(&single))
		r = object_field_address(&single, &first, err);
	if (r < 0)
		return r;
	first = (struct address){0};
	if (!is_no_cluster_ip(&single))
		take_address(&single, &first, count ? &said_in_list : left);
	if (count == 0 && !first.family)
		return 0;
	service->cluster_ips = memory_array(2, sizeof(*service->cluster_ips));
	if (count == 0)
		service->cluster_ips[service->cluster_ip_count++] = first;
	return decode_cluster_ip_list(&list, count, &first, service, left, err);
}

static int decode_external_ips(const struct object_field *spec, struct service *service,
			       struct object_leftovers *left, struct error *err)
{
	struct object_field list = object_field_get(spec, "externalIPs");
	size_t count = 0;
	int r = object_field_list(&list, &count, err);

	if (r < 0 || count == 0)
		return r;
	service->external_ips = memory_array(count, sizeof(*service->external_ips));
	for (size_t i = 0; i < count; i++) {
		struct object_field entry = object_field_at(&list, i);

		if (!object_field_is_present(&entry))
			return object_field_error(&entry, err, "missing");
		if (take_address(&entry, &service->external_ips[service->external_ip_count], left))
			service->external_ip_count++;
	}
	return 0;
}

/* One of mode Proxy is the load balancer's own, and of no concern if it is no address. */
static int decode_ingress(const struct object_field *entry, struct service *service,
			  struct object_leftovers *left, struct error *err)
{
	static const char *const modes[] = {"VIP", "Proxy"};
	struct object_field ip = object_field_get(entry, "ip");
	struct object_field mode_field = object_field_get(entry, "ipMode");
	struct address address = {0};
	struct error ignored = {0};
	size_t mode = 0;
	int r;

	r = object_field_object(entry, err);
	if (r >= 0)
		r = object_field_choice(&mode_field, modes, COUNT(modes), &mode, err);
	if (r < 0 || (ip.value.type == OBJECT_VALUE_TEXT && !*object_field_plain_text(&ip)))
		return r;
	if (mode != 0)
		object_field_unicast(&ip, &address, &ignored);
	else
		take_address(&ip, &address, left);
	if (!address.family)
		return 0;
	if (mode != 0)
		service->proxied_ips[service->proxied_ip_count++] = address;
	else
		service->load_balancer_ips[service->load_balancer_ip_count++] = address;
	return 0;
}

static int decode_load_balancer_ips(const struct object_field *root, struct service *service,
				    struct object_leftovers *left, struct error *err)
{
	struct object_field status = object_field_get(root, "status");
	struct object_field balancer = object_field_get(&status, "loadBalancer");
	struct object_field list = object_field_get(&balancer, "ingress");
	size_t count = 0;
	int r;

	r = object_field_object(&status, err);
	if (r >= 0)
		r = object_field_object(&balancer, err);
	if (r >= 0)
		r = object_field_list(&list, &count, err);
	if (r < 0 || count == 0)
		return r;
	service->load_balancer_ips = memory_array(count, sizeof(*service->load_balancer_ips));
	service->proxied_ips = memory_array(count, sizeof(*service->proxied_ips));
	for (size_t i = 0; r >= 0 && i < count; i++) {
		struct object_field entry = object_field_at(&list, i);

		r = decode_ingress(&entry, service, left, err);
	}
	return r;
}

static int decode_source_ranges(const struct object_field *spec, struct service *service,
				struct error *err)
{
	struct object_field list = object_field_get(spec, "loadBalancerSourceRanges");
	size_t count = 0;
	int r = object_field_list(&list, &count, err);

	if (r < 0 || count == 0)
		return r;
	service->source_ranges = memory_array(count, sizeof(*service->source_ranges));
	for (size_t i = 0; i < count; i++) {
		struct object_field entry = object_field_at(&list, i);

		if (!object_field_is_present(&entry))
			return object_field_error(&entry, err, "missing");
		r = object_field_prefix(&entry, &service->source_ranges[i], err);
		if (r < 0)
			return r;
		service->source_range_count++;
	}
	return 0;
}

static int decode_port(const struct object_field *entry, struct service_port *port,
		       struct error *err)
{
	struct object_field name = object_field_get(entry, "name");
	struct object_field number = object_field_get(entry, "port");
	struct object_field protocol = object_field_get(entry, "protocol");
	struct object_field node_port = object_field_get(entry, "nodePort");
	const char *name_text = "";
	int64_t node_port_number = 0;
	int r;

	port->protocol = IPPROTO_TCP;
	r = object_field_object(entry, err);
	if (r >= 0)
		r = object_field_port_name(&name, &name_text, err);
	if (r >= 0 && !object_field_is_present(&number))
		r = object_field_error(&number, err, "missing");
	if (r >= 0)
		r = object_field_port(&number, &port->port, err);
	if (r >= 0)
		r = object_field_protocol(&protocol, &port->protocol, err);
	if (r >= 0)
		r = object_field_integer(&node_port, &node_port_number, err);
	if (r >= 0 && node_port_number != 0)
		r = object_field_port(&node_port, &port->node_port, err);
	if (r >= 0)
		port->name = string_dup(name_text);
	return r;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int check_port_names(const struct object_field *list, const struct service *service,
			    struct error *err)
{
	auto_memory const char **names = memory_array(service->port_count, sizeof(*names));
	int r = 0;

	if (service->port_count < 2)
		return 0;
	for (size_t i = 0; i < service->port_count; i++)
		names[i] = service->ports[i].name;
	qsort(names, service->port_count, sizeof(*names), compare_names);
	if (!*names[0])
		return object_field_error(list, err,
					  "must not be empty: each of several ports needs a name");
	for (size_t i = 1; r >= 0 && i < service->port_count; i++)
		if (strcmp(names[i - 1], names[i]) == 0)
			r = object_field_error(list, err, "duplicate name \"%s\"", names[i]);
	return r;
}

/* What tells virtual servers apart must differ between the ports of one Service. */
static bool has_port_before(const struct service *service, size_t index)
{
	const struct service_port *port = &service->ports[index];

	for (size_t i = 0; i < index; i++)
		if (service->ports[i].port == port->port &&
		    service->ports[i].protocol == port->protocol)
			return true;
	return false;
}

static bool has_node_port_before(const struct service *service, size_t index)
{
	const struct service_port *port = &service->ports[index];

	for (size_t i = 0; i < index; i++)
		if (service->ports[i].node_port == port->node_port &&
		    service->ports[i].protocol == port->protocol)
			return true;
	return false;
}

static int check_port_numbers(const struct object_field *list, const struct service *service,
			      struct error *err)
{
	bool has_few = service->port_count <= FEW_PORTS;
	auto_memory struct port_set *sets = has_few ? NULL : memory_array(2, sizeof(*sets));
	bool has_node_ports = service->type == SERVICE_TYPE_NODE_PORT ||
			      service->type == SERVICE_TYPE_LOAD_BALANCER;

	for (size_t i = 0; i < service->port_count; i++) {
		const struct service_port *port = &service->ports[i];
		struct object_field entry = object_field_at(list, i);
		struct object_field number = object_field_get(&entry, "port");
		struct object_field node_port = object_field_get(&entry, "nodePort");

		if (has_few ? has_port_before(service, i)
			    : !port_set_add(&sets[0], port->protocol, port->port))
			return object_field_error(&number, err, "duplicate port %u/%s", port->port,
						  address_protocol_name(port->protocol));
		if (!port->node_port)
			continue;
		if (!has_node_ports)
			return object_field_error(&node_port, err, "must not be set for type %s",
						  service_type_name(service->type));
		if (has_few ? has_node_port_before(service, i)
			    : !port_set_add(&sets[1], port->protocol, port->node_port))
			return object_field_error(&node_port, err, "duplicate port %u/%s",
						  port->node_port,
						  address_protocol_name(port->protocol));
	}
	return 0;
}

static int decode_ports(const struct object_field *spec, struct service *service, struct error *err)
{
	struct object_field list = object_field_get(spec, "ports");
	size_t count = 0;
	int r = object_field_list(&list, &count, err);

	if (r < 0 || count == 0)
		return r;
	service->ports = memory_array(count, sizeof(*service->ports));
	for (size_t i = 0; i < count; i++) {
		struct object_field entry = object_field_at(&list, i);

		r = decode_port(&entry, &service->ports[i], err);
		if (r < 0)
			return r;
		service->port_count++;
	}
	r = check_port_names(&list, service, err);
	return r < 0 ? r : check_port_numbers(&list, service, err);
}

static int decode_affinity(const struct object_field *spec, struct service *service,
			   struct error *err)
{
	static const char *const names[] = {"None", "ClientIP"};
	struct object_field affinity = object_field_get(spec, "sessionAffinity");
	struct object_field config = object_field_get(spec, "sessionAffinityConfig");
	struct object_field client_ip = object_field_get(&config, "clientIP");
	struct object_field timeout = object_field_get(&client_ip, "timeoutSeconds");
	int64_t seconds = DEFAULT_AFFINITY_SECONDS;
	size_t choice = 0;
	int r;

	r = object_field_choice(&affinity, names, COUNT(names), &choice, err);
	if (r < 0 || choice == 0)
		return r;
	r = object_field_object(&config, err);
	if (r >= 0)
		r = object_field_object(&client_ip, err);
	if (r >= 0)
		r = object_field_integer(&timeout, &seconds, err);
	if (r < 0)
		return r;
	if (seconds < 1 || seconds > LONGEST_AFFINITY_SECONDS)
		return object_field_error(&timeout, err, "%lld is not between 1 and %d seconds",
					  (long long)seconds, LONGEST_AFFINITY_SECONDS);
	service->affinity_seconds = (uint32_t)seconds;
	return 0;
}

/* The external policy counts only where outside traffic can arrive, as kube-proxy has it. */
static int decode_policies(const struct object_field *spec, struct service *service,
			   struct error *err)
{
	static const char *const names[] = {"Cluster", "Local"};
	struct object_field external = object_field_get(spec, "externalTrafficPolicy");
	struct object_field internal = object_field_get(spec, "internalTrafficPolicy");
	struct object_field health = object_field_get(spec, "healthCheckNodePort");
	size_t external_choice = 0, internal_choice = 0;
	uint16_t health_port = 0;
	int64_t number = 0;
	int r;

	r = object_field_choice(&external, names, COUNT(names), &external_choice, err);
	if (r >= 0)
		r = object_field_choice(&internal, names, COUNT(names), &internal_choice, err);
	if (r >= 0)
		r = object_field_integer(&health, &number, err);
	if (r >= 0 && number != 0)
		r = object_field_port(&health, &health_port, err);
	if (r < 0)
		return r;
	service->is_internal_local = internal_choice == 1;
	service->is_external_local =
		external_choice == 1 &&
		(service->type == SERVICE_TYPE_NODE_PORT ||
		 service->type == SERVICE_TYPE_LOAD_BALANCER || service->external_ip_count > 0);
	if (service->type == SERVICE_TYPE_LOAD_BALANCER && service->is_external_local)
		service->health_check_node_port = health_port;
	return 0;
}

int object_decode_service(struct object_value object, struct service **ret, struct error *err)
{
	auto_free(service) struct service *service = memory_allocate(sizeof(*service));
	struct object_field root = object_field_root(object);
	struct object_field spec = object_field_get(&root, "spec");
	struct object_leftovers left = {0};
	int r;

	r = object_field_object(&root, err);
	if (r >= 0)
		r = object_field_object(&spec, err);
	if (r >= 0)
		r = decode_metadata(&root, service, &left, err);
	if (r >= 0)
		r = decode_type(&spec, service, err);
	if (r >= 0 && service->type != SERVICE_TYPE_EXTERNAL_NAME) {
		r = decode_cluster_ips(&spec, service, &left, err);
		if (r >= 0)
			r = decode_external_ips(&spec, service, &left, err);
		if (r >= 0)
			r = decode_load_balancer_ips(&root, service, &left, err);
		if (r >= 0)
			r = decode_source_ranges(&spec, service, err);
		if (r >= 0)
			r = decode_ports(&spec, service, err);
		if (r >= 0)
			r = decode_affinity(&spec, service, err);
		if (r >= 0)
			r = decode_policies(&spec, service, err);
	}
	if (r < 0)
		return r;
	*ret = service_pack(take(&service));
	return object_leftovers_tell(&left, err);
}
