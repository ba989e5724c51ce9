#!/bin/bash
# time-limit: 120
# `ipvsagent check` finds what is wrong with a node, one thing after the other, and nothing where nothing is.
. "$(dirname "$0")/../lib.sh"

[ -n "$own_kernel" ] || skip "this changes the host"

# findings [FLAG...]: prints what is found, without the clock, which nobody sets here
findings()
{
	agent check --manifests "$manifests" -o json "$@" |
		jq -r '.findings[] | select(.check != "credentials") | "\(.severity) \(.check): \(.finding)"'
}

# assert_finds WHAT SEVERITY-AND-CHECK PART: exactly one finding, and it has this part
assert_finds()
{
	local found

	step "$1"
	found=$(findings)
	assert_equal "$1: number of findings in '$found'" 1 "$(grep -c . <<<"$found")"
	assert_contains "$1" "$2: " "$found"
	assert_contains "$1" "$3" "$found"
}

# as_process NAME COMMAND...: the command runs while a process of that name does
as_process()
{
	local name=$1 pid

	shift
	cp "$(command -v sleep)" "$directory/$name"
	"$directory/$name" 1000 &
	pid=$!
	wait_until 10 grep -qx "$name" "/proc/$pid/comm"
	"$@"
	kill "$pid"
	wait "$pid" 2>/dev/null || true
}

# sysctl_is NAME VALUE COMMAND...: the command runs while a sysctl of the node has another value
sysctl_is()
{
	local name=$1 before

	before=$(on node sysctl -n "$name")
	on node sysctl -qw "$name=$2"
	shift 2
	"$@"
	on node sysctl -qw "$name=$before"
}

topology_create
mkdir -p "$manifests"
on node sysctl -qw net.ipv4.conf.all.rp_filter=0
for file in /proc/sys/net/bridge/bridge-nf-call-iptables; do
	[ ! -e $file ] || on node sysctl -qw net.bridge.bridge-nf-call-iptables=1
done

step "nothing is found on a node that is fine, and the check leaves no trace"
dump_state "$directory/before"
assert_equal "findings" "" "$(findings)"
assert_status "all is well" 0 agent check --manifests "$manifests"
dump_state "$directory/after"
assert_same_state "what the kernel holds" "$directory/before" "$directory/after"

assert_strict_paths()
{
	assert_finds "strict reverse path filtering" "note sysctls" "reverse path filtering is strict on"
}

assert_no_ipv6()
{
	assert_finds "IPv6 is off" "note sysctls" "net.ipv6.conf.all.disable_ipv6 is 1"
}

assert_overlap()
{
	assert_finds "ephemeral ports that are NodePorts" "warning ports" "ports 31000-32767 are NodePorts"
	on node sysctl -qw net.ipv4.ip_local_reserved_ports=31000-32766
	assert_finds "all but one are reserved" "warning ports" "ports 32767-32767 are NodePorts"
	on node sysctl -qw net.ipv4.ip_local_reserved_ports=
}

sysctl_is net.ipv4.conf.all.rp_filter 1 assert_strict_paths
sysctl_is net.ipv6.conf.all.disable_ipv6 1 assert_no_ipv6
sysctl_is net.ipv4.ip_local_port_range "31000 60999" assert_overlap

