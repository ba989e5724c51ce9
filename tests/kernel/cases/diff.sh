#!/bin/bash
# time-limit: 120
# ipvsagent diff says where the kernel is not as it is wanted, with a running agent and without one, and changes nothing.
. "$(dirname "$0")/../lib.sh"

topology_create
for pod in pod1 pod2 rpod1; do
	answer_start "$pod" tcp/8080
done
web()
{
	service_manifest web type=NodePort cluster_ip=10.96.0.10 ports=http:TCP:80:8080:30080
	slice_manifest web endpoints="$*"
}
web pod1 pod2 rpod1 | manifest web.yaml
{
	service_manifest local cluster_ip=10.96.0.74
	echo "  externalTrafficPolicy: Local"
	echo "  externalIPs: [203.0.113.74]"
	slice_manifest local endpoints="pod1 rpod1"
	service_manifest same cluster_ip=10.96.0.80 ports=http:TCP:8080:8080
	slice_manifest same endpoints=pod1
	service_manifest web6 cluster_ip=fd00:96::10
	slice_manifest web6 family=IPv6 endpoints="pod1 pod2"
} | manifest others.yaml

# objects: what the original tools show of the node
objects()
{
	on node ipvsadm-save -n | LC_ALL=C sort
	on node ipset save | sed 's/ initval [^ ]*//' | LC_ALL=C sort
	on node iptables-save | sed '/^#/d; s/ \[[0-9:]*\]$//'
	on node ip6tables-save | sed '/^#/d; s/ \[[0-9:]*\]$//'
	ip -n node -o address show | sed 's/ valid_lft.*//'
}

# compare STATUS [FLAG...]: what diff prints is in $output; it changes nothing, and its exit status is as expected
compare()
{
	local wanted=$1 before status=0

	shift
	before=$(objects)
	output=$(agent diff "$@" 2>"$directory/said") || status=$?
	assert_equal "what the kernel holds after diff" "$before" "$(objects)"
	assert_equal "the exit status of diff, which says $output $(cat "$directory/said")" "$wanted" "$status"
}

# assert_line WHAT COLUMN...: diff printed this line
assert_line()
{
	local what=$1

	shift
	grep -qxF -- "$*" <<<"$(sed 's/   */ | /g' <<<"$output")" || fail "$what: no line $*"$'\n'"$output"
}

assert_lines()
{
	assert_equal "lines of $1" "$2" "$(sed '/^$/q' <<<"$output" | grep -cE '^(virtual server|destination|member|address|rules of chain|jumps)' || true)"
}

manifest_flags=(-f "$manifests" --node-name node1 --cluster-cidr 10.244.0.0/16,fd00:10:244::/56)

step "neither an agent nor manifests"
compare 2
assert_contains "what it says" "the agent is not running" "$(cat "$directory/said")"

agent_start --ipvs-sync-period 1h
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1, 10.244.1.2:8080 1, 10.244.2.1:8080 1"
wait_until 20 agent_is_settled

step "a programmed node is as wanted, by the agent and by the manifests"
compare 0
assert_contains "what it says" "The kernel of node node1 is as wanted by the agent (source manifests" "$output"
compare 0 "${manifest_flags[@]}"
assert_contains "what it says" "The kernel of node node1 is as wanted by the manifests." "$output"

step "each kind of drift of virtual servers"
on node ipvsadm -E -t 10.96.0.10:80 -s wrr
on node ipvsadm -e -t 10.96.0.10:80 -r 10.244.1.1:8080 -m -w 7
on node ipvsadm -d -t 10.96.0.10:80 -r 10.244.1.2:8080
on node ipvsadm -a -t 10.96.0.10:80 -r 10.244.9.9:8080 -m -w 1
on node ipvsadm -e -t 10.96.0.80:8080 -r 10.244.1.1:8080 -g -w 1
on node ipvsadm -D -t 10.96.0.74:80
on node ipvsadm -A -t 10.96.0.10:99 -s rr
on node ipvsadm -A -t 198.51.100.1:80 -s wlc
servers_differ()
{
	assert_line "a scheduler" "virtual server 10.96.0.10:80/TCP | scheduler wrr | scheduler rr"
	assert_line "a weight" "destination 10.244.1.1:8080 of 10.96.0.10:80/TCP | weight 7 | weight 1"
	assert_line "a destination that is missing" "destination 10.244.1.2:8080 of 10.96.0.10:80/TCP | - | weight 1"
	assert_line "a destination too many" "destination 10.244.9.9:8080 of 10.96.0.10:80/TCP | weight 1 | -"
	assert_line "a method" "destination 10.244.1.1:8080 of 10.96.0.80:8080/TCP | not masqueraded | masqueraded"
	assert_line "a virtual server that is missing" "virtual server 10.96.0.74:80/TCP | - | scheduler rr"
	assert_line "a virtual server too many" "virtual server 10.96.0.10:99/TCP | scheduler rr | -"
	assert_lacks "the differences" "198.51.100.1" "$output"
}
compare 1
servers_differ
missing=$(grep -c "of 10.96.0.74:80/TCP" <<<"$output")
assert_equal "destinations of the one that is missing" 2 "$missing"
assert_lines "virtual servers" 9
compare 1 "${manifest_flags[@]}"
servers_differ
assert_lines "virtual servers" 9
on node ipvsadm -D -t 198.51.100.1:80

