#!/bin/bash
# ipvsagent cleanup removes everything that the agent made, and nothing else.
. "$(dirname "$0")/../lib.sh"

topology_create
answer_start pod1 tcp/8080
on node ipvsadm -A -t 198.51.100.1:80 -s wlc
on node iptables -N STRANGERS
on node ipset create strangers hash:ip
modprobe -a iptable_nat iptable_filter ip6table_nat ip6table_filter iptable_mangle ip6table_mangle

# objects: chains, sets, virtual servers and addresses, without what sysctls say
objects()
{
	on node ipvsadm-save -n
	on node ipset save | sed 's/ initval [^ ]*//'
	on node iptables-save | grep -e '^-A' -e '^:.* - '
	on node ip6tables-save | grep -e '^-A' -e '^:.* - '
	ip -n node -o address show | sed 's/ valid_lft.*//'
}

before=$(objects)
{
	service_manifest web type=NodePort cluster_ip=10.96.0.10 ports=http:TCP:80:8080:30080
	slice_manifest web endpoints=pod1
	service_manifest web6 cluster_ip=fd00:96::10
	slice_manifest web6 family=IPv6 endpoints=pod1
} | manifest web.yaml
agent_start
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1"
wait_for_service tcp fd00:96::10 80 "[fd00:10:244:1::1]:8080 1"
wait_until_equal 10 "the NodePort" "10.244.1.1:8080 1" destinations tcp 192.168.77.10:30080

step "while the agent runs, it refuses"
output=$(agent cleanup 2>&1) && fail "cleanup of a node whose agent runs: $output"
assert_contains "the virtual server" "rr" "$(virtual_server tcp 10.96.0.10:80)"

step "then everything goes"
agent_stop
agent cleanup
assert_equal "what is left" "$before" "$(objects)"

step "again: nothing to do is no error"
agent cleanup
assert_equal "what is left" "$before" "$(objects)"
