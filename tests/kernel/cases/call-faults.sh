#!/bin/bash
# time-limit: 300
# One call of the agent fails, during a start and during a change: a call to the system, with each error that it may
# well fail with, or it does less than it was asked for; or an allocation of memory. Afterwards the kernel holds what
# it holds without faults, within three sync periods; or the agent ended with a message, and its next start sees to it.
#
# CALL_FAULTS=COUNT: so many faults of each round, evenly spread among its calls (4), the first of which is the
# CALL_FAULTS_FIRST-th (1); CALL_FAULTS=all: each call once, which takes hours.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-faults.sh"

failures=0

# want a|b: the Services of the one or the other state
want()
{
	local pods="pod1 pod2"

	wanted=$1
	[ "$1" = a ] || pods="pod2 pod3"
	{
		service_manifest web type=NodePort cluster_ip=10.96.0.10 ports=http:TCP:80:8080:30080
		slice_manifest web endpoints="$pods"
		if [ "$1" = a ]; then
			service_manifest dns cluster_ip=10.96.0.11 ports=dns:UDP:53:5353
			slice_manifest dns endpoints=pod1 ports=dns:UDP:5353
		else
			service_manifest six cluster_ip=fd00:96::12
			slice_manifest six endpoints=pod1 family=IPv6
			service_manifest ranges cluster_ip=10.96.0.13 affinity=60 extra="externalIPs: [203.0.113.7]"
			slice_manifest ranges endpoints=pod3
		fi
	} | manifest services.yaml
}

stop()
{
	kill -TERM "$agent_pid"
	wait "$agent_pid" || true
}

# complain WHAT: goes on, to tell of all faults
complain()
{
	echo "| FAILED: $phase, call $number ($failed): $1"
	sed 's/^/    /' "$directory/difference" | head -n 20
	tail -n +"$((lines + 1))" "$agent_log" | sed 's/^/    /' | tail -n 12
	failures=$((failures + 1))
}

has_failed()
{
	[ -n "$(what_failed)" ] || ! is_running
}

# await_fault: what comes after the change counts as well, such as the next sync
await_fault()
{
	local end=$((SECONDS + 6 * slowness))

	until has_failed || [ "$SECONDS" -ge "$end" ]; do
		sleep 0.2
	done
}

# judge_end: the agent ended; another start
judge_end()
{
	local status=0

	wait "$agent_pid" || status=$?
	ended=$((ended + 1))
	echo "  call $number: ended with $status after $failed: $(tail -n 1 "$agent_log")"
	[ "$status" != 0 ] || complain "ended with status 0"
	tail -n +"$((lines + 1))" "$agent_log" | grep -Eq "error|out of memory|^ipvsagent|libev" ||
		complain "ended without a message"
	arm system 0 0
	faulty_agent_start
	await_right || complain "not right after its next start"
	if ! is_running; then
		complain "the next start ended"
		faulty_agent_start
	fi
}

# judge: after a fault
judge()
{
	local is_late=

	await_right || true
	! is_running || await_fault
	await_right || is_late=yes
	failed=$(what_failed)
	if ! is_running; then
		judge_end
	elif [ -n "$is_late" ]; then
		complain "not right after $limit s"
		arm system 0 0
		stop
		faulty_agent_start
		await_right || true
	elif [ -z "$failed" ]; then
		unreached=$((unreached + 1))
	else
		right=$((right + 1))
		echo "  call $number: right $seconds s after $failed"
	fi
}

# round PHASE KIND CALLS COMMAND: faults among so many calls of the command, which changes to the other state
round()
{
	local kind=$2 total=$3 command=$4 count=${CALL_FAULTS:-4} first=${CALL_FAULTS_FIRST:-1} i other

	phase="$1, $kind" right=0 ended=0 unreached=0
	[ "$count" != all ] || count=$total
	for ((i = 0; i < count; i++)); do
		number=$(((first - 1 + i * total / count) % total + 1))
		other=a
		[ "$wanted" = b ] || other=b
		lines=$(wc -l <"$agent_log")
		$command "$other" "$kind" "$number" $((i + first))
		judge
	done
	echo "| $phase: $total calls, $count faults: $right right again, $ended ended and right after the next start," \
		"$unreached not reached"
}

# change STATE KIND N ERROR
change()
{
	arm "$2" "$3" "$4"
	want "$1"
}

# start_anew STATE KIND N ERROR: the Services change while there is no agent
start_anew()
{
	stop
	want "$1"
	arm "$2" "$3" "$4"
	faulty_agent_start
}

# count_calls KIND: sets of_start and of_change
count_calls()
{
	start_anew a "$1" 0 0
	await_right || fail "a start without faults: $(cat "$directory/difference")"
	sleep 1
	of_start=$(calls)
	change b "$1" 0 0
	await_right || fail "a change without faults: $(cat "$directory/difference")"
	sleep 1
	of_change=$(calls)
}

topology_create
step "without faults"
: >"$agent_log"
want a
faulty_agent_start
wait_until 30 agent_is_up
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1, 10.244.1.2:8080 1"
remember a
want b
wait_for_service tcp 10.96.0.10 80 "10.244.1.2:8080 1, 10.244.1.3:8080 1"
wait_for_service tcp fd00:96::12 80 "[fd00:10:244:1::1]:8080 1"
remember b
for kind in system memory; do
	count_calls $kind
	step "$kind: $of_start calls of a start, $of_change of a change"
	round start $kind "$of_start" start_anew
	step "started"
	round change $kind "$of_change" change
	step "changed"
done
stop
[ "$failures" = 0 ] || fail "$failures faults"
