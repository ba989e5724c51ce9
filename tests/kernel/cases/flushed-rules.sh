#!/bin/bash
# time-limit: 200
# Rules that another program takes away, all of them as a reload of a firewall does it, or those of a chain, are back
# soon; until then source ranges are open and masquerading is missing, as packets show. Who does it again and again is
# named, and not fought. Verification has no part in it: it is an hour away.
. "$(dirname "$0")/../lib.sh"

declare -A vips=([4]=10.96.0.10 [6]=fd00:96::10) closed=([4]=203.0.113.20 [6]=2001:db8::20)
declare -A clients=([4]=192.168.77.1 [6]="[fd77::1]")
variant=$(iptables_variant)
asking=()

# services FAMILY RANGE: one for everybody, and one whose load balancer IP is for this range only
services()
{
	service_manifest "web$1" cluster_ip="${vips[$1]}"
	slice_manifest "web$1" family="IPv$1" endpoints=pod2
	service_manifest "closed$1" type=LoadBalancer cluster_ip="${vips[$1]%10}20" extra="loadBalancerSourceRanges: [\"$2\"]"
	load_balancer_status "${closed[$1]}"
	slice_manifest "closed$1" family="IPv$1" endpoints=pod2
}

# asks_on NAME ADDRESS: asks again and again; with the time of each answer, in microseconds since 1970
asks_on()
{
	on client "$KERNEL_TEST_HELPERS/ask" --count 1000000 --interval 50 --timeout 100 --reset tcp "$2" 80 </dev/null |
		while IFS= read -r line; do
			echo "${EPOCHREALTIME/[.,]/} $line"
		done >"$directory/asked-$1" &
	asking+=($!)
}

# wrong NAME: when it was answered as no rules would have it, in microseconds since 1970
wrong()
{
	case $1 in
	closed*) grep ' pod2 ' "$directory/asked-$1" ;;
	*) grep -F " peer=${clients[${1#web}]}:" "$directory/asked-$1" ;;
	esac | cut -d ' ' -f 1
}

# is_wrong_since TIME NAME: at least once since
is_wrong_since()
{
	local last

	last=$(wrong "$2" | tail -n 1)
	[ "${last:-0}" -gt "$1" ]
}

# is_right_again NAME: the last five answers are as the rules have it
is_right_again()
{
	local fifth last

	fifth=$(tail -n 5 "$directory/asked-$1" | head -n 1 | cut -d ' ' -f 1)
	last=$(wrong "$1" | tail -n 1)
	[ "${last:-0}" -lt "$fifth" ]
}

all="web4 web6 closed4 closed6"

# wait_until_right
wait_until_right()
{
	local name

	sleep 0.5 # the last answers are not those of before
	for name in $all; do
		wait_until 20 is_right_again "$name"
	done
}

flush_all()
{
	local iptables

	if [ "$variant" = nft ]; then
		on node nft flush ruleset
		return
	fi
	for iptables in iptables ip6tables; do
		printf '*%s\nCOMMIT\n' mangle nat filter | on node $iptables-restore
	done
}

flush_chains()
{
	local iptables

	for iptables in iptables ip6tables; do
		on node $iptables-restore --noflush <<-END
			*nat
			:KUBE-POSTROUTING - [0:0]
			COMMIT
			*filter
			:KUBE-SOURCE-RANGES-FIREWALL - [0:0]
			COMMIT
		END
	done
}

# measure WHAT COMMAND: prints how long after the command the rules were restored, and the last wrong answer came
measure()
{
	local begin end last longest=0 name restored

	begin_anew
	begin=${EPOCHREALTIME/[.,]/}
	$2
	end=${EPOCHREALTIME/[.,]/}
	wait_until_right
	for name in $all; do
		last=$(wrong "$name" | tail -n 1)
		[ "${last:-0}" -gt "$begin" ] || last=$end
		[ $((last - end)) -le "$longest" ] || longest=$((last - end))
	done
	wait_until 20 grep -q "changed the IPv4 rules" "$agent_log"
	wait_until 20 grep -q "changed the IPv6 rules" "$agent_log"
	restored=$(date -d "$(grep "changed the IPv[46] rules" "$agent_log" | tail -n 1 | cut -d ' ' -f 1)" +%s%6N)
	echo "| $1, iptables-$variant: restored after $(((restored - end) / 1000)) ms," \
		"last wrong answer after $((longest / 1000)) ms"
}

# repaired: how often rules were
repaired()
{
	http_get node 127.0.0.1 10249 /metrics | sed -n 's/^ipvsagent_drift_repaired_total{kind="rules"} //p'
}

# begin_anew: an agent that remembers no repair
begin_anew()
{
	agent_stop
	: >"$agent_log"
	agent_start --ipvs-sync-period 1h
	wait_until 20 agent_is_settled
}

topology_create
answer_start pod2 tcp/8080
{
	services 4 192.168.77.20/32
	services 6 fd77::20/128
} | manifest services.yaml
agent_start --ipvs-sync-period 1h
for family in 4 6; do
	wait_until_equal 20 "who answers" "pod2 1" answers client 1 tcp "${vips[$family]}" 80
done
wait_until 20 agent_is_settled
for family in 4 6; do
	asks_on "web$family" "${vips[$family]}"
	asks_on "closed$family" "${closed[$family]}"
done
for name in $all; do
	wait_until 20 eval "[ \$(wc -l <'$directory/asked-$name') -ge 5 ]"
	assert_equal "wrong answers of $name, with all rules" "" "$(wrong "$name")"
done

step "all rules go while the agent sleeps: everything is open, until it wakes up"
kill -STOP "$agent_pid"
flush_all
flushed=${EPOCHREALTIME/[.,]/}
for name in $all; do
	wait_until 20 is_wrong_since "$flushed" "$name"
done
kill -CONT "$agent_pid"
wait_until_right

step "all rules go while it is awake"
measure "all rules flushed" flush_all

step "chains are emptied"
measure "chains emptied" flush_chains

step "a program that empties a chain each second is named, and not fought"
begin_anew
while :; do
	on node iptables -t nat -F KUBE-POSTROUTING
	sleep 1
done &
writer=$!
# Who changes them is not heard while the agent writes them itself, but while it waits for its next turn.
[ "$variant" = nft ] && who="iptables (process [0-9]*)" || who="another program"
wait_until 40 grep -q "IPv4 rules: $who keeps changing them (.*KUBE-POSTROUTING.*); repaired 3 times" "$agent_log"
assert_contains "the status" "keeps changing them" "$(agent status)"
sleep 15
[ "$(repaired)" -le 5 ] || fail "the rules were repaired $(repaired) times"
for name in web6 closed6; do
	is_right_again $name || fail "IPv6 suffers: $(tail -n 5 "$directory/asked-$name")"
done
kill $writer
wait $writer 2>/dev/null || true
wait_until 60 is_right_again web4
wait_until 60 eval "! agent status | grep -q 'keeps changing them'"
echo "| a program that emptied a chain each second: $(repaired) repairs in all"
kill "${asking[@]}" 2>/dev/null || true
