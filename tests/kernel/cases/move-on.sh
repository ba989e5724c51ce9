#!/bin/bash
# time-limit: 120
# After ipvsagent cleanup nothing is there that what comes next looks for, removes, or trips over: kube-proxy in
# nftables mode, Cilium without kube-proxy, Calico's eBPF mode; and the VIPs are free for it.
. "$(dirname "$0")/../lib.sh"

conformance=$(dirname "$(readlink -f "$0")")/../../conformance

# all_rules: of both families
all_rules()
{
	on node iptables-save
	on node ip6tables-save
}

# chains_of_kube_proxy TABLE: that its IPVS mode was recorded to have
chains_of_kube_proxy()
{
	cat "$conformance"/cases/*/step-1/expect/iptables-"$1".txt | sed -n 's/^:\(KUBE-[A-Z-]*\) .*/\1/p' | sort -u
}

# answered VIP: whether the node takes it for its own
answered()
{
	on node ip route get "$1" 2>/dev/null | grep -q '^local'
}

next_address=10.244.1.1

# next_proxy OPERATION: adds (-A) or removes (-D) what another proxy has for the Service dns
next_proxy()
{
	on node iptables -t nat "$1" PREROUTING -d 10.96.0.53 -p udp --dport 53 -j DNAT --to-destination $next_address:5353
	on node iptables -t nat "$1" PREROUTING -d 10.96.0.10 -p tcp --dport 80 -j DNAT --to-destination $next_address:8080
}

topology_create
for namespace in pod1 rpod1; do
	answer_start $namespace tcp/8080 udp/5353
done
on node ipvsadm -A -t 198.51.100.1:80 -s wlc
before_sysctl=$(on node sh -c 'grep . /proc/sys/net/ipv4/conf/all/*' 2>/dev/null)
{
	service_manifest web type=LoadBalancer cluster_ip=10.96.0.10 ports=http:TCP:80:8080:30080 affinity=600 \
		extra="externalTrafficPolicy: Local"$'\n''loadBalancerSourceRanges: ["192.168.77.0/24"]'
	load_balancer_status 203.0.113.10
	slice_manifest web endpoints="pod1 rpod1"
	service_manifest web6 type=LoadBalancer cluster_ip=fd00:96::10 ports=http:TCP:80:8080:30081 \
		extra="externalTrafficPolicy: Local"
	load_balancer_status 2001:db8::10
	slice_manifest web6 family=IPv6 endpoints="pod1 rpod1"
	service_manifest dns cluster_ip=10.96.0.53 ports=dns:UDP:53:5353
	slice_manifest dns endpoints=rpod1 ports=dns:UDP:5353
} | manifest web.yaml
agent_start
wait_for_service tcp 203.0.113.10 80 "10.244.1.1:8080 1"
wait_for_service tcp 2001:db8::10 80 "[fd00:10:244:1::1]:8080 1"
wait_for_service udp 10.96.0.53 53 "10.244.2.1:5353 1"
assert_equal "UDP from a port that stays" "rpod1 1" "$(answers client 1 --source-port 4000 udp 10.96.0.53 53)"
assert_equal "a pod, by mark" "pod1 1, rpod1 1" "$(answers pod3 2 tcp 2001:db8::10 80)"
for vip in 10.96.0.10 203.0.113.10 fd00:96::10 2001:db8::10; do
	answered $vip || fail "$vip is not there to begin with"
done
agent_stop
agent cleanup

step "kube-proxy in nftables mode: nothing of what its start removes of IPVS mode"
for table in nat filter; do
	for chain in $(chains_of_kube_proxy $table); do
		for iptables in iptables ip6tables; do
			! on node $iptables -t $table -S "$chain" 2>/dev/null || fail "$iptables, chain $chain of $table"
		done
	done
done
assert_equal "sets" "" "$(on node ipset list -n)"
assert_equal "virtual servers but that of somebody else" "-A -t 198.51.100.1:80 -s wlc" \
	"$(on node ipvsadm-save -n | sed 's/  *$//')"
! ip -n node link show kube-ipvs0 2>/dev/null || fail "kube-ipvs0 is there"
assert_lacks "tables of nftables" "kube-proxy" "$(on node nft list tables 2>/dev/null || true)"

step "Cilium: no rule with KUBE, in no table; no VIP that would count as an address of the node"
assert_equal "rules and chains" "" "$(all_rules | grep KUBE || true)"
assert_equal "rules of ours by their comments" "" "$(all_rules | grep -i -e kubernetes -e kube-proxy || true)"
for vip in 10.96.0.10 10.96.0.53 203.0.113.10 fd00:96::10 2001:db8::10; do
	! answered $vip || fail "the node still has $vip"
done

step "Calico's eBPF mode: no jump to KUBE- chains, no kube-ipvs0, which stands for IPVS, and no mark that is set"
assert_equal "rules about marks" "" "$(all_rules | grep -e MARK -e '--mark' || true)"
assert_equal "dummy interfaces" "" "$(ip -n node -o link show type dummy)"
assert_equal "policy routing" "$(ip -n client rule)" "$(ip -n node rule)"
assert_equal "sysctls of all interfaces" "$before_sysctl" "$(on node sh -c 'grep . /proc/sys/net/ipv4/conf/all/*' 2>/dev/null)"

step "VIPs are not answered any more"
assert_lacks "TCP" pod "$(answers client 1 --timeout 500 tcp 10.96.0.10 80)"
assert_lacks "TCP, IPv6" pod "$(answers client 1 --timeout 500 tcp fd00:96::10 80)"
assert_lacks "a NodePort" pod "$(answers client 1 --timeout 500 tcp 192.168.77.10 30080)"

step "another proxy serves them, and flows of UDP that go on find it"
next_proxy -A
assert_equal "TCP" "pod1 2" "$(answers client 2 tcp 10.96.0.10 80)"
assert_equal "UDP from a new port" "pod1 1" "$(answers client 1 udp 10.96.0.53 53)"
assert_equal "UDP from the port of before" "pod1 1" "$(answers client 1 --source-port 4000 udp 10.96.0.53 53)"
next_proxy -D