step "each kind of drift of sets"
on node ipset del KUBE-CLUSTER-IP 10.96.0.10,tcp:80
on node ipset add KUBE-CLUSTER-IP 10.96.0.99,tcp:80
on node ipset del KUBE-NODE-PORT-TCP 30080
marked=$(on node ipset save KUBE-IN-CLUSTER | awk '/^add/ { print $3; exit }')
on node ipset add KUBE-IN-CLUSTER "$marked" skbmark 0x60040000/0xffffffff -exist
compare 1
assert_line "a member that is missing" "member 10.96.0.10,tcp:80 of KUBE-CLUSTER-IP | - | present"
assert_line "a member too many" "member 10.96.0.99,tcp:80 of KUBE-CLUSTER-IP | present | -"
assert_line "a NodePort" "member 30080 of KUBE-NODE-PORT-TCP | - | present"
assert_line "a mark" "member $marked of KUBE-IN-CLUSTER | another mark | present"
assert_lines "virtual servers and sets" 13

step "JSON says the same"
compare 1 -o json
assert_equal "the kinds" "9 destination virtualServer" "$(
	jq -r '[.differences[].kind] | map(select(. != "setMember")) | "\(length) \(unique | join(" "))"' <<<"$output"
)"
assert_equal "the version" 1 "$(jq .version <<<"$output")"
assert_equal "a difference" '{"kind":"setMember","object":"member 30080 of KUBE-NODE-PORT-TCP","kernel":"","wanted":"present"}' \
	"$(jq -c '.differences[] | select(.object | contains("30080 of KUBE-NODE-PORT-TCP"))' <<<"$output")"

step "the agent repairs all of it"
agent_stop
agent_start --ipvs-sync-period 1h
is_repaired()
{
	agent diff >/dev/null
}
wait_until 20 is_repaired

step "an endpoint that drains is told of, and is no difference"
hold_open one client tcp 10.96.0.10 80
own=${hold_line%% *}
pod_locate "$own"
# shellcheck disable=SC2046
web $(printf '%s\n' pod1 pod2 rpod1 | grep -vx "$own" | paste -sd' ') | manifest web.yaml
wait_until 10 eval "destinations tcp 10.96.0.10:80 | grep -q '$pod_ipv4:8080 0'"
# The NodePort's destination drains too; nothing holds it, so it goes as soon as the agent looks.
node_port_has_drained()
{
	! destinations tcp 192.168.77.10:30080 | grep -q "$pod_ipv4:8080"
}
wait_until 20 node_port_has_drained
compare 0
assert_line "it drains" "destination $pod_ipv4:8080 of 10.96.0.10:80/TCP | 1 | 0"
hold_close one

step "addresses and rules, which a running agent repairs at once"
agent_stop
ip -n node address del 10.96.0.10/32 dev kube-ipvs0
ip -n node address add 10.96.0.111/32 dev kube-ipvs0
ip -n node address del fd00:96::10/128 dev kube-ipvs0
on node iptables -t nat -F KUBE-SERVICES
on node ip6tables -D FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
compare 1 "${manifest_flags[@]}"
assert_line "an address that is missing" "address 10.96.0.10 of kube-ipvs0 | - | present"
assert_line "an IPv6 address that is missing" "address fd00:96::10 of kube-ipvs0 | - | present"
assert_line "an address too many" "address 10.96.0.111 of kube-ipvs0 | present | -"
assert_line "a chain" "rules of chain KUBE-SERVICES of table nat (iptables) | missing or altered | present"
assert_line "jumps" "jumps in chain FORWARD of table filter (ip6tables) | missing or altered | present"
assert_lines "addresses and rules" 5

step "a node that has nothing"
agent cleanup
compare 1 "${manifest_flags[@]}"
assert_line "a virtual server" "virtual server 10.96.0.10:80/TCP | - | scheduler rr"
assert_line "a chain" "rules of chain KUBE-SERVICES of table nat (iptables) | missing or altered | present"
