#!/bin/bash
# time-limit: 150
# A VIP whose Service was deleted stays for a time: connections through it end with a reset, whoever has them, and
# nothing that is sent to it leaves by the default route. Who gets the address meanwhile has it at once.
. "$(dirname "$0")/../lib.sh"

declare -A vips=([4]=10.96.0.10 [6]=fd00:96::10) externals=([4]=203.0.113.10 [6]=2001:db8::10)
declare -A programs=([4]=iptables [6]=ip6tables)

# web FAMILY: a Service with an external IP
web()
{
	service_manifest "web$1" cluster_ip="${vips[$1]}" extra="externalIPs: [\"${externals[$1]}\"]"
	slice_manifest "web$1" family="IPv$1" endpoints=pod1
}

# The client is everybody's gateway: what it gets for a VIP has left the node by the default route.
count_strays()
{
	local family address

	for family in 4 6; do
		for address in "${vips[$family]}" "${externals[$family]}"; do
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
answer_start pod1 tcp/8080
answer_start node tcp/2222
agent_start
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
agent_start --former-vip-timeout 2s
wait_until 10 are_gone
assert_equal "the set of VIPs" "" "$(on node ipset list KUBE-IPVS-IPS | sed '1,/^Members/d')"

step "the time is over"
services_start
services_end
are_bound || fail "a VIP has gone before its time"
wait_until 10 are_gone
assert_equal "the set of VIPs" "" "$(on node ipset list KUBE-IPVS-IPS | sed '1,/^Members/d')"
agent_stop

step "none is kept"
agent_start --former-vip-timeout 0s
services_start
services_end
wait_until 1 are_gone
