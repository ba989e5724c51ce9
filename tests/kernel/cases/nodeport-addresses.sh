#!/bin/bash
# time-limit: 150
# NodePorts answer on the addresses that --nodeport-addresses selects, TCP, UDP and SCTP alike, and follow the
# node's addresses at once.
. "$(dirname "$0")/../lib.sh"

topology_create
for machine in node client; do
	last=$([ $machine = node ] && echo 10 || echo 1)
	ip -n $machine -batch - <<-END
		address add 192.168.88.$last/24 dev eth0
		address add fd88::$last/64 dev eth0 nodad
	END
done
for pod in pod1 rpod1; do
	answer_start "$pod" tcp/8080 udp/5353 sctp/9000
done
{
	ports="http:TCP:80:8080:30080 dns:UDP:53:5353:30053 s1ap:SCTP:36412:9000:30412"
	service_manifest web type=NodePort cluster_ip=10.96.0.10 ports="$ports"
	slice_manifest web endpoints="pod1 rpod1" ports="http:TCP:8080 dns:UDP:5353 s1ap:SCTP:9000"
	service_manifest web6 type=NodePort cluster_ip=fd00:96::10 ports=http:TCP:80:8080:30081
	slice_manifest web6 family=IPv6 endpoints="pod1 rpod1"
} | manifest web.yaml

both="10.244.1.1:8080 1, 10.244.2.1:8080 1"
both6="[fd00:10:244:1::1]:8080 1, [fd00:10:244:2::1]:8080 1"

# wait_for_node_ports ADDRESS...: exactly these have NodePorts, of all protocols
wait_for_node_ports()
{
	wait_until_equal 20 "where NodePorts are" "$(printf '%s\n' "$@" | sort)" node_port_addresses
	wait_until 20 agent_is_settled
}

node_port_addresses()
{
	on node ipvsadm -Ln | sed -n 's/^[A-Z]* *\(.*\):30[0-9]*  *[a-z].*/\1/p' | tr -d '[]' | sort -u
}

# assert_answers ADDRESS: on each protocol's NodePort
assert_answers()
{
	assert_equal "TCP on $1" "pod1 1, rpod1 1" "$(answers client 2 tcp "$1" 30080)"
	assert_equal "UDP on $1" "pod1 1, rpod1 1" "$(answers client 2 udp "$1" 30053)"
	assert_equal "SCTP on $1" "pod1 1, rpod1 1" "$(answers client 2 sctp "$1" 30412)"
}

# assert_refuses ADDRESS
assert_refuses()
{
	assert_equal "TCP on $1" "refused 1" "$(answers client 1 tcp "$1" 30080)"
	assert_equal "UDP on $1" "refused 1" "$(answers client 1 udp "$1" 30053)"
}

sctp_members()
{
	on node ipset save KUBE-NODE-PORT-SCTP-HASH | sed -n 's/^add [^ ]* //p' | sort | paste -sd' '
}

step "all addresses"
agent_start
wait_for_node_ports 192.168.77.10 192.168.88.10 fd77::10 fd88::10
wait_until_equal 10 "a NodePort" "$both" destinations tcp 192.168.88.10:30080
wait_until_equal 10 "an IPv6 NodePort" "$both6" destinations tcp "[fd88::10]:30081"
for address in 192.168.77.10 192.168.88.10; do
	assert_answers $address
done
assert_equal "SCTP members" "192.168.77.10,sctp:30412 192.168.88.10,sctp:30412" "$(sctp_members)"
for address in fd77::10 fd88::10; do
	assert_equal "TCP on $address" "pod1 1, rpod1 1" "$(answers client 2 tcp $address 30081)"
done

step "a range of one family; the other family goes on as before"
agent_stop
agent_start --nodeport-addresses 192.168.88.0/24
wait_for_node_ports 192.168.88.10 fd77::10 fd88::10
assert_answers 192.168.88.10
assert_refuses 192.168.77.10
assert_equal "SCTP members" "192.168.88.10,sctp:30412" "$(sctp_members)"
assert_equal "SCTP on 192.168.77.10" "refused 1" "$(answers client 1 sctp 192.168.77.10 30412)"

step "the node gets and loses addresses: one in the range, one that is not"
ip -n node -batch - <<-END
	address add 192.168.77.11/24 dev eth0
	address add 192.168.88.11/24 dev eth0
END
wait_until_equal 20 "the NodePort of the new address" "$both" destinations tcp 192.168.88.11:30080
wait_until 20 agent_is_settled
assert_answers 192.168.88.11
assert_refuses 192.168.77.11
wait_for_node_ports 192.168.88.10 192.168.88.11 fd77::10 fd88::10
hold_open kept client tcp 192.168.88.10 30080
ip -n node address delete 192.168.88.11/24 dev eth0
wait_until_equal 20 "the NodePort of the lost address" "" virtual_server tcp 192.168.88.11:30080
wait_for_node_ports 192.168.88.10 fd77::10 fd88::10
hold_is_alive kept
hold_close kept

