/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "object_decode_fixture.h"

#include "lib/objects/scheduler.h"

/* A Service on one line, with only what differs from an empty one; or "! ERROR". */
static void service_text(const char *yaml, char text[TEXT_SIZE])
{
	auto_free(service) struct service *service = NULL;
	char buffer[ADDRESS_TEXT_SIZE];
	struct error err = {0};
	json_t *object = tree_of(yaml);
	int r = object_decode_service(json_value_of(object), &service, &err);

	json_tree_drop(object);
	text[0] = '\0';
	if (r < 0) {
		assert_int_equal(r, err.code);
		assert_null(service);
		add(text, "! %s", err.text);
		return;
	}
	add(text, "%s/%s %s", service->namespace_name, service->name,
	    service_type_name(service->type));
	add_addresses(text, " ", service->cluster_ips, service->cluster_ip_count);
	add_addresses(text, " external=", service->external_ips, service->external_ip_count);
	add_addresses(text, " balancer=", service->load_balancer_ips,
		      service->load_balancer_ip_count);
	add_addresses(text, " proxied=", service->proxied_ips, service->proxied_ip_count);
	for (size_t i = 0; i < service->source_range_count; i++)
		add(text, "%s%s",
		    i ? "," : " from=", address_prefix_text(&service->source_ranges[i], buffer));
	for (size_t i = 0; i < service->port_count; i++) {
		const struct service_port *port = &service->ports[i];

		add(text, " %s%s%u/%s", port->name, *port->name ? "=" : "", port->port,
		    address_protocol_name(port->protocol));
		if (port->node_port)
			add(text, "@%u", port->node_port);
	}
	if (service->created)
		add(text, " created=%lld", (long long)service->created);
	if (service->proxy_name)
		add(text, " proxy=%s", service->proxy_name);
	if (service->affinity_seconds)
		add(text, " affinity=%u", service->affinity_seconds);
	if (service->scheduler)
		add(text, " scheduler=%s", scheduler_name(service->scheduler));
	add(text, "%s%s", service->is_opted_out ? " opted-out" : "",
	    service->is_unbound ? " unbound" : "");
	if (service->health_check_node_port)
		add(text, " health=%u", service->health_check_node_port);
	add(text, "%s%s", service->is_external_local ? " external-local" : "",
	    service->is_internal_local ? " internal-local" : "");
	add_left_out(text, r, &err);
}

#define ANNOTATED(text) "metadata: {name: web, annotations: {" text "}}"
#define SERVICE		META "spec:\n  clusterIP: 10.96.0.10\n"

