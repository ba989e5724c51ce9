#!/bin/bash
# A pod that asks its own Service may get itself: the packet comes back to where it came from, which works
# only if it seems to come from somewhere else.
. "$(dirname "$0")/../lib.sh"

topology_create
answer_start pod1 tcp/8080 udp/5353
answer_start rpod1 tcp/8080 udp/5353
{
	service_manifest alone cluster_ip=10.96.0.11 ports="http:TCP:80:8080 dns:UDP:53:5353"
	slice_manifest alone endpoints=pod1 ports="http:TCP:8080 dns:UDP:5353"
	service_manifest two cluster_ip=10.96.0.12
	slice_manifest two endpoints="pod1 rpod1"
} | manifest services.yaml
agent_start
wait_for_service tcp 10.96.0.11 80 "10.244.1.1:8080 1"
wait_for_service udp 10.96.0.11 53 "10.244.1.1:5353 1"
wait_for_service tcp 10.96.0.12 80 "10.244.1.1:8080 1, 10.244.2.1:8080 1"

step "without the rules of the agent it would not work"
on node iptables-save -t nat >"$directory/nat"
kill -STOP "$agent_pid" # it would put them back
on node iptables -t nat -F POSTROUTING
assert_equal "asked by pod1" "timeout 1" "$(answers pod1 1 --timeout 300 --source-port 5000 tcp 10.96.0.11 80)"
on node iptables-restore -T nat <"$directory/nat"
kill -CONT "$agent_pid"

step "TCP and UDP"
assert_equal "asked by pod1" "pod1 3" "$(answers pod1 3 tcp 10.96.0.11 80)"
assert_equal "asked by pod1" "pod1 3" "$(answers pod1 3 udp 10.96.0.11 53)"
assert_lacks "the peer" "peer=10.244.1.1:" "$(ask pod1 tcp 10.96.0.11 80)"

step "among several endpoints"
assert_equal "asked by pod1" "pod1 3, rpod1 3" "$(answers pod1 6 tcp 10.96.0.12 80)"
assert_equal "asked by pod3" "pod1 3" "$(answers pod3 3 tcp 10.96.0.11 80)"
