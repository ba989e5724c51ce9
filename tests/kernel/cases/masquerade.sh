#!/bin/bash
# time-limit: 150
# Whose address an endpoint sees: that of clients in the pod network is kept, others become the node's, so that
# answers come back this way; and each setting which decides who is who.
. "$(dirname "$0")/../lib.sh"

# seen_from CLIENT [ADDRESS [PORT]]: the client's address as pod2 sees it
seen_from()
{
	local address=${2:-10.96.0.10}

	ask "$1" tcp "$address" "${3:-80}" | sed 's/.* peer=//; s/:[0-9]*$//; s/[][]//g'
}

# assert_seen WHAT FROM=ADDRESS...: over the ClusterIP
assert_seen()
{
	local what=$1 pair

	shift
	for pair in "$@"; do
		assert_equal "$what: ${pair%%=*}" "${pair#*=}" "$(seen_from "${pair%%=*}")"
	done
}

# is_node_source CLIENT ADDRESS [PORT]: an address of the node stands for the client. Which of them, with IPv6,
# the kernel chooses by likeness to the endpoint's address, VIPs included.
is_node_source()
{
	case $(seen_from "$@") in
	fd77::10 | fd00:96::10) ;;
	*) return 1 ;;
	esac
}

assert_node_source()
{
	is_node_source "$@" || fail "$* is seen as $(seen_from "$@")"
}

# restart_with [FLAG...]: the rules that these flags make, which the agent writes before anything else
restart_with()
{
	agent_stop
	: >"$agent_log"
	agent_start "$@"
	wait_until 20 grep -q "programmed .* Services" "$agent_log"
}

mark_rules()
{
	on node iptables-save -t nat | grep -e '-A KUBE-MARK-MASQ'
}

topology_create
answer_start pod2 tcp/8080
{
	service_manifest web type=NodePort cluster_ip=10.96.0.10 ports=http:TCP:80:8080:30080
	slice_manifest web endpoints=pod2
	service_manifest web6 type=NodePort cluster_ip=fd00:96::10 ports=http:TCP:80:8080:30081
	slice_manifest web6 endpoints=pod2 family=IPv6
} | manifest web.yaml
agent_start
wait_for_service tcp 10.96.0.10 80 "10.244.1.2:8080 1"
wait_for_service tcp fd00:96::10 80 "[fd00:10:244:1::2]:8080 1"
wait_until 20 agent_is_settled

step "with --cluster-cidr, pods keep their addresses"
assert_seen "by default" client=192.168.77.10 node=192.168.77.10 pod1=10.244.1.1 rpod1=10.244.2.1
assert_node_source client fd00:96::10
assert_equal "IPv6: pod1" "fd00:10:244:1::1" "$(seen_from pod1 fd00:96::10)"
for who in client pod1; do
	assert_equal "NodePort: $who" "192.168.77.10" "$(seen_from $who 192.168.77.10 30080)"
	assert_node_source $who fd77::10 30081
done
assert_contains "the mark" 0x4000/0x4000 "$(mark_rules)"

step "--masquerade-all"
restart_with --masquerade-all
assert_seen "--masquerade-all" client=192.168.77.10 node=192.168.77.10 pod1=192.168.77.10 rpod1=192.168.77.10
assert_node_source pod1 fd00:96::10

step "without --cluster-cidr only the node is masqueraded"
restart_with --cluster-cidr ""
assert_seen "no range" client=192.168.77.1 node=192.168.77.10 pod1=10.244.1.1 rpod1=10.244.2.1
assert_equal "NodePort: client" "192.168.77.10" "$(seen_from client 192.168.77.10 30080)"

step "--iptables-masquerade-bit 5"
restart_with --iptables-masquerade-bit 5
assert_seen "bit 5" client=192.168.77.10 pod1=10.244.1.1
assert_contains "the mark" 0x20/0x20 "$(mark_rules)"
assert_lacks "the rules" 0x4000/ "$(on node iptables-save)"

step "InterfaceNamePrefix: what comes from pods' interfaces is kept"
restart_with --detect-local-mode InterfaceNamePrefix --pod-interface-name-prefix cali
assert_seen "cali" client=192.168.77.10 pod1=10.244.1.1 rpod1=192.168.77.10
restart_with --detect-local-mode InterfaceNamePrefix --pod-interface-name-prefix eth
assert_seen "eth" client=192.168.77.1 pod1=192.168.77.10

step "BridgeInterface: what comes from that one is kept"
restart_with --detect-local-mode BridgeInterface --pod-bridge-interface cali1
assert_seen "cali1" client=192.168.77.10 pod1=10.244.1.1 pod3=192.168.77.10

step "NodeCIDR: the Node says which pods are its own, sooner or later; until then all stays as it was"
agent_stop
: >"$agent_log"
node_manifest | manifest node.yaml
dump_state "$directory/before"
agent_start --detect-local-mode NodeCIDR
wait_until 20 grep -q "waiting for podCIDRs of Node node1" "$agent_log"
wait_until 20 grep -q "read 2 Services" "$agent_log"
assert_contains "the status" "Waiting for podCIDRs of the Node" "$(agent status)"
assert_seen "before the podCIDRs" client=192.168.77.10 pod1=10.244.1.1 pod3=192.168.77.10
dump_state "$directory/after"
assert_same_state "before the podCIDRs" "$directory/before" "$directory/after"
node_manifest pod_cidrs="10.244.1.0/24 fd00:10:244:1::/64" | manifest node.yaml
wait_until_equal 20 "with the podCIDRs: client" 192.168.77.10 seen_from client
wait_until 20 grep -q "programmed .* Services" "$agent_log"
wait_until_equal 10 "with the podCIDRs: pod3" 10.244.1.3 seen_from pod3
assert_seen "with the podCIDRs" node=192.168.77.10 pod1=10.244.1.1 rpod1=192.168.77.10
assert_lacks "the status" "podCIDRs" "$(agent status)"
wait_until 10 is_node_source client fd00:96::10
assert_equal "IPv6: pod1" "fd00:10:244:1::1" "$(seen_from pod1 fd00:96::10)"
node_manifest pod_cidrs=10.244.2.0/24 | manifest node.yaml
wait_until_equal 10 "with another range: pod1" 192.168.77.10 seen_from pod1
assert_seen "with another range" client=192.168.77.10 rpod1=10.244.2.1
rm "$manifests/node.yaml"
sleep 0.5
assert_seen "when the Node is gone" client=192.168.77.10 pod1=192.168.77.10 rpod1=10.244.2.1
