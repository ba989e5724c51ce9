#!/bin/bash
# time-limit: 120
# A NodePort answers on loopback addresses of the node, too, with TCP and UDP, for both families; not where
# --nodeport-addresses leaves them out, and not without endpoints. Where there are more NodePorts than half the
# descriptors that the agent may have, the rest waits.
. "$(dirname "$0")/../lib.sh"

topology_create
for pod in pod1 rpod1; do
	answer_start "$pod" tcp/8080 udp/5353
done
web()
{
	{
		service_manifest web type=NodePort cluster_ip=10.96.0.10 \
			ports="http:TCP:80:8080:30080 dns:UDP:53:5353:30053"
		slice_manifest web endpoints="$1" ports="http:TCP:8080 dns:UDP:5353"
		service_manifest web6 type=NodePort cluster_ip=fd00:96::10 ports=http:TCP:80:8080:30081
		slice_manifest web6 family=IPv6 endpoints="$1"
	} | manifest web.yaml
}
web "pod1 rpod1"
agent_start
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1, 10.244.2.1:8080 1"
wait_for_service tcp fd00:96::10 80 "[fd00:10:244:1::1]:8080 1, [fd00:10:244:2::1]:8080 1"
wait_until 20 agent_is_settled

step "TCP, UDP, IPv6"
assert_equal "TCP" "pod1 2, rpod1 2" "$(answers node 4 tcp 127.0.0.1 30080)"
assert_equal "IPv6" "pod1 2, rpod1 2" "$(answers node 4 tcp ::1 30081)"
assert_equal "UDP" "pod1 2, rpod1 2" "$(answers node 4 udp 127.0.0.1 30053)"

step "a connection stays while endpoints come and go"
hold_open one node tcp 127.0.0.1 30080
web "pod1 rpod1 pod2"
wait_until_equal 10 "the NodePort" "10.244.1.1:8080 1, 10.244.1.2:8080 1, 10.244.2.1:8080 1" \
	destinations tcp 192.168.77.10:30080
hold_is_alive one
hold_close one

step "without endpoints clients are refused at once"
web ""
wait_until_equal 10 "TCP" "refused 1" answers node 1 tcp 127.0.0.1 30080
wait_until_equal 10 "UDP" "refused 1" answers node 1 udp 127.0.0.1 30053

step "not where --nodeport-addresses leaves it out, or the option"
web "pod1"
agent_stop
agent_start --nodeport-addresses 192.168.77.0/24
wait_until_equal 10 "the NodePort" "10.244.1.1:8080" serving tcp 192.168.77.10:30080
assert_equal "on the node" "pod1 1" "$(answers node 1 tcp 192.168.77.10 30080)"
assert_equal "on localhost" "refused 1" "$(answers node 1 tcp 127.0.0.1 30080)"
agent_stop
agent_start --iptables-localhost-nodeports=false
assert_equal "on the node" "pod1 1" "$(answers node 1 tcp 192.168.77.10 30080)"
assert_equal "on localhost" "refused 1" "$(answers node 1 tcp 127.0.0.1 30080)"

# many FIRST LAST: a Service with these NodePorts
many()
{
	local number ports='' names=''

	for ((number = $1; number <= $2; number++)); do
		ports+="p$number:TCP:$number:8080:$number "
		names+="p$number:TCP:8080 "
	done
	{
		service_manifest many type=NodePort cluster_ip=10.96.0.20 ports="$ports"
		slice_manifest many endpoints=pod1 ports="$names"
	} | manifest many.yaml
}

# count_listening: on 127.0.0.1, above 31000
count_listening()
{
	on node ss -Hltn src 127.0.0.1 and sport ge :31000 | wc -l
}

step "with too few descriptors as many as fit answer, and the log says so in one line"
agent_stop
rm "$manifests/web.yaml"
many 31001 31100
: >"$agent_log"
ulimit -S -n 64
ulimit -H -n 128
agent_start
assert_equal "the limits of the agent" "128 128" \
	"$(sed -n 's/^Max open files *\([0-9]*\) *\([0-9]*\) .*/\1 \2/p' "/proc/$agent_pid/limits")"
wait_until_equal 20 "NodePorts on localhost" 64 count_listening
wait_until 20 agent_is_settled
wait_until 20 grep -q "36 NodePorts do not listen on localhost: RLIMIT_NOFILE is 128, " "$agent_log"
assert_equal "lines about it" 1 "$(grep -c "on localhost" "$agent_log")"
assert_equal "the first" "pod1 2" "$(answers node 2 tcp 127.0.0.1 31001)"
assert_equal "the last" "refused 1" "$(answers node 1 tcp 127.0.0.1 31100)"
assert_equal "the last on the node's address" "pod1 1" "$(answers node 1 tcp 192.168.77.10 31100)"
assert_contains "the status" "192.168.77.10:31100" "$(agent status)"

step "the rest answers once there are descriptors"
many 31051 31100
wait_until_equal 30 "NodePorts on localhost" 50 count_listening
wait_until 20 grep -q "all NodePorts listen on localhost again" "$agent_log"
assert_equal "lines about it" 2 "$(grep -c "on localhost" "$agent_log")"
assert_equal "the last" "pod1 2" "$(answers node 2 tcp 127.0.0.1 31100)"
assert_equal "one that has gone" "refused 1" "$(answers node 1 tcp 127.0.0.1 31001)"
