#!/bin/bash
# time-limit: 240
# ICMP messages about balanced packets reach whom they are for: the client learns of a narrow link on the way to
# the endpoint, the endpoint of one on the way to the client, and both of what cannot be reached. With and
# without masquerading, through a firewall that drops what it does not know, too.
. "$(dirname "$0")/../lib.sh"

# The Services: "apart" leads to another node, masqueraded; "here" to this node, which sees the client; "gone"
# to an address that its node does not have.
ports="http:TCP:80:8080 dns:UDP:53:5353 closed:UDP:54:5354"
slice_ports="http:TCP:8080 dns:UDP:5353 closed:UDP:5354"
narrow=1300
declare -A far=([4]=192.168.88.2 [6]=fd88::2) node_ip=([4]=192.168.77.10 [6]=fd77::10)
declare -A apart=([4]=203.0.113.10 [6]=2001:db8::10) here=([4]=203.0.113.20 [6]=2001:db8::20)
declare -A gone=([4]=203.0.113.30 [6]=2001:db8::30)
declare -A pod1=([4]=10.244.1.1 [6]=fd00:10:244:1::1) rpod1=([4]=10.244.2.1 [6]=fd00:10:244:2::1)
declare -A rpod9=([4]=10.244.2.9 [6]=fd00:10:244:2::9)

# service NAME FAMILY CLUSTER-IP ADDRESS POLICY ENDPOINT
service()
{
	service_manifest "$1" type=LoadBalancer cluster_ip="$3" ports="$ports" extra="externalTrafficPolicy: $5"
	load_balancer_status "$4"
	slice_manifest "$1" family="IPv$2" endpoints="$6" ports="$slice_ports"
}

# A client behind another router, which is narrow when it is told to be
far_create()
{
	ip -batch - <<-END
		netns add far
		link add to-far netns client type veth peer name eth0 netns far
	END
	ip -n client -batch - <<-END
		link set to-far up
		address add 192.168.88.1/24 dev to-far
		address add fd88::1/64 dev to-far nodad
	END
	ip -n far -batch - <<-END
		link set lo up
		link set eth0 up
		address add 192.168.88.2/24 dev eth0
		address add fd88::2/64 dev eth0 nodad
		route add default via 192.168.88.1
		route add default via fd88::1
	END
}

# narrow_link NAMESPACE DEVICE FAMILY ADDRESS {on|off}: what that router sends there has to be small. A route of
# its own, so that both ends keep their idea of what the link takes, as at the entrance of a tunnel; forwarding
# over IPv6 asks only those that are locked.
narrow_link()
{
	local mtu=()

	[ "$5" = off ] || mtu=(mtu lock "$narrow")
	ip -n "$1" "-$3" route replace "$4" dev "$2" "${mtu[@]}"
}

# forget: what they all have learnt
forget()
{
	local namespace

	for namespace in far client node pod1 rpod1; do
		ip -n "$namespace" route flush cache
		ip -n "$namespace" -6 route flush cache
	done
}

# transfer ADDRESS: 60,000 bytes there and back over TCP, by far
transfer()
{
	on far timeout $((10 * slowness)) bash -c '
		exec 3<>"/dev/tcp/$0/80" && read -r greeting <&3
		{ head -c 60000 /dev/zero | tr "\0" x; } >&3 &
		[ "$(head -c 60000 <&3 | wc -c)" = 60000 ] && echo "${greeting%% *}"' "$1" || echo "stuck"
}

# datagram ADDRESS: who answers one of 1,400 bytes; the first may be what tells that it was too much
datagram()
{
	# shellcheck disable=SC2016
	on far bash -c '
		exec 3<>"/dev/udp/$0/53"
		for attempt in 1 2 3; do
			printf "%1400s" x >&3
			answer=$(timeout "$1" head -n 1 <&3) && [ -n "$answer" ] && break
		done 2>/dev/null
		echo "${answer%% *}"' "$1" $((2 * slowness))
}

# learnt NAMESPACE ADDRESS: the MTU that it knows of the way there
learnt()
{
	ip -n "$1" route get "$2" | sed -n 's/.* mtu \([0-9]*\).*/\1/p'
}

# assert_discovery WHAT ADDRESS POD NAMESPACE TOWARDS: transfers work, and who sent too much has learnt so
assert_discovery()
{
	forget
	assert_equal "$1: a transfer" "$3" "$(transfer "$2")"
	wait_until_equal 5 "$1: what $4 has learnt of $5" "$narrow" learnt "$4" "$5"
	forget
	assert_equal "$1: a datagram" "$3" "$(datagram "$2")"
}