static void services(void **state)
{
	static const struct row rows[] = {
		{"defaults", META "spec: {clusterIP: 10.96.0.10, ports: [{port: 80}]}",
		 "default/web ClusterIP 10.96.0.10 80/TCP"},
		{"no spec at all", META, "default/web ClusterIP"},
		{"namespace and age",
		 "metadata: {name: web, namespace: shop, creationTimestamp: "
		 "2026-01-02T03:04:05Z}",
		 "shop/web ClusterIP created=1767323045"},
		{"age elsewhere, with a fraction",
		 "metadata: {name: web, creationTimestamp: '2026-01-02T05:04:05.123+02:00'}",
		 "default/web ClusterIP created=1767323045"},
		{"age unknown", "metadata: {name: web, creationTimestamp: null}",
		 "default/web ClusterIP"},
		{"two ports and node ports",
		 META "spec: {type: NodePort, clusterIP: 10.96.0.10, ports: [{name: http, port: "
		      "80, nodePort: 30080}, {name: dns, port: 53, protocol: UDP, nodePort: 0}]}",
		 "default/web NodePort 10.96.0.10 http=80/TCP@30080 dns=53/UDP"},
		{"the same number for two protocols",
		 SERVICE "  ports: [{name: a, port: 53}, {name: b, port: 53, protocol: UDP}, "
			 "{name: c, port: 53, protocol: SCTP}]",
		 "default/web ClusterIP 10.96.0.10 a=53/TCP b=53/UDP c=53/SCTP"},
		{"both families",
		 META "spec: {clusterIP: 10.96.0.10, clusterIPs: [10.96.0.10, "
		      "'fd00::10']}",
		 "default/web ClusterIP 10.96.0.10,fd00::10"},
		{"only the list", META "spec: {clusterIPs: ['fd00::10', 10.96.0.10]}",
		 "default/web ClusterIP fd00::10,10.96.0.10"},
		{"headless", META "spec: {clusterIP: None, clusterIPs: [None]}",
		 "default/web ClusterIP"},
		{"no address yet", META "spec: {clusterIP: '', clusterIPs: []}",
		 "default/web ClusterIP"},
		{"leading zeros are dropped", META "spec: {clusterIP: 010.096.000.010}",
		 "default/web ClusterIP 10.96.0.10"},
		{"IPv4 in IPv6 clothes", META "spec: {clusterIP: '::ffff:10.96.0.10'}",
		 "default/web ClusterIP 10.96.0.10"},
		{"external addresses", SERVICE "  externalIPs: [198.51.100.1, '2001:db8::1']\n",
		 "default/web ClusterIP 10.96.0.10 external=198.51.100.1,2001:db8::1"},
		{"load balancer addresses of mode VIP",
		 SERVICE "  type: LoadBalancer\nstatus: {loadBalancer: {ingress: [{ip: "
			 "203.0.113.1}, {ip: 203.0.113.2, ipMode: Proxy}, {hostname: lb.example}, "
			 "{ip: 203.0.113.3, ipMode: VIP}]}}",
		 "default/web LoadBalancer 10.96.0.10 balancer=203.0.113.1,203.0.113.3 "
		 "proxied=203.0.113.2"},
		{"source ranges are trimmed and masked",
		 SERVICE "  loadBalancerSourceRanges: [' 10.0.0.0/8', \"192.168.1.1/24\\n\", "
			 "010.1.0.0/16, '2001:db8::/32', '::ffff:10.2.0.0/112']",
		 "default/web ClusterIP 10.96.0.10 "
		 "from=10.0.0.0/8,192.168.1.0/24,10.1.0.0/16,2001:db8::/32,10.2.0.0/16"},
		{"the annotation for source ranges is none of ours",
		 "metadata: {name: web, annotations: "
		 "{service.beta.kubernetes.io/load-balancer-source-ranges: 10.0.0.0/8}}",
		 "default/web ClusterIP"},
		{"not to be programmed", ANNOTATED("ipvsagent/do-not-program: 'true'"),
		 "default/web ClusterIP opted-out"},
		{"not to be bound",
		 ANNOTATED("ipvsagent/do-not-bind: 'true', ipvsagent/do-not-program: 'false'"),
		 "default/web ClusterIP unbound"},
		{"a scheduler", ANNOTATED("ipvsagent/scheduler: wlc"),
		 "default/web ClusterIP scheduler=wlc"},
		{"kube-router's scheduler", ANNOTATED("kube-router.io/service.scheduler: lc"),
		 "default/web ClusterIP scheduler=lc"},
		{"ours comes before kube-router's",
		 ANNOTATED("kube-router.io/service.scheduler: lc, ipvsagent/scheduler: mh"),
		 "default/web ClusterIP scheduler=mh"},
		{"annotations without a text",
		 ANNOTATED("ipvsagent/scheduler: '', ipvsagent/do-not-bind: null"),
		 "default/web ClusterIP"},
		{"affinity for three hours", SERVICE "  sessionAffinity: ClientIP\n",
		 "default/web ClusterIP 10.96.0.10 affinity=10800"},
		{"affinity for a minute",
		 SERVICE "  sessionAffinity: ClientIP\n"
			 "  sessionAffinityConfig: {clientIP: {timeoutSeconds: 60}}",
		 "default/web ClusterIP 10.96.0.10 affinity=60"},
		{"a timeout without affinity",
		 SERVICE "  sessionAffinity: None\n"
			 "  sessionAffinityConfig: {clientIP: {timeoutSeconds: 60}}",
		 "default/web ClusterIP 10.96.0.10"},
		{"policies with a health check",
		 SERVICE "  type: LoadBalancer\n  externalTrafficPolicy: Local\n"
			 "  internalTrafficPolicy: Local\n  healthCheckNodePort: 32000",
		 "default/web LoadBalancer 10.96.0.10 health=32000 external-local internal-local"},
		{"only load balancers have health checks",
		 SERVICE "  type: NodePort\n  externalTrafficPolicy: Local\n"
			 "  healthCheckNodePort: 32000",
		 "default/web NodePort 10.96.0.10 external-local"},
		{"no outside, no external policy", SERVICE "  externalTrafficPolicy: Local\n",
		 "default/web ClusterIP 10.96.0.10"},
		{"an external address is an outside",
		 SERVICE "  externalTrafficPolicy: Local\n  externalIPs: [198.51.100.1]",
		 "default/web ClusterIP 10.96.0.10 external=198.51.100.1 external-local"},
		{"for another proxy",
		 "metadata: {name: web, labels: {service.kubernetes.io/service-proxy-name: mesh}}",
		 "default/web ClusterIP proxy=mesh"},
		{"the headless label alone makes no headless Service",
		 "metadata: {name: web, labels: {service.kubernetes.io/headless: ''}}\n"
		 "spec: {clusterIP: 10.96.0.10}",
		 "default/web ClusterIP 10.96.0.10"},
		{"an ExternalName may carry anything",
		 META "spec: {type: ExternalName, externalName: a.example, clusterIP: nonsense}",
		 "default/web ExternalName"},
	};

	(void)state;
	check_rows(service_text, rows, COUNT(rows));
}

