/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/plan/plan_command.h"
#include "agent/settings/command_line.h"

#include "tests/unit/agent/log_capture.h"

#include <jansson.h>
#include <stdio.h>

#define ARGUMENT_COUNT 16

#define SLICE(name, address)                                                                    \
	"---\n"                                                                                 \
	"apiVersion: discovery.k8s.io/v1\n"                                                     \
	"kind: EndpointSlice\n"                                                                 \
	"metadata: {name: " name "-1, namespace: a, labels: {kubernetes.io/service-name: " name \
	"}}\n"                                                                                  \
	"addressType: IPv4\n"                                                                   \
	"ports: [{port: 8080}]\n"                                                               \
	"endpoints:\n"                                                                          \
	"- {addresses: [" address "1], nodeName: n1}\n"                                         \
	"- {addresses: [" address "2], nodeName: n2}\n"
#define SERVICE(name, spec, status)                  \
	"---\n"                                      \
	"apiVersion: v1\n"                           \
	"kind: Service\n"                            \
	"metadata: {name: " name ", namespace: a}\n" \
	"spec: {" spec "}\n"                         \
	"status: {loadBalancer: {ingress: [" status "]}}\n"
#define NODE(name, type, address)      \
	"---\n"                        \
	"apiVersion: v1\n"             \
	"kind: Node\n"                 \
	"metadata: {name: " name "}\n" \
	"status: {addresses: [{type: " type ", address: " address "}]}\n"

#define PORT "ports: [{port: 80, targetPort: 8080}]"
#define WEB  SERVICE("web", "clusterIP: 10.96.0.10, " PORT, "") SLICE("web", "10.244.1.")
#define NODE_PORT                                                                                  \
	SERVICE("web",                                                                             \
		"type: NodePort, clusterIP: 10.96.0.10, ports: [{port: 80, nodePort: 30080}]", "") \
	SLICE("web", "10.244.1.")
#define LOCAL                                                                               \
	SERVICE("web",                                                                      \
		"type: LoadBalancer, clusterIP: 10.96.0.10, externalTrafficPolicy: Local, " \
		"allocateLoadBalancerNodePorts: false, " PORT,                              \
		"{ip: 203.0.113.10}")                                                       \
	SLICE("web", "10.244.1.")

static const char web_servers[] = "-A -t 10.96.0.10:80 -s rr\n"
				  "-a -t 10.96.0.10:80 -r 10.244.1.1:8080 -m -w 1\n"
				  "-a -t 10.96.0.10:80 -r 10.244.1.2:8080 -m -w 1\n";

/* What the command said and printed. */
struct outcome {
	int status;
	char *printed;
	char *said;
};

static void outcome_clear(struct outcome *outcome)
{
	free(outcome->printed);
	free(outcome->said);
}

/* @flags: words with one blank between them */
static struct options *parsed(const char *path, const char *flags)
{
	auto_memory char *line = string_printf("plan -f %s%s%s", path, *flags ? " " : "", flags);
	char *argv[ARGUMENT_COUNT + 1], *rest = line;
	struct options *options = options_new();
	struct error err = {0};
	int argc = 0;

	while (argc < ARGUMENT_COUNT && (argv[argc] = strsep(&rest, " ")))
		argc++;
	argv[argc] = NULL;
	if (command_line_parse(options, OPTION_SCOPE_PLAN, argc, argv, &err) < 0)
		fail_msg("%s: %s", flags, err.text);
	return options;
}

static void run(const char *path, const char *flags, struct outcome *ret)
{
	auto_free(options) struct options *options = parsed(path, flags);
	struct log_capture log;
	size_t size;
	FILE *output = open_memstream(&ret->printed, &size);

	assert_non_null(output);
	log_capture_begin(&log);
	ret->status = plan_command(options, output);
	fclose(output);
	ret->said = log_capture_take(&log);
	log_capture_end(&log);
}

