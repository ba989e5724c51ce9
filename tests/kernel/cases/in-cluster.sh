#!/bin/bash
# time-limit: 200
# externalTrafficPolicy Local: pods and the node reach all endpoints under the addresses under which others
# reach those of this node only; across changes of the policy, restarts, and settings.
. "$(dirname "$0")/../lib.sh"

# web POLICY ENDPOINT...
web()
{
	local policy=$1

	shift
	service_manifest web type=LoadBalancer cluster_ip=10.96.0.10 ports=http:TCP:80:8080:30080 \
		extra="externalTrafficPolicy: $policy"
	load_balancer_status 203.0.113.10
	slice_manifest web endpoints="$*"
	service_manifest sticky type=LoadBalancer cluster_ip=10.96.0.11 ports=http:TCP:80:8080:30081 \
		affinity=600 extra="externalTrafficPolicy: $policy"
	load_balancer_status 203.0.113.11
	slice_manifest sticky endpoints="$*"
	service_manifest dns type=LoadBalancer cluster_ip=10.96.0.53 ports=dns:UDP:53:5353:30053 \
		extra="externalTrafficPolicy: $policy"
	load_balancer_status 203.0.113.53
	slice_manifest dns endpoints="$*" ports=dns:UDP:5353
	service_manifest web6 type=LoadBalancer cluster_ip=fd00:96::10 ports=http:TCP:80:8080:30082 \
		extra="externalTrafficPolicy: $policy"
	load_balancer_status 2001:db8::10
	slice_manifest web6 family=IPv6 endpoints="$*"
}

# mark_of ADDRESS,PROTOCOL:PORT: what the set gives packets to there, in decimal
mark_of()
{
	local set=KUBE-IN-CLUSTER mark

	case $1 in
	*:*:*) set=KUBE-6-IN-CLUSTER ;;
	esac
	mark=$(on node ipset save "$set" | sed -n "s/^add $set $1 skbmark \(0x[0-9a-f]*\).*/\1/p")
	[ -z "$mark" ] || echo $((mark))
}

# mark_count: how many virtual servers go by mark
mark_count()
{
	on node ipvsadm -Ln | grep -c '^FWM' || true
}

# sources NAMESPACE PROTOCOL ADDRESS PORT COUNT: who answers, and which client each of them saw
sources()
{
	ask "$1" --count "$5" --timeout 1000 --reset "$2" "$3" "$4" | sed 's/:[0-9]*$//' | sort -u | paste -sd, |
		sed 's/,/, /g'
}

# assert_told_apart: what each client reaches while the policy is Local and there are pod1 and rpod1
assert_told_apart()
{
	local target

	for target in "tcp 203.0.113.10 80" "tcp 192.168.77.10 30080" "udp 203.0.113.53 53" "udp 192.168.77.10 30053"; do
		# shellcheck disable=SC2086
		wait_until_equal 10 "a client outside, $target" "pod1 peer=192.168.77.1" sources client $target 4
		# shellcheck disable=SC2086
		assert_equal "a pod, $target" "pod1 peer=10.244.1.3, rpod1 peer=10.244.1.3" "$(sources pod3 $target 4)"
		# shellcheck disable=SC2086
		assert_equal "the node, $target" "pod1 peer=192.168.77.10, rpod1 peer=192.168.77.10" \
			"$(sources node $target 4)"
	done
	assert_equal "a client outside, IPv6" "pod1 peer=[fd77::1]" "$(sources client tcp 2001:db8::10 80 4)"
	assert_equal "a pod, IPv6" "pod1 peer=[fd00:10:244:1::3], rpod1 peer=[fd00:10:244:1::3]" \
		"$(sources pod3 tcp 2001:db8::10 80 4)"
}

topology_create
for namespace in pod1 pod2 rpod1; do
	answer_start "$namespace" tcp/8080 udp/5353
done
web Local pod1 rpod1 | manifest web.yaml
# Two of somebody else's: one far from our marks, one among them.
modprobe -a ip_vs ip_vs_rr
on node ipvsadm -A -f 17 -s rr
on node ipvsadm -A -f $((0x60010000)) -s rr
iptables_writes_start
# What drains waits until IPVS has forgotten flows that are over.
agent_start --ipvs-sync-period 1s --ipvs-udp-timeout 5s
wait_for_service tcp 203.0.113.10 80 "10.244.1.1:8080 1"

step "each sees what it should"
assert_told_apart
assert_equal "one mark each, and two of others" 10 "$(mark_count)"
assert_equal "affinity" 1 "$(sources pod3 tcp 203.0.113.11 80 6 | wc -w | awk '{print $1 / 2}')"
assert_contains "the status" "203.0.113.10:80 in-cluster" "$(agent status default/web)"

