#!/bin/bash
# time-limit: 180
# A host without legacy iptables, neither its programs nor its modules: the image's own iptables do, and nothing asks for
# the modules.
. "$(dirname "$0")/../lib.sh"

[ -n "$own_kernel" ] || skip "this would unload modules of the host"
[ "$(iptables_variant)" = nft ] || skip "this is about iptables-nft"
legacy="iptable_nat iptable_filter iptable_mangle iptable_raw ip_tables
	ip6table_nat ip6table_filter ip6table_mangle ip6table_raw ip6_tables"
forbidden=/etc/modprobe.d/without-legacy-iptables.conf

# forbid MODULE...: neither the kernel nor anybody else loads these from now on
forbid()
{
	mkdir -p /etc/modprobe.d
	printf 'install %s /bin/false\n' "$@" >>"$forbidden"
}

# are_unloaded MODULE...: other cases may have loaded them, and their namespaces may still be going
are_unloaded()
{
	local name

	for name in "$@"; do
		! grep -q "^$name " /proc/modules || rmmod "$name" || return
	done
}

restore()
{
	rm -f "$forbidden"
}

trap 'status=$?; restore; on_exit $status' EXIT
topology_create
answer_start pod1 tcp/8080
{
	service_manifest web type=NodePort cluster_ip=10.96.0.10 ports=http:TCP:80:8080:30080
	slice_manifest web endpoints=pod1
	service_manifest web6 type=NodePort cluster_ip=fd00:96::10 ports=http:TCP:80:8080:30081
	slice_manifest web6 family=IPv6 endpoints=pod1
} | manifest web.yaml

step "no program and no module of legacy iptables"
wrapper=$(readlink -f "$(dirname "$0")/../../../packaging/container/iptables-wrapper")
mkdir "$directory/bin"
for name in {iptables,ip6tables}{,-save,-restore}; do
	ln -s "$wrapper" "$directory/bin/$name"
done
PATH=$directory/bin:$PATH
: >"$directory/nothing"
mount --bind "$directory/nothing" "$(readlink -f "$(command -v xtables-legacy-multi)")"
# shellcheck disable=SC2086
forbid $legacy
# shellcheck disable=SC2086
wait_until 30 are_unloaded $legacy
agent_start
for address in 10.96.0.10 fd00:96::10; do
	wait_until_equal 10 "who answers at $address" "pod1 1" answers client 1 tcp $address 80
done
for address in "192.168.77.10 30080" "fd77::10 30081"; do
	# shellcheck disable=SC2086
	wait_until_equal 10 "who answers at $address" "pod1 1" answers client 1 tcp $address
done
assert_contains "whom the endpoint sees" "peer=192.168.77.10:" "$(ask client tcp 192.168.77.10 30080)"
assert_contains "the rules" "--match-set KUBE-CLUSTER-IP" "$(on node xtables-nft-multi iptables-save)"
assert_equal "the variant that was chosen" nft "$(cat /run/iptables-wrapper-mode)"
assert_equal "modules of legacy iptables" "" "$(grep -E '^ip6?_?table' /proc/modules || true)"
assert_lacks "the log" "error:" "$(cat "$agent_log")"
agent_stop
agent cleanup
assert_lacks "the rules" KUBE- "$(on node xtables-nft-multi iptables-save)"
