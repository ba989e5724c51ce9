#!/bin/bash
# time-limit: 300
# externalTrafficPolicy goes from Local to Cluster and back, and Services with source ranges come, change and go, while
# the agent is killed again and again, and clients go on asking. Twice in each direction:
#
#   at the start   the change comes while the agent is dead; then each start may write twice more than one that finds all
#                  as it should be, and is killed before the next time, until one has nothing left to write
#   while it runs  the agent is killed before the N-th write that the change takes; the next start finishes it. N goes
#                  through KILL_WRITES (3) numbers, evenly spread among the writes
#
# With KILL_WRITES=all each start may write once, and N goes through all writes, which takes ten minutes.
#
# With each state in which a kill leaves the kernel, no new connection may fail, be answered by the wrong endpoint, or by
# one on another node that sees the client's own address; what is open stays open; and nobody gets in from outside the
# source ranges. A write is a change by netlink, a value in /proc/sys, the start of a program, or a piece of its input.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-faults.sh"

kills=0 made=0 lost=0 misrouted=0 opened=0 heard=0
declare -A writes=()
stride=$([ "${KILL_WRITES:-}" = all ] && echo 1 || echo 2)

# services STATE: "local" or "cluster"
services()
{
	local policy=Local ranges="192.168.77.1/32"

	if [ "$1" = cluster ]; then
		policy=Cluster ranges="192.168.77.1/32, 192.168.77.3/32"
		service_manifest late type=LoadBalancer cluster_ip=10.96.0.15 \
			extra="loadBalancerSourceRanges: [192.168.77.1/32]"
		load_balancer_status 203.0.113.11
		slice_manifest late endpoints=pod1
	fi
	service_manifest web type=LoadBalancer cluster_ip=10.96.0.16 ports=http:TCP:80:8080:30080 \
		extra="externalTrafficPolicy: $policy"$'\n'"externalIPs: [203.0.113.7]"
	load_balancer_status 203.0.113.12
	slice_manifest web endpoints="pod1 rpod1"
	service_manifest closed type=LoadBalancer cluster_ip=10.96.0.20 extra="loadBalancerSourceRanges: [$ranges]"
	load_balancer_status 203.0.113.10
	slice_manifest closed endpoints=pod1
}

# Whoever is on another node answers by way of this one only if he sees an address of it.
questions()
{
	local any="pod1,rpod1<192.168.77.10>"

	cat <<-END
		ask client tcp 203.0.113.12 80 any $any
		ask client tcp 203.0.113.7 80 any $any
		ask client tcp 192.168.77.10 30080 any $any
		ask pod3 tcp 203.0.113.12 80 any pod1,rpod1
		ask client tcp 10.96.0.16 80 any pod1,rpod1
		ask client tcp 203.0.113.10 80 192.168.77.1 pod1
		ask client tcp 203.0.113.10 80 192.168.77.2 none
		ask client tcp 203.0.113.11 80 192.168.77.1 pod1,none
		ask client tcp 203.0.113.11 80 192.168.77.2 none
		hold client tcp 203.0.113.12 80 any $any
		hold client tcp 203.0.113.12 80 any $any
		hold pod3 tcp 203.0.113.12 80 any pod1,rpod1
		hold client tcp 203.0.113.10 80 192.168.77.1 pod1
	END
}

clients_start()
{
	mkfifo "$directory/questions" "$directory/counts"
	"$KERNEL_TEST_HELPERS/keep_asking" 50 <"$directory/questions" >"$directory/counts" 2>"$directory/complaints" &
	exec {questions}>"$directory/questions" {counts}<"$directory/counts"
	questions >&"$questions"
	clients_are_content "before the first kill"
}

# clients_are_content WHEN: in a round of questions from now on, and in those since the last time; goes on otherwise, to
# tell of all faults
clients_are_content()
{
	echo round >&"$questions"
	read -r made lost misrouted opened <&"$counts" || fail "the clients ended: $(cat "$directory/complaints")"
	if [ "$(wc -l <"$directory/complaints")" -gt "$heard" ]; then
		echo "FAILED: $1"
		tail -n "+$((heard + 1))" "$directory/complaints" | sort | uniq -c
		heard=$(wc -l <"$directory/complaints")
	fi
}

want()
{
	services "$1" | manifest services.yaml
}

# is_at_rest: all is planned and written; destinations may still drain
is_at_rest()
{
	[[ $(agent status -o json 2>/dev/null | tr -d ' \n') == *'"settled":true'*'"inPlace":true'* ]] &&
		[ "$(serving tcp 203.0.113.12:80)" = "${serving[$1]}" ] &&
		[ "$(on node ipset list KUBE-LOAD-BALANCER-LOCAL | grep -c "^203.0.113.12,")" = "${exemptions[$1]}" ]
}
declare -A serving=([local]="10.244.1.1:8080" [cluster]="10.244.1.1:8080, 10.244.2.1:8080")
declare -A exemptions=([local]=1 [cluster]=0)

# await STATE: Return: whether the agent is through with it, and was not killed before
await()
{
	local end=$((SECONDS + 2 * limit))

	until is_at_rest "$1"; do
		is_running || break
		[ "$SECONDS" -lt "$end" ] || fail "neither killed nor $1"
		sleep 0.1
	done
	# What it writes then, it writes at once.
	sleep 0.3
	is_running && return 0
	{ wait "$agent_pid" || true; } 2>/dev/null
	kills=$((kills + 1))
	return 1
}

# start_until STATE: the change comes between two starts, and then each start writes once
start_until()
{
	local count=0

	agent_kill
	want "$1"
	while :; do
		arm write $((idle_writes + stride + 1)) 0
		faulty_agent_start
		! await "$1" || break
		count=$((count + 1))
		[ "$count" -lt 60 ] || fail "it comes to no end"
		clients_are_content "to $1, start $count, killed before $(what_failed)"
	done
	clients_are_content "to $1 after $count starts"
	step "to $1, $stride more writes in each start: $count kills"
}

# change STATE N: with a kill before that write
change()
{
	local before

	arm write "$2" 0
	want "$1"
	if ! await "$1"; then
		before=$(what_failed)
		clients_are_content "to $1, killed before write $2 ($before)"
		arm write 0 0
		faulty_agent_start
		await "$1" || fail "the agent ended"
	fi
	writes[$1]=$(calls)
	clients_are_content "to $1, start after a kill before write $2 (${before:-none})"
}

topology_create
ip -n client address add 192.168.77.2/24 dev eth0
for pod in pod1 rpod1; do
	answer_start "$pod" tcp/8080
done
want local
faulty_agent_start
await local || fail "the agent ended"
agent_kill
arm write 0 0
faulty_agent_start
await local || fail "the agent ended"
idle_writes=$(calls)
step "$idle_writes writes in a start that changes nothing"
clients_start

start_until cluster
start_until local

for state in cluster local; do
	change $state 0
	step "to $state: ${writes[$state]} writes"
done
most=$((writes[cluster] > writes[local] ? writes[cluster] : writes[local]))
count=${KILL_WRITES:-3}
[ "$count" != all ] && [ "$count" -lt "$most" ] || count=$most
for ((i = 0; i < count; i++)); do
	change cluster $((1 + i * most / count))
	change local $((1 + i * most / count))
	step "killed before write $((1 + i * most / count))"
done

exec {questions}>&-
echo "| $kills kills, $made connections made, $lost lost, $misrouted misrouted, restriction open $opened times"
[ "$kills" -gt "$count" ] || fail "too few kills"
[ "$lost $misrouted $opened" = "0 0 0" ] || fail "see above"
