#!/bin/bash
# Two Services want the same external IP and port: the older one has it, the other one is shown to be in
# conflict with it, and inherits.
. "$(dirname "$0")/../lib.sh"

# gate NAME CREATED POD [IP]: a Service of that age with an external IP
gate()
{
	local address=10.96.0.1${1: -1}

	{
		service_manifest "$1" cluster_ip="$address" extra="externalIPs: [${4:-203.0.113.20}]" |
			sed "s/^  name: .*/&\n  creationTimestamp: \"$2\"/"
		slice_manifest "$1" endpoints="$3"
	} | manifest "$1.yaml"
}

# state_of SERVICE: of its external IP, and why
state_of()
{
	agent status "default/$1" | grep -F "203.0.113.20:80" | grep -o -e conflict -e programmed -e "failed" |
		head -n 1
}

# conflicts SIDE SERVICE: how many the metrics have
conflicts()
{
	http_get node 127.0.0.1 10249 /metrics |
		sed -n "s/^ipvsagent_service_conflicts{conflict=\"$1\",namespace=\"default\",service=\"$2\"} //p"
}

# assert_order WINNER POD [LOSER...]
assert_order()
{
	local winner=$1 pod=$2 loser

	shift 2
	pod_locate "$pod"
	wait_until_equal 10 "the destinations" "$pod_ipv4:8080" serving tcp 203.0.113.20:80
	wait_until_equal 10 "the state of $winner" programmed state_of "$winner"
	assert_equal "who answers" "$pod 4" "$(answers client 4 tcp 203.0.113.20 80)"
	for loser in "$@"; do
		wait_until_equal 10 "the state of $loser" conflict state_of "$loser"
		assert_contains "the status of $loser" "default/$winner" "$(agent status -o wide "default/$loser")"
		assert_contains "the status of $loser" "default/$winner" "$(agent status -o json "default/$loser")"
		assert_contains "the status of $winner" "default/$loser" "$(agent status "default/$winner" |
			grep '^203.0.113.20:80/TCP is claimed by .* as well, in vain$')"
		assert_equal "conflicts of $loser" 1 "$(conflicts waiting "$loser")"
	done
	[ $# = 0 ] || assert_equal "conflicts of $winner" $# "$(conflicts contested "$winner")"
}

topology_create
for pod in pod1 pod2 pod3; do
	answer_start "$pod" tcp/8080
done
gate gate2 2024-02-02T00:00:00Z pod2
agent_start

step "the first that comes has it"
wait_for_service tcp 203.0.113.20 80 "10.244.1.2:8080 1"
assert_order gate2 pod2

step "a younger one does not get it"
gate gate1 2024-03-03T00:00:00Z pod3
wait_for_service tcp 10.96.0.11 80 "10.244.1.3:8080 1"
assert_order gate2 pod2 gate1
assert_equal "the younger one's own ClusterIP" "pod3 1" "$(answers client 1 tcp 10.96.0.11 80)"

step "an older one takes it; open connections stay"
hold_open two client tcp 203.0.113.20 80
gate gate3 2024-01-01T00:00:00Z pod1
assert_order gate3 pod1 gate2 gate1
hold_is_alive two
assert_contains "the endpoint of the open connection" "pod2 " "$hold_line"
hold_close two

step "a restart sees it the same way, in whatever order it reads"
agent_stop
agent_start --former-vip-timeout 0s
wait_for_service tcp 10.96.0.11 80 "10.244.1.3:8080 1"
assert_order gate3 pod1 gate2 gate1

step "the winner is deleted, the next one inherits"
rm "$manifests/gate3.yaml"
assert_order gate2 pod2 gate1

step "the winner gives the address up, the last one inherits"
gate gate2 2024-02-02T00:00:00Z pod2 203.0.113.21
wait_for_service tcp 203.0.113.21 80 "10.244.1.2:8080 1"
assert_order gate1 pod3
assert_equal "gate2 at its new address" "pod2 1" "$(answers client 1 tcp 203.0.113.21 80)"

step "nobody wants it any more"
rm "$manifests/gate1.yaml"
wait_until_equal 10 "the virtual server" "" virtual_server tcp 203.0.113.20:80
wait_until 10 eval '! address_is_bound 203.0.113.20'
wait_until_equal 10 "set members" "203.0.113.21,tcp:80" \
	eval "on node ipset save KUBE-EXTERNAL-IP | sed -n 's/^add [^ ]* //p'"