step "a clash of marks is explained"
assert_contains "the status" "a virtual server has a firewall mark in the range" "$(agent status)"
on node iptables -N cali-test
on node iptables -A cali-test -j MARK --set-xmark 0x10000/0x10000
wait_until 20 eval "agent status | grep -q 'chain cali-test of table filter: -j MARK --set-xmark 0x10000/0x10000'"
assert_contains "the metric" "ipvsagent_mark_clash 1" "$(http_get node 127.0.0.1 10249 /metrics)"
assert_contains "the other one" "ipvsagent_in_cluster_supported 1" "$(http_get node 127.0.0.1 10249 /metrics)"
on node iptables -F cali-test
on node iptables -X cali-test
wait_until 20 eval "! agent status | grep -q cali-test"

step "killed and started again: nothing is written, the marks stay"
wait_until 20 agent_is_settled
agent_kill
dump_state "$directory/before"
netlink_writes_start
iptables_writes >/dev/null
agent_start --ipvs-sync-period 1s
wait_until 20 agent_is_settled
sleep 3
assert_equal "the netlink writes" "" "$(netlink_writes_stop)"
assert_equal "the writes of iptables" "" "$(iptables_writes)"
dump_state "$directory/after"
assert_same_state "the state" "$directory/before" "$directory/after"

step "the policy changes to and fro: no request fails, and connections in the cluster go on"
for attempt in 1 2 3; do
	hold_open "pod$attempt" pod3 tcp 203.0.113.10 80
	hold_open "node$attempt" node tcp 192.168.77.10 30080
	hold_open "six$attempt" pod3 tcp 2001:db8::10 80
done
asking=()
for client in client pod3 node; do
	ask "$client" --count 400 --interval 10 --reset --summary tcp 203.0.113.10 80 \
		>"$directory/during-$client" 2>&1 &
	asking+=($!)
done
for policy in Cluster Local Cluster Local Cluster Local; do
	sleep 0.7
	web "$policy" pod1 rpod1 | manifest web.yaml
	agent status >/dev/null
done
for job in "${asking[@]}"; do
	wait "$job" || fail "requests failed: $(tail -n +1 "$directory"/during-*)"
done
for attempt in 1 2 3; do
	for name in pod node six; do
		hold_is_alive "$name$attempt"
	done
done
wait_until_equal 10 "a client outside" "pod1 peer=192.168.77.1" sources client tcp 203.0.113.10 80 4
assert_told_apart

step "policy Cluster: what was for the cluster goes when its connections have ended"
web Cluster pod1 rpod1 | manifest web.yaml
wait_until_equal 10 "a client outside" "pod1 peer=192.168.77.10, rpod1 peer=192.168.77.10" \
	sources client tcp 203.0.113.10 80 4
wait_until_equal 10 "the mark" "" mark_of 203.0.113.10,tcp:80
[ "$(mark_count)" -gt 2 ] || fail "no virtual server drains"
for attempt in 1 2 3; do
	for name in pod node six; do
		hold_is_alive "$name$attempt"
	done
done

step "also with another agent, and with the policy Local in between"
agent_kill
agent_start --ipvs-sync-period 1s
hold_is_alive pod1
web Local pod1 rpod1 | manifest web.yaml
wait_until_equal 10 "a client outside" "pod1 peer=192.168.77.1" sources client tcp 203.0.113.10 80 4
hold_is_alive pod2
web Cluster pod1 rpod1 | manifest web.yaml
wait_until_equal 10 "a client outside" "pod1 peer=192.168.77.10, rpod1 peer=192.168.77.10" \
	sources client tcp 203.0.113.10 80 4
for attempt in 1 2 3; do
	for name in pod node six; do
		hold_is_alive "$name$attempt"
		hold_close "$name$attempt"
	done
done
wait_until_equal 60 "virtual servers by mark" 2 mark_count
wait_until_equal 10 "names of marks" "" eval "on node ipset save KUBE-IN-CLUSTER-MARKS | grep ^add || true"

step "none is on this node: others get no answer, and are not refused; the cluster reaches all"
web Local rpod1 | manifest web.yaml
wait_until_equal 10 "a pod" "rpod1 peer=10.244.1.3" sources pod3 tcp 203.0.113.10 80 2
wait_until_equal 10 "a client outside" "timeout 2" answers client 2 --timeout 500 tcp 203.0.113.10 80
wait_until_equal 10 "over the NodePort" "timeout 2" answers client 2 --timeout 500 tcp 192.168.77.10 30080
wait_until_equal 10 "over UDP" "timeout 2" answers client 2 --timeout 500 udp 203.0.113.53 53
wait_until_equal 10 "over IPv6" "timeout 2" answers client 2 --timeout 500 tcp 2001:db8::10 80
assert_equal "the node" "rpod1 peer=192.168.77.10" "$(sources node tcp 203.0.113.10 80 2)"

step "there are none at all: everybody is refused"
web Local | manifest web.yaml
wait_until_equal 10 "a pod" "refused 2" answers pod3 2 tcp 203.0.113.10 80
wait_until_equal 10 "a client outside" "refused 2" answers client 2 tcp 203.0.113.10 80
wait_until_equal 10 "the node" "refused 2" answers node 2 tcp 203.0.113.10 80

