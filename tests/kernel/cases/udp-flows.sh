#!/bin/bash
# A UDP client that keeps its source port is led by conntrack to where it was led before. When its endpoint
# leaves, when a Service comes or goes, that memory is deleted, and the next datagram finds its way.
. "$(dirname "$0")/../lib.sh"

# dns ENDPOINT...
dns()
{
	{
		service_manifest dns type=NodePort cluster_ip=10.96.0.53 ports=dns:UDP:53:5353:30053
		slice_manifest dns endpoints="$*" ports=dns:UDP:5353
	} | manifest dns.yaml
}

# flows ADDRESS PORT CLIENT-PORT: endpoints at the other end of this flow, as conntrack remembers it
flows()
{
	on node conntrack -L -p udp --orig-dst "$1" --dport "$2" 2>/dev/null |
		awk -v from="sport=$3" '$5 == from || $6 == from || $7 == from' |
		sed 's/.* src=\([^ ]*\) dst=[^ ]* sport=[0-9]* dport=[0-9]* *\(\[.*\)\?mark=.*/\1/' | sort -u
}

# asked CLIENT-PORT ADDRESS PORT: one datagram
asked()
{
	answers client 1 --source-port "$1" udp "$2" "$3"
}

# others POD: the remaining endpoints
others()
{
	printf '%s\n' pod1 pod2 rpod1 | grep -vx "$1" | paste -sd' '
}

topology_create
# Whoever asked once is forgotten after half a minute, which a slow machine may take from one look to the next.
on node sysctl -qw net.netfilter.nf_conntrack_udp_timeout=$((60 * slowness))
for pod in pod1 pod2 rpod1; do
	answer_start "$pod" udp/5353
done
dns pod1 pod2 rpod1
agent_start
all="10.244.1.1:5353 1, 10.244.1.2:5353 1, 10.244.2.1:5353 1"
wait_for_service udp 10.96.0.53 53 "$all"
wait_until_equal 10 "the NodePort" "$all" destinations udp 192.168.77.10:30053

for target in "10.96.0.53 53" "192.168.77.10 30053"; do
	step "$target: a silent flow's endpoint leaves, its next datagram reaches another"
	# shellcheck disable=SC2086
	for port in 4000 4001 4002; do
		first[port]=$(asked $port $target)
		pod_locate "${first[port]% 1}"
		assert_equal "conntrack of $port" "$pod_ipv4" "$(flows $target $port)"
	done
	own=${first[4000]% 1}
	# shellcheck disable=SC2046
	dns $(others "$own")
	# shellcheck disable=SC2086
	wait_until_equal 10 "conntrack of 4000" "" flows $target 4000
	# shellcheck disable=SC2086
	for port in 4001 4002; do
		pod_locate "${first[port]% 1}"
		assert_equal "conntrack of $port" "$pod_ipv4" "$(flows $target $port)"
		assert_equal "the answer to $port" "${first[port]}" "$(asked $port $target)"
	done
	# shellcheck disable=SC2086
	answer=$(asked 4000 $target)
	assert_contains "the answer to 4000" "pod" "$answer"
	assert_lacks "the answer to 4000" "${first[4000]}" " $answer"
	dns pod1 pod2 rpod1
	wait_until_equal 10 "the destinations" "$all" destinations udp 10.96.0.53:53
done

step "a client that never stops: one datagram may be lost on the way to another endpoint"
on_in_background client "$KERNEL_TEST_HELPERS/ask" --count 1000000 --interval 20 --timeout 2000 --source-port 4100 \
	udp 10.96.0.53 53 >"$directory/asked" </dev/null
asking=$!
wait_until 20 grep -q pod "$directory/asked"
own=$(sed -n '1s/ .*//p' "$directory/asked")
# shellcheck disable=SC2046
dns $(others "$own")
wait_until 10 eval "tail -n 1 '$directory/asked' | grep pod | grep -qv '^$own '"
kill "$asking"
wait "$asking" || true
lost=$(grep -c -v "pod" "$directory/asked" || true)
[ "$lost" -le 1 ] || fail "lost $lost datagrams: $(cat "$directory/asked")"

# Since Linux 5.9 IPVS forgets such flows itself, and with them what conntrack knows; from here on it does not.
on node sh -c 'echo 0 >/proc/sys/net/ipv4/vs/expire_nodest_conn'

step "an older kernel: conntrack forgets a flow to an endpoint that leaves, and no other"
dns pod1 rpod1
wait_until_equal 10 "the destinations" "10.244.1.1:5353 1, 10.244.2.1:5353 1" destinations udp 10.96.0.53:53
for port in 4500 4501; do
	first[port]=$(asked $port 10.96.0.53 53)
done
own=${first[4500]% 1}
pod_locate "${first[4501]% 1}"
# shellcheck disable=SC2046
dns $(printf '%s\n' pod1 rpod1 | grep -vx "$own")
wait_until_equal 10 "conntrack of 4500" "" flows 10.96.0.53 53 4500
assert_equal "conntrack of 4501" "$pod_ipv4" "$(flows 10.96.0.53 53 4501)"

step "a Service gains its first endpoint"
dns
wait_until_equal 10 "the destinations" "" destinations udp 10.96.0.53:53
assert_equal "without endpoints" "refused 1" "$(asked 4200 10.96.0.53 53)"
dns rpod1
wait_until_equal 10 "the destinations" "10.244.2.1:5353 1" destinations udp 10.96.0.53:53
assert_equal "with its first" "rpod1 1" "$(asked 4200 10.96.0.53 53)"

step "the Service goes: nothing remembers its VIP and its NodePort"
asked 4300 10.96.0.53 53 >"$directory/ignored"
asked 4301 192.168.77.10 30053 >"$directory/ignored"
assert_equal "conntrack of the VIP" "10.244.2.1" "$(flows 10.96.0.53 53 4300)"
assert_equal "conntrack of the NodePort" "10.244.2.1" "$(flows 192.168.77.10 30053 4301)"
rm "$manifests/dns.yaml"
wait_until_equal 10 "conntrack of the VIP" "" flows 10.96.0.53 53 4300
wait_until_equal 10 "conntrack of the NodePort" "" flows 192.168.77.10 30053 4301

step "flows from before there was a Service are not led past it"
# The reply would come from another node, straight to the client, if such a flow escaped masquerading.
assert_equal "the NodePort before" "refused 1" "$(asked 4400 192.168.77.10 30053)"
assert_equal "conntrack of the NodePort before" "192.168.77.10" "$(flows 192.168.77.10 30053 4400)"
dns rpod1
wait_until_equal 10 "the NodePort" "10.244.2.1:5353 1" destinations udp 192.168.77.10:30053
wait_until_equal 10 "conntrack of the NodePort" "" flows 192.168.77.10 30053 4400
assert_equal "the NodePort after" "rpod1 1" "$(asked 4400 192.168.77.10 30053)"
