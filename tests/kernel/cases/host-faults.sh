#!/bin/bash
# time-limit: 240
# What the agent finds on its host fails, at its start or while it runs: /run is full or read-only, /proc/sys is
# read-only, no more files can be opened, the clock jumps, the agent stands still. The connection that is open stays,
# what changes meanwhile is programmed.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-api.sh"

[ -n "$own_kernel" ] || skip "this would set the clock of the host"

# web_at POD: where the Service web is from now on
web_at()
{
	{
		service_manifest web cluster_ip=10.96.0.10
		slice_manifest web endpoints="$1"
	} | manifest web.yaml
}

# serves POD: soon
serves()
{
	pod_locate "$1"
	wait_until_equal 60 "who serves 10.96.0.10:80" "$pod_ipv4:8080" serving tcp 10.96.0.10:80
	assert_equal "asked by client" "$1 1" "$(answers client 1 tcp 10.96.0.10 80)"
}

# told PATTERN: how many lines of the log match
told()
{
	grep -c -- "$1" "$agent_log" || true
}

# jump HOURS: the clock is set; only in between two waits, since the limits of tests have the same clock
jump()
{
	date -s "$1 hours" >/dev/null
}

# processor_ticks: that the agent has used, 100 a second
processor_ticks()
{
	echo $(($(sed 's/.*) //' "/proc/$agent_pid/stat" | cut -d ' ' -f 12,13 | tr ' ' '+')))
}

# age: of the process by /healthz, in seconds
age()
{
	http_get node 127.0.0.1 10256 /healthz | sed -n 's/.*"currentTime": "[^"]* m=+\([0-9]*\)\..*/\1/p'
}

topology_create
for pod in pod1 pod2; do
	answer_start "$pod" tcp/8080
done
api_create
web_at pod1
{
	service_manifest other cluster_ip=10.96.0.20
	slice_manifest other endpoints=pod1
} | manifest other.yaml
api_start
mkdir -p /run/ipvsagent

for fault in nr_inodes=1 ro; do
	step "the directory of the status socket is full, or read-only, at the start ($fault)"
	mount -t tmpfs -o "$fault" tmpfs /run/ipvsagent
	api_agent_run
	serves pod1
	wait_until 10 grep -q "warning: status socket: .*; retrying" "$agent_log"
	umount /run/ipvsagent
	wait_until 20 test -S "$agent_socket"
	wait_until 20 agent_is_settled
	assert_equal "lines of the log about it" 1 "$(told "warning: status socket")"
	agent_stop
	: >"$agent_log"
done

step "/proc/sys is read-only at the start"
on node sysctl -qw net.ipv4.vs.expire_nodest_conn=0 net.ipv4.vs.conntrack=1 net.ipv4.ip_forward=1
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
mount -t tmpfs tmpfs /run/ipvsagent
api_agent_start --kube-proxy-compat 1.32 --drain-timeout 1s
serves pod1
assert_equal "lines of the log about it" 1 "$(told "warning: .*expire_nodest_conn.*Read-only.*continuing without it")"
web_at pod2
serves pod2
umount /proc/sys
hold_open kept client tcp 10.96.0.20 80

step "the directory of the status socket becomes read-only"
mount -o remount,ro /run/ipvsagent
web_at pod1
serves pod1
assert_contains "the status" "2 programmed" "$(agent status)"
mount -o remount,rw /run/ipvsagent

step "no more files can be opened, and clients wait for an answer"
limits=$(prlimit --pid "$agent_pid" --nofile --noheadings --output SOFT,HARD | awk '{ print $1 ":" $2 }')
prlimit --pid "$agent_pid" --nofile=5:"${limits#*:}"
on_in_background node curl -s --max-time 60 http://127.0.0.1:10256/healthz >"$directory/waited"
waiting=$!
before=$(processor_ticks)
web_at pod2
serves pod2
sleep 2
used=$(($(processor_ticks) - before))
prlimit --pid "$agent_pid" --nofile="$limits"
wait "$waiting" || fail "no answer after that"
assert_contains "the answer" lastUpdated "$(cat "$directory/waited")"
[ "$used" -lt 150 ] || fail "the agent used $used ticks of the processor meanwhile"
hold_is_alive kept

step "the clock jumps forth and back, for which the API server's certificate is not made"
for hours in +80 -80; do
	before=$(age)
	jump "$hours"
	web_at pod1
	serves pod1
	api_kill
	api_start
	web_at pod2
	wait_until 20 grep -q "certificate" "$agent_log"
	assert_equal "who serves meanwhile" "10.244.1.1:8080" "$(serving tcp 10.96.0.10:80)"
	now=$(age)
	((now >= before && now < before + 3600)) || fail "/healthz says an age of $now s, after $before s"
	jump $((-hours))
	serves pod2
	: >"$agent_log"
done
hold_is_alive kept

step "the agent stands still for 20 s, in which its watches break"
kill -STOP "$agent_pid"
web_at pod1
api_kill
on node ipvsadm -d -t 10.96.0.10:80 -r 10.244.1.2:8080
sleep 20
api_start
kill -CONT "$agent_pid"
serves pod1
wait_until 30 agent_is_settled
hold_is_alive kept
agent_stop
