#!/bin/bash
# time-limit: 180
# What somebody else changes behind the agent's back is put right.
. "$(dirname "$0")/../lib.sh"

topology_create
for pod in pod1 pod2; do
	answer_start "$pod" tcp/8080
done
{
	service_manifest web type=NodePort cluster_ip=10.96.0.10 ports=http:TCP:80:8080:30080
	slice_manifest web endpoints="pod1 pod2"
	service_manifest web6 cluster_ip=fd00:96::10
	slice_manifest web6 family=IPv6 endpoints="pod1 pod2"
} | manifest web.yaml
agent_start --ipvs-sync-period 2s
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1, 10.244.1.2:8080 1"
wait_for_service tcp fd00:96::10 80 "[fd00:10:244:1::1]:8080 1, [fd00:10:244:1::2]:8080 1"
wait_until_equal 10 "the NodePort" "10.244.1.1:8080 1, 10.244.1.2:8080 1" destinations tcp 192.168.77.10:30080
wait_until 20 agent_is_settled
dump_state "$directory/right"

state_is_right()
{
	rm -rf "$directory/now"
	dump_state "$directory/now"
	diff -r "$directory/right" "$directory/now"
}

# damage WHAT COMMAND...: changes something on node while the agent sleeps; it has to be right again soon
damage()
{
	step "$1"
	shift
	kill -STOP "$agent_pid"
	on node "$@"
	if state_is_right >/dev/null; then
		fail "that changed nothing: $*"
	fi
	kill -CONT "$agent_pid"
	wait_until 15 state_is_right
}

damage "a destination is deleted" ipvsadm -d -t 10.96.0.10:80 -r 10.244.1.2:8080
damage "a destination's weight changes" ipvsadm -e -t 10.96.0.10:80 -r 10.244.1.1:8080 -m -w 7
damage "a destination is added" ipvsadm -a -t 10.96.0.10:80 -r 10.244.1.9:8080 -m
damage "a virtual server is deleted" ipvsadm -D -t '[fd00:96::10]:80'
damage "a scheduler changes" ipvsadm -E -t 10.96.0.10:80 -s wlc
damage "all of IPVS is flushed" ipvsadm -C
damage "an address is deleted" ip address delete 10.96.0.10/32 dev kube-ipvs0
damage "an IPv6 address is deleted" ip address delete fd00:96::10/128 dev kube-ipvs0
damage "the link is deleted" ip link delete kube-ipvs0
damage "the link is renamed" ip link set kube-ipvs0 name vips
damage "the link is renamed, and another one has its name" ip -batch - <<-END
	link set kube-ipvs0 name vips
	link add kube-ipvs0 type dummy
END
damage "the link is renamed, and up" ip -batch - <<-END
	link set kube-ipvs0 name vips
	link set vips up
END
damage "a set's member is deleted" ipset del KUBE-CLUSTER-IP 10.96.0.10,tcp:80
damage "a set's member is added" ipset add KUBE-CLUSTER-IP 10.96.0.77,tcp:77
damage "a set is flushed" ipset flush KUBE-LOOP-BACK
damage "a set is swapped for another" ipset restore <<-END
	create OTHER hash:ip,port
	swap OTHER KUBE-CLUSTER-IP
	destroy OTHER
END
damage "a chain is flushed" iptables -t nat -F KUBE-SERVICES
damage "a jump is deleted" iptables -t nat -D POSTROUTING 1
damage "a table is flushed" iptables -t nat -F
damage "an IPv6 chain is flushed" ip6tables -t nat -F KUBE-POSTROUTING

step "packets flow"
assert_equal "asked by client" "pod1 2, pod2 2" "$(answers client 4 tcp 10.96.0.10 80)"
assert_equal "asked by client" "pod1 2, pod2 2" "$(answers client 4 tcp 192.168.77.10 30080)"
assert_equal "asked by client" "pod1 2, pod2 2" "$(answers client 4 tcp fd00:96::10 80)"

step "repairs are in the log, and after them it is quiet"
for facility in ipvs ipset link; do
	grep "$facility" "$agent_log" | grep -q "another program changed" || fail "no word of $facility in the log"
done
lines=$(wc -l <"$agent_log")
sleep 5
assert_equal "lines of the log" "$lines" "$(wc -l <"$agent_log")"
