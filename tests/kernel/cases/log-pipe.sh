#!/bin/bash
# Whoever reads standard error may fall asleep: the agent goes on, and says later how many lines are missing.
. "$(dirname "$0")/../lib.sh"

agent_log=$directory/pipe
mkfifo "$agent_log"
# Open for both, so that opening does not wait, and a pipe for the agent that nobody reads.
exec 8<>"$agent_log"
topology_create
answer_start pod1 tcp/8080
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web endpoints=pod1
} | manifest web.yaml
dd if=/dev/zero of="$agent_log" bs=4096 count=100 oflag=nonblock status=none 2>/dev/null || true

step "a full pipe"
agent_start
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1"
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web endpoints="pod1 pod2"
} | manifest web.yaml
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1, 10.244.1.2:8080 1"
assert_equal "/healthz" 200 "$(on node curl -s -m 10 -o /dev/null -w '%{http_code}' http://127.0.0.1:10256/healthz)"
dropped=$(on node curl -s -m 10 http://127.0.0.1:10249/metrics | sed -n 's/^ipvsagent_log_lines_dropped_total //p')
((dropped > 0)) || fail "no lines were dropped"

step "the reader wakes up, and is told"
timeout "$slowness" cat <&8 >/dev/null || true
kill -TERM "$agent_pid"
wait "$agent_pid" || fail "the agent's exit status after SIGTERM is $?"
agent_pid=
timeout "$slowness" cat <&8 >"$directory/log" || true
grep -Eq "warning: $dropped log lines were dropped" "$directory/log" ||
	fail "it was not told of: $(cat "$directory/log")"
grep -q "stopping" "$directory/log" || fail "the next line is missing: $(cat "$directory/log")"
exec 8>&-
agent_log=$directory/log
