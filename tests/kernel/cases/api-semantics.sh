#!/bin/bash
# time-limit: 120
# What the matrix does not ask: the same with UDP, SCTP and IPv6, who is refused at once, and source ranges for
# a node that chooses its source address.
. "$(dirname "$0")/../lib.sh"

topology_create
# Refusals are ICMP messages, of which a kernel sends only one a second to each client.
on node sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
for pod in pod1 rpod1; do
	answer_start "$pod" tcp/8080 udp/5353 sctp/9999
done
answer_start node tcp/9090 udp/9090
all="http:TCP:80:8080:30080 dns:UDP:53:5353:30053 sig:SCTP:99:9999:30099"
all_slice="http:TCP:8080 dns:UDP:5353 sig:SCTP:9999"
{
	service_manifest web type=NodePort cluster_ip=10.96.0.10 ports="$all" extra="externalIPs: [203.0.113.10]"
	slice_manifest web endpoints="pod1 rpod1" ports="$all_slice"
	service_manifest web6 type=NodePort cluster_ip=fd00:96::10 ports="http:TCP:80:8080:30180 dns:UDP:53:5353:30153" \
		extra='externalIPs: ["2001:db8::10"]'
	slice_manifest web6 family=IPv6 endpoints="pod1 rpod1" ports="http:TCP:8080 dns:UDP:5353"
	service_manifest nobody type=NodePort cluster_ip=10.96.0.11 ports="http:TCP:80:8080:30081 dns:UDP:53:5353:30054"
	slice_manifest nobody ports="http:TCP:8080 dns:UDP:5353"
	service_manifest local type=NodePort cluster_ip=10.96.0.12 ports=http:TCP:80:8080:30082 \
		extra="internalTrafficPolicy: Local"
	slice_manifest local endpoints=rpod1
	for range in "198.51.100.0/24 20" "192.168.77.10/32 21" "0.0.0.0/0 22" "2001:db8:9::/64 23"; do
		service_manifest "ranges-${range#* }" type=LoadBalancer cluster_ip="10.96.0.${range#* }" \
			extra="loadBalancerSourceRanges: [\"${range% *}\"]"
		echo "status: {loadBalancer: {ingress: [{ip: 203.0.113.${range#* }}]}}"
		slice_manifest "ranges-${range#* }" endpoints="pod1 rpod1"
	done
} | manifest services.yaml
agent_start
wait_for_service tcp 10.96.0.23 80 "10.244.1.1:8080 1, 10.244.2.1:8080 1"
wait_for_service udp fd00:96::10 53 "[fd00:10:244:1::1]:5353 1, [fd00:10:244:2::1]:5353 1"

# assert_sources WHAT EXPECTED NAMESPACE [OPTION...] PROTOCOL ADDRESS PORT: who answers and whom they saw
assert_sources()
{
	local what=$1 expected=$2 namespace=$3

	shift 3
	assert_equal "$what" "$expected" "$(ask "$namespace" --count 4 "$@" | sed 's/ peer=\(.*\):[0-9]*$/ \1/' | sort -u |
		paste -sd, | sed 's/,/, /g')"
}

step "what the node sends through a VIP comes from the node"
for vip in 10.96.0.10 203.0.113.10; do
	assert_sources "TCP" "pod1 192.168.77.10, rpod1 192.168.77.10" node tcp "$vip" 80
	assert_sources "UDP" "pod1 192.168.77.10, rpod1 192.168.77.10" node udp "$vip" 53
	assert_sources "SCTP" "pod1 192.168.77.10, rpod1 192.168.77.10" node sctp "$vip" 99
done
for vip in fd00:96::10 2001:db8::10; do
	assert_lacks "TCP to another node over IPv6" "rpod1 peer=[$vip]" "$(ask node --count 4 tcp "$vip" 80)"
	assert_lacks "UDP to another node over IPv6" "rpod1 peer=[$vip]" "$(ask node --count 4 udp "$vip" 53)"
done

