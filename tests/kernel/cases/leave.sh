#!/bin/bash
# time-limit: 180
# ipvsagent cleanup --for-kube-proxy leaves what kube-proxy's IPVS mode has: Services and connections go on, and
# whoever comes next, kube-proxy or the agent, takes that over.
. "$(dirname "$0")/../lib.sh"

conformance=$(dirname "$(readlink -f "$0")")/../../conformance
cleanup_log=$directory/cleanup.log

# names_of_kube_proxy: of the chains and sets that it was recorded to have
names_of_kube_proxy()
{
	cat "$conformance"/cases/*/step-*/expect/{ipset-sets,ip{,6}tables-*}.txt | grep -o 'KUBE-[A-Z0-9-]*' | sort -u
}

# names_on_node: of the chains and sets of the node, those that rules refer to included
names_on_node()
{
	{
		on node iptables-save
		on node ip6tables-save
		on node ipset list -n
	} | grep -o 'KUBE-[A-Z0-9-]*' | sort -u
}

# assert_only_kube_proxy: nothing of what kube-proxy does not have
assert_only_kube_proxy()
{
	local rules

	assert_equal "virtual servers by firewall mark" "" "$(on node ipvsadm -Ln | grep FWM || true)"
	assert_only_rules_of_kube_proxy
	assert_equal "chains and sets that kube-proxy does not have" "" \
		"$(comm -13 <(names_of_kube_proxy) <(names_on_node))"
	rules=$(on node iptables-save)$(on node ip6tables-save)
	assert_lacks "the rules" "0x40000000" "$rules"
	assert_lacks "the rules" "kubernetes ipvs services" "$rules"
}

# assert_only_rules_of_kube_proxy: each rule about its chains or sets was recorded, but for protocols that never were
assert_only_rules_of_kube_proxy()
{
	local iptables

	for iptables in iptables ip6tables; do
		assert_equal "rules that kube-proxy does not have, $iptables" "" "$(comm -13 \
			<(cat "$conformance"/cases/*/step-*/expect/ip{,6}tables-*.txt | sed 's/KUBE-6-/KUBE-/g' | sort -u) \
			<(on node $iptables-save | grep -e '^-A.*KUBE' -e '^-A.*kubernetes' | grep -v -e 'NODE-PORT-.*[SU]' |
				sed 's/KUBE-6-/KUBE-/g' | sort -u))"
	done
}

# asks_on: everything that kube-proxy would serve as well
asks_on()
{
	assert_equal "a client, ClusterIP" "pod1 2, rpod1 2" "$(answers client 4 tcp 10.96.0.10 80)"
	assert_equal "a pod, ClusterIP" "pod1 2, rpod1 2" "$(answers pod3 4 tcp 10.96.0.10 80)"
	assert_equal "the node, ClusterIP" "pod1 2, rpod1 2" "$(answers node 4 tcp 10.96.0.10 80)"
	assert_equal "a client, ClusterIP, IPv6" "pod1 2, rpod1 2" "$(answers client 4 tcp fd00:96::10 80)"
	assert_equal "a client, load balancer, Local" "pod1 4" "$(answers client 4 tcp 203.0.113.10 80)"
	assert_equal "a client, load balancer, Local, IPv6" "pod1 4" "$(answers client 4 tcp 2001:db8::10 80)"
	assert_equal "a client, NodePort, Local" "pod1 4" "$(answers client 4 tcp 192.168.77.10 30080)"
	assert_equal "a client, NodePort, Cluster" "pod1 2, rpod1 2" "$(answers client 4 tcp 192.168.77.10 30090)"
	assert_equal "a client, UDP" "pod1 2, rpod1 2" "$(answers client 4 udp 10.96.0.53 53)"
	assert_lacks "a client outside of the source ranges" "pod1" \
		"$(answers client 1 --timeout 500 tcp 203.0.113.20 80)"
	assert_equal "a client inside of the source ranges" "pod1 1" "$(answers client 1 tcp 203.0.113.21 80)"
	assert_lacks "a port of the node on a VIP" "node" "$(answers client 1 --timeout 500 tcp 10.96.0.10 9999)"
	for connection in kept kept6 outside; do
		hold_is_alive $connection
	done
}

mark_count()
{
	on node ipvsadm -Ln | grep -c '^FWM' || true
}

topology_create
for namespace in pod1 rpod1; do
	answer_start $namespace tcp/8080 udp/5353
