#!/bin/bash
# time-limit: 120
# The agent against an API server, over TLS with a client certificate: packets are balanced while Services and
# EndpointSlices change, and the requests are those of kube-proxy.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-api.sh"

web()
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web endpoints="$*"
}

topology_create
for pod in pod1 pod2 rpod1; do
	answer_start "$pod" tcp/8080
done
api_create
web pod1 pod2 | manifest web.yaml
api_start

step "from the first request to balanced packets"
api_agent_start --former-vip-timeout 0s
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1, 10.244.1.2:8080 1"
assert_equal "asked by client" "pod1 5, pod2 5" "$(answers client 10 tcp 10.96.0.10 80)"
assert_contains "status" "$api_url" "$(agent status)"

step "endpoints come and go"
web pod1 pod2 rpod1 | manifest web.yaml
wait_until_equal 20 "the destinations" "10.244.1.1:8080 1, 10.244.1.2:8080 1, 10.244.2.1:8080 1" \
	destinations tcp 10.96.0.10:80
assert_equal "asked by client" "pod1 3, pod2 3, rpod1 3" "$(answers client 9 tcp 10.96.0.10 80)"
web pod2 | manifest web.yaml
wait_until_equal 20 "who serves" "10.244.1.2:8080" serving tcp 10.96.0.10:80
assert_equal "asked by client" "pod2 4" "$(answers client 4 tcp 10.96.0.10 80)"

step "Services come and go"
{
	service_manifest shop cluster_ip=10.96.0.20 type=NodePort ports=http:TCP:80:8080:30080
	slice_manifest shop endpoints=pod1
} | manifest shop.yaml
wait_for_service tcp 10.96.0.20 80 "10.244.1.1:8080 1"
assert_equal "asked by client" "pod1 2" "$(answers client 2 tcp 10.96.0.20 80)"
assert_equal "its node port" "pod1 2" "$(answers client 2 tcp 192.168.77.10 30080)"
rm "$manifests/shop.yaml"
wait_until_equal 20 "who serves" "" serving tcp 10.96.0.20:80
wait_until_equal 20 "who serves" "" serving tcp 192.168.77.10:30080

step "what another proxy serves is not ours, from the moment it says so"
web pod2 | sed 's/^  name: web$/&\n  labels: {service.kubernetes.io\/service-proxy-name: other}/' | manifest web.yaml
wait_until_equal 20 "who serves" "" serving tcp 10.96.0.10:80
web pod2 | manifest web.yaml
wait_until_equal 20 "who serves" "10.244.1.2:8080" serving tcp 10.96.0.10:80

step "the requests"
assert_equal "who asks" "system:kube-proxy" "$(sed -n 's/ .*//; /^system/p' "$api_log" | sort -u)"
services='fieldSelector=spec.clusterIP%21%3DNone&labelSelector=%21service.kubernetes.io%2Fservice-proxy-name'
slices='labelSelector=%21service.kubernetes.io%2Fheadless'
for path in "/api/v1/services?.*$services" "/apis/discovery.k8s.io/v1/endpointslices?.*$slices" \
	"/api/v1/nodes?.*fieldSelector=metadata.name%3Dnode1"; do
	assert_equal "requests for $path" 1 "$(api_requests "$path")"
done

step "the agent restarts against a server that knows no streaming lists"
wait_until 60 agent_is_settled
dump_state "$directory/before"
agent_stop
echo "* stream refuse" | api_control faults
api_agent_start
wait_until 20 agent_is_settled
dump_state "$directory/after"
assert_same_state "the state after a restart" "$directory/before" "$directory/after"
assert_equal "lists" 3 "$(api_requests ' list /.*limit=500&resourceVersion=0 200')"
wait_until_equal 10 "watches" 3 api_requests ' watch /'
web pod1 | manifest web.yaml
wait_until_equal 20 "who serves" "10.244.1.1:8080" serving tcp 10.96.0.10:80
agent_stop
