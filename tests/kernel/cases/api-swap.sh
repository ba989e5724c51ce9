#!/bin/bash
# time-limit: 300
# Taking over from kube-proxy, and giving back: on a node that is as kube-proxy was recorded to leave it
# (tests/conformance), the agent starts with the same configuration and objects while connections are open and
# requests go on. None fails, and nothing is written that traffic could notice. Then the other way: what the
# agent leaves is what kube-proxy's start finds usable. kube-proxy itself is not here; its part is played by its
# recorded state, brought in with its commands in its order.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-api.sh"
. "$(dirname "$0")/../lib-recorded.sh"

# traffic_start: an open connection and a loop of requests for each of $targets, "NAMESPACE ADDRESS PORT"
traffic_start()
{
	local target namespace address port

	asking=()
	for target in "${targets[@]}"; do
		read -r namespace address port <<<"$target"
		hold_open "$namespace-$address-$port" "$namespace" tcp "$address" "$port"
		on_in_background "$namespace" "$KERNEL_TEST_HELPERS/ask" --count 1000000 --interval 30 --reset \
			tcp "$address" "$port" >"$directory/asked-$namespace-$address-$port" </dev/null
		asking+=($!)
	done
}

# traffic_check WHAT: no request failed so far, more come, and the connections work
traffic_check()
{
	local target name count

	for target in "${targets[@]}"; do
		name=${target// /-}
		count=$(wc -l <"$directory/asked-$name")
		wait_until 20 has_lines "$directory/asked-$name" $((count + 3))
		assert_equal "$1: failures of $target" "" "$(grep -v '^r\?pod[0-9] ' "$directory/asked-$name" || true)"
		hold_is_alive "$name"
	done
}

has_lines()
{
	[ "$(wc -l <"$1")" -ge "$2" ]
}

traffic_stop()
{
	local target

	kill "${asking[@]}"
	wait "${asking[@]}" || true
	for target in "${targets[@]}"; do
		hold_close "${target// /-}"
	done
	echo "| $recorded: $(cat "$directory"/asked-* | wc -l) requests while the two took turns, none failed"
	rm "$directory"/asked-*
}

agent_takes_over()
{
	{
		cat "$conformance/cases/$recorded/config.yaml"
		echo "clientConnection: {kubeconfig: $kubeconfig}"
	} >"$directory/config.yaml"
	on_in_background node "$IPVSAGENT" run --config "$directory/config.yaml" 2>>"$agent_log" </dev/null
	agent_pid=$!
	wait_until 20 agent_is_up
	wait_until 20 eval "agent status -o json | tr -d ' \n' | grep -q '\"inPlace\":true'"
	wait_until 20 eval "agent status | grep -q 'programmed$'"
	wait_until 20 agent_is_settled
}

# assert_unnoticed EXPECTED: of the writes to virtual servers and addresses only these were made; members of sets
# only came
assert_unnoticed()
{
	local writes

	writes=$(netlink_writes_stop)
	# shellcheck disable=SC2001
	sed "s/^/| $recorded: netlink /" <<<"${writes:-nothing}"
	assert_equal "writes to virtual servers and addresses" "$1" \
		"$(grep -e ' ipvs ' -e ' route .*\(ADDR\|ROUTE\|DELLINK\)' <<<"$writes" || true)"
	assert_equal "writes to sets and flows" "" \
		"$(grep -e ' ipset ' -e ' conntrack ' <<<"$writes" | grep -v -e ' ipset ADD' -e ' ipset CREATE' || true)"
}

# swap NAME EXPECTED-WRITES TARGET...: with that recorded case
swap()
{
	local expected=$2

	recorded_choose "$1"
	shift 2
	targets=("$@")

	step "$recorded: a node of kube-proxy's"
	node_as_recorded
	manifest objects.json <"$conformance/cases/$recorded/step-1/objects.json"
	api_start
	traffic_start
	traffic_check "kube-proxy"

	step "$recorded: ipvsagent takes over"
	netlink_writes_start
	agent_takes_over
	traffic_check "ipvsagent"
	assert_unnoticed "$expected"
	assert_as_recorded "taken over"
	assert_lacks "the log" "warning" "$(cat "$agent_log")"

	step "$recorded: kube-proxy takes it back"
	agent_stop
	traffic_check "nobody"
	kube_proxy_takes_over
	traffic_check "kube-proxy again"

	step "$recorded: and ipvsagent once more"
	agent_takes_over
	traffic_check "ipvsagent again"
	assert_as_recorded "taken over once more"
	traffic_stop
	agent_stop
	agent cleanup 2>>"$agent_log"
	api_kill
	: >"$agent_log"
}

topology_create
ip -n node -batch - <<-END
	route add fd00:10:244:1::11 via $(pod_locate pod1; echo "$pod_ipv6")
	route add fd00:10:244:2::21 via fd77::20
END
ip -n node2 route add fd00:10:244:2::21 dev cali1
ip -n pod1 address add fd00:10:244:1::11/128 dev eth0 nodad
ip -n rpod1 address add fd00:10:244:2::21/128 dev eth0 nodad
for pod in pod1 rpod1; do
	answer_start "$pod" tcp/8080
done
api_create
rm "$manifests/node1.yaml" # the recorded objects include the Node

# A namespace for each target: IPVS tells answers of an endpoint apart by the client's address and port alone, so that
# one client which comes from the same port to two VIPs of one endpoint gets them mixed up, whoever programs IPVS.
swap lb-source-ranges-with-node "" "pod3 10.96.0.10 80" "client 203.0.113.10 80" "node2 192.168.77.10 30080"
# The two IPv6 addresses are kept from being sources of what the node sends, in place.
swap dualstack-lb "2 route NEWADDR" "pod3 fd00:96::10 80" "client 2001:db8::10 80" "node2 fd77::10 30080" "pod2 203.0.113.10 80"
# The scheduler becomes sh, in place: who has an endpoint keeps it.
swap affinity-clientip-60s-nodeport "2 ipvs SET_SERVICE" "client 10.96.0.10 80" "node2 192.168.77.10 30080"
