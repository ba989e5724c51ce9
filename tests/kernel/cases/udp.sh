#!/bin/bash
# UDP is balanced; one socket stays at its endpoint, and does not talk into the void when that leaves.
. "$(dirname "$0")/../lib.sh"

dns()
{
	service_manifest dns cluster_ip=10.96.0.53 ports="dns:UDP:53:5353 dns-tcp:TCP:53:5353"
	slice_manifest dns endpoints="$*" ports="dns:UDP:5353 dns-tcp:TCP:5353"
}

topology_create
for pod in pod1 pod2 rpod1; do
	answer_start "$pod" udp/5353 tcp/5353
done
dns pod1 pod2 rpod1 | manifest dns.yaml
agent_start
wait_for_service udp 10.96.0.53 53 "10.244.1.1:5353 1, 10.244.1.2:5353 1, 10.244.2.1:5353 1"
wait_for_service tcp 10.96.0.53 53 "10.244.1.1:5353 1, 10.244.1.2:5353 1, 10.244.2.1:5353 1"

step "each new socket gets the next endpoint"
for source in client node pod1; do
	assert_equal "asked by $source" "pod1 3, pod2 3, rpod1 3" "$(answers "$source" 9 udp 10.96.0.53 53)"
done
assert_equal "the TCP port of the same number" "pod1 2, pod2 2, rpod1 2" "$(answers client 6 tcp 10.96.0.53 53)"

step "a socket stays at its endpoint"
own=$(answers client 4 --source-port 4000 udp 10.96.0.53 53)
assert_contains "who answers" " 4" "$own"
own=${own% 4}

step "its endpoint leaves: deleted at once, the socket gets another"
remaining=$(printf '%s\n' pod1 pod2 rpod1 | grep -vx "$own" | paste -sd' ')
# shellcheck disable=SC2086
dns $remaining | manifest dns.yaml
pod_locate "$own"
wait_until 10 eval "! destinations udp 10.96.0.53:53 | grep -q '$pod_ipv4:'"
# IPVS drops the first datagram of a socket whose endpoint is gone.
ask client --timeout 300 --source-port 4000 udp 10.96.0.53 53 || true
other=$(answers client 3 --source-port 4000 udp 10.96.0.53 53)
assert_contains "who answers" " 3" "$other"
assert_lacks "who answers" "$own " "$other"
assert_lacks "who answers" "timeout" "$other"
