/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "object_decode_fixture.h"

static void add_slice(char *text, const struct endpoint_slice *slice)
{
	char buffer[ADDRESS_TEXT_SIZE];

	add(text, "%s/%s of %s %s", slice->namespace_name, slice->name,
	    slice->service_name ? slice->service_name : "none",
	    slice->family == AF_INET	? "IPv4"
	    : slice->family == AF_INET6 ? "IPv6"
					: "FQDN");
	for (size_t i = 0; i < slice->port_count; i++)
		add(text, " %s=%u/%s", slice->ports[i].name, slice->ports[i].port,
		    address_protocol_name(slice->ports[i].protocol));
	for (size_t i = 0; i < slice->endpoint_count; i++) {
		const struct endpoint *endpoint = &slice->endpoints[i];
		struct endpoint_hints hints;

		add(text, " %s%s%s%s", address_text(&endpoint->address, buffer),
		    endpoint->is_ready ? "+ready" : "", endpoint->is_serving ? "+serving" : "",
		    endpoint->is_terminating ? "+terminating" : "");
		if (endpoint->node_name)
			add(text, "@%s", endpoint->node_name);
		hints = endpoint_hints(slice, endpoint);
		if (hints.zones)
			add(text, "(%s)", hints.zones);
		if (hints.nodes)
			add(text, "[%s]", hints.nodes);
	}
	if (slice->trigger_time)
		add(text, " trigger=%lld", (long long)slice->trigger_time);
}

static void slice_text(const char *yaml, char text[TEXT_SIZE])
{
	struct string_pool *strings = string_pool_new();
	struct endpoint_slice *slice = NULL;
	struct error err = {0};
	json_t *object = tree_of(yaml);
	int r = object_decode_endpoint_slice(json_value_of(object), strings, &slice, &err);

	json_tree_drop(object);
	text[0] = '\0';
	if (r < 0)
		add(text, "! %s", err.text);
	else
		add_slice(text, slice);
	add_left_out(text, r, &err);
	endpoint_slice_free(slice);
	assert_int_equal(string_pool_count(strings), 0);
	string_pool_free(strings);
}

#define SLICE \
	"metadata: {name: web-1, labels: {kubernetes.io/service-name: web}}\naddressType: IPv4\n"

