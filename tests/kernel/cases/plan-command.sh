#!/bin/bash
# time-limit: 300
# What `ipvsagent plan` prints, loaded by the original tools, makes of a fresh node what `ipvsagent run` makes of it: for
# recorded cases of tests/conformance, at their first step.
#
# CONFORMANCE_CASES="NAME ..." takes these cases instead of the chosen ones.
. "$(dirname "$0")/../lib.sh"

corpus=$(dirname "$(readlink -f "$0")")/../../conformance/cases
modprobe -a br_netfilter ip_vs ip_vs_rr ip_vs_sh

# Each kind of Service, address, policy and setting that decides what is programmed occurs in these.
chosen="affinity-clientip-60s-nodeport both-local config-detect-bridge config-masquerade-bit-5
	dualstack-v6-externalip-etp-local etp-local-terminating externalip-is-node-address
	lb-etp-local-healthcheck lb-source-ranges-with-node nodeport-addresses-cidr nodeport-sctp
	source-ranges-both-families"

# netns_create NAME: node1 as it was recorded, without its pods
netns_create()
{
	ip netns add "$1"
	ip -n "$1" -batch - <<-END
		link set lo up
		link add eth0 type dummy
		link set eth0 addrgenmode none
		link set eth0 up
		address add 192.168.77.10/24 dev eth0
		address add fd77::10/64 dev eth0 nodad
		address add fe80::c0ff:fea8:4d0a/64 dev eth0 nodad
	END
	[ ! -e "$step_directory/actions.txt" ] || on "$1" sh -e "$step_directory/actions.txt"
}

# plan [FLAG...]: for the case
plan()
{
	local addresses

	addresses=$(awk '!/kube-ipvs0/ { sub("/.*", "", $4); print $4 }' "$case_directory/node.txt" | paste -sd,)
	"$IPVSAGENT" plan -f "$step_directory/objects.json" --config "$case_directory/config.yaml" \
		--node-addresses "$addresses" "$@" 2>>"$directory/remarks"
}

bound_addresses()
{
	on "$1" ip -o address show dev kube-ipvs0 2>/dev/null | sed 's/^[0-9]*: //' | LC_ALL=C sort
}

# collect NAME: what the kernel of that node holds; ipset's hash key is a random number
collect()
{
	{
		on "$1" ipvsadm -Sn | LC_ALL=C sort
		on "$1" ipset save | sed 's/ initval [x0-9a-f]*//' | LC_ALL=C sort
		on "$1" iptables-save | sed '/^#/d; s/ \[[0-9:]*\]$//'
		on "$1" ip6tables-save | sed '/^#/d; s/ \[[0-9:]*\]$//'
		bound_addresses "$1"
	} >"$directory/$1.state"
}

load()
{
	netns_create planned
	plan --part ipset | on planned ipset restore
	plan --part iptables | on planned iptables-restore --noflush
	plan --part ip6tables | on planned ip6tables-restore --noflush
	plan --part ipvs | on planned ipvsadm-restore
	plan --part addresses | on planned ip -batch -
	collect planned
	ip netns delete planned
}

# Addresses are what is programmed last.
is_settled()
{
	bound_addresses running | cmp -s - <(sed -n '/^kube-ipvs0 /p' "$directory/planned.state")
}

run()
{
	netns_create running
	on_in_background running "$IPVSAGENT" run --config "$case_directory/config.yaml" \
		--manifests "$step_directory/objects.json" 2>>"$agent_log" </dev/null
	agent_pid=$!
	wait_until 20 is_settled
	collect running
	agent_stop
	ip netns delete running
}

# is_of_node_only: nothing but addresses of the node was there before
is_of_node_only()
{
	[ ! -e "$step_directory/actions.txt" ] || ! grep -qvE '^(ip |#)' "$step_directory/actions.txt"
}

compare()
{
	case_directory=$corpus/$1
	step_directory=$case_directory/step-1
	is_of_node_only || return 0
	load
	run
	cmp -s "$directory/planned.state" "$directory/running.state" ||
		fail "$1: planned and programmed differ:"$'\n'"$(diff "$directory/planned.state" "$directory/running.state")"
	count=$((count + 1))
}

count=0
step "the recorded cases"
for name in ${CONFORMANCE_CASES:-$chosen}; do
	compare "$name"
done
echo "| $count recorded cases are programmed as planned"
[ "$count" -gt 0 ]
