#!/bin/bash
# time-limit: 90
# Endpoints that are processes of the nodes themselves, this one and another: everybody gets an answer, and no
# endpoint sees a VIP as its client.
. "$(dirname "$0")/../lib.sh"

# service NAME VIP FAMILY ADDRESS ADDRESS: leads to these addresses of node and of node2
service()
{
	service_manifest "$1" cluster_ip="$2" ports="http:TCP:80:8080 dns:UDP:53:5353 sig:SCTP:99:9999"
	cat <<-END
		---
		apiVersion: discovery.k8s.io/v1
		kind: EndpointSlice
		metadata:
		  name: $1-1
		  namespace: default
		  labels: {kubernetes.io/service-name: $1}
		addressType: $3
		ports:
		- {name: http, port: 8080}
		- {name: dns, port: 5353, protocol: UDP}
		- {name: sig, port: 9999, protocol: SCTP}
		endpoints:
		- {addresses: ["$4"], nodeName: node1}
		- {addresses: ["$5"], nodeName: node2}
	END
}

# assert_sources CLIENT VIP WHOM-NODE-SEES WHOM-NODE2-SEES
assert_sources()
{
	local kind protocol port

	for kind in "tcp 80" "udp 53" "sctp 99"; do
		read -r protocol port <<<"$kind"
		assert_equal "$1 asks $2, $protocol" "node peer=$3, node2 peer=$4" \
			"$(ask "$1" --count 2 "$protocol" "$2" "$port" | sed 's/:[0-9]*$//' | sort | paste -sd, | sed 's/,/, /g')"
	done
}

topology_create
answer_start node tcp/8080 udp/5353 sctp/9999
answer_start node2 tcp/8080 udp/5353 sctp/9999
{
	service host 10.96.0.10 IPv4 192.168.77.10 192.168.77.20
	service host6 fd00:96::10 IPv6 fd77::10 fd77::20
} | manifest services.yaml
agent_start
wait_for_service sctp fd00:96::10 99 "[fd77::10]:9999 1, [fd77::20]:9999 1"
wait_for_service sctp 10.96.0.10 99 "192.168.77.10:9999 1, 192.168.77.20:9999 1"
wait_until 20 agent_is_settled

step "IPv4"
assert_sources node 10.96.0.10 192.168.77.10 192.168.77.10
assert_sources pod3 10.96.0.10 10.244.1.3 10.244.1.3
assert_sources client 10.96.0.10 192.168.77.1 192.168.77.10

step "IPv6"
assert_sources node fd00:96::10 "[fd77::10]" "[fd77::10]"
assert_sources pod3 fd00:96::10 "[fd00:10:244:1::3]" "[fd00:10:244:1::3]"
assert_sources client fd00:96::10 "[fd77::1]" "[fd77::10]"
