#!/bin/bash
# Round robin gives every endpoint of a Service the same share of connections, wherever they come from.
. "$(dirname "$0")/../lib.sh"

topology_create
for pod in pod1 pod2 rpod1; do
	answer_start "$pod" tcp/8080 tcp/9090
done
{
	service_manifest web cluster_ip=10.96.0.10 ports="http:TCP:80:8080 admin:TCP:9090:admin"
	slice_manifest web endpoints="pod1 pod2 rpod1" ports="http:TCP:8080 admin:TCP:9090"
} | manifest web.yaml
agent_start
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1, 10.244.1.2:8080 1, 10.244.2.1:8080 1"

step "the scheduler"
assert_equal "the scheduler" "rr" "$(virtual_server tcp 10.96.0.10:80 | head -n 1)"

step "everybody gets a third"
for source in client node node2 pod1; do
	assert_equal "asked by $source" "pod1 4, pod2 4, rpod1 4" "$(answers "$source" 12 tcp 10.96.0.10 80)"
done
assert_equal "the second port" "pod1 2, pod2 2, rpod1 2" "$(answers client 6 tcp 10.96.0.10 9090)"

step "a pod's address is seen, an outside client's is masqueraded"
assert_contains "asked by pod3" "peer=10.244.1.3:" "$(ask pod3 tcp 10.96.0.10 80)"
ask client --count 3 tcp 10.96.0.10 80 >"$directory/outside"
assert_lacks "asked by client" "peer=192.168.77.1:" "$(cat "$directory/outside")"
assert_contains "asked by client" "rpod1 peer=192.168.77.10:" "$(cat "$directory/outside")"

step "an endpoint joins"
answer_start pod3 tcp/8080
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web endpoints="pod1 pod2 pod3 rpod1"
} | manifest web.yaml
wait_for_service tcp 10.96.0.10 80 \
	"10.244.1.1:8080 1, 10.244.1.2:8080 1, 10.244.1.3:8080 1, 10.244.2.1:8080 1"
assert_equal "asked by client" "pod1 2, pod2 2, pod3 2, rpod1 2" "$(answers client 8 tcp 10.96.0.10 80)"

step "a Service without endpoints refuses"
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web
} | manifest web.yaml
wait_until_equal 10 "what a client sees" "refused 1" answers client 1 tcp 10.96.0.10 80

step "nodes do not all begin with the same endpoint"
agent_stop
for number in 1 2 3 4 5 6 7 8; do
	service_manifest "first$number" cluster_ip="10.96.1.$number"
	slice_manifest "first$number" endpoints="pod1 pod2 pod3"
done | manifest first.yaml
: >"$directory/first"
for name in node1 node2 node3; do
	on node ipvsadm --clear
	agent_start --hostname-override="$name"
	for number in 1 2 3 4 5 6 7 8; do
		wait_for_service tcp "10.96.1.$number" 80 "10.244.1.1:8080 1, 10.244.1.2:8080 1, 10.244.1.3:8080 1"
	done
	for number in 1 2 3 4 5 6 7 8; do
		answers client 1 tcp "10.96.1.$number" 80
	done | paste -sd, >>"$directory/first"
	agent_stop
done
assert_equal "nodes that begin differently" 3 "$(sort -u "$directory/first" | wc -l)"
for pod in pod1 pod2 pod3; do
	assert_contains "the first endpoints" "$pod" "$(cat "$directory/first")"
done
