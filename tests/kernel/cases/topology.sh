#!/bin/bash
# Topology hints: traffic stays in the node's zone as long as every endpoint has a hint for a zone and one is for this
# one; when the Node's zone changes, so do the destinations. Hints for nodes do the same for this node, and go before.
. "$(dirname "$0")/../lib.sh"

# hinted "POD[=ZONE[,ZONE]][@NODE[,NODE]] ...": without "=ZONE" and "@NODE" an endpoint has no hint
hinted()
{
	local word pair nodes hints

	cat <<-END
		---
		apiVersion: discovery.k8s.io/v1
		kind: EndpointSlice
		metadata:
		  name: web-1
		  namespace: default
		  labels: {kubernetes.io/service-name: web}
		addressType: IPv4
		ports:
		- {name: http, protocol: TCP, port: 8080}
		endpoints:
	END
	for word in $1; do
		pair=${word%%@*}
		nodes=${word#"$pair"}
		hints=
		pod_locate "${pair%%=*}"
		echo "- addresses: [\"$pod_ipv4\"]"
		echo "  conditions: {ready: true}"
		echo "  nodeName: $pod_node"
		[ "$pair" = "${pair#*=}" ] || hints+="  forZones=[{name: ${pair#*=}}]"
		[ -z "$nodes" ] || hints+="  forNodes=[{name: ${nodes#@}}]"
		[ -z "$hints" ] || echo "  hints: {${hints#  }}" | sed 's/,/}, {name: /g; s/  /, /g; s/=/: /g; s/^, /  /'
	done
}

web()
{
	{
		service_manifest web type=NodePort cluster_ip=10.96.0.10 ports=http:TCP:80:8080:30080
		hinted "$1"
	} | manifest web.yaml
}

# wait_for EXPECTED-ANSWERS: over the ClusterIP and the NodePort, once the destinations are so
wait_for()
{
	local pairs pod pair serving=() all

	IFS=, read -r -a pairs <<<"$1"
	for pair in "${pairs[@]}"; do
		read -r pod _ <<<"$pair"
		pod_locate "$pod"
		serving+=("$pod_ipv4:8080")
	done
	all=$(printf '%s\n' "${serving[@]}" | paste -sd, | sed 's/,/, /g')
	wait_until_equal 10 "what serves" "$all" serving tcp 10.96.0.10:80
	wait_until_equal 10 "what serves" "$all" serving tcp 192.168.77.10:30080
	wait_until 10 address_is_bound 10.96.0.10
	assert_equal "asked by pod3" "$1" "$(answers pod3 6 tcp 10.96.0.10 80)"
	assert_equal "asked by client" "$1" "$(answers client 6 tcp 192.168.77.10 30080)"
}

topology_create
for pod in pod1 pod2 rpod1; do
	answer_start "$pod" tcp/8080
done
web "pod1=zone-a pod2=zone-b rpod1=zone-b"
agent_start

step "a Node without a zone uses all"
wait_for "pod1 2, pod2 2, rpod1 2"

step "the Node appears with a zone"
node_manifest zone=zone-a | manifest node.yaml
wait_for "pod1 6"

step "the Node's zone changes; what is open stays"
hold_open one pod3 tcp 10.96.0.10 80
node_manifest zone=zone-b | manifest node.yaml
wait_for "pod2 3, rpod1 3"
hold_is_alive one
assert_contains "the endpoint of the open connection" "pod1 " "$hold_line"
hold_close one

step "a zone for which nobody has a hint uses all"
node_manifest zone=zone-c | manifest node.yaml
wait_for "pod1 2, pod2 2, rpod1 2"

step "hints for several zones"
web "pod1=zone-a,zone-c pod2=zone-b rpod1=zone-c"
wait_for "pod1 3, rpod1 3"

step "one endpoint without a hint, and no hint counts"
web "pod1=zone-a,zone-c pod2 rpod1=zone-c"
wait_for "pod1 2, pod2 2, rpod1 2"
web "pod1=zone-a,zone-c pod2=zone-a rpod1=zone-c"
wait_for "pod1 3, rpod1 3"

step "the Node goes, and its zone with it"
rm "$manifests/node.yaml"
wait_for "pod1 2, pod2 2, rpod1 2"

step "hints for nodes: only the endpoints that name this node"
web "pod1@node1 pod2@node1 rpod1@node2"
wait_for "pod1 3, pod2 3"

step "a hint for this node goes before those for its zone"
node_manifest zone=zone-a | manifest node.yaml
web "pod1=zone-a@node1 pod2=zone-a@node2 rpod1=zone-b@node2"
hold_open two pod3 tcp 10.96.0.10 80
wait_for "pod1 6"
hold_is_alive two
hold_close two

step "one endpoint without a hint for a node, and those for zones count"
web "pod1=zone-a@node1 pod2=zone-a rpod1=zone-b@node2"
wait_for "pod1 3, pod2 3"

step "nobody is meant for this node, and hints for zones count"
web "pod1=zone-a@node2 pod2=zone-a@node2 rpod1=zone-b@node2"
wait_for "pod1 3, pod2 3"
