#!/bin/bash
# time-limit: 120
# What the agent uses of the kernel goes away and comes back: the module ip_vs, and answers and notifications
# that cannot be received. Meanwhile /healthz, the status and the metrics say so; afterwards all is as it was.
. "$(dirname "$0")/../lib.sh"

[ -n "$own_kernel" ] || skip "this would unload modules of the host"
both="10.244.1.1:8080 1, 10.244.1.2:8080 1"
failures=$directory/failures # see helpers/failing_receive.c
: >"$failures"

# As numbers, for failing_receive.
route=0 netfilter=12 enomem=12 eio=5

unload_ip_vs()
{
	local users

	users=$(awk '$1 == "ip_vs" { gsub(/,|-/, " ", $4); print $4 }' /proc/modules)
	# shellcheck disable=SC2086
	[ -z "$users" ] || rmmod $users
	! grep -q '^ip_vs ' /proc/modules || rmmod ip_vs
}

# without_agent COMMAND...: while the agent sleeps
without_agent()
{
	kill -STOP "$agent_pid"
	"$@"
	kill -CONT "$agent_pid"
}

take_ip_vs_away()
{
	on node ipvsadm -C
	wait_until 30 unload_ip_vs
}

replace_ip_vs()
{
	take_ip_vs_away
	modprobe ip_vs
}

forbid_ip_vs()
{
	take_ip_vs_away
	echo /bin/false >/proc/sys/kernel/modprobe
	mount -t tmpfs tmpfs /lib/modules
}

allow_ip_vs()
{
	umount /lib/modules
	echo /sbin/modprobe >/proc/sys/kernel/modprobe
}

# healthz_is STATUS
healthz_is()
{
	http_get node 127.0.0.1 10256 /healthz | grep -q "^HTTP/1.1 $1 "
}

lost()
{
	agent status | grep "cannot be reached" || true
}

# nothing_is_lost: what works again is said as soon as it was tried, which may be after what it was needed for
nothing_is_lost()
{
	[ -z "$(lost)" ]
}

asked()
{
	assert_equal "asked by client" "pod1 2, pod2 2" "$(answers client 4 tcp 10.96.0.10 80)"
}

topology_create
for pod in pod1 pod2; do
	answer_start "$pod" tcp/8080
done
{
	service_manifest web type=NodePort cluster_ip=10.96.0.10 ports=http:TCP:80:8080:30080
	slice_manifest web endpoints="pod1 pod2"
} | manifest web.yaml
LD_PRELOAD=$KERNEL_TEST_HELPERS/failing_receive.so FAILING_RECEIVE=$failures \
	agent_start --ipvs-sync-period 2s --ipvs-tcp-timeout 777s
wait_for_service tcp 10.96.0.10 80 "$both"
wait_until_equal 10 "the NodePort" "$both" destinations tcp 192.168.77.10:30080
wait_until 10 healthz_is 200

step "ip_vs is unloaded and loaded again"
without_agent replace_ip_vs
wait_for_service tcp 10.96.0.10 80 "$both"
wait_until_equal 10 "the NodePort" "$both" destinations tcp 192.168.77.10:30080
assert_equal "net.ipv4.vs.conntrack" 1 "$(on node cat /proc/sys/net/ipv4/vs/conntrack)"
assert_contains "the timeouts" "777 " "$(on node ipvsadm -L --timeout)"
asked

step "ip_vs is gone for a while"
told=$(grep -c "ipvs cannot be read" "$agent_log" || true)
without_agent forbid_ip_vs
trap 'allow_ip_vs; on_exit $?' EXIT
wait_until 20 healthz_is 503
assert_contains "the status" "ipvs cannot be reached" "$(lost)"
assert_contains "the metric" 'ipvsagent_kernel_lost{facility="ipvs"} 1' \
	"$(http_get node 127.0.0.1 10249 /metrics)"
assert_contains "/livez" "200 OK" "$(http_get node 127.0.0.1 10256 /livez)"
assert_equal "lines of the log about it" $((told + 1)) "$(grep -c "ipvs cannot be read" "$agent_log")"
allow_ip_vs
trap 'on_exit $?' EXIT
wait_until_equal 40 "the destinations" "$both" destinations tcp 10.96.0.10:80
wait_until 10 healthz_is 200
wait_until 10 nothing_is_lost
asked

step "a notification of addresses cannot be received"
echo "$route $eio 1" >"$failures"
ip -n node address add 192.168.77.44/24 dev eth0
wait_until_equal 10 "the NodePort on the new address" "$both" destinations tcp 192.168.77.44:30080
echo "$route $enomem 1" >"$failures"
ip -n node address add 192.168.77.45/24 dev eth0
wait_until_equal 10 "the NodePort on another" "$both" destinations tcp 192.168.77.45:30080
wait_until 10 nothing_is_lost

step "an answer of ipset cannot be received"
echo "$netfilter $enomem 2" >"$failures"
{
	service_manifest web2 cluster_ip=10.96.0.11
	slice_manifest web2 endpoints=pod1
} | manifest web2.yaml
wait_for_service tcp 10.96.0.11 80 "10.244.1.1:8080 1"
sleep 3
failed=$(grep -c "Protocol error" "$agent_log" || true)
for i in 2 3 4; do
	{
		service_manifest "more$i" cluster_ip="10.96.0.2$i"
		slice_manifest "more$i" endpoints=pod1
	} | manifest "more$i.yaml"
	wait_for_service tcp "10.96.0.2$i" 80 "10.244.1.1:8080 1"
done
assert_equal "further failures" "$failed" "$(grep -c "Protocol error" "$agent_log" || true)"
agent_stop
