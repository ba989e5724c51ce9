#!/bin/bash
# time-limit: 90
# The objects of tests/field-cases, as operators and tools of theirs write them: what is wrong in one costs nothing
# else. The Node is one of them; without its podCIDRs nothing would be programmed here.
. "$(dirname "$0")/../lib.sh"

cases=$(dirname "$(readlink -f "$0")")/../../field-cases
one="10.244.1.1:8080 1"
unnamed=:TCP:8080

# present CASE: puts that there, with what is read from stdin
present()
{
	{
		cat "$cases/$1.yaml"
		cat
	} | manifest case.yaml
}

# take_back ADDRESS:PORT
take_back()
{
	rm "$manifests/case.yaml"
	wait_until_equal 10 "the virtual server" "" virtual_server tcp "$1"
}

# assert_served ADDRESS PORT POD
assert_served()
{
	pod_locate "$3"
	wait_for_service tcp "$1" "$2" "$pod_ipv4:8080 1"
	assert_equal "asked by client" "$3 2" "$(answers client 2 tcp "$1" "$2")"
}

topology_create
for pod in pod1 pod2 rpod1; do
	answer_start "$pod" tcp/8080
done
answer_start node tcp/80
manifest node.yaml <"$cases/node-host-name-address.yaml"
agent_start --detect-local-mode NodeCIDR

for case in yaml-foreign-tag yaml-key-twice-foreign yaml-key-twice-service yaml-list-odd-item; do
	step "$case"
	slice_manifest web endpoints=pod1 ports=$unnamed | present $case
	assert_served 10.96.0.10 80 pod1
	case $case in
	yaml-key-twice-service) assert_contains "the status" 'duplicate key "clusterIP"' "$(agent status default/twice)" ;;
	yaml-list-odd-item)
		assert_contains "the status" "apiVersion: not a string" "$(agent status default/odd)"
		assert_contains "the status" "left out: line 2: items[0]: not a Kubernetes object" "$(agent status)"
		;;
	esac
	take_back 10.96.0.10:80
done

step yaml-merge-tag
slice_manifest web endpoints=pod1 ports="http:TCP:8080 alt:TCP:8080" | present yaml-merge-tag
assert_served 10.96.0.10 80 pod1
assert_served 10.96.0.10 81 pod1
take_back 10.96.0.10:80

step slice-one-bad-address
present slice-one-bad-address </dev/null
assert_served 10.96.0.10 80 pod1
assert_contains "the status" "127.0.0.1 is a loopback address" "$(agent status | grep default/web-1)"
take_back 10.96.0.10:80

step load-balancer-loopback
slice_manifest web endpoints=pod1 ports=$unnamed | present load-balancer-loopback
assert_served 203.0.113.10 80 pod1
assert_served 10.96.0.10 80 pod1
assert_equal "127.0.0.1" "node 2" "$(answers node 2 tcp 127.0.0.1 80)"
address_is_bound 127.0.0.1 && fail "127.0.0.1 is bound"
assert_contains "the status" "127.0.0.1 is a loopback address" "$(agent status default/web)"
take_back 10.96.0.10:80

step load-balancer-ip-is-pod-ip
present load-balancer-ip-is-pod-ip </dev/null
assert_served 10.96.0.10 80 rpod1
assert_equal "the pod itself" "rpod1 2" "$(answers node 2 tcp 10.244.2.1 8080)"
address_is_bound 10.244.2.1 && fail "10.244.2.1 is bound"
assert_contains "the status" "not bound: address of an endpoint of Service default/web" "$(agent status default/web)"
take_back 10.96.0.10:80

step external-ip-is-cluster-ip
{
	slice_manifest a endpoints=pod1 ports=$unnamed
	slice_manifest np endpoints=pod2 ports=$unnamed
} | present external-ip-is-cluster-ip
assert_served 10.96.0.60 80 pod1
assert_served 10.96.0.61 80 pod2
assert_contains "the status" "in use by Service default/np" "$(agent status default/a)"
assert_contains "the status of the other one" "is claimed by default/a as well, in vain" "$(agent status default/np)"
for side in "waiting a" "contested np"; do
	wait_until_equal 10 "the metric, ${side#* }" 1 eval "http_get node 127.0.0.1 10249 /metrics | sed -n \
		's/^ipvsagent_service_conflicts{conflict=\"${side% *}\",namespace=\"default\",service=\"${side#* }\"} //p'"
done
take_back 10.96.0.60:80

step port-equals-node-port
{
	slice_manifest api endpoints=pod1 ports=$unnamed
	slice_manifest shop endpoints=pod2 ports=$unnamed
} | present port-equals-node-port
wait_for_service tcp 10.96.0.50 31000 "$one"
wait_for_service tcp 203.0.113.50 31000 "$one"
wait_until_equal 10 "the destinations" 10.244.1.2:8080 serving tcp 192.168.77.10:31000
assert_contains "whom the endpoint sees" "pod1 peer=10.244.1.3:" "$(ask pod3 tcp 10.96.0.50 31000)"
assert_contains "whom the endpoint sees" "pod1 peer=192.168.77.1:" "$(ask client tcp 203.0.113.50 31000)"
assert_equal "the NodePort" "pod2 1" "$(answers client 1 tcp 192.168.77.10 31000)"
agent_stop
