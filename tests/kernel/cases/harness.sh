#!/bin/bash
# The tests' own ground: without the agent, virtual servers made by hand balance all protocols over this
# topology, and writes to netlink are seen.
. "$(dirname "$0")/../lib.sh"

topology_create
for pod in pod1 pod2 pod3 rpod1; do
	answer_start "$pod" tcp/8080 udp/5353 sctp/9000
done

step "pods and nodes reach each other"
assert_equal "a neighbour" "pod2 1" "$(answers pod1 1 tcp 10.244.1.2 8080)"
assert_equal "a pod of the other node" "rpod1 1" "$(answers pod1 1 tcp 10.244.2.1 8080)"
assert_equal "a pod of the other node, IPv6" "rpod1 1" "$(answers pod1 1 tcp fd00:10:244:2::1 8080)"
assert_contains "the peer's address" "pod1 peer=192.168.77.1:" "$(ask client tcp 10.244.1.1 8080)"
assert_contains "the peer's address" "pod1 peer=[fd77::1]:" "$(ask client udp fd00:10:244:1::1 5353)"

step "netlink writes are seen"
netlink_writes_start
on node ipvsadm -A -t 10.96.0.10:80 -s rr
on node ipvsadm -A -u 10.96.0.10:53 -s rr
on node ipset create strangers hash:ip
ip -n node link add kube-ipvs0 type dummy
ip -n node address add 10.96.0.10/32 dev kube-ipvs0
writes=$(netlink_writes_stop)
assert_contains "the writes" "1 ipset CREATE" "$writes"
assert_contains "the writes" "2 ipvs NEW_SERVICE" "$writes"
assert_contains "the writes" "route NEWADDR" "$writes"
assert_contains "the writes" "route NEWLINK" "$writes"

step "reads are no writes"
netlink_writes_start
dump_state "$directory/state"
assert_equal "the writes" "" "$(netlink_writes_stop)"

step "virtual servers balance"
ip -n node address add fd00:96::10/128 dev kube-ipvs0 nodad
on node ipvsadm -A --sctp-service 10.96.0.10:9000 -s rr
on node ipvsadm -A -t '[fd00:96::10]:80' -s rr
on node ipvsadm -A -u '[fd00:96::10]:53' -s rr
on node ipvsadm -A --sctp-service '[fd00:96::10]:9000' -s rr
for pod in 1 2 3; do
	on node ipvsadm -a -t 10.96.0.10:80 -r 10.244.1.$pod:8080 -m
	on node ipvsadm -a -u 10.96.0.10:53 -r 10.244.1.$pod:5353 -m
	on node ipvsadm -a --sctp-service 10.96.0.10:9000 -r 10.244.1.$pod:9000 -m
	on node ipvsadm -a -t '[fd00:96::10]:80' -r "[fd00:10:244:1::$pod]:8080" -m
	on node ipvsadm -a -u '[fd00:96::10]:53' -r "[fd00:10:244:1::$pod]:5353" -m
	on node ipvsadm -a --sctp-service '[fd00:96::10]:9000' -r "[fd00:10:244:1::$pod]:9000" -m
done
for address in 10.96.0.10 fd00:96::10; do
	for question in "tcp $address 80" "udp $address 53" "sctp $address 9000"; do
		# shellcheck disable=SC2086
		assert_equal "$question" "pod1 3, pod2 3, pod3 3" "$(answers client 9 $question)"
	done
done
assert_equal "the reader of destinations" "10.244.1.1:8080 1, 10.244.1.2:8080 1, 10.244.1.3:8080 1" \
	"$(destinations tcp 10.96.0.10:80)"

step "a connection that is held is alive"
hold_open first client tcp 10.96.0.10 80
assert_contains "the greeting" "peer=192.168.77.1:" "$hold_line"
hold_say first hello
assert_contains "the echo" " hello" "$hold_line"
hold_close first

step "failures have names"
assert_equal "a closed port" "refused 1" "$(answers client 1 tcp 10.244.1.1 8081)"
on pod1 iptables -A INPUT -p tcp --dport 8082 -j DROP
assert_equal "a silent port" "timeout 1" "$(answers client 1 --timeout 200 tcp 10.244.1.1 8082)"
assert_equal "an address without a route" "unreachable 1" "$(answers client 1 tcp 172.31.0.1 80)"