step "an address on an interface that comes and goes"
ip -n node -batch - <<-END
	link add extra0 type dummy
	link set extra0 up
	address add 192.168.88.99/32 dev extra0
END
wait_until_equal 20 "the NodePort of the interface" "$both" destinations tcp 192.168.88.99:30080
ip -n node link delete extra0
wait_until_equal 20 "the NodePort of the lost interface" "" virtual_server tcp 192.168.88.99:30080

step "ranges of both families"
agent_stop
agent_start --nodeport-addresses 192.168.77.10/32,fd88::/64
wait_for_node_ports 192.168.77.10 fd88::10
assert_answers 192.168.77.10
assert_refuses 192.168.88.10
assert_equal "IPv6, selected" "pod1 1, rpod1 1" "$(answers client 2 tcp fd88::10 30081)"
assert_equal "IPv6, not selected" "refused 1" "$(answers client 1 tcp fd77::10 30081)"

step "primary: the addresses that the Node names first"
agent_stop
node_manifest addresses="192.168.88.10 192.168.77.10 fd77::10" | manifest node.yaml
agent_start --nodeport-addresses primary
wait_for_node_ports 192.168.88.10 fd77::10
assert_answers 192.168.88.10
assert_refuses 192.168.77.10
node_manifest addresses="192.168.77.10 fd77::10" | manifest node.yaml
wait_for_node_ports 192.168.77.10 fd77::10
wait_until_equal 10 "the NodePort" "$both" destinations tcp 192.168.77.10:30080
assert_answers 192.168.77.10
assert_refuses 192.168.88.10

step "keywords and ranges add up"
agent_stop
agent_start --nodeport-addresses primary,192.168.88.10/32
wait_for_node_ports 192.168.77.10 192.168.88.10 fd77::10
assert_answers 192.168.77.10
assert_answers 192.168.88.10
assert_equal "loopback, not selected" "refused 1" "$(answers node 1 tcp 127.0.0.1 30080)"

# loopback ADDRESS PORT: 1 if an endpoint answers there
loopback()
{
	answers node 1 tcp "$1" "$2" | grep -c "pod1 1"
}

step "localhost beside them, whatever the other setting says"
agent_stop
agent_start --nodeport-addresses primary,localhost --iptables-localhost-nodeports=false
wait_for_node_ports 192.168.77.10 fd77::10
wait_until_equal 20 "loopback" 1 loopback 127.0.0.1 30080
wait_until_equal 20 "loopback, IPv6" 1 loopback ::1 30081
assert_refuses 192.168.88.10

step "localhost alone: loopback and nothing else, over the cluster IP"
agent_stop
agent_start --nodeport-addresses localhost --iptables-localhost-nodeports=false
wait_for_node_ports
wait_until_equal 20 "loopback" 1 loopback 127.0.0.1 30080
wait_until_equal 20 "loopback, IPv6" 1 loopback ::1 30081
assert_equal "loopback, UDP" 1 "$(answers node 1 udp 127.0.0.1 30053 | grep -c "pod1 1")"
assert_refuses 192.168.77.10
assert_refuses 192.168.88.10

step "a range of loopback alone does the same"
agent_stop
agent_start --nodeport-addresses 127.0.0.0/8,::1/128
wait_for_node_ports
wait_until_equal 20 "loopback" 1 loopback 127.0.0.1 30080
wait_until_equal 20 "loopback, IPv6" 1 loopback ::1 30081
assert_refuses 192.168.77.10

step "all: everywhere"
agent_stop
agent_start --nodeport-addresses all,192.168.88.10/32
wait_for_node_ports 192.168.77.10 192.168.77.11 192.168.88.10 fd77::10 fd88::10
assert_answers 192.168.77.10
assert_answers 192.168.88.10
wait_until_equal 20 "loopback" 1 loopback 127.0.0.1 30080
wait_until_equal 20 "loopback, IPv6" 1 loopback ::1 30081

step "all, but loopback is not named, so the other setting decides about it"
agent_stop
agent_start --nodeport-addresses all --iptables-localhost-nodeports=false
wait_for_node_ports 192.168.77.10 192.168.77.11 192.168.88.10 fd77::10 fd88::10
assert_answers 192.168.77.10
assert_equal "loopback" "refused 1" "$(answers node 1 tcp 127.0.0.1 30080)"
assert_equal "loopback, IPv6" "refused 1" "$(answers node 1 tcp ::1 30081)"
