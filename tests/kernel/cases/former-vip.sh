#!/bin/bash
# time-limit: 240
# A VIP that its Service has no longer, since it was deleted or lost that address, stays for a time: connections through
# it end with a reset, whoever has them, and nothing that is sent to it leaves by the default route. Who gets the address
# meanwhile has it at once.
. "$(dirname "$0")/../lib.sh"

declare -A vips=([4]=10.96.0.10 [6]=fd00:96::10) externals=([4]=203.0.113.10 [6]=2001:db8::10)
declare -A balancers=([4]=203.0.113.11 [6]=2001:db8::11)
declare -A programs=([4]=iptables [6]=ip6tables)

# web FAMILY: a Service with an external IP
web()
{
	service_manifest "web$1" cluster_ip="${vips[$1]}" extra="externalIPs: [\"${externals[$1]}\"]"
	slice_manifest "web$1" family="IPv$1" endpoints=pod1
}

# gate FAMILY EXTERNALS INGRESS...: a Service of all protocols with these external and load balancer IPs
gate()
{
	local family=$1 externals=$2

	shift 2
	{
		service_manifest "gate$family" cluster_ip="${vips[$family]}" type=LoadBalancer extra="externalIPs: [$externals]" \
			ports="http:TCP:80:8080 dns:UDP:53:5353 sig:SCTP:99:9999"
		[ $# = 0 ] || load_balancer_status "$@"
		slice_manifest "gate$family" family="IPv$family" endpoints=pod1 ports="http:TCP:8080 dns:UDP:5353 sig:SCTP:9999"
	} | manifest "gate$family.yaml"
}

# The client is everybody's gateway: what it gets for a VIP has left the node by the default route.
count_strays()
{
	local family address

	for family in 4 6; do
		for address in "${vips[$family]}" "${externals[$family]}" "${balancers[$family]}"; do
			on client "${programs[$family]}" -t raw -A PREROUTING -i eth0 -d "$address"
		done
	done
}

strays()
{
	on client "${programs[$1]}" -t raw -L PREROUTING -v -x -n | awk 'NR > 2 { sum += $1 } END { print sum + 0 }'
}

services_start()
{
	web 4 | manifest web4.yaml
	web 6 | manifest web6.yaml
	for family in 4 6; do
		for address in "${vips[$family]}" "${externals[$family]}"; do
			wait_until_equal 10 "who answers at $address" "pod1 1" answers pod3 1 tcp "$address" 80
		done
	done
}

# has_server FAMILY
has_server()
{
	on node ipvsadm -Ln | grep -qF -e "${vips[$1]}:80" -e "[${vips[$1]}]:80"
}

services_end()
{
	rm "$manifests"/web*.yaml
	for family in 4 6; do
		wait_until 10 eval "! has_server $family"
	done
}

topology_create
answer_start pod1 tcp/8080 udp/5353 sctp/9999
answer_start node tcp/2222
agent_start --former-vip-timeout "$((60 * slowness))s"
services_start
count_strays

for family in 4 6; do
	for who in client pod3 node; do
		hold_open "$who$family" $who tcp "${vips[$family]}" 80
		hold_open "$who-external$family" $who tcp "${externals[$family]}" 80
	done
done

step "the Services are deleted: who says something more is told that it is over"
services_end
for family in 4 6; do
	for who in client pod3 node; do
		for name in "$who$family" "$who-external$family"; do
			hold_say "$name" "still there"
			assert_equal "connection $name" closed "$hold_line"
		done
		for address in "${vips[$family]}" "${externals[$family]}"; do
			assert_equal "$who begins a new one to $address" "refused 1" "$(answers $who 1 tcp "$address" 80)"
			assert_equal "$who asks $address for what the node has" "refused 1" \
				"$(answers $who 1 tcp "$address" 2222)"
		done
	done
	assert_equal "IPv$family packets that left by the default route" 0 "$(strays $family)"
done

step "verification leaves it alone, and repairs it"
on node ip address delete "${vips[4]}/32" dev kube-ipvs0
wait_until 10 address_is_bound "${vips[4]}"

step "the address is another Service's at once"
services_start

step "and the host's"
services_end
for family in 4 6; do
	address_is_bound "${externals[$family]}" || fail "${externals[$family]} has gone"
done
ip -n node address add "${externals[4]}/32" dev eth0
ip -n node address add "${externals[6]}/128" dev eth0 nodad
for family in 4 6; do
	wait_until_equal 5 "who answers" "node 1" answers client 1 tcp "${externals[$family]}" 2222
	! address_is_bound "${externals[$family]}" || fail "${externals[$family]} is still bound"
	address_is_bound "${vips[$family]}" || fail "${vips[$family]} has gone"
done
ip -n node address delete "${externals[4]}/32" dev eth0
ip -n node address delete "${externals[6]}/128" dev eth0

step "a Service that goes on loses an external IP and a load balancer IP, with all protocols"
for family in 4 6; do
	gate $family "\"${externals[$family]}\"" "${balancers[$family]}"
	for address in "${vips[$family]}" "${externals[$family]}" "${balancers[$family]}"; do
		wait_until_equal 10 "who answers at $address" "pod1 1" answers pod3 1 tcp "$address" 80
	done
	for who in client pod3 node; do
		hold_open "gate-$who$family" $who tcp "${vips[$family]}" 80
		hold_open "gate-$who-external$family" $who tcp "${externals[$family]}" 80
		hold_open "gate-$who-balancer$family" $who tcp "${balancers[$family]}" 80
	done
	gate $family ""
	wait_until 10 eval "! on node ipvsadm -Ln | grep -qF -e '${balancers[$family]}:80' -e '[${balancers[$family]}]:80'"
	for who in client pod3 node; do
		for address in external balancer; do
			hold_say "gate-$who-$address$family" "still there"
			assert_equal "connection gate-$who-$address$family" closed "$hold_line"
		done
		hold_is_alive "gate-$who$family"
		for address in "${externals[$family]}" "${balancers[$family]}"; do
			assert_equal "$who begins a new one to $address" "refused 1" "$(answers $who 1 tcp "$address" 80)"
			assert_equal "$who asks $address by UDP" "refused 1" "$(answers $who 1 udp "$address" 53)"
		done
		for protocol in tcp/80 udp/53 sctp/99; do
			assert_equal "$who asks the ClusterIP by $protocol" "pod1 1" \
				"$(answers $who 1 "${protocol%/*}" "${vips[$family]}" "${protocol#*/}")"
		done
	done
	assert_equal "IPv$family packets that left by the default route" 0 "$(strays $family)"
done
for who in client pod3; do
	for address in "${externals[4]}" "${balancers[4]}"; do
		assert_equal "$who asks $address by SCTP" "refused 1" "$(answers $who 1 sctp "$address" 99)"
	done
done

step "a load balancer that serves its IP itself has it at once, also of a Service that was deleted meanwhile"
answer_start client tcp/80
for family in 4 6; do
	ip -n client address add "${balancers[$family]}" dev lo
	gate $family "" "${balancers[$family]}"
	wait_until_equal 10 "who answers" "pod1 1" answers pod3 1 tcp "${balancers[$family]}" 80
	rm "$manifests/gate$family.yaml"
	wait_until 10 eval "! has_server $family"
	assert_equal "who asks before" "refused 1" "$(answers pod3 1 tcp "${balancers[$family]}" 80)"
	gate $family "" "${balancers[$family]}/Proxy"
	for who in pod3 node; do
		wait_until_equal 5 "whom $who gets" "client 1" answers $who 1 tcp "${balancers[$family]}" 80
	done
	ip -n client address delete "${balancers[$family]}" dev lo
	rm "$manifests/gate$family.yaml"
done

# are_bound, are_gone: all VIPs
are_bound()
{
	for family in 4 6; do
		address_is_bound "${vips[$family]}" && address_is_bound "${externals[$family]}" || return 1
	done
}

are_gone()
{
	local address

	for address in "${vips[@]}" "${externals[@]}"; do
		! address_is_bound "$address" || return 1
	done
}

step "an agent that starts again keeps none"
services_start
services_end
are_bound || fail "a VIP has gone"
agent_kill
agent_start --former-vip-timeout "$((4 * slowness))s"
wait_until 10 are_gone
wait_until_equal 10 "the set of VIPs" "" eval "on node ipset list KUBE-IPVS-IPS | sed '1,/^Members/d'"

step "the time is over"
services_start
services_end
are_bound || fail "a VIP has gone before its time"
wait_until 10 are_gone
wait_until_equal 10 "the set of VIPs" "" eval "on node ipset list KUBE-IPVS-IPS | sed '1,/^Members/d'"
agent_stop

step "none is kept"
agent_start --former-vip-timeout 0s
services_start
services_end
wait_until 10 are_gone
