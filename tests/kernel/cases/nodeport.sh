#!/bin/bash
# A NodePort answers on the node's addresses, for clients outside, for the node itself and for pods, with
# endpoints on this node and on others; the node's other ports stay its own.
. "$(dirname "$0")/../lib.sh"

topology_create
for pod in pod1 pod2 rpod1; do
	answer_start "$pod" tcp/8080 udp/5353
done
answer_start node tcp/2222
{
	service_manifest web type=NodePort cluster_ip=10.96.0.10 \
		ports="http:TCP:80:8080:30080 dns:UDP:53:5353:30053"
	slice_manifest web endpoints="pod1 pod2 rpod1" ports="http:TCP:8080 dns:UDP:5353"
	service_manifest web6 type=NodePort cluster_ip=fd00:96::10 ports=http:TCP:80:8080:30081
	slice_manifest web6 family=IPv6 endpoints="pod1 rpod1"
} | manifest web.yaml
agent_start
three="10.244.1.1:8080 1, 10.244.1.2:8080 1, 10.244.2.1:8080 1"
wait_for_service tcp 10.96.0.10 80 "$three"
wait_until_equal 10 "the NodePort" "$three" destinations tcp 192.168.77.10:30080
wait_until_equal 10 "the IPv6 NodePort" "[fd00:10:244:1::1]:8080 1, [fd00:10:244:2::1]:8080 1" \
	destinations tcp "[fd77::10]:30081"
wait_until 20 agent_is_settled

step "from outside, from the node, from pods"
for source in client node node2 pod1 rpod2; do
	assert_equal "asked by $source" "pod1 2, pod2 2, rpod1 2" "$(answers "$source" 6 tcp 192.168.77.10 30080)"
done
assert_equal "UDP" "pod1 2, pod2 2, rpod1 2" "$(answers client 6 udp 192.168.77.10 30053)"
assert_equal "IPv6" "pod1 2, rpod1 2" "$(answers client 4 tcp fd77::10 30081)"
assert_equal "IPv6 from the node" "pod1 2, rpod1 2" "$(answers node 4 tcp fd77::10 30081)"

step "outside clients are masqueraded, so that another node's pod answers through this one"
ask client --count 3 tcp 192.168.77.10 30080 >"$directory/outside"
assert_contains "the peer at rpod1" "rpod1 peer=192.168.77.10:" "$(cat "$directory/outside")"
assert_lacks "the peer" "peer=192.168.77.1:" "$(cat "$directory/outside")"

step "the cluster IP works as well, and the node's own port is untouched"
assert_equal "the cluster IP" "pod1 1, pod2 1, rpod1 1" "$(answers client 3 tcp 10.96.0.10 80)"
assert_equal "the node's own port" "node 1" "$(answers client 1 tcp 192.168.77.10 2222)"
assert_equal "a port that nobody has" "refused 1" "$(answers client 1 tcp 192.168.77.10 30099)"

step "no NodePort on loopback or link-local addresses"
assert_lacks "virtual servers" "127.0.0.1:" "$(on node ipvsadm -Ln)"
assert_lacks "virtual servers" "[::1]:" "$(on node ipvsadm -Ln)"
assert_lacks "virtual servers" "[fe80:" "$(on node ipvsadm -Ln)"

step "an address that the node gets later serves too, until it goes"
ip -n node address add 192.168.77.11/24 dev eth0
wait_until_equal 10 "the NodePort of the new address" "$three" destinations tcp 192.168.77.11:30080
assert_equal "asked by client" "pod1 2, pod2 2, rpod1 2" "$(answers client 6 tcp 192.168.77.11 30080)"
ip -n node address delete 192.168.77.11/24 dev eth0
wait_until_equal 10 "the NodePort of the old address" "" destinations tcp 192.168.77.11:30080
