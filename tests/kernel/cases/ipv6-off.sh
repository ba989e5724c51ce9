#!/bin/bash
# time-limit: 150
# Where a sysctl turns IPv6 off, IPv4 of dual-stack Services works as if the host had no IPv6: status says so once,
# nothing fails, nothing is tried again. When the sysctl changes, IPv6 follows with the next verification, both ways.
. "$(dirname "$0")/../lib.sh"

topology_create
for pod in pod1 rpod1; do
	answer_start "$pod" tcp/8080 udp/5353
done
{
	service_manifest both type=NodePort cluster_ip=10.96.0.20 ports=http:TCP:80:8080:30080 |
		sed 's/clusterIPs: .*/clusterIPs: ["10.96.0.20", "fd00:96::20"]/; s/ipFamilies: .*/ipFamilies: [IPv4, IPv6]/'
	echo "  externalIPs: [203.0.113.20, \"2001:db8::20\"]"
	slice_manifest both endpoints="pod1 rpod1" suffix=v4
	slice_manifest both family=IPv6 endpoints="pod1 rpod1" suffix=v6
	service_manifest six cluster_ip=fd00:96::21
	slice_manifest six family=IPv6 endpoints=pod1
} | manifest both.yaml

# set_ipv6 INTERFACE VALUE: on the node
set_ipv6()
{
	on node sysctl -qw "net.ipv6.conf.$1.disable_ipv6=$2"
}

# keep_node_addresses: remembers what the node loses with IPv6; restore_node_addresses brings it back
keep_node_addresses()
{
	ip -n node -6 -o address show | awk '$2 != "kube-ipvs0" && $2 != "lo" {
		print "address replace " $4 " dev " $2 " nodad" }' >"$directory/addresses"
	ip -n node -6 route show proto boot >"$directory/routes"
}

restore_node_addresses()
{
	ip -n node -6 -batch "$directory/addresses"
	sed 's/ metric [0-9]*//; s/ pref [a-z]*//; s/^/route replace /' "$directory/routes" >"$directory/routes.batch"
	ip -n node -6 -batch "$directory/routes.batch"
}

six_servers()
{
	on node ipvsadm -Ln | grep -c '^[TU][CD]P  \[' || true
}

# assert_ipv4_works WHEN
assert_ipv4_works()
{
	wait_until 20 agent_is_settled
	assert_equal "the ClusterIP $1" "pod1 2, rpod1 2" "$(answers client 4 tcp 10.96.0.20 80)"
	assert_equal "the external IP $1" "pod1 2, rpod1 2" "$(answers client 4 tcp 203.0.113.20 80)"
	assert_equal "the NodePort $1" "pod1 2, rpod1 2" "$(answers client 4 tcp 192.168.77.10 30080)"
	assert_equal "loopback $1" 1 "$(answers node 1 tcp 127.0.0.1 30080 | grep -c "pod1 1")"
}

# wait_for_off SYSCTL: the status names it once, IPv6 is withdrawn and nothing of it fails
wait_for_off()
{
	wait_until_equal 20 "IPv6 virtual servers" 0 six_servers
	wait_until 20 eval "agent status | grep -q 'IPv6 is off on this node, .*: $1 is 1'"
	output=$(agent status)
	assert_equal "lines of the status about IPv6" 1 "$(grep -c "IPv6 is off on this node, so" <<<"$output")"
	assert_contains "the status of six" "skipped: IPv6 is off on this node" "$(grep default/six <<<"$output")"
	assert_equal "Services that failed" "" "$(grep -E " failed(:|$)" <<<"$output" || true)"
	assert_lacks "the status" "fd00:96::20" "$output"
	assert_lacks "the log" "Permission denied" "$(cat "$agent_log")"
	assert_lacks "the log" retrying "$(cat "$agent_log")"
}

wait_for_on()
{
	wait_until_equal 20 "IPv6 virtual servers" "$1" six_servers
	wait_until 20 address_is_bound fd00:96::20
	wait_until 20 eval "! agent status | grep -q 'IPv6 is off'"
	wait_until 20 agent_is_settled
	assert_equal "the IPv6 ClusterIP" "pod1 2, rpod1 2" "$(answers client 4 tcp fd00:96::20 80)"
	assert_equal "the IPv6 external IP" "pod1 2, rpod1 2" "$(answers client 4 tcp 2001:db8::20 80)"
}

step "off at the start: IPv4 works, IPv6 is not waited for"
keep_node_addresses
set_ipv6 all 1
agent_start --ipvs-sync-period 2s
wait_for_service tcp 10.96.0.20 80 "10.244.1.1:8080 1, 10.244.2.1:8080 1"
assert_ipv4_works "at the start"
wait_for_off net.ipv6.conf.all.disable_ipv6
assert_equal "the IPv6 rules of the agent" 0 "$(on node ip6tables-save 2>/dev/null | grep -c KUBE-SERVICES || true)"

step "on again: IPv6 follows, with its rules first"
set_ipv6 all 0
restore_node_addresses
wait_for_on 4
assert_ipv4_works "with IPv6"
assert_contains "a pod's peer" "peer=[fd77::10]:" "$(ask client tcp fd00:96::20 80)"
on node ip6tables-save | grep -q KUBE-SERVICES || fail "there are no IPv6 rules"

step "off while it runs: withdrawn within a verification, IPv4 connections stay"
hold_open kept client tcp 10.96.0.20 80
set_ipv6 all 1
wait_for_off net.ipv6.conf.all.disable_ipv6
hold_is_alive kept
hold_close kept
assert_ipv4_works "without IPv6"
assert_equal "attempts that failed" 0 "$(agent status -o json | sed -n 's/.*"waitingForRetry": \([0-9]*\).*/\1/p')"
assert_lacks "the log" "another program changed" "$(cat "$agent_log")"

step "a change of what IPv6 would get makes nobody late, and health tells of IPv4 alone"
{
	service_manifest later cluster_ip=fd00:96::22
	slice_manifest later family=IPv6 endpoints=pod1
	service_manifest later4 cluster_ip=10.96.0.22
	slice_manifest later4 endpoints=pod1
} | manifest later.yaml
wait_for_service tcp 10.96.0.22 80 "10.244.1.1:8080 1"
sleep 5 # more than twice the sync period
health=$(on node curl -sf http://127.0.0.1:10256/healthz) || fail "the agent is unhealthy"
assert_contains "the health" IPv4 "$health"
assert_lacks "the health" IPv6 "$health"
rm "$manifests/later.yaml"

step "on once more"
set_ipv6 all 0
restore_node_addresses
wait_for_on 4

step "the interface of the VIPs alone"
set_ipv6 kube-ipvs0 1
wait_for_off net.ipv6.conf.kube-ipvs0.disable_ipv6
assert_ipv4_works "without IPv6 on kube-ipvs0"
set_ipv6 kube-ipvs0 0
wait_for_on 4

step "interfaces that are created get no IPv6: kube-ipvs0 among them"
agent_stop
on node "$IPVSAGENT" cleanup >/dev/null
set_ipv6 default 1
agent_start --ipvs-sync-period 2s
wait_for_service tcp 10.96.0.20 80 "10.244.1.1:8080 1, 10.244.2.1:8080 1"
wait_for_off net.ipv6.conf.kube-ipvs0.disable_ipv6
assert_ipv4_works "with a new interface"
set_ipv6 kube-ipvs0 0
wait_for_on 4