static void plan(const char *manifest, const char *flags, struct outcome *ret)
{
	char path[] = "/tmp/plan_command_test_XXXXXX.yaml";
	int file = mkstemps(path, 5);

	assert_return_code(file, errno);
	assert_int_equal(write(file, manifest, strlen(manifest)), strlen(manifest));
	close(file);
	run(path, flags, ret);
	unlink(path);
}

/* Lines that begin with @prefix. */
static char *lines_of(const char *text, const char *prefix)
{
	char *found = memory_allocate(strlen(text) + 1), *to = found;

	for (const char *line = text; *line;) {
		size_t length = strcspn(line, "\n");

		length += line[length] == '\n';
		if (strncmp(line, prefix, strlen(prefix)) == 0) {
			memcpy(to, line, length);
			to += length;
		}
		line += length;
	}
	return found;
}

static void parts(void **state)
{
	static const struct {
		const char *what, *manifest, *flags, *prefix, *lines;
	} rows[] = {
		{"virtual servers", WEB, "--part ipvs", "", web_servers},
		{"another scheduler", WEB, "--part ipvs --ipvs-scheduler lc", "-A",
		 "-A -t 10.96.0.10:80 -s lc\n"},
		{"ClientIP affinity",
		 SERVICE("web", "clusterIP: 10.96.0.10, sessionAffinity: ClientIP, " PORT, ""),
		 "--part ipvs", "", "-A -t 10.96.0.10:80 -s sh -p 10800 -b sh-fallback\n"},
		{"addresses of both families",
		 SERVICE("web", "clusterIPs: [10.96.0.10, \"fd00::10\"], " PORT, ""),
		 "--part addresses", "",
		 "link add kube-ipvs0 type dummy\n"
		 "address add 10.96.0.10/32 dev kube-ipvs0\n"
		 "address add fd00::10/128 dev kube-ipvs0 preferred_lft 0\n"},
		{"members", WEB, "--part ipset", "add",
		 "add KUBE-CLUSTER-IP 10.96.0.10,tcp:80\n"
		 "add KUBE-IPVS-IPS 10.96.0.10\n"},
		{"an endpoint of this node", WEB, "--part ipset --node-name n1", "add KUBE-LOOP",
		 "add KUBE-LOOP-BACK 10.244.1.1,tcp:8080,10.244.1.1\n"},
		{"a set", WEB, "--part ipset", "create KUBE-CLUSTER-IP",
		 "create KUBE-CLUSTER-IP hash:ip,port family inet hashsize 1024 maxelem 65536\n"},
		{"a set with marks", WEB, "--part ipset", "create KUBE-6-IN-CLUSTER ",
		 "create KUBE-6-IN-CLUSTER hash:ip,port family inet6 hashsize 1024 maxelem 65536 skbinfo\n"},
		{"a bitmap", WEB, "--part ipset", "create KUBE-NODE-PORT-TCP",
		 "create KUBE-NODE-PORT-TCP bitmap:port range 0-65535\n"},
		{"tables of IPv4", WEB, "--part iptables", "*", "*filter\n*mangle\n*nat\n"},
		{"pods of IPv4", WEB, "--part iptables --cluster-cidr 10.244.0.0/16,fd00::/56",
		 "-A KUBE-CLUSTER-IP !",
		 "-A KUBE-CLUSTER-IP ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ\n"},
		{"pods of IPv6", WEB, "--part ip6tables --cluster-cidr 10.244.0.0/16,fd00::/56",
		 "-A KUBE-CLUSTER-IP !", "-A KUBE-CLUSTER-IP ! -s fd00::/56 -j KUBE-MARK-MASQ\n"},
		{"everything", WEB, "", "# ",
		 "# ipset: ipset restore\n"
		 "# iptables: iptables-restore --noflush\n"
		 "# ip6tables: ip6tables-restore --noflush\n"
		 "# ipvs: ipvsadm-restore\n"
		 "# addresses: ip -batch -\n"},
		{"clients in the cluster", LOCAL, "--part ipvs --node-name n1", "",
		 "-A -t 10.96.0.10:80 -s rr\n"
		 "-a -t 10.96.0.10:80 -r 10.244.1.1:8080 -m -w 1\n"
		 "-a -t 10.96.0.10:80 -r 10.244.1.2:8080 -m -w 1\n"
		 "-A -t 203.0.113.10:80 -s rr\n"
		 "-a -t 203.0.113.10:80 -r 10.244.1.1:8080 -m -w 1\n"
		 "-A -f 1610612738 -s rr\n"
		 "-a -f 1610612738 -r 10.244.1.1:8080 -m -w 1\n"
		 "-a -f 1610612738 -r 10.244.1.2:8080 -m -w 1\n"},
		{"their marks", LOCAL, "--part ipset --node-name n1", "add KUBE-IN",
		 "add KUBE-IN-CLUSTER 203.0.113.10,tcp:80 skbmark 0x20000002\n"
		 "add KUBE-IN-CLUSTER-MARKS 203.0.113.10,tcp:80 skbmark 0x60000002\n"},
		{"without marks, as kube-proxy", LOCAL,
		 "--part ipvs --node-name n1 --in-cluster-mark-mask 0", "-A -f", ""},
		{"NodePorts on the Node's own addresses",
		 NODE_PORT NODE("n1", "InternalIP", "192.168.77.10")
			 NODE("n2", "InternalIP", "192.168.77.20"),
		 "--part ipvs --node-name N1", "-A",
		 "-A -t 10.96.0.10:80 -s rr\n-A -t 192.168.77.10:30080 -s rr\n"},
		{"no NodePorts on addresses that only the world knows",
		 NODE_PORT NODE("n1", "ExternalIP", "198.51.100.1"), "--part ipvs --node-name n1",
		 "-A", "-A -t 10.96.0.10:80 -s rr\n"},
		{"NodePorts on addresses that are given",
		 NODE_PORT NODE("n1", "InternalIP", "192.168.77.10"),
		 "--part ipvs --node-name n1 --node-addresses 192.168.77.11,127.0.0.1", "-A",
		 "-A -t 10.96.0.10:80 -s rr\n-A -t 192.168.77.11:30080 -s rr\n"},
		{"a Service of another proxy",
		 "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: a, "
		 "labels: {service.kubernetes.io/service-proxy-name: other}}\n"
		 "spec: {clusterIP: 10.96.0.10, " PORT "}\n",
		 "--part ipvs", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_memory char *lines = NULL;
		struct outcome outcome;

		plan(rows[i].manifest, rows[i].flags, &outcome);
		lines = lines_of(outcome.printed, rows[i].prefix);
		if (outcome.status || strcmp(lines, rows[i].lines) != 0)
			fail_msg("%s: status %d, \"%s\", not \"%s\"; %s", rows[i].what,
				 outcome.status, lines, rows[i].lines, outcome.said);
		outcome_clear(&outcome);
	}
}

static void remarks(void **state)
{
	static const struct {
		const char *what, *manifest, *flags, *said;
	} rows[] = {
		{"nothing to remark on", WEB, "", ""},
		{"external IPs with the gate off",
		 SERVICE("web", "clusterIP: 10.96.0.10, externalIPs: [198.51.100.1], " PORT, ""),
		 "--feature-gates AllowServiceExternalIPs=false",
		 "warning: Service a/web: externalIPs are not programmed: feature gate AllowServiceExternalIPs is false\n"},
		{"an external IP that is the node's",
		 SERVICE("web", "clusterIP: 10.96.0.10, externalIPs: [192.168.77.10], " PORT, ""),
		 "--node-name n1 --node-addresses 192.168.77.10",
		 "warning: Service a/web: external IP 192.168.77.10 is an address of n1; not binding it to the dummy interface\n"},
		{"source ranges of one family",
		 SERVICE("web",
			 "type: LoadBalancer, clusterIPs: [10.96.0.10, \"fd00::10\"], "
			 "loadBalancerSourceRanges: [10.0.0.0/8], "
			 "allocateLoadBalancerNodePorts: false, " PORT,
			 "{ip: \"2001:db8::1\"}"),
		 "",
		 "warning: Service a/web: loadBalancerSourceRanges have no IPv6 range: every IPv6 client reaches 2001:db8::1; add a range of that family to restrict it\n"},
		{"two Services with one external IP",
		 SERVICE("a", "clusterIP: 10.96.0.10, externalIPs: [198.51.100.1], " PORT, "")
			 SERVICE("b", "clusterIP: 10.96.0.11, externalIPs: [198.51.100.1], " PORT,
				 ""),
		 "",
		 "warning: Service a/b: waiting for Service a/a to release 198.51.100.1:80/TCP\n"},
		{"NodePorts of a node without addresses", NODE_PORT, "--node-name n1",
		 "warning: no address of node n1 is known, so NodePorts are left out; add its Node to the manifests, or use --node-addresses\n"},
		{"NodeCIDR without podCIDRs", WEB, "--node-name n1 --detect-local-mode NodeCIDR",
		 "warning: Node n1 has no podCIDRs, which detectLocalMode NodeCIDR requires; the agent waits for them before it programs anything\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct outcome outcome;

		plan(rows[i].manifest, rows[i].flags, &outcome);
		if (outcome.status || !*outcome.printed || strcmp(outcome.said, rows[i].said) != 0)
			fail_msg("%s: status %d, \"%s\", not \"%s\"", rows[i].what, outcome.status,
				 outcome.said, rows[i].said);
		outcome_clear(&outcome);
	}
}

/* A Service with so many external IPs. */
static void write_large(FILE *stream, const char *name, unsigned int network, unsigned int count)
{
	fprintf(stream,
		"---\napiVersion: v1\nkind: Service\nmetadata: {name: %s, namespace: a}\n"
		"spec:\n  clusterIP: 10.96.0.%u\n  " PORT "\n  externalIPs:\n",
		name, network);
	for (unsigned int i = 0; i < count; i++)
		fprintf(stream, "  - 198.18.%u.%u\n", network, i);
}

/* What the agent leaves out the plan does not have. */
static void limits(void **state)
{
	static const struct {
		const char *what, *flags, *said;
	} rows[] = {
		{"the ordinary limits", "", ""},
		{"of one Service", "--max-service-objects 1000",
		 "warning: Service a/large: some of its addresses and ports do not answer: it has more kernel objects than --max-service-objects allows\n"},
		{"of all together", "--max-node-objects 1800",
		 "warning: Service a/other: some of its addresses and ports do not answer: all Services have more kernel objects than --max-node-objects allows\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_memory char *manifest = NULL, *servers = NULL;
		struct outcome outcome;
		size_t size, count = 0;
		FILE *stream = open_memstream(&manifest, &size);

		assert_non_null(stream);
		write_large(stream, "large", 1, 255);
		write_large(stream, "other", 2, 90);
		fclose(stream);
		plan(manifest, rows[i].flags, &outcome);
		servers = lines_of(outcome.printed, "-A -t");
		for (const char *line = servers; *line; line = strchr(line, '\n') + 1)
			count++;
		if (outcome.status || strcmp(outcome.said, rows[i].said) != 0 ||
		    (count == 255 + 90 + 2) != !*rows[i].said)
			fail_msg("%s: status %d, %zu virtual servers, \"%s\"", rows[i].what,
				 outcome.status, count, outcome.said);
		outcome_clear(&outcome);
	}
}

/* More virtual servers for clients in the cluster than there are marks. */
static void marks_run_out(void **state)
{
	struct outcome outcome;
	auto_memory char *servers = NULL, *members = NULL;

	(void)state;
	plan(LOCAL SERVICE("web2",
			   "type: LoadBalancer, clusterIP: 10.96.0.11, "
			   "externalTrafficPolicy: Local, "
			   "allocateLoadBalancerNodePorts: false, " PORT,
			   "{ip: 203.0.113.11}") SLICE("web2", "10.244.3."),
	     "--node-name n1 --in-cluster-mark-mask 0x10000", &outcome);
	assert_int_equal(outcome.status, 0);
	assert_string_equal(
		outcome.said,
		"warning: 203.0.113.11:80/TCP (in-cluster) and others are left out: no firewall mark is left; use a larger --in-cluster-mark-mask\n");
	servers = lines_of(outcome.printed, "-A -f");
	assert_string_equal(servers, "-A -f 1610678272 -s rr\n");
	members = lines_of(outcome.printed, "add KUBE-IN-CLUSTER ");
	assert_string_equal(members,
			    "add KUBE-IN-CLUSTER 203.0.113.10,tcp:80 skbmark 0x20010000\n");
	outcome_clear(&outcome);
}

static void what_is_wrong(void **state)
{
	static const struct {
		const char *what, *manifest, *said[2];
	} rows[] = {
		{"a field",
		 WEB SERVICE("bad", "clusterIP: 10.96.0.400, " PORT, ""),
		 {"error: Service a/bad: /tmp/plan_command_test_",
		  "spec.clusterIP: \"10.96.0.400\" is not an IP address\n"
		  "plan: the manifests have 1 error, so there is no plan\n"}},
		{"a file",
		 "a: [",
		 {"error: file /tmp/plan_command_test_",
		  "plan: the manifests have 1 error, so there is no plan\n"}},
		{"two objects",
		 SERVICE("bad", "clusterIP: 10.96.0.400, " PORT, "")
			 SERVICE("worse", "clusterIP: 10.96.0.4, ports: [{port: 80000}]", ""),
		 {"spec.ports[0].port: 80000 is not a port (1-65535)",
		  "plan: the manifests have 2 errors, so there is no plan\n"}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct outcome outcome;

		plan(rows[i].manifest, "", &outcome);
		if (outcome.status != EXIT_FAILURE || *outcome.printed ||
		    !strstr(outcome.said, rows[i].said[0]) ||
		    !strstr(outcome.said, rows[i].said[1]))
			fail_msg("%s: status %d, \"%s\", \"%s\"", rows[i].what, outcome.status,
				 outcome.said, outcome.printed);
		outcome_clear(&outcome);
	}
}

static void a_missing_path(void **state)
{
	struct outcome outcome;

	(void)state;
	run("/nonexistent", "", &outcome);
	assert_int_equal(outcome.status, 3);
	assert_string_equal(outcome.said, "plan: /nonexistent: No such file or directory\n");
	outcome_clear(&outcome);
}

static void a_full_disk(void **state)
{
	char path[] = "/tmp/plan_command_test_XXXXXX.yaml";
	int file = mkstemps(path, 5);
	auto_free(options) struct options *options = parsed(path, "");
	FILE *full = fopen("/dev/full", "w");
	struct log_capture log;
	auto_memory char *said = NULL;

	(void)state;
	assert_return_code(file, errno);
	assert_int_equal(write(file, WEB, strlen(WEB)), strlen(WEB));
	close(file);
	assert_non_null(full);
	log_capture_begin(&log);
	assert_int_equal(plan_command(options, full), EXIT_FAILURE);
	said = log_capture_take(&log);
	log_capture_end(&log);
	assert_string_equal(said, "plan: writing the output: No space left on device\n");
	fclose(full);
	unlink(path);
}

static void assert_json(const json_t *json, const char *expected)
{
	auto_memory char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);

	assert_string_equal(text ? text : "nothing", expected);
}

static void the_document(void **state)
{
	struct outcome outcome;
	const json_t *set;
	json_t *json;

	(void)state;
	plan(LOCAL, "-o json --node-name n1 --node-addresses 192.168.77.10", &outcome);
	assert_int_equal(outcome.status, 0);
	json = json_loads(outcome.printed, 0, NULL);
	assert_non_null(json);
	assert_int_equal(json_object_size(json), 7);
	assert_int_equal(json_integer_value(json_object_get(json, "version")), 1);
	assert_json(json_object_get(json, "node"),
		    "{\"addresses\":[\"192.168.77.10\"],\"name\":\"n1\","
		    "\"nodePortAddresses\":[\"192.168.77.10\"],\"zone\":\"\"}");
	assert_json(json_object_get(json, "addresses"), "[\"10.96.0.10\",\"203.0.113.10\"]");
	assert_int_equal(json_array_size(json_object_get(json, "virtualServers")), 3);
	assert_json(json_array_get(json_object_get(json, "virtualServers"), 1),
		    "{\"address\":\"203.0.113.10\",\"clientScope\":\"any\",\"destinations\":"
		    "[{\"address\":\"10.244.1.1\",\"port\":8080,\"weight\":1}],"
		    "\"persistenceSeconds\":0,\"port\":80,\"protocol\":\"TCP\","
		    "\"scheduler\":\"rr\",\"service\":\"a/web\"}");
	assert_json(json_array_get(json_object_get(json, "virtualServers"), 2),
		    "{\"address\":\"203.0.113.10\",\"clientScope\":\"in-cluster\","
		    "\"destinations\":[{\"address\":\"10.244.1.1\",\"port\":8080,\"weight\":1},"
		    "{\"address\":\"10.244.1.2\",\"port\":8080,\"weight\":1}],"
		    "\"firewallMark\":1610612738,\"persistenceSeconds\":0,\"port\":80,"
		    "\"protocol\":\"TCP\",\"scheduler\":\"rr\",\"service\":\"a/web\"}");
	assert_int_equal(json_array_size(json_object_get(json, "sets")), 2 * SET_KIND_COUNT);
	set = json_array_get(json_object_get(json, "sets"), SET_KIND_IN_CLUSTER);
	assert_json(set, "{\"members\":[{\"element\":\"203.0.113.10,tcp:80\",\"mark\":536870914}],"
			 "\"name\":\"KUBE-IN-CLUSTER\",\"type\":\"hash:ip,port\"}");
	assert_string_equal(json_string_value(json_array_get(json_object_get(json, "iptables"), 0)),
			    "*filter");
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(json, "ip6tables"), 1)),
		":KUBE-FORWARD - [0:0]");
	json_decref(json);
	outcome_clear(&outcome);
}

