#!/bin/bash
# time-limit: 90
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
wait_until 20 agent_is_settled
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

step "a header: the node, its source, and what is programmed"
# header NAME: what follows it
agent status >"$directory/status"
header()
{
	sed -n "s/^$1  *//p" "$directory/status"
}
assert_contains "the node" "node1: ipvsagent " "$(header Node)"
assert_contains "the source" "manifests $directory/manifests, last change $(date -u +%Y-%m-%d)T" "$(header Source)"
assert_equal "the objects" "4 Services, 3 EndpointSlices, 6 endpoints" "$(header Objects)"
assert_equal "the Services" "3 programmed, 0 pending, 0 failed, 1 skipped" "$(header Services)"
assert_contains "the kernel" "$(on node ipvsadm-save -n | grep -c '^-A') virtual servers, $(on node ipvsadm-save -n |
	grep -c '^-a') destinations, 0 draining" "$(header Kernel)"
assert_equal "the rules" "in place, iptables-$(iptables -V | grep -q legacy && echo legacy || echo nft)" "$(header Rules)"
assert_contains "the sets" "$(on node ipset save | grep -c '^add KUBE-') members; the fullest is KUBE-" "$(header Sets)"
check=$(agent check -o json | jq -r '[.findings[] | select(.check != "credentials") | .severity] |
	"\(map(select(. == "error")) | length) \(map(select(. == "warning")) | length)"')
assert_equal "the findings of check" "$check" "$(header Check | sed 's/^\([0-9]*\) errors*, \([0-9]*\) warning.*/\1 \2/' |
	grep . || echo 0 0)"
assert_lacks "the status of one Service" "ipvsagent " "$(agent status default/web | grep '^Node')"

step "traffic is what IPVS counts"
answers client 7 tcp 10.96.0.10 80 >/dev/null
# traffic ADDRESS:PORT: connections, packets and bytes that ipvsadm has for it
traffic()
{
	on node ipvsadm -L -n --stats --exact | awk -v server="$1" '$2 == server { print $3, $4, $5, $6, $7 }'
}
shown()
{
	agent status default/web | awk -v server="$1/TCP" '$1 == server && NF == 6 { print $2, $3, $4, $5, $6 }'
}
# The kernel sums up what its processors counted every two seconds.
is_shown()
{
	local counted

	counted=$(traffic 10.96.0.10:80)
	[ "${counted%% *}" = 8 ] && [ "$counted" = "$(shown 10.96.0.10:80)" ]
}
wait_until 10 is_shown
assert_equal "of the NodePort" "0 0 0 0 0" "$(shown 192.168.77.10:30080)"

step "filters"
output=$(agent status default/dns)
assert_contains "status default/dns" "default/dns" "$output"
assert_lacks "status default/dns" "default/web" "$output"
output=$(agent status default/no-such 2>&1) && fail "a Service that does not exist: $output"
assert_contains "status default/no-such" "no-such" "$output"

step "whose is it"
output=$(agent status 10.96.0.10:80)
assert_contains "status 10.96.0.10:80" "default/web" "$output"
assert_contains "status 10.96.0.10:80" "Endpoints of" "$output"
assert_lacks "status 10.96.0.10:80" ":30080" "$output"
assert_contains "status 10.96.0.53" "default/dns" "$(agent status 10.96.0.53)"
output=$(agent status --node-port 30080)
assert_contains "status --node-port 30080" "192.168.77.10:30080" "$output"
assert_lacks "status --node-port 30080" "10.96.0.10:80" "$output"
output=$(agent status 10.96.0.10:81 2>&1) && fail "a port that no Service has: $output"
assert_equal "status 10.96.0.10:81" "ipvsagent status: no Service has 10.96.0.10:81" "$output"
output=$(agent status --node-port 30081 2>&1) && fail "a NodePort that no Service has: $output"
assert_equal "status --node-port 30081" "ipvsagent status: no Service has NodePort 30081" "$output"

step "draining and connections are counted"
pod_locate "$own"
remaining=$(printf '%s\n' pod1 pod2 rpod1 | grep -vx "$own" | paste -sd' ')
# shellcheck disable=SC2086
web $remaining | manifest web.yaml
wait_until 10 eval "destinations tcp 10.96.0.10:80 | grep -q '$pod_ipv4:8080 0'"
wait_until 10 eval "agent status | grep -F 10.96.0.10:80 | grep -q 2/1/3"
assert_contains "the destinations" "$pod_ipv4:8080" "$(agent status -o wide default/web)"

# endpoint SERVICE ADDRESS:PORT ENDPOINT: the rest of its line in the table of that virtual server
endpoint()
{
	agent status "default/$1" |
		awk -v server="$2" -v endpoint="$3" '/^Endpoints of / { is_it = index($0, server) }
			is_it && $1 == endpoint { $1 = ""; print substr($0, 2) }'
}

