#!/bin/bash
# A port of a VIP that has the number of a NodePort is none: pods keep their address there, and clients outside as
# well where the policy is Local.
. "$(dirname "$0")/../lib.sh"

declare -A vips=([4]=203.0.113.10 [6]=2001:db8::10) cluster_ips=([4]=10.96.0.20 [6]=fd00:96::20)
declare -A node_ips=([4]=192.168.77.10 [6]=fd77::10)
declare -A peers=([client4]=192.168.77.1 [client6]="[fd77::1]" [pod34]=10.244.1.3 [pod36]="[fd00:10:244:1::3]"
	[node4]=192.168.77.10 [node6]="[fd77::10]")
target_ports="http:TCP:8080 dns:UDP:5353 sig:SCTP:9999"

# services FAMILY SUFFIX: one with NodePort 30080, one with port 30080 of a load balancer, one of a ClusterIP
services()
{
	local prefix=10.96.0. ipv=IPv$1

	[ "$1" = 4 ] || prefix=fd00:96::
	service_manifest "public$1" type=NodePort cluster_ip="${prefix}30" \
		ports="http:TCP:80:8080:30080 dns:UDP:53:5353:30080 sig:SCTP:99:9999:30080"
	slice_manifest "public$1" family="$ipv" endpoints=pod1 ports="$target_ports"
	service_manifest "balanced$1" type=LoadBalancer cluster_ip="${prefix}10" \
		ports="http:TCP:30080:8080 dns:UDP:30080:5353 sig:SCTP:30080:9999" extra="externalTrafficPolicy: Local"
	load_balancer_status "${vips[$1]}"
	slice_manifest "balanced$1" family="$ipv" endpoints=pod1 ports="$target_ports"
	service_manifest "inner$1" cluster_ip="${prefix}20" \
		ports="http:TCP:30080:8080 dns:UDP:30080:5353 sig:SCTP:30080:9999"
	slice_manifest "inner$1" family="$ipv" endpoints=pod1 ports="$target_ports"
}

# assert_peer WHO FAMILY PEER ADDRESS: over each protocol, the endpoint sees that address
assert_peer()
{
	local protocol

	for protocol in tcp udp sctp; do
		assert_contains "whom the endpoint sees when $1 asks $4 over $protocol" "pod1 peer=${peers[$3$2]}:" \
			"$(ask "$1" "$protocol" "$4" 30080)"
	done
}

topology_create
answer_start pod1 tcp/8080 udp/5353 sctp/9999
{
	services 4
	services 6
} | manifest services.yaml
agent_start
for family in 4 6; do
	wait_until 10 address_is_bound "${vips[$family]}"
	wait_until 10 address_is_bound "${cluster_ips[$family]}"
done
wait_until 10 eval "on node ip6tables-save | grep -q KUBE-POSTROUTING"
wait_until 10 eval "on node iptables-save | grep -q KUBE-POSTROUTING"
wait_until 20 agent_is_settled

for family in 4 6; do
	step "IPv$family: a pod keeps its address"
	assert_peer pod3 $family pod3 "${cluster_ips[$family]}"
	assert_peer pod3 $family pod3 "${vips[$family]}"

	step "IPv$family: so does a client of a load balancer IP with policy Local"
	assert_peer client $family client "${vips[$family]}"

	step "IPv$family: what is sent to the NodePort itself is masqueraded"
	assert_peer client $family node "${node_ips[$family]}"
	assert_peer pod3 $family node "${node_ips[$family]}"
done