step "who has no endpoint to go to is refused at once"
for address in "10.96.0.11 80 53" "192.168.77.10 30081 30054"; do
	read -r vip tcp udp <<<"$address"
	for source in client node pod3; do
		assert_equal "TCP to $vip asked by $source" "refused 1" "$(answers "$source" 1 tcp "$vip" "$tcp")"
	done
	for source in client pod3; do
		assert_equal "UDP to $vip asked by $source" "refused 1" "$(answers "$source" 1 udp "$vip" "$udp")"
	done
	# As where iptables rejects what the node sends: the sending itself fails.
	assert_equal "UDP to $vip asked by node" "unreachable 1" "$(answers node 1 udp "$vip" "$udp")"
done
for source in client node pod3; do
	assert_equal "internalTrafficPolicy Local" "refused 1" "$(answers "$source" 1 tcp 10.96.0.12 80)"
done
assert_equal "its NodePort" "rpod1 2" "$(answers client 2 tcp 192.168.77.10 30082)"

step "other ports of a VIP are not the host's"
for vip in 10.96.0.10 203.0.113.10 fd00:96::10 2001:db8::10; do
	assert_equal "TCP $vip" "refused 1" "$(answers client 1 --timeout 2500 tcp "$vip" 9090)"
	assert_equal "UDP $vip" "refused 1" "$(answers client 1 udp "$vip" 9090)"
done

step "source ranges restrict the node whatever address it uses"
for source in 192.168.77.10 203.0.113.20; do
	assert_equal "a node outside, from $source" "timeout 1" \
		"$(answers node 1 --timeout 300 --source "$source" tcp 203.0.113.20 80)"
done
assert_equal "a node inside" "pod1 2, rpod1 2" "$(answers node 4 tcp 203.0.113.21 80)"
assert_equal "with its own address" "pod1 2, rpod1 2" "$(answers node 4 --source 192.168.77.10 tcp 203.0.113.21 80)"
assert_equal "a client outside" "timeout 1" "$(answers client 1 --timeout 300 tcp 203.0.113.21 80)"
for source in client node pod3; do
	assert_equal "0.0.0.0/0, asked by $source" "pod1 2, rpod1 2" "$(answers "$source" 4 tcp 203.0.113.22 80)"
	assert_equal "ranges of the other family alone, asked by $source" "pod1 2, rpod1 2" \
		"$(answers "$source" 4 tcp 203.0.113.23 80)"
	assert_equal "the cluster IP, asked by $source" "pod1 2, rpod1 2" "$(answers "$source" 4 tcp 10.96.0.23 80)"
done

step "a firewall that drops what it does not know leaves Services alone, and protects the node"
for iptables in iptables ip6tables; do
	on node "$iptables" -A INPUT -i lo -j ACCEPT
	on node "$iptables" -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
	on node "$iptables" -A INPUT -p ipv6-icmp -j ACCEPT
	on node "$iptables" -P INPUT DROP
	on node "$iptables" -P FORWARD DROP
done
for address in "10.96.0.10 80 53 99" "203.0.113.10 80 53 99" "192.168.77.10 30080 30053 30099"; do
	read -r vip tcp udp sctp <<<"$address"
	assert_equal "TCP $vip" "pod1 2, rpod1 2" "$(answers client 4 tcp "$vip" "$tcp")"
	assert_equal "UDP $vip" "pod1 2, rpod1 2" "$(answers client 4 udp "$vip" "$udp")"
	assert_equal "SCTP $vip" "pod1 2, rpod1 2" "$(answers client 4 sctp "$vip" "$sctp")"
done
for address in "fd00:96::10 80 53" "2001:db8::10 80 53" "fd77::10 30180 30153"; do
	read -r vip tcp udp <<<"$address"
	assert_equal "TCP $vip" "pod1 2, rpod1 2" "$(answers client 4 tcp "$vip" "$tcp")"
	assert_equal "UDP $vip" "pod1 2, rpod1 2" "$(answers client 4 udp "$vip" "$udp")"
done
assert_equal "the node's own port" "timeout 1" "$(answers client 1 --timeout 300 tcp 192.168.77.10 9090)"