static void endpoint_slices(void **state)
{
	static const struct row rows[] = {
		{"nothing is said of conditions",
		 SLICE "endpoints: [{addresses: [10.1.0.1]}]\nports: [{name: http, port: 8080}]",
		 "default/web-1 of web IPv4 http=8080/TCP 10.1.0.1+ready+serving"},
		{"conditions",
		 SLICE "endpoints:\n"
		       "- {addresses: [10.1.0.1], conditions: {ready: false}}\n"
		       "- {addresses: [10.1.0.2], conditions: {ready: null, serving: true}}\n"
		       "- {addresses: [10.1.0.3], conditions: {ready: false, serving: true, "
		       "terminating: true}}\n",
		 "default/web-1 of web IPv4 10.1.0.1+serving 10.1.0.2+ready+serving "
		 "10.1.0.3+serving+terminating"},
		{"the first address counts",
		 SLICE "endpoints: [{addresses: [10.1.0.1, 10.1.0.2], nodeName: node1}]",
		 "default/web-1 of web IPv4 10.1.0.1+ready+serving@node1"},
		{"hints",
		 SLICE "endpoints:\n"
		       "- {addresses: [10.1.0.1], hints: {forZones: [{name: a}, {name: b}]}}\n"
		       "- {addresses: [10.1.0.2], hints: {forZones: []}}\n"
		       "- {addresses: [10.1.0.3], hints: {}}\n"
		       "- {addresses: [10.1.0.4], hints: {forNodes: [{name: n1}, {name: n2}]}}\n"
		       "- {addresses: [10.1.0.5], hints: {forNodes: [{name: n1}], "
		       "forZones: [{name: a}]}}\n",
		 "default/web-1 of web IPv4 10.1.0.1+ready+serving(a,b) 10.1.0.2+ready+serving "
		 "10.1.0.3+ready+serving 10.1.0.4+ready+serving[n1,n2] "
		 "10.1.0.5+ready+serving(a)[n1]"},
		{"ports without name or number",
		 SLICE "ports: [{port: 80}, {name: a, protocol: UDP}]",
		 "default/web-1 of web IPv4 =80/TCP a=0/UDP"},
		{"IPv6",
		 "metadata: {name: web-1, namespace: shop}\naddressType: IPv6\n"
		 "endpoints: [{addresses: ['fd00::1']}]",
		 "shop/web-1 of none IPv6 fd00::1+ready+serving"},
		{"names instead of addresses",
		 "metadata: {name: web-1, labels: {kubernetes.io/service-name: web}}\n"
		 "addressType: FQDN\nendpoints: [{addresses: [a.example]}]",
		 "default/web-1 of web FQDN"},
		{"slices of headless Services belong to nobody",
		 "metadata: {name: web-1, labels: {kubernetes.io/service-name: web, "
		 "service.kubernetes.io/headless: ''}}\naddressType: IPv4",
		 "default/web-1 of none IPv4"},
		{"which proxy serves is not for a slice to say",
		 "metadata: {name: web-1, labels: {kubernetes.io/service-name: web, "
		 "service.kubernetes.io/service-proxy-name: mesh}}\naddressType: IPv4",
		 "default/web-1 of web IPv4"},
		{"when the change was made",
		 "metadata: {name: web-1, annotations: "
		 "{endpoints.kubernetes.io/last-change-trigger-time: "
		 "'2026-01-02T03:04:05.678Z'}}\naddressType: IPv4",
		 "default/web-1 of none IPv4 trigger=1767323045678"},
		{"when nobody knows",
		 "metadata: {name: web-1, annotations: "
		 "{endpoints.kubernetes.io/last-change-trigger-time: soon}}\naddressType: IPv4",
		 "default/web-1 of none IPv4"},
		{"no type", "metadata: {name: web-1}",
		 "! addressType: missing (IPv4, IPv6 or FQDN)"},
		{"an unknown type", "metadata: {name: web-1}\naddressType: IP",
		 "! addressType: \"IP\" is not IPv4, IPv6 or FQDN"},
		{"a bad address",
		 SLICE "endpoints: [{addresses: [10.1.0.1], nodeName: node1}, {addresses: [x]}]",
		 "default/web-1 of web IPv4 10.1.0.1+ready+serving@node1 ~ endpoints[1].addresses[0]: \"x\" is not an IP address"},
		{"the other family", SLICE "endpoints: [{addresses: ['fd00::1']}]",
		 "default/web-1 of web IPv4 ~ endpoints[0].addresses[0]: fd00::1 is not an IPv4 address"},
		{"no address", SLICE "endpoints: [{addresses: []}]",
		 "default/web-1 of web IPv4 ~ endpoints[0].addresses: empty"},
		{"a link-local address", SLICE "endpoints: [{addresses: [169.254.1.1]}]",
		 "default/web-1 of web IPv4 ~ endpoints[0].addresses[0]: 169.254.1.1 is a link-local address"},
		{"a condition in words",
		 SLICE "endpoints: [{addresses: [10.1.0.1], conditions: {ready: 'true'}}]",
		 "default/web-1 of web IPv4 ~ endpoints[0].conditions.ready: not a boolean"},
		{"a hint that is no zone",
		 SLICE "endpoints: [{addresses: [10.1.0.1], nodeName: node1, hints: {forZones: "
		       "[{name: 'a,b'}]}}]",
		 "default/web-1 of web IPv4 ~ endpoints[0].hints.forZones[0].name: \"a,b\" is not a name"},
		{"a node hint without a name",
		 SLICE "endpoints: [{addresses: [10.1.0.1], hints: {forNodes: [{}]}}]",
		 "default/web-1 of web IPv4 ~ endpoints[0].hints.forNodes[0].name: \"\" is not a name"},
		{"many that are bad, and one that is not",
		 SLICE
		 "endpoints: [{addresses: [127.0.0.1]}, {addresses: ['::ffff:127.0.0.1']}, 7, "
		 "{addresses: [10.1.0.1]}, {addresses: [255.255.255.255]}]",
		 "default/web-1 of web IPv4 10.1.0.1+ready+serving ~ endpoints[0].addresses[0]: "
		 "127.0.0.1 is a loopback address (and 3 more)"},
		{"a bad port", SLICE "ports: [{name: a, port: 65536}]",
		 "! ports[0].port: 65536 is not a port (1-65535)"},
	};

	(void)state;
	check_rows(slice_text, rows, COUNT(rows));
}

