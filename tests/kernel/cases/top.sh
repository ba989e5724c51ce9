#!/bin/bash
# time-limit: 90
# ipvsagent top: its rates are the growth of what ipvsadm shows, for each Service.
. "$(dirname "$0")/../lib.sh"

# total FIELD: of all lines so far, rates times seconds, for each Service that had some: "NAME NUMBER"
total()
{
	jq -rs "map(.seconds as \$seconds | .services[] | {service, had: (.$1 * \$seconds)}) | group_by(.service)[] |
		\"\\(.[0].service) \\(map(.had) | add | round)\"" "$directory/top" | grep -v ' 0$' | sort | paste -sd, | sed 's/,/, /g'
}

# counted COLUMN: the same of ipvsadm; the virtual servers of web count together
counted()
{
	on node ipvsadm -L -n --stats --exact | awk -v column="$1" '
		BEGIN {
			names["10.96.0.10:80"] = names["192.168.77.10:30080"] = "default/web"
			names["10.96.0.53:53"] = "default/dns"
			names["10.9.9.9:99"] = "10.9.9.9:99/TCP"
		}
		$2 in names { sums[names[$2]] += $column }
		END { for (name in sums) if (sums[name]) print name, sums[name] }' | sort | paste -sd, | sed 's/,/, /g'
}

topology_create
answer_start pod1 tcp/8080 udp/5353
answer_start pod2 tcp/8080
{
	service_manifest web type=NodePort cluster_ip=10.96.0.10 ports=http:TCP:80:8080:30080
	slice_manifest web endpoints="pod1 pod2"
	service_manifest dns cluster_ip=10.96.0.53 ports=dns:UDP:53:5353
	slice_manifest dns endpoints=pod1 ports=dns:UDP:5353
	service_manifest idle cluster_ip=10.96.0.11
	slice_manifest idle endpoints=pod1
} | manifest services.yaml
agent_start
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1, 10.244.1.2:8080 1"
wait_for_service udp 10.96.0.53 53 "10.244.1.1:5353 1"
wait_for_service tcp 10.96.0.11 80 "10.244.1.1:8080 1"
ip -n node address add 10.9.9.9/32 dev lo
on node ipvsadm -A -t 10.9.9.9:99 -s rr
on node ipvsadm -a -t 10.9.9.9:99 -r 10.244.1.1:8080 -m

step "rates and seconds make what ipvsadm counts: a Service's virtual servers together, and one of nobody"
on_in_background node "$IPVSAGENT" top -o json --interval 500ms >"$directory/top" </dev/null
top=$!
wait_until 10 test -s "$directory/top"
assert_equal "nothing yet" "" "$(total connectionsPerSecond)"
assert_equal "all of them" "10.9.9.9:99/TCP default/dns default/idle default/web" \
	"$(head -n 1 "$directory/top" | jq -r '.services[].service' | sort | paste -sd' ')"
answers client 9 tcp 10.96.0.10 80 >/dev/null
answers client 4 tcp 192.168.77.10 30080 >/dev/null
answers client 5 udp 10.96.0.53 53 >/dev/null
answers node 2 tcp 10.9.9.9 99 >/dev/null
column=2
for field in connections packetsIn packetsOut bytesIn bytesOut; do
	column=$((column + 1))
	wait_until 20 eval "[ \"\$(total ${field}PerSecond)\" = \"\$(counted $column)\" ]"
	assert_lacks "$field" "idle" "$(total ${field}PerSecond)"
done
assert_contains "connections of web" "default/web 13" "$(total connectionsPerSecond)"
kill "$top"

step "a table, sorted"
on_in_background node "$IPVSAGENT" top --sort name --interval 500ms >"$directory/table" </dev/null
top=$!
wait_until 10 grep -q "^0 of 4 had traffic in" "$directory/table"
wait_until 20 eval "answers client 1 tcp 10.96.0.10 80 >/dev/null; answers client 1 udp 10.96.0.53 53 >/dev/null
	grep -A 1 '^default/dns ' '$directory/table' | grep -q '^default/web '"
kill "$top"
assert_contains "its titles" "CONN/S  PKT-IN/S  PKT-OUT/S  BYTE-IN/S  BYTE-OUT/S" "$(cat "$directory/table")"
assert_lacks "what is idle" "default/idle" "$(cat "$directory/table")"
assert_equal "once" 1 "$(agent top --once --interval 100ms | wc -l)"

step "on a terminal it draws, and q ends it"
terminal="nsenter --net=/run/netns/node $IPVSAGENT top --sort name --interval 300ms"
(
	wait_until 20 grep -q default/web "$directory/screen" || true
	printf 'q'
) | TERM=xterm timeout $((60 * slowness)) script -qefc "$terminal" "$directory/screen" >/dev/null
assert_contains "the screen" "Sort by: c connections" "$(cat "$directory/screen")"
assert_contains "its order" "NAMESPACE/NAME *" "$(cat "$directory/screen")"

step "without an agent, addresses"
agent_stop
output=$(agent top --once --interval 100ms -o json)
assert_contains "the note" "the agent is not running" "$output"
assert_contains "the address" "10.96.0.10:80/TCP" "$output"

step "errors"
assert_status "an unknown order" 2 agent top --sort size
