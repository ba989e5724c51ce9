#!/bin/bash
# ipvsagent status shows each Service with what the kernel has for it.
. "$(dirname "$0")/../lib.sh"

topology_create
for pod in pod1 pod2 rpod1; do
	answer_start "$pod" tcp/8080 udp/5353
done
web()
{
	service_manifest web type=NodePort cluster_ip=10.96.0.10 ports=http:TCP:80:8080:30080
	slice_manifest web endpoints="$*"
}
web pod1 pod2 rpod1 | manifest web.yaml
{
	service_manifest sticky cluster_ip=10.96.0.11 affinity=600
	slice_manifest sticky endpoints="pod1 pod2/unready"
	service_manifest dns cluster_ip=10.96.0.53 ports=dns:UDP:53:5353
	slice_manifest dns endpoints=pod1 ports=dns:UDP:5353
	service_manifest headless cluster_ip=None
} | manifest others.yaml

step "without an agent it says so, and shows what the kernel holds"
modprobe -a ip_vs ip_vs_rr
on node ipvsadm -A -t 10.96.0.77:80 -s rr
output=$(agent status 2>&1) || true
assert_contains "the status" "not running" "$output"
assert_contains "the status" "10.96.0.77:80" "$output"
on node ipvsadm -D -t 10.96.0.77:80

agent_start
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1, 10.244.1.2:8080 1, 10.244.2.1:8080 1"
wait_for_service tcp 10.96.0.11 80 "10.244.1.1:8080 1"
wait_for_service udp 10.96.0.53 53 "10.244.1.1:5353 1"
wait_until 10 eval "agent status | grep -q programmed"
hold_open one client tcp 10.96.0.10 80
own=${hold_line%% *}

# line_of SERVICE ADDRESS:PORT
line_of()
{
	agent status | grep "default/$1 " | grep -F "$2"
}

step "a line for each address and port"
line=$(line_of web 10.96.0.10:80)
for part in TCP rr 3/0/3 programmed; do
	assert_contains "the line of web" "$part" "$line"
done
assert_contains "the line of the NodePort" "TCP" "$(line_of web 192.168.77.10:30080)"
line=$(line_of sticky 10.96.0.11:80)
for part in TCP sh 600 1/0/2 programmed; do
	assert_contains "the line of sticky" "$part" "$line"
done
assert_contains "the line of dns" "UDP" "$(line_of dns 10.96.0.53:53)"

step "filters"
output=$(agent status default/dns)
assert_contains "status default/dns" "default/dns" "$output"
assert_lacks "status default/dns" "default/web" "$output"
output=$(agent status default/no-such 2>&1) && fail "a Service that does not exist: $output"
assert_contains "status default/no-such" "no-such" "$output"

step "draining and connections are counted"
pod_locate "$own"
remaining=$(printf '%s\n' pod1 pod2 rpod1 | grep -vx "$own" | paste -sd' ')
# shellcheck disable=SC2086
web $remaining | manifest web.yaml
wait_until 10 eval "destinations tcp 10.96.0.10:80 | grep -q '$pod_ipv4:8080 0'"
wait_until 10 eval "agent status | grep -F 10.96.0.10:80 | grep -q 2/1/3"
assert_contains "the destinations" "$pod_ipv4:8080" "$(agent status -o wide default/web)"

step "JSON"
json=$(agent status -o json)
for part in '"web"' '"10.96.0.10' '"sh"' 600 '"programmed"'; do
	assert_contains "the JSON" "$part" "$json"
done
assert_lacks "the JSON" $'\t' "$json"

step "colours only on a terminal, and not with NO_COLOR"
escape=$'\033'
assert_lacks "through a pipe" "$escape" "$(agent status)"
terminal="nsenter --net=/run/netns/node $IPVSAGENT status"
assert_contains "on a terminal" "$escape" "$(TERM=xterm script -qec "$terminal" /dev/null)"
assert_lacks "with NO_COLOR" "$escape" "$(NO_COLOR=1 TERM=xterm script -qec "$terminal" /dev/null)"

step "--watch follows"
on_in_background node "$IPVSAGENT" status --watch >"$directory/watch" </dev/null
watch_pid=$!
wait_until 10 grep -q default/web "$directory/watch"
{
	service_manifest later cluster_ip=10.96.0.60
	slice_manifest later endpoints=pod1
} | manifest later.yaml
wait_until 10 grep -q default/later "$directory/watch"
kill "$watch_pid"
hold_close one

step "the socket is root's alone"
assert_equal "its mode" "root 600" "$(stat -c '%U %a' "$agent_socket")"
