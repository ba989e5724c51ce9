#!/bin/bash
# A second agent on a node refuses to start and does no harm; after a crash the next one starts.
. "$(dirname "$0")/../lib.sh"

topology_create
answer_start pod1 tcp/8080
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web endpoints=pod1
} | manifest web.yaml
agent_start
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1"
mkdir "$directory/other"

step "a second agent refuses"
wait_until 20 agent_is_settled
netlink_writes_start
assert_status "a second agent" 3 agent run --manifests "$directory/other" --hostname-override node1
assert_contains "what it says" "another ipvsagent is running" "$output"
assert_equal "the lines it says" 1 "$(wc -l <<<"$output")"
assert_status "a second agent with a socket of its own" 3 \
	agent run --manifests "$directory/other" --hostname-override node1 --socket "$directory/other.sock"
assert_equal "the writes" "" "$(netlink_writes_stop)"

step "a second agent with a /run of its own, as in another container, refuses too"
assert_status "a second agent in another container" 3 on node unshare --mount --propagation private \
	sh -c 'mount -t tmpfs tmpfs /run && exec "$@"' sh \
	"$IPVSAGENT" run --manifests "$directory/other" --hostname-override node1
assert_contains "what it says" "another ipvsagent is running" "$output"

step "the first goes on"
agent_is_up
assert_contains "its status" "default/web" "$(agent status)"
assert_equal "asked by client" "pod1 2" "$(answers client 2 tcp 10.96.0.10 80)"
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web endpoints="pod1 pod2"
} | manifest web.yaml
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1, 10.244.1.2:8080 1"

step "after kill -9 the next starts"
agent_kill
[ -S "$agent_socket" ] || fail "a killed agent cannot remove its socket"
rm "$agent_socket"
agent_start
agent status >/dev/null
agent_kill
agent_start
wait_until 10 agent status

step "nobody without CAP_NET_ADMIN here can keep it from starting"
agent_kill
on_in_background node setpriv --reuid 65534 --clear-groups --inh-caps=-all \
	"$KERNEL_TEST_HELPERS/squatter" ipvsagent >"$directory/squatter"
squatter=$!
wait_until 10 grep -q holding "$directory/squatter"
agent_start
wait_until 10 agent status
kill "$squatter"
