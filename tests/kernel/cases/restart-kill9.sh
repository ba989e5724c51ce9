#!/bin/bash
# The agent dies and starts again: no connection is lost and nothing is written; what changed meanwhile, and
# only that, is written.
. "$(dirname "$0")/../lib.sh"

# services WEB-ENDPOINTS
services()
{
	service_manifest web type=NodePort cluster_ip=10.96.0.10 ports=http:TCP:80:8080:30080
	slice_manifest web endpoints="$1"
	service_manifest dns cluster_ip=10.96.0.53 ports=dns:UDP:53:5353
	slice_manifest dns endpoints="pod1 rpod1" ports=dns:UDP:5353
	service_manifest sticky cluster_ip=10.96.0.11 affinity=600
	slice_manifest sticky endpoints="pod1 pod2"
	service_manifest web6 cluster_ip=fd00:96::10
	slice_manifest web6 family=IPv6 endpoints="pod1 pod2"
	service_manifest empty cluster_ip=10.96.0.99
}

topology_create
for pod in pod1 pod2 pod3 rpod1; do
	answer_start "$pod" tcp/8080 udp/5353
done
iptables_writes_start
services "pod1 pod2" | manifest services.yaml
agent_start
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1, 10.244.1.2:8080 1"
wait_for_service udp 10.96.0.53 53 "10.244.1.1:5353 1, 10.244.2.1:5353 1"
wait_for_service tcp 10.96.0.11 80 "10.244.1.1:8080 1, 10.244.1.2:8080 1"
wait_for_service tcp fd00:96::10 80 "[fd00:10:244:1::1]:8080 1, [fd00:10:244:1::2]:8080 1"
wait_for_service tcp 10.96.0.99 80 ""
wait_until 20 agent_is_settled
assert_contains "the first start writes rules" "iptables-restore" "$(iptables_writes)"
hold_open cluster_ip client tcp 10.96.0.10 80
hold_open node_port client tcp 192.168.77.10 30080
hold_open six pod3 tcp fd00:96::10 80
dump_state "$directory/before"

step "killed: the kernel goes on"
agent_kill
for name in cluster_ip node_port six; do
	hold_is_alive "$name"
done
assert_equal "new connections" "pod1 2, pod2 2" "$(answers client 4 tcp 10.96.0.10 80)"

step "started again: nothing is written"
netlink_writes_start
agent_start --ipvs-sync-period 1s
wait_until 20 agent_is_settled
sleep 3
agent_is_up
assert_equal "the netlink writes" "" "$(netlink_writes_stop)"
assert_equal "the writes of iptables" "" "$(iptables_writes)"
dump_state "$directory/after"
assert_same_state "the state" "$directory/before" "$directory/after"
for name in cluster_ip node_port six; do
	hold_is_alive "$name"
done
assert_equal "new connections" "pod1 2, pod2 2" "$(answers client 4 tcp 10.96.0.10 80)"

step "an endpoint joined while the agent was dead: that is written, no more"
agent_kill
services "pod1 pod2 pod3" | manifest services.yaml
netlink_writes_start
agent_start
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1, 10.244.1.2:8080 1, 10.244.1.3:8080 1"
wait_until_equal 10 "the NodePort" "10.244.1.1:8080 1, 10.244.1.2:8080 1, 10.244.1.3:8080 1" \
	destinations tcp 192.168.77.10:30080
writes=$(netlink_writes_stop)
assert_equal "the writes" "1 ipset ADD
2 ipvs NEW_DEST" "$writes"
assert_equal "the writes of iptables" "" "$(iptables_writes)"

step "stopped in an orderly way: the kernel's state stays"
wait_until 20 agent_is_settled
dump_state "$directory/running"
agent_stop
dump_state "$directory/stopped"
assert_same_state "the state" "$directory/running" "$directory/stopped"
for name in cluster_ip node_port six; do
	hold_is_alive "$name"
	hold_close "$name"
done