static void endpoints_text(const char *yaml, char text[TEXT_SIZE])
{
	struct string_pool *strings = string_pool_new();
	struct endpoint_slices slices = {0};
	struct error err = {0};
	json_t *object = tree_of(yaml);
	int r = object_decode_endpoints(json_value_of(object), strings, &slices, &err);

	json_tree_drop(object);
	text[0] = '\0';
	if (r < 0)
		add(text, "! %s", err.text);
	for (size_t i = 0; i < slices.count; i++) {
		add(text, "%s", i ? "; " : "");
		add_slice(text, slices.slices[i]);
	}
	add_left_out(text, r, &err);
	endpoint_slices_clear(&slices);
	assert_int_equal(string_pool_count(strings), 0);
	string_pool_free(strings);
}

static void endpoints(void **state)
{
	static const struct row rows[] = {
		{"ready and not",
		 META "subsets: [{addresses: [{ip: 10.1.0.1, nodeName: node1}], notReadyAddresses: "
		      "[{ip: 10.1.0.2}], ports: [{name: http, port: 8080}]}]",
		 "default/web:0:ipv4 of web IPv4 http=8080/TCP 10.1.0.1+ready+serving@node1 "
		 "10.1.0.2"},
		{"one slice per subset and family",
		 META "subsets:\n"
		      "- {addresses: [{ip: 10.1.0.1}, {ip: 'fd00::1'}], ports: [{port: 80}]}\n"
		      "- {addresses: [{ip: 'fd00::2'}], ports: [{port: 81, protocol: UDP}]}\n",
		 "default/web:0:ipv4 of web IPv4 =80/TCP 10.1.0.1+ready+serving; "
		 "default/web:0:ipv6 of web IPv6 =80/TCP fd00::1+ready+serving; "
		 "default/web:1:ipv6 of web IPv6 =81/UDP fd00::2+ready+serving"},
		{"no subset, no slice", META, ""},
		{"not to be mirrored",
		 "metadata: {name: web, labels: {endpointslice.kubernetes.io/skip-mirror: "
		 "'true'}}\nsubsets: [{addresses: [{ip: 10.1.0.1}]}]",
		 ""},
		{"an election record",
		 "metadata: {name: web, annotations: {control-plane.alpha.kubernetes.io/leader: "
		 "'{}'}}\nsubsets: [{addresses: [{ip: 10.1.0.1}]}]",
		 ""},
		{"a bad address",
		 META "subsets: [{addresses: [{ip: 10.1.0.1, nodeName: node1}, {ip: 127.0.0.1}]}]",
		 "default/web:0:ipv4 of web IPv4 10.1.0.1+ready+serving@node1 ~ subsets[0].addresses[1].ip: 127.0.0.1 is a loopback address"},
		{"no address", META "subsets: [{notReadyAddresses: [{hostname: a}]}]",
		 " ~ subsets[0].notReadyAddresses[0].ip: missing"},
		{"a bad second subset",
		 META "subsets: [{addresses: [{ip: 10.1.0.1}]}, {addresses: {}}]",
		 "! subsets[1].addresses: not a list"},
	};

	(void)state;
	check_rows(endpoints_text, rows, COUNT(rows));
}

static void node_text(const char *yaml, char text[TEXT_SIZE])
{
	auto_free(node) struct node *node = NULL;
	char buffer[ADDRESS_TEXT_SIZE];
	struct error err = {0};
	json_t *object = tree_of(yaml);
	int r = object_decode_node(json_value_of(object), &node, &err);

	json_tree_drop(object);
	text[0] = '\0';
	if (r < 0) {
		add(text, "! %s", err.text);
		return;
	}
	add(text, "%s", node->name);
	if (node->zone)
		add(text, " zone=%s", node->zone);
	add_addresses(text, " ", node->addresses, node->address_count);
	if (node->address_count)
		add(text, " internal=%zu", node->internal_count);
	for (size_t i = 0; i < node->pod_cidr_count; i++)
		add(text, "%s%s",
		    i ? "," : " pods=", address_prefix_text(&node->pod_cidrs[i], buffer));
	add(text, "%s%s", node->is_deleting ? " deleting" : "",
	    node->has_drain_taint ? " draining" : "");
	add_left_out(text, r, &err);
}

