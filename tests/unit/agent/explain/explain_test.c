/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/explain/explain_plan.h"
#include "agent/settings/command_line.h"
#include "agent/status/status_field.h"

#include "tests/unit/agent/log_capture.h"

#include <stdio.h>

#define ARGUMENT_COUNT 16

#define SERVICE(name, annotations, spec, status)                                     \
	"---\n"                                                                      \
	"apiVersion: v1\n"                                                           \
	"kind: Service\n"                                                            \
	"metadata: {name: " name ", namespace: a, annotations: {" annotations "}}\n" \
	"spec: {" spec "}\n"                                                         \
	"status: {loadBalancer: {ingress: [" status "]}}\n"
#define SLICE(name, ready)                                                      \
	"---\n"                                                                 \
	"apiVersion: discovery.k8s.io/v1\n"                                     \
	"kind: EndpointSlice\n"                                                 \
	"metadata: {name: " name "-1, namespace: a, labels: "                   \
	"{kubernetes.io/service-name: " name "}}\n"                             \
	"addressType: IPv4\n"                                                   \
	"ports: [{name: t, port: 8080}, {name: u, port: 5353, protocol: UDP}, " \
	"{name: s, port: 9999, protocol: SCTP}]\n"                              \
	"endpoints: [" ready "]\n"
#define SLICE6                                                                               \
	"---\n"                                                                              \
	"apiVersion: discovery.k8s.io/v1\n"                                                  \
	"kind: EndpointSlice\n"                                                              \
	"metadata: {name: web-6, namespace: a, labels: {kubernetes.io/service-name: web}}\n" \
	"addressType: IPv6\n"                                                                \
	"ports: [{name: t, port: 8080}]\n"                                                   \
	"endpoints: [{addresses: [\"fd00:10:244:1::1\"], nodeName: n1}]\n"
#define PORTS                                                   \
	"ports: [{name: t, port: 80, nodePort: 30080}, "        \
	"{name: u, port: 53, nodePort: 30053, protocol: UDP}, " \
	"{name: s, port: 99, nodePort: 30099, protocol: SCTP}]"
#define HERE  "{addresses: [10.244.1.1], nodeName: n1}"
#define THERE "{addresses: [10.244.2.1], nodeName: n2}"

#define WEB_SPEC                                                          \
	"type: LoadBalancer, clusterIPs: [10.96.0.10, \"fd00:96::10\"], " \
	"ipFamilies: [IPv4, IPv6], ipFamilyPolicy: RequireDualStack, "    \
	"externalIPs: [203.0.113.1], "
#define WEB_STATUS "{ip: 203.0.113.10}, {ip: \"2001:db8::10\"}"
#define WEB(policies, endpoints)                                \
	SERVICE("web", "", WEB_SPEC policies PORTS, WEB_STATUS) \
	SLICE("web", endpoints)

#define CLUSTER WEB("", HERE ", " THERE)
#define LOCAL	WEB("externalTrafficPolicy: Local, healthCheckNodePort: 31000, ", HERE ", " THERE)
#define REMOTE	WEB("externalTrafficPolicy: Local, healthCheckNodePort: 31000, ", THERE)
#define NOBODY	WEB("", "")
#define RANGES \
	WEB("loadBalancerSourceRanges: [198.51.100.0/24, \"2001:db8:9::/64\"], ", HERE) SLICE6
#define NEAR WEB("loadBalancerSourceRanges: [192.168.77.0/24], ", HERE) SLICE6
#define HOST WEB("", "{addresses: [192.168.77.10], nodeName: n1}")
#define UNBOUND                                                                       \
	SERVICE("web", "ipvsagent/do-not-bind: \"true\"", WEB_SPEC PORTS, WEB_STATUS) \
	SLICE("web", HERE)
#define OPTED_OUT SERVICE("web", "ipvsagent/do-not-program: \"true\"", WEB_SPEC PORTS, WEB_STATUS)
#define STICKY	  WEB("sessionAffinity: ClientIP, ", HERE)
#define RIVALS                                                                \
	CLUSTER SERVICE("rival", "",                                          \
			"clusterIP: 10.96.0.11, externalIPs: [203.0.113.1], " \
			"ports: [{name: t, port: 80}]",                       \
			"") SLICE("rival", THERE)