/* The younger of two Services does without, and the server is the older one's. */
static void a_server_is_of_the_service_that_has_it(void **state)
{
	struct outcome outcome;
	const json_t *server;
	json_t *json;

	(void)state;
	plan(SERVICE("b", "clusterIP: 10.96.0.11, externalIPs: [198.51.100.1], " PORT, "")
		     SERVICE("a", "clusterIP: 10.96.0.10, externalIPs: [198.51.100.1], " PORT, ""),
	     "-o json", &outcome);
	json = json_loads(outcome.printed, 0, NULL);
	server = json_array_get(json_object_get(json, "virtualServers"), 2);
	assert_string_equal(json_string_value(json_object_get(server, "address")), "198.51.100.1");
	assert_string_equal(json_string_value(json_object_get(server, "service")), "a/a");
	json_decref(json);
	outcome_clear(&outcome);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts),
		cmocka_unit_test(remarks),
		cmocka_unit_test(limits),
		cmocka_unit_test(marks_run_out),
		cmocka_unit_test(what_is_wrong),
		cmocka_unit_test(a_missing_path),
		cmocka_unit_test(a_full_disk),
		cmocka_unit_test(the_document),
		cmocka_unit_test(a_server_is_of_the_service_that_has_it),
	};

	unsetenv("NODE_NAME");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