step "what became of the endpoint that was removed"
assert_equal "the one that drains" \
	"draining since $(date -u +%Y-%m-%d)T: endpoint removed" \
	"$(endpoint web 10.96.0.10:80 "$pod_ipv4:8080" | sed 's/T[0-9:]*Z:/T:/')"
assert_equal "one that serves" "yes all ready endpoints" \
	"$(pod_locate "${remaining%% *}" && endpoint web 10.96.0.10:80 "$pod_ipv4:8080")"
assert_equal "one that is not ready" "no not ready" "$(endpoint sticky 10.96.0.11:80 10.244.1.2:8080)"

# hints KIND VALUE1 VALUE2: adds hints to a slice, for endpoints of this node and of the other one
hints()
{
	sed "s/nodeName: node1/&\n  hints: {$1: [{name: $2}]}/; s/nodeName: node2/&\n  hints: {$1: [{name: $3}]}/"
}

step "each endpoint is explained as packets show it: hints"
node_manifest zone=east | manifest node.yaml
{
	service_manifest near cluster_ip=10.96.0.70
	slice_manifest near endpoints="pod1 pod2/unready rpod1" | hints forNodes node1 node2
	service_manifest zonal cluster_ip=10.96.0.71
	slice_manifest zonal endpoints="pod1 rpod1" | hints forZones west east
	service_manifest afar cluster_ip=10.96.0.72
	slice_manifest afar endpoints="pod1 rpod1" | hints forZones west north
	service_manifest ending cluster_ip=10.96.0.73
	slice_manifest ending endpoints="pod1/serving pod2/terminating"
	service_manifest local cluster_ip=10.96.0.74
	echo "  internalTrafficPolicy: Local"
	echo "  externalTrafficPolicy: Local"
	echo "  externalIPs: [203.0.113.74]"
	slice_manifest local endpoints="pod1 rpod1"
} | manifest explained.yaml
wait_until_equal 10 "with node hints" "pod1 6" answers client 6 tcp 10.96.0.70 80
assert_equal "this node's" "yes node hint" "$(endpoint near 10.96.0.70:80 10.244.1.1:8080)"
assert_equal "not ready" "no not ready" "$(endpoint near 10.96.0.70:80 10.244.1.2:8080)"
assert_equal "another node's" "no hint for another node: node2" "$(endpoint near 10.96.0.70:80 10.244.2.1:8080)"
wait_until_equal 10 "with zone hints" "rpod1 6" answers client 6 tcp 10.96.0.71 80
assert_equal "the zone's" "yes zone hint" "$(endpoint zonal 10.96.0.71:80 10.244.2.1:8080)"
assert_equal "another zone's" "no hint for another zone: west" "$(endpoint zonal 10.96.0.71:80 10.244.1.1:8080)"
wait_until_equal 10 "with hints for others" "pod1 3, rpod1 3" answers client 6 tcp 10.96.0.72 80
assert_equal "all" "yes all ready endpoints" "$(endpoint afar 10.96.0.72:80 10.244.2.1:8080)"
assert_contains "the hints" "zone hints are not followed: no hint for zone east" "$(agent status default/afar)"

step "each endpoint is explained as packets show it: terminating ones and policies"
wait_until_equal 10 "with terminating ones" "pod1 6" answers client 6 tcp 10.96.0.73 80
assert_equal "one that serves" "yes terminating, but none is ready" \
	"$(endpoint ending 10.96.0.73:80 10.244.1.1:8080)"
assert_equal "one that does not" "no terminating, and not serving any more" \
	"$(endpoint ending 10.96.0.73:80 10.244.1.2:8080)"
wait_until_equal 10 "with internalTrafficPolicy Local" "pod1 6" answers client 6 tcp 10.96.0.74 80
wait_until_equal 10 "from outside" "pod1 6" answers client 6 tcp 203.0.113.74 80
wait_until_equal 10 "from a pod" "pod1 3, rpod1 3" answers pod3 6 tcp 203.0.113.74 80
assert_equal "the ClusterIP's" "yes internalTrafficPolicy Local" "$(endpoint local 10.96.0.74:80 10.244.1.1:8080)"
assert_equal "not the ClusterIP's" "no not on this node (internalTrafficPolicy Local)" \
	"$(endpoint local 10.96.0.74:80 10.244.2.1:8080)"
assert_equal "the external IP's" "yes externalTrafficPolicy Local" \
	"$(endpoint local 203.0.113.74:80/TCP: 10.244.1.1:8080)"
assert_equal "not the external IP's" "no not on this node (externalTrafficPolicy Local)" \
	"$(endpoint local 203.0.113.74:80/TCP: 10.244.2.1:8080)"
assert_equal "the external IP's for pods" "yes all ready endpoints" \
	"$(endpoint local "203.0.113.74:80/TCP in-cluster:" 10.244.2.1:8080)"

step "JSON"
json=$(agent status -o json)
for part in '"rule": "internalTrafficPolicy Local"' '"reason": "not on this node (internalTrafficPolicy Local)"' \
	'"drainingSince"' '"web"' '"10.96.0.10' '"sh"' 600 '"programmed"'; do
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
