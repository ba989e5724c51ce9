# shellcheck shell=bash
# For cases that begin with a node of kube-proxy's; sourced by them after lib.sh. kube-proxy itself is not here: its
# part is played by what it was recorded to leave (tests/conformance), brought in with its commands in its order.
conformance=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../conformance
compare=${KERNEL_TEST_HELPERS%/kernel}/conformance/conformance_compare

# recorded_choose NAME: the recorded case, with one step, that all below is about
recorded_choose()
{
	recorded=$1
	expect=$conformance/cases/$1/step-1/expect
}

# The recorded kernel had it, and a rule depends on it.
modprobe -a br_netfilter ip_vs ip_vs_rr ip_vs_sh

# rules_of IPTABLES TABLE: what was recorded, for iptables-restore
rules_of()
{
	echo "*$2"
	sed 's/^:.*/& [0:0]/' "$expect/$1-$2.txt"
	echo COMMIT
}

# jumps_of IPTABLES TABLE: kube-proxy's rules in chains that are not its own
jumps_of()
{
	grep -e '^-A [A-Z]* ' "$expect/$1-$2.txt" || true
}

sysctl_write()
{
	on node sh -c 'echo "$1" >"/proc/sys/$0"' "$1" "$2"
}

# node_as_recorded: what kube-proxy leaves
node_as_recorded()
{
	local family address iptables table

	for name in ipv4/vs/conntrack ipv4/vs/expire_nodest_conn ipv4/vs/expire_quiescent_template; do
		sysctl_write "net/$name" 1
	done
	cat "$expect/ipset-sets.txt" "$expect/ipset.txt" | on node ipset restore
	ip -n node link add kube-ipvs0 type dummy
	while read -r family address _; do
		[ "$family" = link ] || ip -n node address add "$address" dev kube-ipvs0
	done <"$expect/addrs.txt"
	on node ipvsadm --restore <"$expect/ipvs.txt"
	for table in nat filter; do
		for iptables in iptables ip6tables; do
			rules_of $iptables $table | on node $iptables-restore --noflush
		done
	done
}

# assert_as_recorded: ipvsadm, ipset and the others say what they said of kube-proxy's node, but for the
# intended differences
assert_as_recorded()
{
	local state=$directory/state

	mkdir -p "$state"
	on node ipvsadm -Sn >"$state/ipvs"
	on node ipset save >"$state/ipset"
	on node iptables-save >"$state/iptables"
	on node ip6tables-save >"$state/ip6tables"
	on node ip address show dev kube-ipvs0 >"$state/addresses"
	"$compare" "$conformance/cases" "$recorded" 1 "$state" >"$directory/used" 2>"$directory/problems" ||
		fail "$1, not as recorded:"$'\n'"$(cat "$directory/problems")"
}

# kube_proxy_takes_over: as its start does it; each command has to succeed
kube_proxy_takes_over()
{
	local iptables table line rule chain

	on node ipset -exist restore <"$expect/ipset-sets.txt"
	while read -r line; do
		grep -qxF -e "$line" <(on node ipvsadm -Sn | sed 's/  *$//') ||
			on node ipvsadm --restore <<<"${line/#-A/-E}"
	done < <(grep '^-A' "$expect/ipvs.txt")
	comm -3 <(on node ipset save | grep ^add | grep -wFf <(cut -d" " -f2 "$expect/ipset-sets.txt") | sort) \
		<(sort "$expect/ipset.txt") | sed 's/^add/del/; s/^\t//' | on node ipset restore
	for table in nat filter; do
		for iptables in iptables ip6tables; do
			# EnsureChain, EnsureRule(Prepend): what is there already stays where it is.
			for chain in $(sed -n 's/^:\(KUBE-[A-Z-]*\) .*/\1/p' "$expect/$iptables-$table.txt"); do
				on node $iptables -t "$table" -N "$chain" 2>/dev/null || true
			done
			while read -r rule; do
				eval "on node $iptables -t $table ${rule/#-A/-C}" 2>/dev/null ||
					eval "on node $iptables -t $table ${rule/#-A/-I}" || fail "kube-proxy cannot add $rule"
			done < <(jumps_of $iptables $table | tac)
			rules_of $iptables $table | grep -v -e '^-A [A-Z]* ' | on node $iptables-restore --noflush
		done
	done
}