static void nodes(void **state)
{
	static const struct row rows[] = {
		{"a bare node", "metadata: {name: node1}", "node1"},
		{"internal addresses first",
		 "metadata: {name: node1, labels: {topology.kubernetes.io/zone: zone-a}}\n"
		 "spec: {podCIDR: 10.244.1.0/24, podCIDRs: [10.244.1.0/24, 'fd00:1::/64']}\n"
		 "status: {addresses: [{type: Hostname, address: node1}, {type: ExternalIP, "
		 "address: 198.51.100.7}, {type: InternalIP, address: 192.168.0.7}]}",
		 "node1 zone=zone-a 192.168.0.7,198.51.100.7 internal=1 "
		 "pods=10.244.1.0/24,fd00:1::/64"},
		{"only the old field", "metadata: {name: node1}\nspec: {podCIDR: 10.244.1.0/24}",
		 "node1 pods=10.244.1.0/24"},
		{"an empty zone is none",
		 "metadata: {name: node1, labels: {topology.kubernetes.io/zone: ''}}", "node1"},
		{"on its way out",
		 "metadata: {name: node1, deletionTimestamp: 2026-01-02T03:04:05Z}\n"
		 "spec: {taints: [{key: other}, {key: ToBeDeletedByClusterAutoscaler}]}",
		 "node1 deleting draining"},
		{"a bad address",
		 "metadata: {name: node1}\nstatus: {addresses: [{type: InternalIP, address: x}]}",
		 "node1"},
		{"host names as addresses, and a loopback address",
		 "metadata: {name: node1, labels: {topology.kubernetes.io/zone: zone-a}}\n"
		 "spec: {podCIDRs: [10.244.1.0/24]}\n"
		 "status: {addresses: [{type: InternalIP, address: 192.168.0.7}, {type: ExternalIP, "
		 "address: node1.example.com}, {type: ExternalIP, address: ''}, {type: InternalIP, "
		 "address: '::1'}]}",
		 "node1 zone=zone-a 192.168.0.7 internal=1 pods=10.244.1.0/24 ~ "
		 "status.addresses[3].address: ::1 is a loopback address"},
		{"a bad pod network",
		 "metadata: {name: node1}\nspec: {podCIDRs: [10.244.1.0, 10.244.2.0/24]}",
		 "node1 pods=10.244.2.0/24 ~ spec.podCIDRs[0]: \"10.244.1.0\" is not a CIDR block"},
		{"no name", "spec: {}", "! metadata.name: missing"},
	};

	(void)state;
	check_rows(node_text, rows, COUNT(rows));
}

static int add_identity(const struct object_identity *identity, const json_t *object,
			const struct error *err, void *owner)
{
	char *text = owner;

	assert_non_null(object);
	add(text, "%s%s:%s/%s", *text ? "; " : "", object_kind_name(identity->kind),
	    identity->namespace_name, identity->name);
	if (identity->kind == OBJECT_KIND_OTHER)
		add(text, "(%s)", identity->kind_text);
	if (err)
		add(text, "! %s", err->text);
	return 0;
}

static void each_text(const char *yaml, char text[TEXT_SIZE])
{
	struct error err = {0};
	json_t *object = tree_of(yaml);

	text[0] = '\0';
	if (object_decode_each(object, add_identity, text, &err) < 0)
		add(text, "%s! %s", *text ? " " : "", err.text);
	json_tree_drop(object);
}

