# shellcheck shell=bash
# For cases in which the agent's calls fail, or which kill it before one of its writes; sourced by them after
# lib.sh. What fails, and when, is told to helpers/failing_calls.c.
control=$directory/calls
limit=$((15 * ${slowness:-1})) # until all is right again: three of the sync periods that the agent has here
declare -A kinds=([system]=0 [memory]=1 [write]=2)
order=0
printf '%-15s\n' 0 0 0 0 -1 0 >"$control"
printf '%-31s\n' '' >>"$control"

# arm KIND N ERROR: the N-th call of that kind from now on fails, or the agent is killed before that write; 0: none
arm()
{
	order=$((order + 1))
	printf '%-15s\n' "$order" "${kinds[$1]}" "$2" "$3" | dd of="$control" conv=notrunc status=none
}

# calls: how many of that kind there were since then
calls()
{
	[ "$(sed -n '5s/ *$//p' "$control")" != "$order" ] || sed -n '6s/ *$//p' "$control"
}

what_failed()
{
	[ "$(sed -n '5s/ *$//p' "$control")" != "$order" ] || sed -n '7{s/  */ /; s/ *$//p}' "$control"
}

# faulty_agent_start [FLAG...]
faulty_agent_start()
{
	LD_PRELOAD=$KERNEL_TEST_HELPERS/failing_calls.so FAILING_CALLS=$control \
		on_in_background node "$IPVSAGENT" run --manifests "$manifests" --hostname-override node1 \
		--cluster-cidr 10.244.0.0/16,fd00:10:244::/56 --ipvs-sync-period 5s --iptables-sync-period 5s \
		--former-vip-timeout 1s "$@" 2>>"$agent_log" </dev/null
	agent_pid=$!
}

is_running()
{
	kill -0 "$agent_pid" 2>/dev/null
}

# look DIRECTORY: what the kernel holds
look()
{
	rm -rf "$1"
	dump_state "$1"
}

# is_right: asks for little as long as the virtual servers are others
is_right()
{
	on node ipvsadm-save -n | sort | diff -U0 "$directory/wanted-$wanted/ipvs" - >"$directory/difference" || return 1
	look "$directory/now"
	diff -r -U0 "$directory/wanted-$wanted" "$directory/now" >"$directory/difference"
}

# await_right: until the kernel holds what is wanted, or the agent has ended; on a machine where one look takes long,
# for some looks. Sets seconds
await_right()
{
	local begin=$SECONDS looks=0

	until is_right; do
		seconds=$((SECONDS - begin)) looks=$((looks + 1))
		is_running || return 1
		[ "$seconds" -lt "$limit" ] || [ "$looks" -lt 5 ] || return 1
		sleep 0.3
	done
	seconds=$((SECONDS - begin))
}

# remember STATE: what the kernel holds, when it no longer changes
remember()
{
	local seen=$directory/wanted-$1 before=

	until look "$seen" && ! grep -q -- " -w 0$" "$seen/ipvs" && [ "$before" = "$(cat "$seen"/*)" ]; do
		before=$(cat "$seen"/*)
		sleep 2
	done
}
