#!/bin/bash
# SCTP associations are balanced, and one that is open stays with an endpoint that leaves.
. "$(dirname "$0")/../lib.sh"

signalling()
{
	service_manifest signalling cluster_ip=10.96.0.90 ports=s1ap:SCTP:36412:9000
	slice_manifest signalling endpoints="$*" ports=s1ap:SCTP:9000
}

topology_create
for pod in pod1 pod2 rpod1; do
	answer_start "$pod" sctp/9000
done
signalling pod1 pod2 rpod1 | manifest signalling.yaml
agent_start
wait_for_service sctp 10.96.0.90 36412 "10.244.1.1:9000 1, 10.244.1.2:9000 1, 10.244.2.1:9000 1"

step "associations spread"
for source in client pod1; do
	assert_equal "asked by $source" "pod1 2, pod2 2, rpod1 2" "$(answers "$source" 6 sctp 10.96.0.90 36412)"
done

step "an open association outlives its endpoint's membership"
hold_open association client sctp 10.96.0.90 36412
own=${hold_line%% *}
remaining=$(printf '%s\n' pod1 pod2 rpod1 | grep -vx "$own" | paste -sd' ')
# shellcheck disable=SC2086
signalling $remaining | manifest signalling.yaml
pod_locate "$own"
wait_until 10 eval "destinations sctp 10.96.0.90:36412 | grep -q '$pod_ipv4:9000 0'"
# By then both sides have tried all addresses that they offered each other.
sleep 5
hold_is_alive association
assert_contains "the association's endpoint" "$own " "$hold_line"
assert_lacks "new associations" "$own " "$(answers client 4 sctp 10.96.0.90 36412)"
hold_close association