step "a sysctl that the agent cannot set"
on node sysctl -qw net.ipv4.ip_forward=0
assert_equal "as long as it can" "" "$(findings)"
found=$(on node unshare -m sh -c 'mount --bind -o ro /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys &&
	"$1" check --manifests "$2"' sh "$IPVSAGENT" "$manifests") && status=0 || status=$?
assert_equal "exit status" 1 "$status"
assert_contains "what it says" "error: sysctls: sysctl net/ipv4/ip_forward is 0 and read-only here" "$found"
on node sysctl -qw net.ipv4.ip_forward=1

step "a port that is taken, unless it is the agent's"
on_in_background node busybox nc -l -p 10256 </dev/null
holder=$!
wait_until 10 eval "on node ss -Hltn 'sport = 10256' | grep -q ."
assert_finds "taken" "error ports" "the address of /healthz, 0.0.0.0:10256, is taken by another program"
assert_status "errors" 1 agent check --manifests "$manifests"
kill $holder

as_process kube-proxy assert_finds "kube-proxy runs" "error proxies" "kube-proxy runs on this node"
as_process speaker assert_finds "MetalLB without strictARP" "warning proxies" "strictARP is off"
assert_equal "with strictARP" "" "$(as_process speaker findings --ipvs-strict-arp)"

step "virtual servers of others"
on node ipvsadm -A -t 198.51.100.9:80 -s rr
assert_finds "of others" "note proxies" "another program has 1 virtual servers, 198.51.100.9:80 among them"
assert_equal "excluded" "" "$(findings --ipvs-exclude-cidrs 198.51.100.0/24)"
on node ipvsadm -C

step "the interface of another kind, and under somebody's management"
on node ip link add kube-ipvs0 type bridge
assert_finds "a bridge" "error interface" "is no dummy"
on node ip link del kube-ipvs0
on node ip link add kube-ipvs0 type dummy
index=$(on node cat /sys/class/net/kube-ipvs0/ifindex 2>/dev/null || on node ip -o link show kube-ipvs0 | cut -d: -f1)
mkdir -p /run/NetworkManager/devices /run/systemd/netif/links
printf '[device]\nmanaged=true\n' >"/run/NetworkManager/devices/$index"
assert_finds "NetworkManager" "warning interface" "NetworkManager manages kube-ipvs0"
printf '[device]\nmanaged=false\n' >"/run/NetworkManager/devices/$index"
printf 'ADMIN_STATE=configured\n' >"/run/systemd/netif/links/$index"
assert_finds "systemd-networkd" "warning interface" "systemd-networkd configures kube-ipvs0"
printf 'ADMIN_STATE=unmanaged\n' >"/run/systemd/netif/links/$index"
assert_equal "neither" "" "$(findings)"
on node ip link del kube-ipvs0

step "rules of the other variant"
other=$([ "$(iptables_variant)" = nft ] && echo legacy || echo nft)
on node iptables-$other -t nat -N KUBE-SERVICES
assert_finds "of the other variant" "warning iptables" "the kernel applies the rules of both"
on node iptables-$other -t nat -X KUBE-SERVICES
on node ip6tables-$other -t filter -N KUBE-FORWARD
assert_finds "IPv6" "warning iptables" "of ip6, which the iptables in PATH"
on node ip6tables-$other -t filter -X KUBE-FORWARD

step "a native rule"
on node iptables-nft -t nat -N KUBE-MARK-MASQ
on node "$KERNEL_TEST_HELPERS/add_native_rule" nat KUBE-MARK-MASQ
assert_finds "native" "warning tables" "table nat of ip has a native nftables rule, "
on node iptables-nft -t nat -F KUBE-MARK-MASQ
assert_equal "without it" "" "$(findings)"
on node iptables-nft -t nat -X KUBE-MARK-MASQ

step "programs that are not there"
mkdir "$directory/empty"
found=$(on node env PATH="$directory/empty" "$IPVSAGENT" check --manifests "$manifests" -o json || true)
assert_contains "no iptables" "there is no iptables-save in PATH" "$found"
assert_contains "no ip6tables" "there is no ip6tables-save in PATH" "$found"

step "modules that are neither loaded nor installed"
mount -t tmpfs tmpfs /lib/modules
found=$(findings --ipvs-scheduler mh)
umount /lib/modules
assert_contains "unknown" "warning modules: module ip_vs_mh, required for scheduler mh, is not loaded" "$found"
assert_contains "missing" "error modules: this kernel has no module ip_vs_nonsense" \
	"$(findings --ipvs-scheduler nonsense || true)"

step "connections that fill the table"
# The limit is the kernel's, and only its first network namespace may set it.
max=$(on node sysctl -n net.netfilter.nf_conntrack_max)
for ((i = 0; i < max * 91 / 100; i++)); do
	echo "-I -s 192.0.2.$((i / 50000 + 1)) -d 192.0.2.9 -p udp --sport $((i % 50000 + 1)) --dport 9 -t 100"
done >"$directory/connections"
on node conntrack --load-file "$directory/connections" >/dev/null 2>&1
assert_finds "full" "warning limits" "of $max connections are tracked"
on node conntrack -F >/dev/null 2>&1

step "many destinations, and their rates"
if on node sysctl -n net.ipv4.vs.run_estimation >/dev/null 2>&1; then
	{
		for ((i = 1; i <= 20; i++)); do
			echo "-A -t 10.96.0.$i:80 -s rr"
			for ((j = 0; j < 1000; j++)); do
				echo "-a -t 10.96.0.$i:80 -r 10.$((j / 250 + 1)).0.$((j % 250 + 1)):80 -m -w 1"
			done
		done
	} | on node ipvsadm -R
	found=$(findings)
	assert_contains "many destinations" "note limits: IPVS has 20000 destinations" "$found"
	assert_contains "many destinations" "net.ipv4.vs.run_estimation is 1" "$found"
	assert_lacks "many destinations, with --suspend-estimation" "note limits" "$(findings --suspend-estimation)"
	on node ipvsadm -C
fi

step "certificates and kubeconfigs"
certificate()
{
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$directory/key" -subj /CN=node1 \
		-out "$directory/request" 2>/dev/null
	openssl x509 -req -in "$directory/request" -signkey "$directory/key" -days "$1" 2>/dev/null | base64 -w0
}
kubeconfig()
{
	cat <<-END
		apiVersion: v1
		kind: Config
		current-context: c
		contexts: [{name: c, context: {cluster: c, user: u}}]
		clusters: [{name: c, cluster: {server: "https://192.0.2.1:6443"}}]
		users: [{name: u, user: {client-certificate-data: $(certificate "$1"), client-key-data: $(base64 -w0 "$directory/key")}}]
	END
}
kubeconfig 2 >"$directory/kubeconfig"
assert_contains "soon" "warning: credentials:" "$(agent check --kubeconfig "$directory/kubeconfig")"
kubeconfig -1 >"$directory/kubeconfig"
assert_status "expired" 1 agent check --kubeconfig "$directory/kubeconfig"
assert_contains "expired" "the client certificate expired 1 days ago" "$output"
assert_status "no such file" 1 agent check --kubeconfig "$directory/none"
assert_contains "no such file" "error: credentials:" "$output"
assert_status "a wrong setting" 2 agent check --iptables-masquerade-bit 99
