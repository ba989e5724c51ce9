#!/bin/bash
# time-limit: 90
# Who asks a Service without endpoints, or a port of a VIP that no Service has, is refused at once, and each time:
# TCP by a reset, UDP and SCTP over IPv4 by ICMP. The kernel does not log it. What cannot be refused that way is what
# ipvsagent-semantics(7) says.
. "$(dirname "$0")/../lib.sh"

ports="http:TCP:80:8080:30080 dns:UDP:53:5353:30080 sig:SCTP:99:9999:30080"
slice_ports="http:TCP:8080 dns:UDP:5353 sig:SCTP:9999"
declare -A vips=([4]=10.96.0.10 [6]=fd00:96::10) nodes=([4]=192.168.77.10 [6]=fd77::10)

# services [ENDPOINT]: one of each family
services()
{
	{
		service_manifest web type=NodePort cluster_ip="${vips[4]}" ports="$ports"
		slice_manifest web endpoints="${1:-}" ports="$slice_ports"
		service_manifest web6 type=NodePort cluster_ip="${vips[6]}" ports="${ports//30080/30081}"
		slice_manifest web6 family=IPv6 endpoints="${1:-}" ports="$slice_ports"
	} | manifest web.yaml
}

# refusals WHO ADDRESS PORT: of 30 TCP connections in a row; one that is not refused at once costs half a second
refusals()
{
	answers "$1" 30 --timeout 500 tcp "$2" "$3"
}

logged()
{
	dmesg | grep -c 'no destination available' || true
}

topology_create
answer_start pod1 tcp/8080 udp/5353 sctp/9999
services
agent_start
for family in 4 6; do
	wait_until 10 address_is_bound "${vips[$family]}"
done
wait_until 10 eval "on node ip6tables-save | grep -q KUBE-POSTROUTING"
wait_until 10 eval "on node iptables-save | grep -q KUBE-POSTROUTING"
wait_until 20 agent_is_settled
before=$(logged)

for family in 4 6; do
	for who in client pod3; do
		step "IPv$family: $who is refused, 30 times in a row"
		assert_equal "$who, no endpoint" "refused 30" "$(refusals $who "${vips[$family]}" 80)"
		assert_equal "$who, no such port" "refused 30" "$(refusals $who "${vips[$family]}" 9090)"
		assert_equal "$who, NodePort without endpoint" "refused 30" \
			"$(refusals $who "${nodes[$family]}" $((30078 + family / 2)))"
		assert_equal "$who, UDP" "refused 1" "$(answers $who 1 udp "${vips[$family]}" 53)"
		assert_equal "$who, UDP, no such port" "refused 1" "$(answers $who 1 udp "${vips[$family]}" 9090)"
	done
done

step "SCTP over IPv4 is refused by what its stack heeds"
for who in client pod3; do
	assert_equal "$who, no endpoint" "refused 1" "$(answers $who 1 sctp "${vips[4]}" 99)"
	assert_equal "$who, no such port" "refused 1" "$(answers $who 1 sctp "${vips[4]}" 9090)"
done

step "SCTP over IPv6 has nothing that its stack heeds"
assert_equal "no endpoint" "timeout 1" "$(answers client 1 --timeout 2000 sctp "${vips[6]}" 99)"

assert_equal "lines in the kernel's log" "$before" "$(logged)"

step "the node itself is answered by IPVS where there is no endpoint, and by us where there is no port"
assert_equal "IPv4" "refused 1" "$(answers node 1 tcp "${vips[4]}" 80)"
assert_equal "IPv6" "refused 1" "$(answers node 1 --timeout 5000 tcp "${vips[6]}" 80)"
assert_equal "IPv4, UDP" "unreachable 1" "$(answers node 1 udp "${vips[4]}" 53)"
assert_equal "IPv4, SCTP" "timeout 1" "$(answers node 1 --timeout 2000 sctp "${vips[4]}" 99)"
for family in 4 6; do
	assert_equal "IPv$family, no such port" "refused 30" "$(refusals node "${vips[$family]}" 9090)"
done

step "the first endpoint ends it"
services pod1
for family in 4 6; do
	wait_until_equal 10 "IPv$family" "pod1 1" answers client 1 tcp "${vips[$family]}" 80
	wait_until_equal 10 "IPv$family, UDP" "pod1 1" answers client 1 udp "${vips[$family]}" 53
	wait_until_equal 10 "IPv$family, SCTP" "pod1 1" answers client 1 sctp "${vips[$family]}" 99
done

step "and the last one that leaves begins it"
services
for family in 4 6; do
	wait_until_equal 10 "IPv$family" "refused 30" refusals client "${vips[$family]}" 80
done
