#!/bin/bash
# time-limit: 240
# externalTrafficPolicy goes from Cluster to Local, back and forth while clients are at work: what is open stays open,
# with the endpoint and the source address that it has; no new connection fails; a UDP flow stays with its
# endpoint as long as that qualifies.
. "$(dirname "$0")/../lib.sh"

ports="http:TCP:80:8080 dns:UDP:53:5353 sig:SCTP:99:9999"
slice_ports="http:TCP:8080 dns:UDP:5353 sig:SCTP:9999"
declare -A vips=([4]=203.0.113.10 [6]=2001:db8::10)
declare -A node_ips=([4]=192.168.77.10 [6]="[fd77::10]") client_ips=([4]=192.168.77.1 [6]="[fd77::1]")

# policy NAME: the Services of both families
policy()
{
	local extra="externalTrafficPolicy: $1"

	{
		service_manifest web type=LoadBalancer cluster_ip=10.96.0.10 ports="$ports" extra="$extra"
		load_balancer_status "${vips[4]}"
		slice_manifest web endpoints="pod1 rpod1" ports="$slice_ports"
		service_manifest web6 type=LoadBalancer cluster_ip=fd00:96::10 ports="$ports" extra="$extra"
		load_balancer_status "${vips[6]}"
		slice_manifest web6 family=IPv6 endpoints="pod1 rpod1" ports="$slice_ports"
	} | manifest web.yaml
	wait_until 10 is_programmed "$1"
}

# is_programmed POLICY: that is how the virtual servers are, the last rules included
is_programmed()
{
	local members=0

	[ "$1" = Cluster ] || members=3
	[ "$(on node ipset list KUBE-LOAD-BALANCER-LOCAL | grep -c "^${vips[4]},")" = $members ] &&
		[ "$(on node ipset list KUBE-6-LOAD-BALANCER-LOCAL | grep -c "^${vips[6]},")" = $members ] &&
		[ "$(serving udp "[${vips[6]}]:53" | grep -c 2::1)" = $((members == 0)) ] &&
		[ "$(serving udp "${vips[4]}:53" | grep -c 10.244.2.1)" = $((members == 0)) ]
}

# hold_both NAME NAMESPACE PROTOCOL PORT FAMILY: two connections, which round-robin leads to different endpoints
hold_both()
{
	local number

	for number in 1 2; do
		hold_open "$1$5$number" "$2" "$3" "${vips[$5]}" "$4"
		greetings[$1$5$number]=$hold_line
	done
}

# alive: all that is open, each still with the endpoint that greeted it
alive()
{
	local name

	for name in "${!greetings[@]}"; do
		hold_is_alive "$name"
		assert_equal "the endpoint of $name" "${greetings[$name]%% *}" "${hold_line%% *}"
	done
}

# flow_start FAMILY PORT: a datagram every 100 ms, from that port
flow_start()
{
	on_in_background client "$KERNEL_TEST_HELPERS/ask" --count 1000000 --interval 100 --timeout 1000 \
		--source-port "$2" udp "${vips[$1]}" 53 >"$directory/flow-$1-$2" </dev/null
	flow_pids+=($!)
	wait_until 5 grep -q pod "$directory/flow-$1-$2"
}

# load_start FAMILY: one new connection after another
load_start()
{
	on_in_background client "$KERNEL_TEST_HELPERS/ask" --count 1000000 --interval 50 \
		tcp "${vips[$1]}" 80 >"$directory/load-$1" </dev/null
	flow_pids+=($!)
}

# answered FILE GREP-ARGUMENT...: the next answers are such
answered()
{
	local file=$1

	shift
	[ "$(tail -n 3 "$file" | grep -c "$@")" = 3 ]
}

topology_create
declare -A greetings=()
flow_pids=()
for pod in pod1 rpod1; do
	answer_start "$pod" tcp/8080 udp/5353 sctp/9999
done
agent_start
policy Cluster
for family in 4 6; do
	wait_until 10 address_is_bound "${vips[$family]}"
done

wait_until 20 agent_is_settled

step "policy Cluster: connections and flows to both endpoints, masqueraded"
for family in 4 6; do
	hold_both tcp client tcp 80 "$family"
	hold_both sctp client sctp 99 "$family"
	hold_both pod pod3 tcp 80 "$family"
	for port in 5001 5002 5003 5004; do
		flow_start $family $port
	done
	load_start $family
	for name in tcp sctp pod; do
		assert_equal "who answers $name over IPv$family" "pod1 rpod1" \
			"$(printf '%s\n' "${greetings[$name${family}1]%% *}" "${greetings[$name${family}2]%% *}" | sort | paste -sd' ')"
	done
	assert_contains "whom the endpoint sees" "peer=${node_ips[$family]}:" "${greetings[tcp${family}1]}"
done

for policy in Local Cluster Local; do
	step "policy $policy"
	policy "$policy"
	for family in 4 6; do
		if [ $policy = Local ]; then
			wait_until 10 answered "$directory/load-$family" -F "pod1 peer=${client_ips[$family]}:"
			for flow in "$directory/flow-$family"-*; do
				wait_until 10 answered "$flow" "^pod1 "
			done
		else
			wait_until 10 answered "$directory/load-$family" -F "pod1 peer=${node_ips[$family]}:"
		fi
	done
	alive
	if [ $policy = Local ] && [ -z "${greetings[local41]:-}" ]; then
		hold_both local client tcp 80 4
		hold_both local client tcp 80 6
	fi
done
for pid in "${flow_pids[@]}"; do
	kill "$pid"
	wait "$pid" || true
done

step "a flow to the local endpoint never left it, nor lost a datagram"
for family in 4 6; do
	kept=0
	for flow in "$directory/flow-$family"-*; do
		answers=$(sort -u "$flow")
		if [[ $(head -n 1 "$flow") == pod1* ]]; then
			assert_equal "the answers of ${flow##*/}" "$(head -n 1 "$flow")" "$answers"
			kept=$((kept + 1))
		else
			lost=$(grep -vc pod "$flow" || true)
			[ "$lost" -le 2 ] || fail "${flow##*/} lost $lost datagrams on its way to another endpoint and back"
		fi
	done
	assert_equal "flows that stayed, of 4" 2 "$kept"
done

step "no new connection failed"
for family in 4 6; do
	assert_equal "failures" "" "$(grep -v pod "$directory/load-$family" | sort | uniq -c)"
done
for name in "${!greetings[@]}"; do
	hold_close "$name"
done
