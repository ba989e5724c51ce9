#!/bin/bash
# ipvsagent cleanup removes everything that the agent made, and nothing else.
. "$(dirname "$0")/../lib.sh"

topology_create
answer_start pod1 tcp/8080
on node ipvsadm -A -t 198.51.100.1:80 -s wlc
on node iptables -N STRANGERS
on node ipset create strangers hash:ip
modprobe -a iptable_nat iptable_filter ip6table_nat ip6table_filter iptable_mangle ip6table_mangle

# objects: chains, sets, virtual servers and addresses, without what sysctls say
objects()
{
	on node ipvsadm-save -n
	on node ipset save | sed 's/ initval [^ ]*//'
	on node iptables-save | grep -e '^-A' -e '^:.* - '
	on node ip6tables-save | grep -e '^-A' -e '^:.* - '
	ip -n node -o address show | sed 's/ valid_lft.*//'
}

before=$(objects)
{
	service_manifest web type=NodePort cluster_ip=10.96.0.10 ports=http:TCP:80:8080:30080
	slice_manifest web endpoints=pod1
	service_manifest web6 cluster_ip=fd00:96::10
	slice_manifest web6 family=IPv6 endpoints=pod1
} | manifest web.yaml
agent_start
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1"
wait_for_service tcp fd00:96::10 80 "[fd00:10:244:1::1]:8080 1"
wait_until_equal 10 "the NodePort" "10.244.1.1:8080 1" destinations tcp 192.168.77.10:30080
wait_until 20 agent_is_settled

# would_be_removed PATTERN: what of the list matches, without the pattern's word
would_be_removed()
{
	sed -n "s/^$1 //p" <<<"$listed" | LC_ALL=C sort
}

# chains_of FAMILY: "chain NAME of table TABLE (PROGRAM)" for each of ours
chains_of()
{
	on node "$1-save" | sed 's/^\*/table /' |
		awk -v program="$1" '$1 == "table" { table = $2 }
			/^:KUBE-/ { print substr($1, 2) " of table " table " (" program ")" }'
}

step "--dry-run lists exactly what is there, also while the agent runs, and changes nothing"
programmed=$(objects)
listed=$(agent cleanup --dry-run)
assert_equal "what is there after --dry-run" "$programmed" "$(objects)"
assert_equal "virtual servers" "$(on node ipvsadm-save -n | awk '$1 == "-A" && $3 !~ /^198/ { print $3 "/TCP" }' | LC_ALL=C sort)" \
	"$(would_be_removed "virtual server")"
assert_equal "addresses" \
	"$(ip -n node -o address show dev kube-ipvs0 | awk '{ sub("/.*", "", $4); print $4 " of kube-ipvs0" }' | LC_ALL=C sort)" \
	"$(would_be_removed address)"
assert_equal "sets" "$(on node ipset list -n | grep ^KUBE- | LC_ALL=C sort)" \
	"$(would_be_removed set | sed 's/ with .*//')"
assert_equal "members of a set" "KUBE-CLUSTER-IP with 1 member" "$(would_be_removed set | grep '^KUBE-CLUSTER-IP ')"
assert_equal "chains" "$({ chains_of iptables; chains_of ip6tables; } | LC_ALL=C sort)" "$(would_be_removed chain)"
assert_contains "jumps" "jumps in chain OUTPUT of table nat (iptables)" "$listed"
assert_equal "the interface" kube-ipvs0 "$(would_be_removed interface)"
assert_equal "as JSON" "$(sed '/^$/,$d' <<<"$listed")" \
	"$(agent cleanup --dry-run -o json | jq -r 'select(.version == 1).removed[].object')"
assert_lacks "what --for-kube-proxy would remove" "set KUBE-CLUSTER-IP" "$(agent cleanup --dry-run --for-kube-proxy)"
assert_contains "what --for-kube-proxy would remove" "set KUBE-IN-CLUSTER with" \
	"$(agent cleanup --dry-run --for-kube-proxy)"
assert_equal "what is there after all of them" "$programmed" "$(objects)"

step "while the agent runs, it refuses"
output=$(agent cleanup 2>&1) && fail "cleanup of a node whose agent runs: $output"
assert_contains "the virtual server" "rr" "$(virtual_server tcp 10.96.0.10:80)"

step "then everything goes"
agent_stop
agent cleanup
assert_equal "what is left" "$before" "$(objects)"

step "again: nothing to do is no error"
agent cleanup
assert_equal "what is left" "$before" "$(objects)"
assert_equal "what --dry-run lists then" "0 objects would be removed; nothing was changed." "$(agent cleanup --dry-run)"
assert_equal "what is left" "$before" "$(objects)"
