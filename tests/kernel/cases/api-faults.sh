#!/bin/bash
# time-limit: 300
# An API server that is restarted, forgets its history, cannot be reached, hangs up, answers with errors or a byte at a
# time, or gets other credentials: no connection is lost, nothing is deleted, and what changed meanwhile is there soon after
# the trouble.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-api.sh"

web()
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web endpoints="$*"
}

other()
{
	service_manifest other cluster_ip=10.96.0.20
	slice_manifest other endpoints="$*"
}

# serves ADDRESS:PORT DESTINATIONS: soon; how soon is not for a test to say
serves()
{
	wait_until_equal 60 "who serves $1" "$2" serving tcp "$1"
}

# nothing_lost WHAT: the connection still works, the Service that does not change was never touched
nothing_lost()
{
	hold_is_alive kept
	assert_equal "$1: the destinations of the other Service" "10.244.1.1:8080 1" "$(destinations tcp 10.96.0.20:80)"
	netlink_writes_stop >"$directory/writes"
	assert_equal "$1: what was deleted" "" "$(grep -E "DEL_SERVICE|FLUSH|DELADDR" "$directory/writes" || true)"
	netlink_writes_start
}

topology_create
for pod in pod1 pod2; do
	answer_start "$pod" tcp/8080
done
api_create
echo secret-token-1 >"$directory/token"
kubeconfig_with token-file "$directory/token"
web pod1 | manifest web.yaml
other pod1 | manifest other.yaml
api_start
api_agent_start
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1"
wait_for_service tcp 10.96.0.20 80 "10.244.1.1:8080 1"
hold_open kept client tcp 10.96.0.20 80
netlink_writes_start

step "a restart of the server"
api_kill
web pod2 | manifest web.yaml
sleep 3
nothing_lost "while the server is away"
api_start
serves 10.96.0.10:80 10.244.1.2:8080
nothing_lost "after the restart"
assert_contains "the log" "Connection refused" "$(cat "$agent_log")"
wait_until 60 grep -q "works again" "$agent_log"

step "connections that are reset"
echo "* watch reset" | api_control faults
sleep 1
web pod1 | manifest web.yaml
sleep 1
: | api_control faults
serves 10.96.0.10:80 10.244.1.1:8080
nothing_lost "after the resets"

step "a history that is gone"
echo "* watch end" | api_control faults
wait_until 60 grep -q "ended the watch at once" "$agent_log"
web pod2 | manifest web.yaml
: >"$api/compact"
: | api_control faults
serves 10.96.0.10:80 10.244.1.2:8080
nothing_lost "after the compaction"

step "unreachable for 10 s: packets vanish"
on client iptables -I INPUT -p tcp --dport 6443 -j DROP
web pod1 | manifest web.yaml
sleep 10
nothing_lost "while the server is unreachable"
on client iptables -D INPUT -p tcp --dport 6443 -j DROP
serves 10.96.0.10:80 10.244.1.1:8080
nothing_lost "after that"

step "a short loss of packets, which no connection need notice"
on client iptables -I INPUT -p tcp --dport 6443 -j DROP
web pod2 | manifest web.yaml
sleep 2
on client iptables -D INPUT -p tcp --dport 6443 -j DROP
serves 10.96.0.10:80 10.244.1.2:8080

step "errors in answers: 429 with Retry-After, 500, 503, and an answer that stalls"
printf '* watch status %s\n' '429 retry 1 count 3' '500 count 2' '503 count 2' | api_control faults
api_kill
api_start
web pod1 | manifest web.yaml
serves 10.96.0.10:80 10.244.1.1:8080
nothing_lost "after the errors"
: | api_control faults

step "a byte each 20 ms: events take their time, and nothing else does"
echo "* watch drip 20" | api_control faults
web pod2 | manifest web.yaml
serves 10.96.0.10:80 10.244.1.2:8080
nothing_lost "with a slow watch"

step "a list that is as slow is given up, and meanwhile all goes on"
printf '* %s drip 100\n' list stream watch | api_control faults # a stream is a watch as soon as it sends
api_kill
api_start
web pod1 | manifest web.yaml
wait_until 90 grep -q "timed out before the end of the response" "$agent_log"
assert_contains "the status" "2 programmed" "$(agent status)"
assert_contains "/healthz" "200 OK" "$(http_get node 127.0.0.1 10256 /healthz)"
nothing_lost "with slow lists"
: | api_control faults
serves 10.96.0.10:80 10.244.1.1:8080
nothing_lost "after slow lists"

step "the token is exchanged"
printf 'secret-token-2 proxy\n' | api_control tokens
echo "* watch reset count 3" | api_control faults
echo secret-token-2 >"$directory/token"
api_kill
api_start
web pod2 | manifest web.yaml
serves 10.96.0.10:80 10.244.1.2:8080
nothing_lost "after the exchange"
printf 'secret-token-3 proxy\n' | api_control tokens
api_kill
api_start
wait_until 60 grep -q "status 401" "$agent_log"
echo secret-token-3 >"$directory/token"
web pod1 | manifest web.yaml
serves 10.96.0.10:80 10.244.1.1:8080
nothing_lost "after a token that came late"

assert_lacks "the log" secret-token "$(cat "$agent_log")"
assert_lacks "the status" secret-token "$(agent status)"