static void bad_services(void **state)
{
	static const struct row rows[] = {
		{"no object", "[]", "! not an object"},
		{"no name", "metadata: {}", "! metadata.name: missing"},
		{"a name with a slash", "metadata: {name: a/b}",
		 "! metadata.name: \"a/b\" is not a name (a-z 0-9 - .)"},
		{"a name that ends a line", "metadata: {name: \"a\\nb\"}",
		 "! metadata.name: \"a?b\" is not a name (a-z 0-9 - .)"},
		{"a bad namespace", "metadata: {name: a, namespace: B}",
		 "! metadata.namespace: \"B\" is not a name (a-z 0-9 - .)"},
		{"a port too large",
		 SERVICE "  ports: [{port: 80, name: a}, {port: 70000, name: b}]",
		 "! spec.ports[1].port: 70000 is not a port (1-65535)"},
		{"port zero", SERVICE "  ports: [{port: 0}]",
		 "! spec.ports[0].port: 0 is not a port (1-65535)"},
		{"no port", SERVICE "  ports: [{name: a}]", "! spec.ports[0].port: missing"},
		{"a port in quotes", SERVICE "  ports: [{port: '80'}]",
		 "! spec.ports[0].port: not an integer"},
		{"ports that are no list", SERVICE "  ports: {port: 80}",
		 "! spec.ports: not a list"},
		{"a port that is no object", SERVICE "  ports: [80]",
		 "! spec.ports[0]: not an object"},
		{"a negative node port",
		 SERVICE "  type: NodePort\n  ports: [{port: 80, nodePort: -1}]",
		 "! spec.ports[0].nodePort: -1 is not a port (1-65535)"},
		{"a node port without type", SERVICE "  ports: [{port: 80, nodePort: 30080}]",
		 "! spec.ports[0].nodePort: must not be set for type ClusterIP"},
		{"an unknown protocol", SERVICE "  ports: [{port: 80, protocol: tcp}]",
		 "! spec.ports[0].protocol: \"tcp\" is not TCP, UDP or SCTP"},
		{"a port name with a blank", SERVICE "  ports: [{port: 80, name: a b}]",
		 "! spec.ports[0].name: \"a b\" is not a port name (a-z 0-9 -)"},
		{"a port twice", SERVICE "  ports: [{port: 80, name: a}, {port: 80, name: b}]",
		 "! spec.ports[1].port: duplicate port 80/TCP"},
		{"a node port twice",
		 SERVICE "  type: NodePort\n  ports: [{port: 80, name: a, nodePort: 30080}, "
			 "{port: 81, name: b, nodePort: 30080}]",
		 "! spec.ports[1].nodePort: duplicate port 30080/TCP"},
		{"a name twice", SERVICE "  ports: [{port: 80, name: a}, {port: 81, name: a}]",
		 "! spec.ports: duplicate name \"a\""},
		{"two ports without names", SERVICE "  ports: [{port: 80}, {port: 81}]",
		 "! spec.ports: must not be empty: each of several ports needs a name"},
		{"an unknown scheduler", ANNOTATED("ipvsagent/scheduler: pe_sip"),
		 "default/web ClusterIP ~ metadata.annotations.ipvsagent/scheduler: \"pe_sip\" is not the name of an IPVS scheduler"},
		{"an unknown scheduler beside a known one",
		 ANNOTATED("ipvsagent/scheduler: RR, kube-router.io/service.scheduler: sh"),
		 "default/web ClusterIP scheduler=sh ~ metadata.annotations.ipvsagent/scheduler: \"RR\" is not the name of an IPVS scheduler"},
		{"an unknown scheduler of kube-router's",
		 ANNOTATED("kube-router.io/service.scheduler: best"),
		 "default/web ClusterIP ~ metadata.annotations.kube-router.io/service.scheduler: \"best\" is not the name of an IPVS scheduler"},
		{"neither true nor false", ANNOTATED("ipvsagent/do-not-bind: 'yes'"),
		 "default/web ClusterIP ~ metadata.annotations.ipvsagent/do-not-bind: \"yes\" is not true or false"},
		{"true without quotes", ANNOTATED("ipvsagent/do-not-program: true"),
		 "default/web ClusterIP ~ metadata.annotations.ipvsagent/do-not-program: not a string"},
		{"annotations that are no object", "metadata: {name: web, annotations: [a]}",
		 "default/web ClusterIP ~ metadata.annotations: not an object"},
		{"a bad address", META "spec: {clusterIP: 10.96.0.256}",
		 "! spec.clusterIP: \"10.96.0.256\" is not an IP address"},
		{"an address that is a number", META "spec: {clusterIP: 10}",
		 "! spec.clusterIP: not a string"},
		{"a loopback address", META "spec: {clusterIP: 127.0.0.1}",
		 "default/web ClusterIP ~ spec.clusterIP: 127.0.0.1 is a loopback address"},
		{"lists that disagree", META "spec: {clusterIP: 10.0.0.1, clusterIPs: [10.0.0.2]}",
		 "! spec.clusterIPs[0]: differs from spec.clusterIP"},
		{"two of one family", META "spec: {clusterIPs: [10.0.0.1, 10.0.0.2]}",
		 "! spec.clusterIPs[1]: is of the family of the first"},
		{"three addresses", META "spec: {clusterIPs: [10.0.0.1, 'fd00::1', 10.0.0.2]}",
		 "! spec.clusterIPs: more than one address per family"},
		{"None among others", META "spec: {clusterIPs: [10.0.0.1, None]}",
		 "! spec.clusterIPs[1]: \"None\" is not an IP address"},
		{"a bad external address", SERVICE "  externalIPs: [198.51.100.1, example.org]",
		 "default/web ClusterIP 10.96.0.10 external=198.51.100.1 ~ spec.externalIPs[1]: \"example.org\" is not an IP address"},
		{"every address as external one", SERVICE "  externalIPs: [0.0.0.0]",
		 "default/web ClusterIP 10.96.0.10 ~ spec.externalIPs[0]: 0.0.0.0 is the unspecified address"},
		{"a bad load balancer address",
		 SERVICE "status: {loadBalancer: {ingress: [{ip: nowhere}]}}",
		 "default/web ClusterIP 10.96.0.10 ~ status.loadBalancer.ingress[0].ip: \"nowhere\" is not an IP address"},
		{"a load balancer's own address that is none is of no concern",
		 SERVICE "status: {loadBalancer: {ingress: [{ip: nowhere, ipMode: Proxy}, "
			 "{ipMode: Proxy}]}}",
		 "default/web ClusterIP 10.96.0.10"},
		{"a loopback address beside another as load balancer address",
		 SERVICE "status: {loadBalancer: {ingress: [{ip: 127.0.0.1}, {ip: 203.0.113.10}, "
			 "{ip: 127.0.0.1, ipMode: Proxy}]}}",
		 "default/web ClusterIP 10.96.0.10 balancer=203.0.113.10 ~ "
		 "status.loadBalancer.ingress[0].ip: 127.0.0.1 is a loopback address"},
		{"a bad address of the second family",
		 META "spec: {clusterIP: 10.96.0.10, clusterIPs: [10.96.0.10, '::1']}",
		 "default/web ClusterIP 10.96.0.10 ~ spec.clusterIPs[1]: ::1 is a loopback address"},
		{"a bad range", SERVICE "  loadBalancerSourceRanges: [10.0.0.0/33]",
		 "! spec.loadBalancerSourceRanges[0]: \"10.0.0.0/33\" is not a CIDR block"},
		{"a range without length", SERVICE "  loadBalancerSourceRanges: [10.0.0.0]",
		 "! spec.loadBalancerSourceRanges[0]: \"10.0.0.0\" is not a CIDR block"},
		{"an unknown type", META "spec: {type: Internal}",
		 "! spec.type: \"Internal\" is not ClusterIP, NodePort, LoadBalancer or "
		 "ExternalName"},
		{"an unknown affinity", SERVICE "  sessionAffinity: Cookie",
		 "! spec.sessionAffinity: \"Cookie\" is not None or ClientIP"},
		{"a timeout of a week",
		 SERVICE "  sessionAffinity: ClientIP\n"
			 "  sessionAffinityConfig: {clientIP: {timeoutSeconds: 604800}}",
		 "! spec.sessionAffinityConfig.clientIP.timeoutSeconds: 604800 is not between 1 and 86400 seconds"},
		{"an unknown policy", SERVICE "  externalTrafficPolicy: local",
		 "! spec.externalTrafficPolicy: \"local\" is not Cluster or Local"},
		{"a bad age", "metadata: {name: a, creationTimestamp: yesterday}",
		 "! metadata.creationTimestamp: \"yesterday\" is not a time (RFC 3339)"},
		{"labels that are a list", "metadata: {name: a, labels: []}",
		 "! metadata.labels: not an object"},
	};

	(void)state;
	check_rows(service_text, rows, COUNT(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services),
		cmocka_unit_test(bad_services),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