/* @text, @because: of one of the steps, as parts; NULL: not asked. @endpoints: "ENDPOINT<SOURCE> ..." */
struct row {
	const char *what, *manifest, *flags, *question, *outcome, *sees, *endpoints, *text,
		*because;
};

static struct options *parsed(const char *path, const char *flags)
{
	auto_memory char *line = string_printf(
		"explain -f %s --node-name n1 --cluster-cidr 10.244.0.0/16,fd00:10:244::/56 "
		"--node-addresses 192.168.77.10,fd77::10%s%s",
		path, *flags ? " " : "", flags);
	char *argv[ARGUMENT_COUNT + 1], *rest = line;
	struct options *options = options_new();
	struct error err = {0};
	int argc = 0;

	while (argc < ARGUMENT_COUNT && (argv[argc] = strsep(&rest, " ")))
		argc++;
	argv[argc] = NULL;
	if (command_line_parse(options, OPTION_SCOPE_EXPLAIN, argc, argv, &err) < 0)
		fail_msg("%s: %s", flags, err.text);
	return options;
}

static json_t *explained(const struct row *row)
{
	char path[] = "/tmp/explain_test_XXXXXX.yaml";
	auto_free(options) struct options *options = NULL;
	auto_free(explain_plan) struct explain_plan *plan = NULL;
	struct explain_query query;
	struct log_capture log;
	struct error err = {0};
	json_t *document;
	int file = mkstemps(path, 5), r;

	assert_return_code(file, errno);
	assert_int_equal(write(file, row->manifest, strlen(row->manifest)), strlen(row->manifest));
	close(file);
	options = parsed(path, row->flags);
	log_capture_begin(&log);
	r = explain_plan_open(options, &plan, &err);
	free(log_capture_take(&log));
	log_capture_end(&log);
	unlink(path);
	if (r < 0 || explain_query_parse(row->question, &query, &err) < 0)
		fail_msg("%s: %s", row->what, err.text);
	document = explain_plan_answer(plan, &query);
	return document;
}

static char *endpoints_of(const json_t *document)
{
	const json_t *endpoints = json_object_get(document, "endpoints");
	char *text = string_dup("");

	for (size_t i = 0; i < json_array_size(endpoints); i++) {
		const json_t *endpoint = json_array_get(endpoints, i);
		char *longer = string_printf("%s%s%s<%s>", text, i ? " " : "",
					     status_field_text(endpoint, "address"),
					     status_field_text(endpoint, "source"));

		free(text);
		text = longer;
	}
	return text;
}

static bool has_step(const json_t *document, const char *text, const char *because)
{
	const json_t *steps = json_object_get(document, "steps");

	for (size_t i = 0; i < json_array_size(steps); i++) {
		const json_t *step = json_array_get(steps, i);

		if (strstr(status_field_text(step, "text"), text ? text : "") &&
		    strstr(status_field_text(step, "because"), because ? because : ""))
			return true;
	}
	return false;
}

static void check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		json_t *document = explained(row);
		auto_memory char *endpoints = endpoints_of(document);
		auto_memory char *dumped = json_dumps(document, JSON_INDENT(1));

		print_message("%s: %s\n", row->what, row->question);
		if (!has_step(document, row->text, row->because))
			fail_msg("no step \"%s\" because of \"%s\": %s", row->text, row->because,
				 dumped);
		if (strcmp(status_field_text(document, "outcome"), row->outcome) != 0)
			fail_msg("not %s: %s", row->outcome, dumped);
		if (row->sees)
			assert_string_equal(status_field_text(document, "clientSees"), row->sees);
		assert_string_equal(endpoints, row->endpoints);
		json_decref(document);
	}
}

