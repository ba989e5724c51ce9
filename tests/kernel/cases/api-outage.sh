#!/bin/bash
# time-limit: 240
# The API server is away for a full minute while requests go on and a connection is open: none fails, nothing is
# deleted, and what changed meanwhile is there once the server is. Then all at once: the server restarts with another
# token and a history that is gone, and so does the agent. How long it took is printed, not judged: until the agent
# told the kernel the last of what had changed, which another program notes, and until it followed all kinds of objects
# again, which it logs.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-api.sh"

web()
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web endpoints="$*"
}

milliseconds()
{
	echo $((${EPOCHREALTIME/[.,]/} / 1000))
}

# programmed_to ENDPOINTS: waits until web has these; prints when the kernel was told, in milliseconds since 1970
programmed_to()
{
	wait_until_equal 60 "who serves" "$1" serving tcp 10.96.0.10:80
	netlink_last_write "ipvs (NEW|SET)_DEST"
}

# recovers_to ENDPOINTS WHAT: measures how long that takes, from $begin on
recovers_to()
{
	local programmed followed

	programmed=$(programmed_to "$1")
	wait_until 20 grep -q "works again" "$agent_log"
	followed=$(date -d "$(sed -n 's/ .*works again.*//p' "$agent_log" | tail -n 1)" +%s%3N)
	echo "| $2: what had changed was programmed within $((programmed - begin)) ms after the server was let back," \
		"and everything was followed within $((followed - begin)) ms"
	: >"$agent_log"
}

# asked_on WHAT: more requests were answered, none was not, and the connection works
asked_on()
{
	local count

	count=$(wc -l <"$directory/asked")
	wait_until 20 eval "[ \$(wc -l <'$directory/asked') -gt $((count + 3)) ]"
	assert_equal "$1: failures" "" "$(grep -v '^pod[12] ' "$directory/asked" || true)"
	hold_is_alive kept
}

# nothing_deleted WHAT: but a destination at most
nothing_deleted()
{
	netlink_writes_stop >"$directory/writes"
	assert_equal "$1: what was deleted" "" \
		"$(grep -E ' (ipvs (DEL_SERVICE|FLUSH|SET_SERVICE)|ipset (DESTROY|FLUSH|SWAP)|route DEL)' "$directory/writes" || true)"
	netlink_writes_start --times
}

cut_off()
{
	on client iptables "$1" INPUT -p tcp --dport 6443 -j DROP
	on client iptables "$1" OUTPUT -p tcp --sport 6443 -j DROP
}

topology_create
for pod in pod1 pod2; do
	answer_start "$pod" tcp/8080
done
api_create
echo secret-token-1 >"$directory/token"
kubeconfig_with token-file "$directory/token"
web pod1 | manifest web.yaml
{
	service_manifest other cluster_ip=10.96.0.20
	slice_manifest other endpoints="pod1 pod2"
} | manifest other.yaml
api_start
api_agent_start
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1"
wait_for_service tcp 10.96.0.20 80 "10.244.1.1:8080 1, 10.244.1.2:8080 1"
hold_open kept client tcp 10.96.0.20 80
on_in_background client "$KERNEL_TEST_HELPERS/ask" --count 1000000 --interval 30 --reset tcp 10.96.0.20 80 \
	>"$directory/asked" </dev/null
asking=$!
netlink_writes_start --times

step "a minute without the server: packets vanish"
cut_off -I
web pod2 | manifest web.yaml
sleep 60
asked_on "while the server is unreachable"
assert_equal "what serves meanwhile" 10.244.1.1:8080 "$(serving tcp 10.96.0.10:80)"
assert_contains "the log" "cannot be reached" "$(cat "$agent_log")"
begin=$(milliseconds)
cut_off -D
recovers_to 10.244.1.2:8080 "a minute of silence"
asked_on "after the minute"
nothing_deleted "a minute of silence"

step "20 s without the server: connections are refused"
api_kill
web pod1 | manifest web.yaml
sleep 20
asked_on "while the server is down"
begin=$(milliseconds)
api_start
recovers_to 10.244.1.1:8080 "20 s of refusals"
nothing_deleted "20 s of refusals"

step "the server restarts with another token and without its history, the agent is killed"
api_kill
printf 'secret-token-2 proxy\n' | api_control tokens
: >"$api/compact"
echo secret-token-2 >"$directory/token"
web pod2 | manifest web.yaml
agent_kill
api_start
begin=$(milliseconds)
api_agent_start
programmed=$(programmed_to 10.244.1.2:8080)
echo "| all at once: what had changed was programmed within $((programmed - begin)) ms after the start of the agent"
asked_on "after all that"
nothing_deleted "all at once"
kill "$asking"
wait "$asking" || true
echo "| $(wc -l <"$directory/asked") requests meanwhile, none failed"
hold_close kept
agent_stop
