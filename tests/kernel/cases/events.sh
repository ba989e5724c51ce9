#!/bin/bash
# time-limit: 90
# ipvsagent events says what the agent changed, when and why: objects, drift, drained endpoints, rules.
. "$(dirname "$0")/../lib.sh"

topology_create
for pod in pod1 pod2 rpod1; do
	answer_start "$pod" tcp/8080
done
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web endpoints="pod1 pod2"
	service_manifest other cluster_ip=10.96.0.20
	slice_manifest other endpoints=pod1
} | manifest web.yaml

step "no agent"
assert_status "without an agent" 4 agent events

agent_start --ipvs-sync-period 1h
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1, 10.244.1.2:8080 1"
wait_until 20 agent_is_settled

# last_event [NAMESPACE/NAME]: the object, the cause and the operations of the last one
last_event()
{
	agent events -o json "$@" |
		jq -r '.events[-1] | "\(.object): \(.cause)", .operations[], "\(.operationCount) \(.failedCount)"'
}

has_event()
{
	last_event | head -n 1 | grep -qF "$1"
}

step "the start is one event, and the rules are others"
assert_contains "the events" "IPv4 rules: written, since they were not there" "$(agent events)"
start=$(agent events -o json | jq -r '.events[] | select(.cause == "start") | "\(.object) \(.failedCount)"')
assert_equal "the start" "all Services 0" "$start"
assert_equal "of one Service, nothing yet" "No changes." "$(agent events default/web)"

step "an endpoint comes and goes"
before=$(date -u +%Y-%m-%dT%H:%M:%S)
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web endpoints="pod1 pod2 rpod1"
	service_manifest other cluster_ip=10.96.0.20
	slice_manifest other endpoints=pod1
} | manifest web.yaml
wait_until 10 has_event "Service default/web: EndpointSlice default/web"
assert_contains "the event" "adding 10.244.2.1:8080 to 10.96.0.10:80/TCP" "$(last_event)"
assert_equal "how many operations failed" 0 "$(last_event | tail -n 1 | cut -d' ' -f2)"
time=$(agent events -o json -n 1 | jq -r '.events[0].time')
[[ ! $time < $before && ! $time > $(date -u +%Y-%m-%dT%H:%M:%SZ) ]] || fail "the time is $time, not after $before"
assert_equal "of the other Service" "No changes." "$(agent events default/other)"
assert_equal "-n 1" 1 "$(agent events -n 1 | grep -c '^20')"
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web endpoints="pod1 pod2"
	service_manifest other cluster_ip=10.96.0.20
	slice_manifest other endpoints=pod1
} | manifest web.yaml
wait_until 20 has_event "Service default/web: drained"
assert_equal "the event" "removing 10.244.2.1:8080 from 10.96.0.10:80/TCP" "$(last_event | sed -n 2p)"

step "a Service goes"
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web endpoints="pod1 pod2"
} | manifest web.yaml
wait_until 10 has_event "Service default/other: "
assert_contains "the event" "removing virtual server 10.96.0.20:80/TCP" "$(last_event default/other)"
assert_contains "the event" "10.96.0.20" "$(last_event default/other | grep -v TCP)"

step "drift of an address and of rules, which are repaired at once"
ip -n node address del 10.96.0.10/32 dev kube-ipvs0
wait_until 10 eval 'agent events | grep -q "drift: another program changed it"'
assert_contains "the event" "10.96.0.10" "$(last_event | sed -n 2p)"
on node iptables -t nat -F KUBE-SERVICES
wait_until 10 has_event "IPv4 rules: drift: "
assert_contains "the event" "chain KUBE-SERVICES of table nat" "$(last_event)"