done
answer_start node tcp/9999
{
	service_manifest web type=LoadBalancer cluster_ip=10.96.0.10 ports=http:TCP:80:8080:30080 \
		extra="externalTrafficPolicy: Local"
	load_balancer_status 203.0.113.10
	slice_manifest web endpoints="pod1 rpod1"
	service_manifest web6 type=LoadBalancer cluster_ip=fd00:96::10 ports=http:TCP:80:8080:30081 \
		extra="externalTrafficPolicy: Local"
	load_balancer_status 2001:db8::10
	slice_manifest web6 family=IPv6 endpoints="pod1 rpod1"
	service_manifest shared type=NodePort cluster_ip=10.96.0.12 ports=http:TCP:80:8080:30090
	slice_manifest shared endpoints="pod1 rpod1"
	service_manifest dns cluster_ip=10.96.0.53 ports=dns:UDP:53:5353
	slice_manifest dns endpoints="pod1 rpod1" ports=dns:UDP:5353
	service_manifest closed type=LoadBalancer cluster_ip=10.96.0.20 ports=http:TCP:80:8080:30092 \
		extra='loadBalancerSourceRanges: ["192.168.77.20/32"]'
	load_balancer_status 203.0.113.20
	slice_manifest closed endpoints=pod1
	service_manifest open type=LoadBalancer cluster_ip=10.96.0.21 ports=http:TCP:80:8080:30093 \
		extra='loadBalancerSourceRanges: ["192.168.77.1/32"]'
	load_balancer_status 203.0.113.21
	slice_manifest open endpoints=pod1
} | manifest web.yaml
agent_start
wait_for_service tcp 203.0.113.10 80 "10.244.1.1:8080 1"
wait_for_service tcp 2001:db8::10 80 "[fd00:10:244:1::1]:8080 1"
wait_until_equal 10 "virtual servers by mark" 4 mark_count
wait_until 20 agent_is_settled
hold_open kept client tcp 10.96.0.10 80
hold_open kept6 client tcp fd00:96::10 80
hold_open outside client tcp 203.0.113.10 80
for ((i = 0; i < 2; i++)); do
	hold_open marked$i pod3 tcp 203.0.113.10 80
done
asks_on
assert_equal "a pod, Local" "pod1 2, rpod1 2" "$(answers pod3 4 --reset tcp 203.0.113.10 80)"

step "while the agent runs, it refuses"
assert_status "cleanup of a node whose agent runs" 3 agent cleanup --for-kube-proxy
assert_equal "virtual servers by mark" 4 "$(mark_count)"

step "rules and sets go first; connections by mark have time to end, and others do not notice"
agent_stop
answers client 300 tcp 10.96.0.10 80 >"$directory/meanwhile" &
meanwhile_pid=$!
agent cleanup --for-kube-proxy --drain-timeout=1h 2>"$cleanup_log" &
cleanup_pid=$!
wait_until 20 grep -q "waiting up to 3600 s" "$cleanup_log"
assert_equal "virtual servers by mark, with connections" 4 "$(mark_count)"
assert_lacks "chains and sets in use" "UNMARK" "$(on node iptables-save)"
asks_on
hold_is_alive marked0
hold_is_alive marked1
assert_equal "a pod, Local, as with kube-proxy" "pod1 4" "$(answers pod3 4 --reset tcp 203.0.113.10 80)"

step "when they have ended, nothing is left that kube-proxy does not have"
hold_close marked0
hold_close marked1
wait "$cleanup_pid" || fail "exit status $? of cleanup: $(cat "$cleanup_log")"
wait "$meanwhile_pid"
assert_equal "who was asked meanwhile" "pod1 150, rpod1 150" "$(cat "$directory/meanwhile")"
assert_only_kube_proxy
asks_on

step "again: nothing to do is no error"
dump_state "$directory/first"
agent cleanup --for-kube-proxy
dump_state "$directory/second"
assert_same_state "cleanup of what is clean changed something" "$directory/first" "$directory/second"

step "the agent takes it over again"
agent_start
wait_until_equal 10 "virtual servers by mark" 4 mark_count
wait_until_equal 10 "a pod, Local" "pod1 2, rpod1 2" answers pod3 4 --reset tcp 203.0.113.10 80
asks_on

step "without time to end, connections by mark do"
hold_open marked pod3 tcp 203.0.113.10 80
agent_stop
agent cleanup --for-kube-proxy --drain-timeout=0s
assert_only_kube_proxy
asks_on
