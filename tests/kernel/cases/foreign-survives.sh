#!/bin/bash
# What others made stays: virtual servers, addresses, sets, chains and rules; through start, change, verification,
# removal of Services, restart and cleanup.
. "$(dirname "$0")/../lib.sh"

# foreign_state FILE: all that the agent has no business with
foreign_state()
{
	{
		on node ipvsadm-save -n | grep -E -e ' 198.51.100.[12]:(80|53) ' -e ' -f 7 ' | sort
		on node ipset save strangers | sed 's/ initval [^ ]*//'
		ip -n node -o address show dev strangers0 | sed 's/ valid_lft.*//'
		for table in nat filter mangle; do
			on node iptables-save -t "$table" | grep -e STRANGERS -e 198.51.100.
		done
		on node ip6tables-save -t filter | grep STRANGERS
	} >"$1"
}

assert_foreign_state()
{
	foreign_state "$directory/foreign-now"
	assert_equal "what is foreign, $1" "$(cat "$directory/foreign")" "$(cat "$directory/foreign-now")"
	for address in 198.51.100.1 198.51.100.2; do
		assert_equal "the foreign virtual server, $1" "pod3 2" "$(answers client 2 tcp "$address" 80)"
	done
}

topology_create
for pod in pod1 pod2 pod3; do
	answer_start "$pod" tcp/8080
done
ip -n client route add 198.51.100.0/24 via 192.168.77.10
ip -n node -batch - <<-END
	link add strangers0 type dummy
	link set strangers0 up
	address add 198.51.100.1/32 dev strangers0
	address add 2001:db8:ffff::1/128 dev strangers0 nodad
	route add local 198.51.100.2 dev strangers0
END
on node ipvsadm --restore <<-END
	-A -t 198.51.100.1:80 -s wlc -p 120
	-a -t 198.51.100.1:80 -r 10.244.1.3:8080 -m -w 5
	-A -u 198.51.100.1:53 -s sh
	-A -t 198.51.100.2:80 -s rr
	-a -t 198.51.100.2:80 -r 10.244.1.3:8080 -m
	-A -f 7 -s rr
	-a -f 7 -r 10.244.1.3:8080 -m
END
on node ipset restore <<-END
	create strangers hash:ip
	add strangers 198.51.100.7
END
on node iptables-restore <<-END
	*nat
	:STRANGERS-NAT - [0:0]
	-A PREROUTING -d 198.51.100.9 -j STRANGERS-NAT
	-A STRANGERS-NAT -j RETURN
	COMMIT
	*filter
	:STRANGERS - [0:0]
	-A INPUT -m set --match-set strangers src -j STRANGERS
	-A STRANGERS -j DROP
	COMMIT
	*mangle
	-A PREROUTING -d 198.51.100.8 -j MARK --set-mark 7
	COMMIT
END
on node ip6tables-restore <<-END
	*filter
	:STRANGERS6 - [0:0]
	-A FORWARD -j STRANGERS6
	COMMIT
END
foreign_state "$directory/foreign"
assert_foreign_state "before"

step "start"
{
	service_manifest web type=NodePort cluster_ip=10.96.0.10 ports=http:TCP:80:8080:30080
	slice_manifest web endpoints="pod1 pod2"
	service_manifest web6 cluster_ip=fd00:96::10
	slice_manifest web6 family=IPv6 endpoints="pod1 pod2"
} | manifest web.yaml
# 198.51.100.1 is an address of the node, where NodePorts are, so that it takes an exclusion.
excluded=(--ipvs-exclude-cidrs 198.51.100.1/32)
agent_start --ipvs-sync-period 1s "${excluded[@]}"
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1, 10.244.1.2:8080 1"
assert_foreign_state "after the start"

step "several verifications later"
sleep 3
assert_foreign_state "after verification"

step "Services go"
rm "$manifests/web.yaml"
wait_until_equal 10 "the virtual server" "" virtual_server tcp 10.96.0.10:80
wait_until_equal 10 "the NodePort" "" virtual_server tcp 192.168.77.10:30080
wait_until_equal 10 "the NodePort" "" virtual_server tcp 198.51.100.1:30080
assert_foreign_state "after the Services went"

step "restart"
agent_stop
agent_start "${excluded[@]}"
sleep 2
assert_foreign_state "after a restart"

step "cleanup"
agent_stop
agent cleanup "${excluded[@]}"
assert_foreign_state "after cleanup"