# discovery FAMILY: each narrow link in its turn
discovery()
{
	local family=$1

	narrow_link node2 cali1 "$family" "${rpod1[$family]}" on
	assert_discovery "behind the other node" "${apart[$family]}" rpod1 far "${apart[$family]}"
	narrow_link node2 cali1 "$family" "${rpod1[$family]}" off

	narrow_link node cali1 "$family" "${pod1[$family]}" on
	assert_discovery "behind this node" "${here[$family]}" pod1 far "${here[$family]}"
	narrow_link node cali1 "$family" "${pod1[$family]}" off

	narrow_link client to-far "$family" "${far[$family]}" on
	assert_discovery "before the client, masqueraded" "${apart[$family]}" rpod1 rpod1 "${node_ip[$family]}"
	assert_discovery "before the client" "${here[$family]}" pod1 pod1 "${far[$family]}"
	narrow_link client to-far "$family" "${far[$family]}" off
}

# unreachable_count POD FAMILY: messages of this kind that it has received
unreachable_count()
{
	if [ "$2" = 6 ]; then
		on "$1" awk '$1 == "Icmp6InDestUnreachs" { print $2 }' /proc/net/snmp6
	else
		on "$1" awk '$1 == "Icmp:" && !column { for (i = 1; i <= NF; i++) if ($i == "InDestUnreachs") column = i; next }
			$1 == "Icmp:" { print $column }' /proc/net/snmp
	fi
}

# hears_of_it POD FAMILY ADDRESS: a client that refuses the answer; the endpoint gets to know
hears_of_it()
{
	local iptables=iptables before

	[ "$2" = 4 ] || iptables=ip6tables
	before=$(unreachable_count "$1" "$2")
	on far "$iptables" -A INPUT -p udp --sport 53 -j REJECT
	assert_equal "a datagram to $3" "timeout 1" "$(answers far 1 --timeout 500 udp "$3" 53)"
	wait_until 10 eval "[ \$(unreachable_count $1 $2) -gt $before ]"
	on far "$iptables" -F INPUT
}

unreachable()
{
	local family=$1

	assert_equal "an endpoint's closed port, masqueraded" "refused 1" "$(answers far 1 udp "${apart[$family]}" 54)"
	assert_equal "an endpoint's closed port" "refused 1" "$(answers far 1 udp "${here[$family]}" 54)"
	assert_equal "an endpoint's node that has it no more" "unreachable 1" "$(answers far 1 tcp "${gone[$family]}" 80)"
	hears_of_it rpod1 "$family" "${apart[$family]}"
	hears_of_it pod1 "$family" "${here[$family]}"
}

topology_create
far_create
for namespace in far client node node2 pod1 rpod1; do
	# Otherwise one message a second, and TCP finds out by itself.
	on "$namespace" sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0 net.ipv4.tcp_mtu_probing=0
done
answer_start pod1 tcp/8080 udp/5353
answer_start rpod1 tcp/8080 udp/5353
ip -n node2 route add unreachable "${rpod9[4]}"
ip -n node2 route add unreachable "${rpod9[6]}"
for family in 4 6; do
	vip=10.96.0. suffix=
	[ $family = 4 ] || vip=fd00:96:: suffix=6
	service apart$suffix $family "${vip}10" "${apart[$family]}" Cluster rpod1
	service here$suffix $family "${vip}20" "${here[$family]}" Local pod1
	service gone$suffix $family "${vip}30" "${gone[$family]}" Cluster rpod9
done | manifest services.yaml
agent_start
wait_for_service udp "${gone[6]}" 54 "[${rpod9[6]}]:5354 1"
wait_for_service udp "${gone[4]}" 54 "${rpod9[4]}:5354 1"
wait_until 20 agent_is_settled

for firewall in open closed; do
	if [ $firewall = closed ]; then
		for iptables in iptables ip6tables; do
			on node "$iptables" -A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT 2>/dev/null || true
			on node "$iptables" -A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT 2>/dev/null || true
			on node "$iptables" -P INPUT DROP
			on node "$iptables" -P FORWARD DROP
		done
	fi
	for family in 4 6; do
		step "IPv$family, firewall $firewall: narrow links"
		discovery $family
		step "IPv$family, firewall $firewall: unreachable"
		unreachable $family
	done
done