static void test_sources(void **state)
{
	static const struct row rows[] = {
		{"a pod keeps its address at a ClusterIP", CLUSTER, "", "10.244.1.3 10.96.0.10:80",
		 "answered", NULL, "10.244.1.1<10.244.1.3> 10.244.2.1<10.244.1.3>",
		 "endpoints see the client's address", "pods are in 10.244.0.0/16"},
		{"but not if all is masqueraded", CLUSTER, "--masquerade-all",
		 "10.244.1.3 10.96.0.10:80", "answered", NULL,
		 "10.244.1.1<192.168.77.10> 10.244.2.1<192.168.77.10>", "endpoints see the node",
		 "--masquerade-all"},
		{"a pod that gets itself sees the node", CLUSTER, "", "10.244.1.1 10.96.0.10:80",
		 "answered", NULL, "10.244.1.1<192.168.77.10> 10.244.2.1<10.244.1.1>",
		 "if 10.244.1.1 gets its own connection", NULL},
		{"a client outside is masqueraded at a ClusterIP", CLUSTER, "",
		 "198.51.100.1 to 10.96.0.10:80", "answered", NULL,
		 "10.244.1.1<192.168.77.10> 10.244.2.1<192.168.77.10>", "endpoints see the node",
		 "pods are in 10.244.0.0/16"},
		{"the node is", CLUSTER, "", "node 10.96.0.10:53/udp", "answered", NULL,
		 "10.244.1.1<192.168.77.10> 10.244.2.1<192.168.77.10>", "endpoints see the node",
		 "the source would be a VIP"},
		{"at other addresses, a pod is as well", CLUSTER, "",
		 "10.244.1.3 203.0.113.1:99/sctp", "answered", NULL,
		 "10.244.1.1<192.168.77.10> 10.244.2.1<192.168.77.10>", "endpoints see the node",
		 "spec.externalTrafficPolicy of Service a/web is Cluster"},
		{"at a NodePort everybody is", CLUSTER, "", "outside 192.168.77.10:30053/UDP",
		 "answered", NULL, "10.244.1.1<192.168.77.10> 10.244.2.1<192.168.77.10>",
		 "endpoints see the node",
		 "spec.externalTrafficPolicy of Service a/web is Cluster"},
		{"with policy Local clients outside get what is here, which sees them", LOCAL, "",
		 "198.51.100.1 203.0.113.10:80", "answered", NULL, "10.244.1.1<198.51.100.1>",
		 "endpoints see the client's address",
		 "spec.externalTrafficPolicy of Service a/web is Local"},
		{"pods get all, which see them", LOCAL, "", "10.244.1.3 192.168.77.10:30080",
		 "answered", NULL, "10.244.1.1<10.244.1.3> 10.244.2.1<10.244.1.3>",
		 "a virtual server of their own",
		 "spec.externalTrafficPolicy of Service a/web is Local"},
		{"the node gets all", LOCAL, "", "node 192.168.77.10:30080", "answered", NULL,
		 "10.244.1.1<192.168.77.10> 10.244.2.1<192.168.77.10>", "endpoints see the node",
		 "spec.externalTrafficPolicy of Service a/web is Local"},
		{"without marks pods get what clients outside do", LOCAL,
		 "--in-cluster-mark-mask 0", "10.244.1.3 203.0.113.10:80", "answered", NULL,
		 "10.244.1.1<10.244.1.3>", "endpoints see the client's address", NULL},
		{"an endpoint on the node itself sees the client", HOST, "",
		 "198.51.100.1 10.96.0.10:80", "answered", NULL, "192.168.77.10<198.51.100.1>",
		 "the endpoint is on the node itself", NULL},
		{"and of the node, the node", HOST, "", "node 10.96.0.10:80", "answered", NULL,
		 "192.168.77.10<192.168.77.10>", "endpoints see the node", NULL},
		{"behind an interface, endpoints are pods", CLUSTER,
		 "--detect-local-mode BridgeInterface --pod-bridge-interface cni0",
		 "10.244.2.1 10.96.0.10:80", "answered", NULL,
		 "10.244.1.1<10.244.2.1> 10.244.2.1<10.244.2.1>", "counts as a pod",
		 "pods are behind cni0"},
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void test_refusals(void **state)
{
	static const struct row rows[] = {
		{"no endpoint, TCP", NOBODY, "", "outside 10.96.0.10:80", "refused",
		 "connection refused, at once", "", "none that is ready",
		 "EndpointSlices of Service a/web"},
		{"UDP", NOBODY, "", "10.244.1.3 192.168.77.10:30053/udp", "refused",
		 "an error (port unreachable), at once", "", NULL, NULL},
		{"SCTP", NOBODY, "", "10.244.1.3 10.96.0.10:99/sctp", "refused",
		 "connection refused, at once (protocol unreachable)", "", NULL, NULL},
		{"SCTP, IPv6", NOBODY, "", "outside [fd00:96::10]:99/sctp", "refused",
		 "no answer: the attempt times out, since SCTP over IPv6 has no refusal", "", NULL,
		 NULL},
		{"the node, TCP", NOBODY, "", "node 10.96.0.10:80", "refused",
		 "connection refused, at once", "", "0 of 0", NULL},
		{"the node, TCP over IPv6", NOBODY, "", "node [fd00:96::10]:80", "refused",
		 "connection refused, after about a second", "", NULL, NULL},
		{"the node, UDP", NOBODY, "", "node 10.96.0.10:53/udp", "refused",
		 "an error when it sends (port unreachable)", "", NULL, NULL},
		{"the node, SCTP", NOBODY, "", "node 10.96.0.10:99/sctp", "refused",
		 "no answer: the attempt times out", "", NULL, NULL},
		{"a port of a VIP that no Service has", CLUSTER, "", "outside 10.96.0.10:81",
		 "refused", NULL, "", "a VIP answers on ports of its Services only",
		 "spec.ports of Service a/web"},
		{"for the node as well", CLUSTER, "", "node 10.96.0.10:80/sctp", "refused", NULL,
		 "", "a VIP answers on ports of its Services only", NULL},
		{"no endpoint here with policy Local", REMOTE, "", "outside 203.0.113.10:80",
		 "dropped", "no answer: the attempt times out", "", "none on this node",
		 "spec.externalTrafficPolicy of Service a/web is Local"},
		{"which a pod does not mind", REMOTE, "", "10.244.1.3 203.0.113.10:80", "answered",
		 NULL, "10.244.2.1<10.244.1.3>", NULL, NULL},
		{"a source that no range has", RANGES, "", "192.168.77.1 203.0.113.10:80",
		 "dropped", "no answer: the attempt times out", "",
		 "192.168.77.1 is not among those",
		 "spec.loadBalancerSourceRanges of Service a/web"},
		{"nor any that is not named", RANGES, "", "outside [2001:db8::10]:80", "dropped",
		 NULL, "", "a client that no range names", NULL},
		{"one that a range has", RANGES, "", "198.51.100.7 203.0.113.10:53/udp", "answered",
		 NULL, "10.244.1.1<192.168.77.10>", "the client is among those that are allowed",
		 "spec.loadBalancerSourceRanges of Service a/web"},
		{"ranges do not mind other addresses", RANGES, "", "192.168.77.1 203.0.113.1:80",
		 "answered", NULL, "10.244.1.1<192.168.77.10>", NULL, NULL},
		{"the node outside of the ranges", RANGES, "", "node 203.0.113.10:80", "dropped",
		 "no answer: the attempt times out", "", "192.168.77.10 is not among those", NULL},
		{"UDP of the node", RANGES, "", "node 203.0.113.10:53/udp", "dropped",
		 "an error when it sends (operation not permitted)", "", NULL, NULL},
		{"the node in a range", NEAR, "", "node 203.0.113.10:80", "answered", NULL,
		 "10.244.1.1<192.168.77.10>", "the client is among those that are allowed", NULL},
		{"ranges of one family leave the other one open", NEAR, "",
		 "2001:db8:7::1 [2001:db8::10]:80", "answered", NULL, "fd00:10:244:1::1<fd77::10>",
		 NULL, NULL},
		{"read strictly they do not", NEAR, "--strict-source-ranges",
		 "2001:db8:7::1 [2001:db8::10]:80", "dropped", NULL, "",
		 "2001:db8:7::1 is not among those", NULL},
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void test_no_service(void **state)
{
	static const struct row rows[] = {
		{"a port of the node that is no NodePort", CLUSTER, "", "outside 192.168.77.10:22",
		 "not-a-service", NULL, "", "none", "no Service has this address and port"},
		{"an address of nobody's", CLUSTER, "", "outside 8.8.8.8:53", "not-a-service", NULL,
		 "", "no address of this node, and no Service has it", NULL},
		{"an external IP that is not allowed", CLUSTER, "--allowed-external-ips 10.0.0.0/8",
		 "outside 203.0.113.1:80", "not-a-service", NULL, "", "does not hold the address",
		 "--allowed-external-ips"},
		{"a range that is left to others", CLUSTER, "--unprogrammed-cidrs 203.0.113.0/28",
		 "node 203.0.113.10:80", "not-a-service", NULL, "", NULL, "--unprogrammed-cidrs"},
		{"an address that is not bound", UNBOUND, "", "outside 10.96.0.10:80",
		 "not-a-service", NULL, "", "does not hold the address",
		 "annotation ipvsagent/do-not-bind"},
		{"which the node's own clients do not mind", UNBOUND, "", "node 10.96.0.10:80",
		 "answered", NULL, "10.244.1.1<192.168.77.10>", NULL, NULL},
		{"a Service that is opted out", OPTED_OUT, "", "outside 10.96.0.10:80",
		 "not-a-service", NULL, "", NULL, "annotation ipvsagent/do-not-program"},
		{"a NodePort on an address that has none", CLUSTER,
		 "--nodeport-addresses 192.168.78.0/24", "outside 192.168.77.10:30080",
		 "not-a-service", NULL, "", NULL, "--nodeport-addresses"},
		{"of two Services one has it", RIVALS, "", "10.244.1.3 203.0.113.1:80", "answered",
		 NULL, "10.244.2.1<192.168.77.10>",
		 "203.0.113.1 is an external IP of Service a/rival",
		 "spec.externalIPs of Service a/rival"},
		{"loopback of another machine", CLUSTER, "", "outside 127.0.0.1:30080",
		 "not-a-service", NULL, "", "the client's own machine", NULL},
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void test_agent(void **state)
{
	static const struct row rows[] = {
		{"a NodePort on loopback", CLUSTER, "", "node 127.0.0.1:30080", "answered", NULL,
		 "10.244.1.1<192.168.77.10> 10.244.2.1<192.168.77.10>",
		 "forwards to 192.168.77.10:30080/TCP", "spec.ports[].nodePort of Service a/web"},
		{"UDP", CLUSTER, "", "127.0.0.1 127.0.0.1:30053/udp", "answered", NULL,
		 "10.244.1.1<192.168.77.10> 10.244.2.1<192.168.77.10>", NULL, NULL},
		{"which SCTP has not", CLUSTER, "", "node 127.0.0.1:30099/sctp", "not-a-service",
		 NULL, "", NULL, NULL},
		{"nor one that is switched off", CLUSTER, "--iptables-localhost-nodeports=false",
		 "node 127.0.0.1:30080", "not-a-service", NULL, "", NULL, NULL},
		{"nor one without endpoints", NOBODY, "", "node 127.0.0.1:30080", "refused",
		 "connection refused, at once", "", "the agent does not listen", NULL},
		{"a health check with an endpoint here", LOCAL, "", "outside 192.168.77.10:31000",
		 "answered", "HTTP status 200", "", "1 ready endpoint on this node",
		 "spec.healthCheckNodePort of Service a/web"},
		{"and without one", REMOTE, "", "node 192.168.77.10:31000", "answered",
		 "HTTP status 503", "", "0 ready endpoints on this node", NULL},
		{"affinity", STICKY, "", "outside 10.96.0.10:80", "answered", NULL,
		 "10.244.1.1<192.168.77.10>", "stays with its endpoint for 10800 s",
		 "spec.sessionAffinity of Service a/web"},
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void test_unused_endpoints(void **state)
{
	const struct row row = {"Local", LOCAL, "",  "outside 203.0.113.10:80", NULL, NULL,
				NULL,	 NULL,	NULL};
	json_t *document = explained(&row);
	const json_t *unused = json_array_get(json_object_get(document, "unused"), 0);

	(void)state;
	assert_string_equal(status_field_text(unused, "address"), "10.244.2.1");
	assert_string_equal(status_field_text(unused, "reason"),
			    "not on this node (externalTrafficPolicy Local)");
	assert_string_equal(status_field_text(document, "service"), "a/web");
	json_decref(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sources),		 cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_no_service),	 cmocka_unit_test(test_agent),
		cmocka_unit_test(test_unused_endpoints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
