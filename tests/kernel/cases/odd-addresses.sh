#!/bin/bash
# time-limit: 60
# Addresses in objects that can be nobody else's (loopback, link-local, multicast, broadcast, unspecified) are
# left out and named; all else of the object is served, and the node reaches itself as before. An address that
# the kernel refuses costs no other one of its Service.
. "$(dirname "$0")/../lib.sh"

odd="127.0.0.1 127.0.0.53 ::1 ::ffff:127.0.0.1 169.254.169.254 fe80::1 224.0.0.1 ff02::1 255.255.255.255 0.0.0.0 ::"

topology_create
answer_start pod1 tcp/8080
answer_start node tcp/80
{
	service_manifest ingress type=LoadBalancer cluster_ip=10.96.0.10 ports=http:TCP:80:8080:30080
	echo "status:"
	echo "  loadBalancer:"
	echo "    ingress:"
	for address in $odd 203.0.113.10; do
		echo "    - {ip: '$address'}"
	done
	slice_manifest ingress endpoints=pod1
	external=$(printf "'%s', " $odd 203.0.113.11)
	service_manifest external cluster_ip=10.96.0.11 extra="externalIPs: [${external%, }]"
	slice_manifest external endpoints=pod1
	service_manifest own cluster_ip=127.0.0.1
	slice_manifest own endpoints=pod1
	service_manifest own6 cluster_ip=::1
	slice_manifest own6 endpoints=pod1 family=IPv4
	service_manifest endpoints cluster_ip=10.96.0.12
	cat <<-END
		---
		apiVersion: discovery.k8s.io/v1
		kind: EndpointSlice
		metadata:
		  name: endpoints-1
		  namespace: default
		  labels: {kubernetes.io/service-name: endpoints}
		addressType: IPv4
		ports: [{name: http, protocol: TCP, port: 8080}]
		endpoints:
		- addresses: [127.0.0.1]
		- addresses: [255.255.255.255]
		- {addresses: [10.244.1.1], nodeName: node1}
	END
} | manifest odd.yaml
manifest node.yaml <<-END
	apiVersion: v1
	kind: Node
	metadata: {name: node1, labels: {topology.kubernetes.io/zone: zone-a}}
	spec: {podCIDR: 10.244.1.0/24, podCIDRs: [10.244.1.0/24]}
	status:
	  addresses:
	  - {type: InternalIP, address: 192.168.77.10}
	  - {type: ExternalIP, address: node1.example.com}
	  - {type: ExternalIP, address: ""}
	  - {type: InternalIP, address: 127.0.0.1}
END
agent_start --detect-local-mode NodeCIDR

step "the rest of each object is served"
for address in 10.96.0.10 203.0.113.10 10.96.0.11 203.0.113.11 10.96.0.12; do
	wait_for_service tcp "$address" 80 "10.244.1.1:8080 1"
	assert_equal "asked by client" "pod1 2" "$(answers client 2 tcp "$address" 80)"
done

step "the node reaches itself"
assert_equal "127.0.0.1" "node 2" "$(answers node 2 tcp 127.0.0.1 80)"
assert_equal "127.0.0.53" "node 2" "$(answers node 2 tcp 127.0.0.53 80)"
assert_equal "::1" "node 2" "$(answers node 2 tcp ::1 80)"
bound=$(on node ip -o addr show dev kube-ipvs0)
for address in $odd; do
	assert_lacks "kube-ipvs0" " $address/" "$bound"
done

step "what was left out is named"
status=$(agent status)
for name in ingress external own own6; do
	assert_contains "the status of $name" "left out: " "$(grep "^Service default/$name " <<<"$status")"
done
assert_contains "the status" ": status.loadBalancer.ingress[0].ip: 127.0.0.1 is a loopback address (and 10 more)" "$status"
assert_contains "the status" ": endpoints[0].addresses[0]: 127.0.0.1 is a loopback address (and 1 more)" "$status"
assert_contains "the status" ": status.addresses[3].address: 127.0.0.1 is a loopback address" "$status"
assert_contains "the log" "leaving that out and using the rest" "$(cat "$agent_log")"

step "a Service that was served stays so when a bad address comes"
hold_open before client tcp 203.0.113.11 80
{
	service_manifest external cluster_ip=10.96.0.11 extra="externalIPs: ['::1', 203.0.113.11, 127.0.0.1]"
	slice_manifest external endpoints=pod1
} | manifest odd.yaml
wait_until_equal 10 "the other Services" "" virtual_server tcp 10.96.0.10:80
wait_for_service tcp 203.0.113.11 80 "10.244.1.1:8080 1"
hold_is_alive before
assert_equal "::1" "node 2" "$(answers node 2 tcp ::1 80)"

# server_state ADDRESS: of Service dual
server_state()
{
	agent status -o json default/dual | tr -d ' \n' |
		sed -n "s/.*\"address\":\"$1\",[^{}]*\"state\":\"\([a-z]*\)\".*/\1/p"
}

step "the kernel takes no new IPv6 address: the Service has its others, and only that one is failed"
on node ip link set kube-ipvs0 mtu 1279
{
	service_manifest dual cluster_ip=10.96.0.20 extra="externalIPs: [203.0.113.12, 'fd00:203::12']" |
		sed "s/clusterIPs: .*/clusterIPs: [10.96.0.20, 'fd00:96::20']/; s/\[IPv4\]/[IPv4, IPv6]/"
	slice_manifest dual endpoints=pod1
	slice_manifest dual suffix=2 endpoints=pod1 family=IPv6
} | manifest dual.yaml
for address in 10.96.0.20 203.0.113.12; do
	wait_for_service tcp "$address" 80 "10.244.1.1:8080 1"
	assert_equal "asked by client" "pod1 2" "$(answers client 2 tcp "$address" 80)"
done
wait_until_equal 10 "fd00:96::20" failed server_state fd00:96::20
wait_until_equal 10 "fd00:203::12" failed server_state fd00:203::12
wait_until_equal 10 "10.96.0.20" programmed server_state 10.96.0.20
wait_until_equal 10 "203.0.113.12" programmed server_state 203.0.113.12
on node ip link set kube-ipvs0 mtu 1500
wait_until_equal 30 "fd00:96::20" programmed server_state fd00:96::20
assert_equal "asked by client" "pod1 2" "$(answers client 2 tcp fd00:96::20 80)"
agent_stop
