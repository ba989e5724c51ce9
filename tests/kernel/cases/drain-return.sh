#!/bin/bash
# An endpoint that comes back while it drains serves again, and its connection never noticed.
. "$(dirname "$0")/../lib.sh"

web()
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web endpoints="$*"
}

topology_create
answer_start pod1 tcp/8080
answer_start pod2 tcp/8080
web pod1 | manifest web.yaml
# Long enough to come back in time.
drain_seconds=$((6 * slowness))
agent_start --drain-timeout "${drain_seconds}s"
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1"
hold_open one client tcp 10.96.0.10 80

step "pod1 leaves"
web pod2 | manifest web.yaml
wait_until_equal 10 "the destinations" "10.244.1.1:8080 0, 10.244.1.2:8080 1" destinations tcp 10.96.0.10:80
assert_equal "new connections" "pod2 2" "$(answers client 2 tcp 10.96.0.10 80)"

step "pod1 returns: the same destination, not a new one"
netlink_writes_start
web pod1 pod2 | manifest web.yaml
wait_until_equal 10 "the destinations" "10.244.1.1:8080 1, 10.244.1.2:8080 1" destinations tcp 10.96.0.10:80
writes=$(netlink_writes_stop)
assert_contains "the writes" "1 ipvs SET_DEST" "$writes"
assert_lacks "the writes" "NEW_DEST" "$writes"
assert_lacks "the writes" "DEL_DEST" "$writes"
hold_is_alive one
assert_equal "new connections" "pod1 3, pod2 3" "$(answers client 6 tcp 10.96.0.10 80)"

step "its old deadline means nothing any more"
sleep $((drain_seconds + 2))
assert_equal "the destinations" "10.244.1.1:8080 1, 10.244.1.2:8080 1" "$(destinations tcp 10.96.0.10:80)"
hold_is_alive one
hold_close one