step "what somebody does to the sets is repaired"
web Local pod1 rpod1 | manifest web.yaml
wait_until_equal 10 "a client outside" "pod1 peer=192.168.77.1" sources client tcp 203.0.113.10 80 4
mark=$(mark_of 203.0.113.10,tcp:80)
on node ipset del KUBE-IN-CLUSTER 203.0.113.10,tcp:80
on node ipset add -exist KUBE-IN-CLUSTER 192.168.77.10,tcp:30080 skbmark 0x20770000
on node ipset flush KUBE-IN-CLUSTER-MARKS
on node ipset add KUBE-IN-CLUSTER-MARKS 192.0.2.1,tcp:1 skbmark 0x60780000
wait_until_equal 20 "the mark" "$mark" mark_of 203.0.113.10,tcp:80
wait_until_equal 20 "names of marks" 6 eval "on node ipset save KUBE-IN-CLUSTER-MARKS | grep -c '^add '"
assert_told_apart

step "other marks, by two settings"
agent_stop
printf '%s\n' 'inClusterMarkBase: "0x3000000"' 'inClusterMarkMask: "0xf0"' >"$directory/own.yaml"
agent_start --ipvsagent-config "$directory/own.yaml"
wait_until_equal 20 "virtual servers by mark" 10 mark_count
wait_until_equal 10 "the mark is among them" 1 \
	eval 'mark=$(mark_of 203.0.113.10,tcp:80); echo $(((${mark:-0} & ~0xf0) == 0x1000000))'
assert_told_apart
echo 'affinityScheduler: inherit' >>"$directory/own.yaml"
wait_until_equal 20 "the scheduler of what is sticky" "rr persistent 600" \
	eval "virtual_server tcp 203.0.113.11:80 | head -n 1"
assert_told_apart
agent_stop
assert_status "marks that overlap with the masquerading bit" 2 \
	agent run --manifests "$manifests" --in-cluster-mark-base 0xc000 --in-cluster-mark-mask 0xf0
assert_contains "it says so" "masquerade" "$output"

step "kube-proxy takes over: where its rules are, marks lead nowhere, and everybody is treated alike"
for table in "nat KUBE-SERVICES" "filter KUBE-IPVS-FILTER"; do
	read -r table chain <<<"$table"
	on node iptables-save -t "$table" | sed -n "s/^-A \($chain .*--set-xmark .*\)/-t $table -D \1/p" >"$directory/seals"
	assert_equal "rules of $chain that complete marks" 1 "$(wc -l <"$directory/seals")"
	eval "on node iptables $(cat "$directory/seals")"
done
assert_equal "a pod" "pod1 peer=10.244.1.3" "$(sources pod3 tcp 203.0.113.10 80 4)"
assert_equal "the node" "pod1 peer=192.168.77.10" "$(sources node tcp 203.0.113.10 80 4)"

step "without marks, as kube-proxy does"
agent_start --in-cluster-mark-mask 0
wait_until_equal 20 "virtual servers by mark" 2 mark_count
wait_until_equal 10 "a pod" "pod1 peer=10.244.1.3" sources pod3 tcp 203.0.113.10 80 4
assert_contains "the status" "(kube-proxy behaviour): --in-cluster-mark-mask is 0" "$(agent status)"
agent_stop

step "an iptables that cannot set marks by sets: the same, and it is said once"
cat >"$directory/noting/iptables-restore" <<-END
	#!/bin/sh
	input=\$(cat)
	case \$input in
	*--map-mark*) echo "unknown option --map-mark" >&2; exit 2 ;;
	esac
	printf '%s\n' "\$input" | $(command -v xtables-legacy-multi) iptables-restore "\$@"
END
on node iptables -t mangle -F KUBE-IPVS-MARK
agent_start
wait_until 40 eval "agent status | grep -q 'kube-proxy behaviour): IPv4 rules: .*unknown option --map-mark'"
wait_until_equal 20 "a pod" "pod1 peer=10.244.1.3" sources pod3 tcp 203.0.113.10 80 4
wait_until_equal 20 "virtual servers by mark" 2 mark_count
assert_equal "how often the log says it" 1 "$(grep -c 'kube-proxy behaviour): .*unknown option' "$agent_log")"
agent_stop
rm "$directory/noting/iptables-restore"

step "all comes back, and cleanup removes all but what is somebody else's"
agent_start
wait_until_equal 20 "virtual servers by mark" 10 mark_count
assert_told_apart
agent_stop
agent cleanup
assert_equal "virtual servers" "FWM 1610678272 rr, FWM 17 rr" \
	"$(on node ipvsadm -Ln | sed 1,3d | sed 's/ *$//; s/  */ /g' | LC_ALL=C sort | paste -sd, | sed 's/,/, /g')"
assert_equal "sets" "" "$(on node ipset list -n)"
