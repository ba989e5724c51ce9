#!/bin/bash
# time-limit: 90
# Load balancers that send their health checks to the load balancer IP find /healthz and the Service's health check
# port there. Other VIPs have neither, nor has the load balancer IP what else listens on the node.
. "$(dirname "$0")/../lib.sh"

declare -A balancers=([4]=203.0.113.10 [6]=2001:db8::10) others=([4]=203.0.113.20 [6]=2001:db8::20)
declare -A cluster_ips=([4]=10.96.0.10 [6]=fd00:96::10) externals=([4]=203.0.113.30 [6]=2001:db8::30)
declare -A node_ips=([4]=192.168.77.10 [6]=fd77::10)

# services FAMILY: one of a load balancer with policy Local, and one with Cluster, that has an external IP as well
services()
{
	service_manifest "local$1" type=LoadBalancer cluster_ip="${cluster_ips[$1]}" \
		extra=$'externalTrafficPolicy: Local\nhealthCheckNodePort: '3200"$1"
	load_balancer_status "${balancers[$1]}"
	slice_manifest "local$1" family="IPv$1" endpoints=pod1
	service_manifest "cluster$1" type=LoadBalancer cluster_ip="${cluster_ips[$1]%10}20" \
		extra="externalIPs: [\"${externals[$1]}\"]"
	load_balancer_status "${others[$1]}"
	slice_manifest "cluster$1" family="IPv$1" endpoints=pod1
}

# health ADDRESS PORT: what the client is told: the code of the answer, or refused
health()
{
	local address=$1 code status=0

	case $address in
	*:*) address="[$address]" ;;
	esac
	code=$(on client curl -s -g -m $((3 * slowness)) -o /dev/null -w '%{http_code}' \
		"http://$address:$2/healthz") || status=$?
	case $status in
	0) echo "$code" ;;
	7) echo refused ;;
	*) echo "curl $status" ;;
	esac
}

topology_create
answer_start pod1 tcp/8080
answer_start node tcp/2222
{
	services 4
	services 6
} | manifest services.yaml
agent_start
for family in 4 6; do
	wait_until_equal 10 "IPv$family: the Service" "pod1 1" answers client 1 tcp "${others[$family]}" 80
	wait_until_equal 10 "IPv$family: the one with policy Local" "pod1 1" \
		answers client 1 tcp "${balancers[$family]}" 80
	wait_until_equal 10 "IPv$family: its health check" 200 health "${node_ips[$family]}" "3200$family"
done

for family in 4 6; do
	step "IPv$family: /healthz, on load balancer IPs and on the node's own address"
	assert_equal "on the load balancer IP" 200 "$(health "${others[$family]}" 10256)"
	assert_equal "on that with policy Local" 200 "$(health "${balancers[$family]}" 10256)"
	assert_equal "on the node's address" 200 "$(health "${node_ips[$family]}" 10256)"
	assert_equal "on a ClusterIP" refused "$(health "${cluster_ips[$family]}" 10256)"
	assert_equal "on an external IP" refused "$(health "${externals[$family]}" 10256)"

	step "IPv$family: the Service's health check, on its load balancer IP and on the node's own address"
	assert_equal "on its load balancer IP" 200 "$(health "${balancers[$family]}" "3200$family")"
	assert_equal "on the node's address" 200 "$(health "${node_ips[$family]}" "3200$family")"
	assert_equal "on another load balancer IP" refused "$(health "${others[$family]}" "3200$family")"
	assert_equal "on its ClusterIP" refused "$(health "${cluster_ips[$family]}" "3200$family")"
	assert_equal "on an external IP" refused "$(health "${externals[$family]}" "3200$family")"

	step "IPv$family: what else listens on the node"
	assert_equal "on the load balancer IP" "refused 1" "$(answers client 1 tcp "${balancers[$family]}" 2222)"
	assert_equal "the port of /metrics" refused "$(health "${balancers[$family]}" 10249)"
done

step "a Service that loses its load balancer IP"
{
	service_manifest local4 cluster_ip="${cluster_ips[4]}"
	slice_manifest local4 endpoints=pod1
	services 6
} | manifest services.yaml
wait_until_equal 10 "members" "" eval "on node ipset list KUBE-LOAD-BALANCER-HEALTH | sed '1,/^Members/d'"
assert_equal "IPv6 still" 200 "$(health "${balancers[6]}" 10256)"
agent_stop
{
	services 4
	services 6
} | manifest services.yaml

# assert_no_healthz WHY: while nothing or somebody else serves port 10256
assert_no_healthz()
{
	for family in 4 6; do
		wait_until_equal 10 "IPv$family: the Service" "pod1 1" answers client 1 tcp "${balancers[$family]}" 80
		assert_equal "IPv$family: /healthz, $1" refused "$(health "${balancers[$family]}" 10256)"
		wait_until_equal 10 "IPv$family: the Service's health check" 200 health "${balancers[$family]}" "3200$family"
	done
}

step "disabled, and only on loopback"
agent_start --healthz-bind-address ""
assert_no_healthz disabled
agent_stop
agent_start --healthz-bind-address 127.0.0.1:10256
assert_no_healthz "on loopback"
agent_stop

step "another port"
agent_start --healthz-bind-address 0.0.0.0:20256
for family in 4 6; do
	wait_until_equal 10 "IPv$family: /healthz elsewhere" 200 health "${balancers[$family]}" 20256
done
assert_no_healthz elsewhere
agent_stop

step "somebody else has the port, until he leaves it"
answer_start node tcp/10256
stranger=$(on node ss -Hltnp 'sport = :10256' | sed 's/.*pid=\([0-9]*\).*/\1/;q')
agent_start
assert_no_healthz "of somebody else"
kill "$stranger"
for family in 4 6; do
	wait_until_equal 15 "IPv$family: /healthz" 200 health "${balancers[$family]}" 10256
done
