#!/bin/bash
# NodeLocal DNSCache beside the agent, as its manifest for iptables has it: an interface of its own with the VIP of
# kube-dns and 169.254.20.10, rules that keep both out of conntrack, and a cache that listens there. kube-dns is not
# programmed, so that its clients reach the cache; the cache reaches the same pods by way of kube-dns-upstream.
# Source: kubernetes/dns, cmd/node-cache/app/cache_app.go, and nodelocaldns.yaml of kubernetes/kubernetes
. "$(dirname "$0")/../lib.sh"

vip=10.96.0.53
upstream=10.96.0.54
link_local=169.254.20.10
ports="dns:UDP:53:5353 dns-tcp:TCP:53:5353"
pods="pod1 1, rpod1 1"

# cluster_dns [ANNOTATIONS]
cluster_dns()
{
	{
		service_manifest kube-dns cluster_ip=$vip ports="$ports" annotations="${1:-}"
		slice_manifest kube-dns endpoints="pod1 rpod1" ports="dns:UDP:5353 dns-tcp:TCP:5353"
		service_manifest kube-dns-upstream cluster_ip=$upstream ports="$ports"
		slice_manifest kube-dns-upstream endpoints="pod1 rpod1" ports="dns:UDP:5353 dns-tcp:TCP:5353"
	} | manifest dns.yaml
}

# cache_rules {-A|-D}: what node-cache adds for each of its addresses
cache_rules()
{
	local address protocol

	for address in $vip $link_local; do
		for protocol in tcp udp; do
			on node iptables -w -t raw "$1" PREROUTING -p $protocol -d $address --dport 53 -j NOTRACK
			on node iptables -w -t filter "$1" INPUT -p $protocol -d $address --dport 53 -j ACCEPT
			on node iptables -w -t raw "$1" OUTPUT -p $protocol -s $address --sport 53 -j NOTRACK
			on node iptables -w -t filter "$1" OUTPUT -p $protocol -s $address --sport 53 -j ACCEPT
			on node iptables -w -t raw "$1" OUTPUT -p $protocol -d $address --dport 53 -j NOTRACK
		done
	done
}

assert_answers() # WHO ADDRESS EXPECTED COUNT
{
	local source protocol

	for source in $1; do
		for protocol in udp tcp; do
			assert_equal "$2 over $protocol, asked by $source" "$3" \
				"$(answers "$source" "$4" $protocol "$2" 53)"
		done
	done
}

# Untracked packets that IPVS takes get no proper answer either.
assert_not_from_cache()
{
	local source protocol

	for source in pod2 node; do
		for protocol in udp tcp; do
			assert_lacks "$vip over $protocol, asked by $source" cache \
				"$(answers "$source" 1 --timeout 500 $protocol $vip 53)"
		done
	done
}

topology_create
for pod in pod1 rpod1; do
	answer_start "$pod" udp/5353 tcp/5353
done
cluster_dns
agent_start
wait_for_service udp $vip 53 "10.244.1.1:5353 1, 10.244.2.1:5353 1"
wait_for_service tcp $vip 53 "10.244.1.1:5353 1, 10.244.2.1:5353 1"
assert_answers "pod2 node" $vip "$pods" 2

step "the cache arrives: as long as IPVS has a virtual server for the VIP, the cache gets nothing there"
ip -n node -batch - <<-END
	link add nodelocaldns type dummy
	address add $link_local/32 dev nodelocaldns
	address add $vip/32 dev nodelocaldns
END
cache_rules -A
on node "$KERNEL_TEST_HELPERS/answer" --detach cache udp $vip 53 tcp $vip 53 udp $link_local 53 tcp $link_local 53
assert_answers "pod2 node" $link_local "cache 2" 2
assert_not_from_cache

step "not bound: the VIP is on the cache's interface alone, and its packets are still those of IPVS"
cluster_dns "ipvsagent/do-not-bind: \"true\""
wait_until_equal 10 "who has the VIP" nodelocaldns \
	eval "on node ip -o address show to $vip | awk '{print \$2}' | paste -sd' '"
assert_not_from_cache

step "not programmed: its packets reach the cache"
cluster_dns "ipvsagent/do-not-program: \"true\""
wait_until_equal 10 "the virtual server" "" virtual_server udp $vip:53
wait_until_equal 10 "that of TCP" "" virtual_server tcp $vip:53
assert_answers "pod2 pod3 node" $vip "cache 2" 2
assert_answers "pod2 node" $link_local "cache 2" 2
assert_equal "conntrack entries of the VIP" "" "$(on node conntrack -L -d $vip 2>/dev/null)"

step "the cache's own way up is by IPVS"
assert_answers "node pod2" $upstream "$pods" 2

step "rules and verifications of both leave each other alone"
on node iptables-save >"$directory/rules"
agent_stop
agent_start
wait_for_service udp $upstream 53 "10.244.1.1:5353 1, 10.244.2.1:5353 1"
assert_answers "pod2 node" $vip "cache 2" 2
diff <(sed '/^#/d; s/\[.*\]//' "$directory/rules") <(on node iptables-save | sed '/^#/d; s/\[.*\]//') ||
	fail "the rules are others after a restart"
assert_equal "who has the VIP" nodelocaldns "$(on node ip -o address show to $vip | awk '{print $2}' | paste -sd' ')"

step "the cache leaves, kube-dns is programmed again"
cache_rules -D
ip -n node link delete nodelocaldns
cluster_dns
wait_for_service udp $vip 53 "10.244.1.1:5353 1, 10.244.2.1:5353 1"
wait_for_service tcp $vip 53 "10.244.1.1:5353 1, 10.244.2.1:5353 1"
assert_answers "pod2 node" $vip "$pods" 2
