#!/bin/bash
# time-limit: 120
# Addresses of other nodes with an API server: a load balancer IP that is another node's address does not cut that node
# off, whether it is there at the start or comes later; all Nodes are asked for only while one could be.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-api.sh"

both="10.244.1.1:8080 1, 10.244.1.2:8080 1"
list='list /api/v1/nodes?labelSelector='

# web ADDRESS...: with these load balancer IPs
web()
{
	{
		service_manifest web type=LoadBalancer cluster_ip=10.96.0.10
		load_balancer_status "$@"
		slice_manifest web endpoints="pod1 pod2"
	} | manifest web.yaml
}

owner_of()
{
	on node ip -o address show | awk -v address="$1" '{split($4, parts, "/")} parts[1] == address {print $2}' |
		paste -sd' '
}

# assert_reached WHAT: node2 by each of its addresses, and pods there
assert_reached()
{
	assert_equal "node2 by IPv4, $1" "node2 2" "$(answers node 2 tcp 192.168.77.20 8022)"
	assert_equal "node2 by IPv6, $1" "node2 2" "$(answers node 2 tcp fd77::20 8022)"
	assert_equal "node2 by IPv4, asked by a pod, $1" "node2 2" "$(answers pod3 2 tcp 192.168.77.20 8022)"
	assert_equal "a pod, $1" "rpod1 2" "$(answers node 2 tcp 10.244.2.1 8080)"
}

topology_create
for pod in pod1 pod2 rpod1; do
	answer_start "$pod" tcp/8080
done
answer_start node2 tcp/8022
api_create
node_manifest addresses="192.168.77.20 fd77::20" | sed 's/node1/node2/' | manifest node2.yaml
web 203.0.113.10
api_start

step "as long as no IP could be a node's, nobody asks for all Nodes"
api_agent_start
wait_for_service tcp 203.0.113.10 80 "$both"
assert_reached "before"
assert_equal "lists of all Nodes" 0 "$(api_requests "$list")"

step "a load balancer IP that is node2's"
web 203.0.113.10 192.168.77.20
wait_until_equal 20 "the destinations" "$both" destinations tcp 192.168.77.20:80
assert_equal "who has it" "" "$(owner_of 192.168.77.20)"
assert_reached "with its address as load balancer IP"
assert_equal "the Service, asked by node" "pod1 1, pod2 1" "$(answers node 2 tcp 192.168.77.20 80)"
wait_until 10 eval "agent status default/web | grep -q 'not bound: address of Node node2'"
wait_until 10 grep -q "load balancer IP 192.168.77.20 is an address of Node node2" "$agent_log"
assert_equal "who has it" "" "$(owner_of 192.168.77.20)"
assert_equal "lists of all Nodes" 1 "$(api_requests "$list")"
wait_until 20 eval "grep -q NodeAddressConflict '$api_log'"

step "one beside it that is no node's is bound after one more list"
web 203.0.113.10 192.168.77.20 192.168.77.99
wait_for_service tcp 192.168.77.99 80 "$both"
assert_equal "lists of all Nodes" 2 "$(api_requests "$list")"
assert_equal "asked by client" "pod1 1, pod2 1" "$(answers client 2 tcp 192.168.77.99 80)"

step "a restart knows it before it programs anything, and writes nothing"
agent_kill
on node ip monitor address >"$directory/addresses" &
monitor=$!
api_agent_start
wait_until 20 grep -q "^.* programmed 1 Services" "$agent_log"
wait_until_equal 20 "lists of all Nodes" 3 api_requests "$list"
wait_until 20 eval "agent status default/web | grep -q 'not bound: address of Node node2'"
kill $monitor
assert_equal "changes of addresses" "" "$(grep kube-ipvs0 "$directory/addresses" || true)"
assert_reached "after a restart"

step "an address of a pod, or of a program in a node's network, is known without any list"
{
	service_manifest exporter cluster_ip=10.96.0.20
	slice_manifest exporter endpoints=rpod1
} | manifest exporter.yaml
wait_for_service tcp 10.96.0.20 80 "10.244.2.1:8080 1"
web 203.0.113.10 10.244.2.1
wait_until_equal 20 "the destinations" "$both" destinations tcp 10.244.2.1:80
assert_equal "who has it" "" "$(owner_of 10.244.2.1)"
assert_reached "with a pod's address as load balancer IP"
assert_contains "the status" "not bound: address of an endpoint of Service default/exporter" "$(agent status default/web)"
assert_contains "the status of the other Service" \
	"the endpoint's address 10.244.2.1 is an external or load balancer IP of Service default/web" \
	"$(agent status default/exporter)"
for side in "unbound web" "endpoint exporter"; do
	assert_equal "the metric, ${side#* }" 1 "$(http_get node 127.0.0.1 10249 /metrics | sed -n \
		"s/^ipvsagent_service_conflicts{conflict=\"${side% *}\",namespace=\"default\",service=\"${side#* }\"} //p")"
done
wait_until 20 eval "grep NodeAddressConflict '$api_log' | grep -q '10.244.2.1, the address of an endpoint'"
assert_equal "lists of all Nodes" 3 "$(api_requests "$list")"

step "without permission to list Nodes the address is bound, and the log says so"
agent_stop
echo "nodes list status 403" | api_control faults
web 203.0.113.10 192.168.77.20
api_agent_start
wait_until_equal 20 "who has it" kube-ipvs0 owner_of 192.168.77.20
wait_until 10 grep -q "listing Nodes: status 403.*address is bound" "$agent_log"
assert_lacks "asked by node" node2 "$(answers node 1 --timeout 1000 tcp 192.168.77.20 8022)"

step "a watch knows at once what nodes there are"
echo | api_control faults
agent_stop
api_agent_start --other-nodes watch
wait_until_equal 20 "who has it" "" owner_of 192.168.77.20
web 203.0.113.10 192.168.77.20 192.168.77.30
wait_until_equal 20 "who has it" kube-ipvs0 owner_of 192.168.77.30
node_manifest addresses=192.168.77.30 | sed 's/node1/node3/' | manifest node3.yaml
wait_until_equal 20 "who has it" "" owner_of 192.168.77.30
assert_reached "with a watch"
