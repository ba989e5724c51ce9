#!/bin/bash
# time-limit: 120
# An endpoint that leaves keeps its open connection and gets no new one; when the connection ends, or after
# the longest drain time, its destination goes.
. "$(dirname "$0")/../lib.sh"

web()
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web endpoints="$*"
}

topology_create
for pod in pod1 pod2; do
	answer_start "$pod" tcp/8080
done
web pod1 pod2 | manifest web.yaml
agent_start
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1, 10.244.1.2:8080 1"

# Two connections, so that one of them is at pod1.
open_at_pod1()
{
	hold_open one client tcp 10.96.0.10 80
	case $hold_line in
	pod1*) return ;;
	esac
	hold_close one
	hold_open one client tcp 10.96.0.10 80
	assert_contains "the second connection" "pod1 " "$hold_line"
}

step "pod1 leaves with a connection open"
open_at_pod1
web pod2 | manifest web.yaml
wait_until_equal 10 "the destinations" "10.244.1.1:8080 0, 10.244.1.2:8080 1" destinations tcp 10.96.0.10:80
hold_is_alive one
assert_equal "new connections" "pod2 6" "$(answers client 6 tcp 10.96.0.10 80)"
sleep 3
assert_equal "the destinations" "10.244.1.1:8080 0, 10.244.1.2:8080 1" "$(destinations tcp 10.96.0.10:80)"
hold_is_alive one

step "the connection ends, the destination goes"
hold_close one
wait_until_equal 40 "the destinations" "10.244.1.2:8080 1" destinations tcp 10.96.0.10:80

step "an endpoint that terminates but still serves drains as well"
web pod1 pod2 | manifest web.yaml
wait_until_equal 10 "the destinations" "10.244.1.1:8080 1, 10.244.1.2:8080 1" destinations tcp 10.96.0.10:80
open_at_pod1
web pod1/serving pod2 | manifest web.yaml
wait_until_equal 10 "the destinations" "10.244.1.1:8080 0, 10.244.1.2:8080 1" destinations tcp 10.96.0.10:80
hold_is_alive one
assert_equal "new connections" "pod2 4" "$(answers client 4 tcp 10.96.0.10 80)"
hold_close one

step "after the longest drain time it goes, whether the connection ends or not"
agent_stop
web pod1 pod2 | manifest web.yaml
agent_start --drain-timeout 3s
wait_until_equal 10 "the destinations" "10.244.1.1:8080 1, 10.244.1.2:8080 1" destinations tcp 10.96.0.10:80
open_at_pod1
left=${EPOCHREALTIME/[.,]/}
web pod2 | manifest web.yaml
wait_until_equal 10 "the destinations" "10.244.1.2:8080 1" destinations tcp 10.96.0.10:80
drained=$(((${EPOCHREALTIME/[.,]/} - left) / 1000))
[ "$drained" -ge 3000 ] || fail "it was deleted after $drained ms"

step "without a connection it goes at once, and a stopped agent's successor goes on draining"
agent_stop
web pod1 pod2 | manifest web.yaml
agent_start
wait_until_equal 10 "the destinations" "10.244.1.1:8080 1, 10.244.1.2:8080 1" destinations tcp 10.96.0.10:80
hold_close one
open_at_pod1
web pod2 | manifest web.yaml
wait_until_equal 10 "the destinations" "10.244.1.1:8080 0, 10.244.1.2:8080 1" destinations tcp 10.96.0.10:80
agent_stop
agent_start
hold_is_alive one
assert_equal "the destinations" "10.244.1.1:8080 0, 10.244.1.2:8080 1" "$(destinations tcp 10.96.0.10:80)"
hold_close one
wait_until_equal 40 "the destinations" "10.244.1.2:8080 1" destinations tcp 10.96.0.10:80
