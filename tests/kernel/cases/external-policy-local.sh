#!/bin/bash
# externalTrafficPolicy Local: outside clients reach only this node's endpoints, which see the clients' own
# addresses; the health check port tells load balancers how many there are.
. "$(dirname "$0")/../lib.sh"

# web POLICY ENDPOINT...
web()
{
	local policy=$1

	shift
	service_manifest web type=LoadBalancer cluster_ip=10.96.0.10 ports=http:TCP:80:8080:30080 extra="$(
		echo "externalIPs: [203.0.113.20]"
		echo "externalTrafficPolicy: $policy"
		[ "$policy" != Local ] || echo "healthCheckNodePort: 31999"
	)"
	load_balancer_status 203.0.113.10
	slice_manifest web endpoints="$*"
}

# sources ADDRESS PORT COUNT: who answers client, and which client each of them saw
sources()
{
	ask client --count "$3" tcp "$1" "$2" | sed 's/:[0-9]*$//' | sort -u | paste -sd, | sed 's/,/, /g'
}

health_check()
{
	http_get client 192.168.77.10 31999 /healthz
}

# assert_health_check STATUS COUNT: as kube-proxy answers, to the letter
assert_health_check()
{
	wait_until_equal 10 "the health check port" "HTTP/1.1 $1
Content-Type: application/json
X-Content-Type-Options: nosniff
X-Load-Balancing-Endpoint-Weight: $2
Content-Length: 114

{
	\"service\": {
		\"namespace\": \"default\",
		\"name\": \"web\"
	},
	\"localEndpoints\": $2,
	\"serviceProxyHealthy\": true
}" health_check
}

topology_create
for pod in pod1 pod2 rpod1; do
	answer_start "$pod" tcp/8080
done
web Local pod1 pod2 rpod1 | manifest web.yaml
agent_start
local_two="10.244.1.1:8080 1, 10.244.1.2:8080 1"
wait_for_service tcp 203.0.113.10 80 "$local_two"
wait_for_service tcp 203.0.113.20 80 "$local_two"
wait_until_equal 10 "the NodePort" "$local_two" destinations tcp 192.168.77.10:30080
wait_until 20 agent_is_settled

step "this node's endpoints see the client's address"
for target in "203.0.113.10 80" "203.0.113.20 80" "192.168.77.10 30080"; do
	# shellcheck disable=SC2086
	assert_equal "over $target" "pod1 peer=192.168.77.1, pod2 peer=192.168.77.1" "$(sources $target 4)"
done
assert_equal "the ClusterIP" "pod1 1, pod2 1, rpod1 1" "$(answers client 3 tcp 10.96.0.10 80)"

step "the health check port follows the local endpoints"
assert_health_check "200 OK" 2
web Local pod1 rpod1 | manifest web.yaml
assert_health_check "200 OK" 1
web Local rpod1 | manifest web.yaml
assert_health_check "503 Service Unavailable" 0
web Local pod1/serving rpod1 | manifest web.yaml
wait_until_equal 10 "the NodePort" "10.244.1.1:8080" serving tcp 192.168.77.10:30080
assert_health_check "503 Service Unavailable" 0
web Local pod1 pod2 rpod1 | manifest web.yaml
assert_health_check "200 OK" 2
wait_until_equal 10 "what serves" "10.244.1.1:8080, 10.244.1.2:8080" serving tcp 203.0.113.10:80

step "policy Cluster: all endpoints, masqueraded, no health check port; what is open stays open"
hold_open direct client tcp 203.0.113.10 80
assert_contains "the greeting" "peer=192.168.77.1:" "$hold_line"
web Cluster pod1 pod2 rpod1 | manifest web.yaml
wait_until_equal 10 "what serves" "10.244.1.1:8080, 10.244.1.2:8080, 10.244.2.1:8080" \
	serving tcp 203.0.113.10:80
all="pod1 peer=192.168.77.10, pod2 peer=192.168.77.10, rpod1 peer=192.168.77.10"
for target in "203.0.113.10 80" "203.0.113.20 80" "192.168.77.10 30080"; do
	# shellcheck disable=SC2086
	wait_until_equal 10 "over $target" "$all" sources $target 6
done
wait_until_equal 10 "the health check port" "no connection" health_check
hold_is_alive direct

step "policy Local again: a connection to the other node's endpoint stays as well"
for attempt in 1 2 3; do
	hold_open "through$attempt" client tcp 203.0.113.20 80
done
web Local pod1 pod2 rpod1 | manifest web.yaml
wait_until_equal 10 "what serves" "10.244.1.1:8080, 10.244.1.2:8080" serving tcp 203.0.113.20:80
assert_equal "the other node's endpoint drains" "10.244.1.1:8080 1, 10.244.1.2:8080 1, 10.244.2.1:8080 0" \
	"$(destinations tcp 203.0.113.20:80)"
assert_health_check "200 OK" 2
for name in direct through1 through2 through3; do
	hold_is_alive "$name"
done
assert_equal "new connections" "pod1 peer=192.168.77.1, pod2 peer=192.168.77.1" "$(sources 203.0.113.20 80 4)"
