#!/bin/bash
# loadBalancerSourceRanges: who is in a range gets through to the load-balancer IP, everybody else is dropped,
# the node itself as well; the Service's other addresses do not mind.
. "$(dirname "$0")/../lib.sh"

# balanced "IPV4-RANGE ..." "IPV6-RANGE ...": the same Service twice, once for each family
balanced()
{
	{
		# shellcheck disable=SC2086
		service_manifest web type=LoadBalancer cluster_ip=10.96.0.10 ports=http:TCP:80:8080:30080 \
			extra="loadBalancerSourceRanges: [$(list_of $1)]"
		load_balancer_status 203.0.113.10
		slice_manifest web endpoints=pod2
		# shellcheck disable=SC2086
		service_manifest web6 type=LoadBalancer cluster_ip=fd00:96::10 ports=http:TCP:80:8080:30081 \
			extra="loadBalancerSourceRanges: [$(list_of $2)]"
		load_balancer_status 2001:db8::10
		slice_manifest web6 family=IPv6 endpoints=pod2
	} | manifest web.yaml
}

# access WHO ADDRESS PORT [MILLISECONDS]: "pod2 1", or how it failed; "other" is a second client. Of several IPv6
# addresses the client would send from the last one.
access()
{
	local who=$1 last=1 source=()

	case $who in
	client | other)
		[ "$who" = client ] || last=2
		who=client
		case $2 in
		*:*) source=(--source "fd77::$last") ;;
		*) source=(--source "192.168.77.$last") ;;
		esac
		;;
	esac
	answers "$who" 1 --timeout "${4:-5000}" "${source[@]}" tcp "$2" "$3"
}

# assert_access WHO EXPECTED: over the load-balancer IPs of both families
assert_access()
{
	local patience=5000

	[ "$2" != "timeout 1" ] || patience=400
	assert_equal "$1, IPv4" "$2" "$(access "$1" 203.0.113.10 80 $patience)"
	assert_equal "$1, IPv6" "$2" "$(access "$1" 2001:db8::10 80 $patience)"
}

# wait_for_access WHO EXPECTED: the same, once the ranges have been edited
wait_for_access()
{
	wait_until_equal 10 "$1, IPv4" "$2" access "$1" 203.0.113.10 80 $((400 * slowness))
	wait_until_equal 10 "$1, IPv6" "$2" access "$1" 2001:db8::10 80 $((400 * slowness))
}

topology_create
ip -n client -batch - <<-END
	address add 192.168.77.2/24 dev eth0
	address add fd77::2/64 dev eth0 nodad
END
answer_start pod2 tcp/8080
balanced 192.168.77.1/32 fd77::1/128
agent_start
wait_for_service tcp 203.0.113.10 80 "10.244.1.2:8080 1"
wait_for_service tcp 2001:db8::10 80 "[fd00:10:244:1::2]:8080 1"

step "only the client in the range gets in"
assert_access client "pod2 1"
for who in other node node2 pod1 pod2; do
	assert_access "$who" "timeout 1"
done

step "the ClusterIP and the NodePort are open to all"
for who in client other node node2 pod1; do
	assert_equal "$who to the ClusterIP" "pod2 1" "$(access "$who" 10.96.0.10 80)"
	assert_equal "$who to the NodePort" "pod2 1" "$(access "$who" 192.168.77.10 30080)"
	assert_equal "$who to the IPv6 ClusterIP" "pod2 1" "$(access "$who" fd00:96::10 80)"
	assert_equal "$who to the IPv6 NodePort" "pod2 1" "$(access "$who" fd77::10 30081)"
done

step "the ranges change: another client, the pods"
balanced "192.168.77.2/32 10.244.0.0/16" "fd77::2/128 fd00:10:244::/48"
wait_for_access client "timeout 1"
wait_for_access other "pod2 1"
for who in pod1 pod2; do
	assert_access "$who" "pod2 1"
done
assert_access node "timeout 1"

step "a range with the node lets the node in"
balanced 192.168.77.8/29 fd77::10/124
wait_for_access node "pod2 1"
for who in client other node2 pod1; do
	assert_access "$who" "timeout 1"
done

step "ranges that do not concern the node shut it out again"
balanced 198.51.100.0/24 2001:db8:ffff::/48
wait_for_access node "timeout 1"
for who in client other pod1; do
	assert_access "$who" "timeout 1"
done

step "everybody, said as a range and said by giving none"
balanced 0.0.0.0/0 ::/0
wait_for_access client "pod2 1"
for who in other node pod1; do
	assert_access "$who" "pod2 1"
done
balanced "" ""
wait_until 10 eval '! on node ipset save | grep -q "^add KUBE-\(6-\)\?LOAD-BALANCER-\(FW\|SOURCE\)"'
for who in client other node pod1; do
	assert_access "$who" "pod2 1"
done

# dual "RANGE ...": a dual-stack Service
dual()
{
	{
		# shellcheck disable=SC2086
		service_manifest dual type=LoadBalancer cluster_ip=10.96.0.11 ports=http:TCP:81:8080 \
			extra="loadBalancerSourceRanges: [$(list_of $1)]" |
			sed 's/clusterIPs: .*/clusterIPs: ["10.96.0.11", "fd00:96::11"]/
				s/ipFamilies: .*/ipFamilies: [IPv4, IPv6]/'
		load_balancer_status 203.0.113.11 2001:db8::11
		slice_manifest dual endpoints=pod2
		slice_manifest dual family=IPv6 endpoints=pod2 | sed 's/name: dual-1$/name: dual-6/'
	} | manifest dual.yaml
}

# wait_for_dual "RANGE ..." IPV4 IPV6: what the client that is in no range gets
wait_for_dual()
{
	dual "$1"
	wait_until_equal 10 "IPv4 with ranges $1" "$2" access other 203.0.113.11 81 $((400 * slowness))
	wait_until_equal 10 "IPv6 with ranges $1" "$3" access other 2001:db8::11 81 $((400 * slowness))
}

step "ranges of one family leave the other one open, and status says so"
wait_for_dual 192.168.77.1/32 "timeout 1" "pod2 1"
assert_contains "status" "have no IPv6 range: every IPv6 client reaches 2001:db8::11" \
	"$(on node "$IPVSAGENT" status default/dual)"
wait_for_dual fd77::1/128 "pod2 1" "timeout 1"
assert_contains "status" "have no IPv4 range: every IPv4 client reaches 203.0.113.11" \
	"$(on node "$IPVSAGENT" status default/dual)"
wait_for_dual "192.168.77.1/32 fd77::1/128" "timeout 1" "timeout 1"

step "a range of everybody lifts the limit of its family only"
wait_for_dual "192.168.77.1/32 0.0.0.0/0 fd77::1/128" "pod2 1" "timeout 1"
wait_for_dual "192.168.77.1/32 ::/0" "timeout 1" "pod2 1"

step "read strictly, ranges of one family shut out the other one"
agent_stop
agent_start --strict-source-ranges
wait_for_dual 192.168.77.1/32 "timeout 1" "timeout 1"
wait_for_dual ::/0 "timeout 1" "pod2 1"
