#!/bin/bash
# Clients that ask for nothing, many and for long, keep no probe from its answer: on the health port, on the
# metrics port and on the health check port of a Service; and they leave nothing behind.
# time-limit: 90
. "$(dirname "$0")/../lib.sh"

# status NAMESPACE URL: the status alone; 000 without an answer
status()
{
	on "$1" curl -s -g -o /dev/null -m 10 -w '%{http_code}' "$2"
}

# crowd NAMESPACE ADDRESS PORT COUNT SECONDS: see helpers/crowd.c
crowd()
{
	on "$1" "$KERNEL_TEST_HELPERS/crowd" "${@:2}"
}

topology_create
answer_start pod1 tcp/8080
{
	service_manifest web type=LoadBalancer cluster_ip=10.96.0.10 ports=http:TCP:80:8080:30080 \
		extra=$'externalTrafficPolicy: Local\nhealthCheckNodePort: 32000'
	slice_manifest web endpoints=pod1
} | manifest web.yaml
agent_start --metrics-bind-address 0.0.0.0:10249
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1"
wait_until_equal 10 "the Service's health check" 200 status node http://127.0.0.1:32000/

step "a crowd that comes and goes"
for port in 10256 10249 32000; do
	for from in client pod1 node; do
		crowd "$from" 192.168.77.10 "$port" 100 0 >/dev/null
	done
	assert_equal "port $port for this host" 200 "$(status node "http://127.0.0.1:$port/healthz")"
	assert_equal "port $port for others" 200 "$(status client "http://192.168.77.10:$port/healthz")"
done

step "a crowd that stays"
for port in 10256 10249 32000; do
	crowd client 192.168.77.10 "$port" 80 600 >"$directory/crowd.$port" &
	pids="${pids:-} $!"
done
crowd pod1 192.168.77.10 10256 80 600 >"$directory/crowd.pod" &
pids="$pids $!"
wait_until 20 grep -q connected "$directory/crowd.pod"
wait_until 20 grep -q connected "$directory/crowd.32000"
for port in 10256 10249 32000; do
	assert_equal "port $port for this host" 200 "$(status node "http://127.0.0.1:$port/healthz")"
	assert_equal "port $port for its own address" 200 "$(status node "http://192.168.77.10:$port/healthz")"
	assert_equal "port $port for others" 200 "$(status pod2 "http://192.168.77.10:$port/healthz")"
done
assert_equal "meanwhile it forwards" "pod1 2" "$(answers client 2 tcp 10.96.0.10 80)"
held=$(on node ss -Htn state established '( sport = :10256 )' dst 192.168.77.1 | wc -l)
((held <= 16)) || fail "$held connections of one address"
# shellcheck disable=SC2086 # a list
kill $pids

step "and everything is as before"
for port in 10256 10249 32000; do
	wait_until_equal 20 "port $port" 200 status client "http://192.168.77.10:$port/healthz"
done