static void lists(void **state)
{
	static const struct row rows[] = {
		{"one object", "{apiVersion: v1, kind: Service, metadata: {name: a, namespace: b}}",
		 "Service:b/a"},
		{"a list",
		 "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Node, metadata: "
		 "{name: a, namespace: ignored}}, {apiVersion: discovery.k8s.io/v1, kind: "
		 "EndpointSlice, metadata: {name: b}}]}",
		 "Node:/a; EndpointSlice:default/b"},
		{"a typed list",
		 "{apiVersion: v1, kind: EndpointsList, items: [{metadata: {name: a}}, {metadata: "
		 "{name: b}}]}",
		 "Endpoints:default/a; Endpoints:default/b"},
		{"a list in a list",
		 "{kind: List, items: [{kind: ServiceList, apiVersion: v1, items: [{metadata: "
		 "{name: a}}]}]}",
		 "Service:default/a"},
		{"an empty list", "{kind: List, items: null}", ""},
		{"other kinds", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}}",
		 "object:/a(Deployment)"},
		{"a kind that only sounds like a list", "{apiVersion: x/v1, kind: AllowList}",
		 "object:/(AllowList)"},
		{"another group's Service",
		 "{apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: a}}",
		 "object:/a(Service)"},
		{"an old EndpointSlice",
		 "{apiVersion: discovery.k8s.io/v1beta1, kind: EndpointSlice, metadata: {name: a}}",
		 "EndpointSlice:default/a! apiVersion: discovery.k8s.io/v1beta1 is not supported, "
		 "discovery.k8s.io/v1 is"},
		{"no version", "{kind: Service, metadata: {name: a}}",
		 "Service:default/a! apiVersion: missing"},
		{"no kind", "{metadata: {name: a}}", "object:/()! kind: missing"},
		{"no name", "{apiVersion: v1, kind: Service}", "Service:/! metadata.name: missing"},
		{"a namespace that is none",
		 "{apiVersion: v1, kind: Service, metadata: {name: a, namespace: b/c}}",
		 "Service:default/! metadata.namespace: \"b/c\" is not a name (a-z 0-9 - .)"},
		{"no object", "hello", "! not a Kubernetes object"},
		{"a number in a list", "{kind: List, items: [1]}",
		 "object:/()! not a Kubernetes object"},
		{"elements that are no objects, among others",
		 "{kind: List, items: [nonsense, {apiVersion: v1, kind: Node, metadata: {name: a}}, "
		 "[]]}",
		 "object:/()! items[0]: not a Kubernetes object; Node:/a; object:/()! items[2]: not a "
		 "Kubernetes object"},
		{"a version that is a number",
		 "{apiVersion: 1, kind: Service, metadata: {name: a}}",
		 "Service:default/a! apiVersion: not a string"},
		{"a version that is a number, of a kind that nobody reads",
		 "{apiVersion: 1, kind: Deployment, metadata: {name: a}}", "object:/a(Deployment)"},
		{"a version and a kind of other types, among others",
		 "{apiVersion: v1, kind: ServiceList, items: [{apiVersion: [], metadata: {name: a}}, "
		 "{kind: {}, metadata: {name: b}}, {metadata: {name: c}}]}",
		 "Service:default/a! apiVersion: not a string; object:/()! items[1]: kind: not a "
		 "string; Service:default/c"},
		{"no kind and no version that is one", "{apiVersion: 1, metadata: {name: a}}",
		 "object:/()! apiVersion: not a string"},
		{"items that are no list", "{kind: List, items: {}}",
		 "object:/(List)! items: not a list"},
		{"a list in a list that is none",
		 "{kind: List, items: [{kind: List, items: 1}, {kind: List, items: [{apiVersion: "
		 "v1, kind: Node, metadata: {name: a}}]}]}",
		 "object:/(List)! items[0]: items: not a list; Node:/a"},
		{"nine lists",
		 "{kind: List, items: [{kind: List, items: [{kind: List, items: [{kind: List, "
		 "items: [{kind: List, items: [{kind: List, items: [{kind: List, items: [{kind: "
		 "List, items: [{kind: List, items: []}]}]}]}]}]}]}]}]}",
		 "object:/(List)! lists nested deeper than 8"},
	};

	(void)state;
	check_rows(each_text, rows, COUNT(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(endpoint_slices),
		cmocka_unit_test(endpoints),
		cmocka_unit_test(nodes),
		cmocka_unit_test(lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
