#!/bin/bash
# time-limit: 90
# Bad input is named, by object, field and reason, and spoils nothing else; what the agent needs and does not
# find is named as well. Exit status 2 means usage, 3 means the environment.
. "$(dirname "$0")/../lib.sh"

topology_create
answer_start pod1 tcp/8080
{
	service_manifest good cluster_ip=10.96.0.10
	slice_manifest good endpoints=pod1
} >"$directory/good.yaml"
manifest a-good.yaml <"$directory/good.yaml"

step "one bad object never affects others"
{
	service_manifest bad-address cluster_ip=10.96.0.300
	service_manifest bad-port cluster_ip=10.96.0.41 ports=http:TCP:99999:8080
	service_manifest bad-protocol cluster_ip=10.96.0.42 ports=http:SMTP:80:8080
	service_manifest bad-affinity cluster_ip=10.96.0.43 affinity=-5
	slice_manifest nobody endpoints=pod1
	service_manifest also-good cluster_ip=10.96.0.50
	slice_manifest also-good endpoints=pod1
	service_manifest bad-endpoint cluster_ip=10.96.0.44
	cat <<-END
		---
		apiVersion: discovery.k8s.io/v1
		kind: EndpointSlice
		metadata:
		  name: bad-endpoint-1
		  namespace: default
		  labels: {kubernetes.io/service-name: bad-endpoint}
		addressType: IPv4
		ports: [{name: http, protocol: TCP, port: 8080}]
		endpoints:
		- addresses: ["10.244.1.x"]
		- addresses: ["10.244.1.1"]
	END
} | manifest b-bad.yaml
printf '{"apiVersion": "v1",\n "kind": Service}\n' >"$manifests/c-broken.json"
printf 'kind: Service\n  metadata: x\n' >"$manifests/d-broken.yaml"
printf '\0\1\2\377' >"$manifests/e-binary.yaml"
: >"$manifests/f-empty.yaml"
agent_start
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1"
wait_for_service tcp 10.96.0.50 80 "10.244.1.1:8080 1"
assert_equal "asked by client" "pod1 2" "$(answers client 2 tcp 10.96.0.10 80)"
assert_equal "asked by client" "pod1 2" "$(answers client 2 tcp 10.96.0.50 80)"

step "each is named with its reason"
log=$(cat "$agent_log")
for name in bad-address bad-port bad-protocol bad-affinity bad-endpoint-1; do
	assert_contains "the log" "default/$name" "$log"
done
for reason in 10.96.0.300 99999 SMTP 10.244.1.x c-broken.json d-broken.yaml e-binary.yaml; do
	assert_contains "the log" "$reason" "$log"
done
assert_lacks "the log" "f-empty.yaml" "$log"
status=$(agent status)
for name in bad-address bad-port bad-protocol; do
	line=$(grep "default/$name" <<<"$status") || fail "no $name in the status:"$'\n'"$status"
	assert_contains "the status" "rejected" "$line"
done
assert_contains "the status" "c-broken.json" "$status"
assert_contains "the status" "d-broken.yaml" "$status"

step "one that is mended is served"
{
	service_manifest bad-port cluster_ip=10.96.0.41
	slice_manifest bad-port endpoints=pod1
} | manifest b-bad.yaml
wait_for_service tcp 10.96.0.41 80 "10.244.1.1:8080 1"
agent_stop

# one_line WHAT PART: $output is one line that contains PART
one_line()
{
	assert_equal "$1: lines of '$output'" 1 "$(wc -l <<<"$output")"
	assert_contains "$1" "$2" "$output"
}

step "usage"
assert_status "an unknown flag" 2 agent run --no-such-flag
assert_contains "an unknown flag" "--no-such-flag" "$output"
assert_status "an unknown command" 2 agent dance
assert_contains "an unknown command" "dance" "$output"
assert_status "a flag without its value" 2 agent run --manifests
assert_status "a bad duration" 2 agent run --manifests "$manifests" --ipvs-sync-period soon
assert_contains "a bad duration" "soon" "$output"
assert_status "a bad CIDR" 2 agent run --manifests "$manifests" --cluster-cidr 10.244.0.0/99
assert_contains "a bad CIDR" "10.244.0.0/99" "$output"
assert_status "help" 0 agent run --help
assert_contains "help" "--manifests" "$output"

step "environment"
assert_status "no such path" 3 agent run --manifests /no/such/path
one_line "no such path" /no/such/path
assert_status "no CAP_NET_ADMIN" 3 \
	on node setpriv --bounding-set -net_admin --inh-caps -net_admin "$IPVSAGENT" run --manifests "$manifests"
one_line "no CAP_NET_ADMIN" CAP_NET_ADMIN
mkdir "$directory/path"
ln -s "$(command -v iptables-save)" "$(command -v ip6tables-save)" "$directory/path"
assert_status "no iptables-restore" 3 \
	on node env PATH="$directory/path" "$IPVSAGENT" run --manifests "$manifests"
one_line "no iptables-restore" iptables-restore
assert_status "an unknown scheduler" 3 agent run --manifests "$manifests" --ipvs-scheduler fastest
one_line "an unknown scheduler" fastest
