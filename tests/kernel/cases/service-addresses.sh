#!/bin/bash
# time-limit: 120
# Which external and load balancer IPs the operator allows: the feature gate AllowServiceExternalIPs, and ranges. What is
# left out gets no answer, and is named; all else of the Service works.
. "$(dirname "$0")/../lib.sh"

topology_create
for pod in pod1 rpod1; do
	answer_start "$pod" tcp/8080
done
{
	service_manifest web type=LoadBalancer cluster_ip=10.96.0.10 ports=http:TCP:80:8080:30080
	echo "  externalIPs: [203.0.113.10, 203.0.113.130]"
	load_balancer_status 203.0.113.11 203.0.113.131
	slice_manifest web endpoints="pod1 rpod1"
	service_manifest web6 type=LoadBalancer cluster_ip=fd00:96::10 ports=http:TCP:80:8080:30081
	echo "  externalIPs: [\"2001:db8::10\"]"
	load_balancer_status 2001:db8::11
	slice_manifest web6 family=IPv6 endpoints="pod1 rpod1"
} | manifest web.yaml

# answered ADDRESS: whether both endpoints answer there
answered()
{
	answers client 2 --timeout $((400 * slowness)) tcp "$1" 80 | grep -qx "pod1 1, rpod1 1" && echo yes || echo no
}

# held ADDRESS: what the kernel has of it
held()
{
	on node ipvsadm -Ln | awk -v address="$1" 'index($2, address ":") || index($2, address "]:") { print $2 }'
	on node ipset save | awk -v address="$1" 'index($3 ",", address ",") { print $2 }'
	! address_is_bound "$1" || echo bound
}

# wait_for WHAT YES... / NO...: which addresses answer, and that nothing is programmed for the others
wait_for()
{
	local what=$1 address expected=yes

	shift
	for address in "$@"; do
		if [ "$address" = / ]; then
			expected=no
			continue
		fi
		if [ $expected = yes ]; then
			wait_until_equal 20 "whether $address answers, $what" yes answered "$address"
		else
			wait_until_equal 20 "what there is of $address, $what" "" held "$address"
			assert_equal "whether $address answers, $what" no "$(answered "$address")"
		fi
	done
	wait_until_equal 20 "the ClusterIP, $what" "pod1 1, rpod1 1" answers client 2 tcp 10.96.0.10 80
	wait_until_equal 20 "the NodePort, $what" "pod1 1, rpod1 1" answers client 2 tcp 192.168.77.10 30080
	wait_until_equal 20 "the IPv6 ClusterIP, $what" "pod1 1, rpod1 1" answers client 2 tcp fd00:96::10 80
}

step "every address is allowed"
agent_start
wait_for "by default" 203.0.113.{10,130,11,131} 2001:db8::{10,11}
assert_lacks "the status" REMARK "$(agent status)"

step "AllowServiceExternalIPs=false: no external IP, of neither family; KubeProxyIPVS=false is answered"
agent_stop
agent_start --feature-gates AllowServiceExternalIPs=false,KubeProxyIPVS=false
wait_for "with the gate" 203.0.113.{11,131} 2001:db8::11 / 203.0.113.{10,130} 2001:db8::10
for service in web web6; do
	assert_contains "the status of $service" "feature gate AllowServiceExternalIPs is false" \
		"$(agent status default/$service)"
done
assert_equal "lines of the log about KubeProxyIPVS" 1 "$(grep -c "KubeProxyIPVS=false disables the IPVS mode" "$agent_log")"

step "ranges of our own, from flags: each kind of address has its own, and a family without one is outside"
agent_stop
agent_start --allowed-external-ips 203.0.113.0/25 --allowed-load-balancer-ips 203.0.113.128/25,2001:db8::/64
wait_for "with flags" 203.0.113.{10,131} 2001:db8::11 / 203.0.113.{130,11} 2001:db8::10
assert_contains "the status" "external IP 203.0.113.130 is outside of allowedExternalIPs" "$(agent status default/web)"
assert_contains "the status" "load balancer IP 203.0.113.11 is outside of allowedLoadBalancerIPs" \
	"$(agent status default/web)"
assert_contains "the status" "external IP 2001:db8::10 is outside of allowedExternalIPs" "$(agent status default/web6)"
assert_contains "the log" "Service default/web: external IP 203.0.113.130 is outside" "$(cat "$agent_log")"

step "ranges from the file follow its changes, and connections to what stays allowed stay"
agent_stop
echo "allowedExternalIPs: [203.0.113.0/25, '::/0']" >"$directory/agent.yaml"
agent_start --ipvsagent-config "$directory/agent.yaml"
wait_for "with the file" 203.0.113.{10,11,131} 2001:db8::{10,11} / 203.0.113.130
hold_open kept client tcp 203.0.113.10 80
echo "allowedExternalIPs: [203.0.113.10/32, 203.0.113.130/32]" >"$directory/agent.yaml"
wait_for "with another file" 203.0.113.{10,130,11,131} 2001:db8::11 / 2001:db8::10
hold_is_alive kept
hold_close kept
echo "{}" >"$directory/agent.yaml"
wait_for "with an empty file" 203.0.113.{10,130,11,131} 2001:db8::{10,11}
assert_lacks "the status" REMARK "$(agent status)"
