#!/bin/bash
# time-limit: 90
# What others on a host do that disturbs Services is found by the agent as well, at its start and while it runs: rules
# in the variant of iptables that it does not use, and NodePorts that the kernel chooses for connections of the node.
. "$(dirname "$0")/../lib.sh"

# other COMMAND...: a command of the variant that the agent does not use, in the node
other()
{
	local variant=nft

	[ "$(iptables_variant)" = legacy ] || variant=legacy
	on node "xtables-$variant-multi" "$@"
}

status_has()
{
	agent status | grep -q -- "$1"
}

status_lacks()
{
	! status_has "$1"
}

topology_create
answer_start pod1 tcp/8080
answer_start client tcp/9000
{
	service_manifest web type=NodePort cluster_ip=10.96.0.10 ports=http:TCP:80:8080:30080
	slice_manifest web endpoints=pod1
} | manifest web.yaml

step "rules of the other variant at the start"
other iptables -t nat -N KUBE-FORMER
agent_start --ipvs-sync-period 1s
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1"
wait_until 20 status_has "has chain KUBE-FORMER in table nat of ip, .*: the kernel applies the rules of both"
assert_contains "the log" "has chain KUBE-FORMER in table nat of ip, which the iptables in PATH" "$(cat "$agent_log")"
assert_equal "lines in the log" 1 "$(grep -c KUBE-FORMER "$agent_log")"
other iptables -t nat -X KUBE-FORMER
wait_until 20 status_lacks "variant of iptables"

step "while it runs, in IPv6, of a network plugin, and of the kubelet"
other ip6tables -t filter -N CNI-FORWARD
wait_until 20 status_has "has chain CNI-FORWARD in table filter of ip6,"
other ip6tables -t filter -X CNI-FORWARD
other iptables -t mangle -N KUBE-KUBELET-CANARY
wait_until 20 status_has "KUBE-KUBELET-CANARY .* the kubelet uses the other one"
other iptables -t mangle -X KUBE-KUBELET-CANARY
wait_until 20 status_lacks "variant of iptables"

# source_ports: that the kernel chooses for connections of the node
source_ports()
{
	local count

	for ((count = 0; count < 8; count++)); do
		ask node --reset --timeout 500 tcp 192.168.77.1 9000 || true
	done | sed 's/.*peer=[^:]*:\([0-9]*\).*/\1/' | sort -u | paste -sd' '
}

step "NodePorts that are ephemeral ports"
assert_lacks "the status" "ephemeral" "$(agent status)"
echo 8080 | on node tee /proc/sys/net/ipv4/ip_local_reserved_ports >/dev/null
echo 30080 30081 | on node tee /proc/sys/net/ipv4/ip_local_port_range >/dev/null
wait_until 20 status_has "NodePort 30080 is an ephemeral port as well"
assert_contains "the cure" "set net.ipv4.ip_local_reserved_ports to 8080,30000-32767, or" "$(agent status)"
assert_contains "a connection from another port" "peer=192.168.77.10:30081" \
	"$(ask node --reset --timeout 500 --source-port 30081 tcp 192.168.77.1 9000)"
from_node_port=$(ask node --reset --timeout 500 --source-port 30080 tcp 192.168.77.1 9000 || true)
assert_lacks "a connection from the NodePort" "peer=" "$from_node_port"
agent_stop

step "reserved by the agent, what was reserved stays"
echo 30080 32999 | on node tee /proc/sys/net/ipv4/ip_local_port_range >/dev/null
: >"$agent_log"
agent_start --ipvs-sync-period 1s --reserve-node-ports 30000-32767
assert_contains "the log" "ip_local_reserved_ports set to 8080,30000-32767 (was 8080)" "$(cat "$agent_log")"
assert_equal "the sysctl" 8080,30000-32767 "$(on node cat /proc/sys/net/ipv4/ip_local_reserved_ports)"
wait_until 20 status_lacks ephemeral
for port in $(source_ports); do
	[ "$port" -gt 32767 ] || fail "a connection from port $port"
done

step "it is written once, and stays"
agent_stop
: >"$agent_log"
agent_start --reserve-node-ports 30000-32767
assert_lacks "the log" "ip_local_reserved_ports" "$(cat "$agent_log")"
agent_stop
assert_equal "the sysctl" 8080,30000-32767 "$(on node cat /proc/sys/net/ipv4/ip_local_reserved_ports)"
