#!/bin/bash
# time-limit: 240
# Every client sees of every address of a Service what the Service API promises, whatever the host's
# firewall: tests/matrix/README.md. Prints a scorecard and names each cell that fails.
. "$(dirname "$0")/../lib.sh"

matrix=$(dirname "$0")/../../matrix

# Which Services there are, in order
services()
{
	grep -o '"kind": "Service", "metadata": {"name": "[^"]*"' "$matrix/objects.json" | sed 's/.*"\(.*\)"/\1/'
}

# The objects, one per document, and load balancer IPs as status
objects()
{
	sed 's/^{"apiVersion": "v1", "kind": "List", "items": \[//; s/\]}$//; s/, {"apiVersion"/\n{"apiVersion"/g' \
		"$matrix/objects.json" | awk '
		/"kind": "Service"/ {
			status = sprintf("{\"loadBalancer\": {\"ingress\": [{\"ip\": \"203.0.113.%d\"}]}}", 100 + ++i)
			sub(/"kind": "Service"/, "\"kind\": \"Service\", \"status\": " status)
		}
		{ print "---"; print }'
}

# questions ROUND CLIENT: what the client is to ask, for ask_all
questions()
{
	awk -v round="$1" -v client="$2" '
		NR == FNR { number[$1] = FNR; next }
		$1 != round || $4 != client { next }
		{
			i = number[$2]
			address = "10.96.1." i; port = 80; kind = "tcp"
			if ($3 == "nodeport") { address = "192.168.77.10"; port = 30100 + i }
			if ($3 == "external") address = "203.0.113." i
			if ($3 == "lb") address = "203.0.113." (100 + i)
			if ($3 == "localhost") { address = "127.0.0.1"; port = 30100 + i }
			if ($3 == "vip-other") port = 9999
			if ($3 == "hc") { address = "192.168.77.10"; port = 31100 + i; kind = "http" }
			print $1 "," $2 "," $3 "," $4, kind, address, port
		}' "$directory/services" "$matrix/truth.txt"
}

# ask_round ROUND FIRST-SOURCE-PORT: all questions of a round, client after client, because the turns of
# round-robin are shared
ask_round()
{
	local client namespace

	for client in node pod3 pod1 ext; do
		namespace=$client
		[ "$client" != ext ] || namespace=client
		questions "$1" "$client" | on "$namespace" "$KERNEL_TEST_HELPERS/ask_all" "$2" >"$directory/asked"
		tr , ' ' <"$directory/asked" >>"$directory/answers"
	done
}

# score ANSWERS: "PASSED of CELLS", by round
score()
{
	awk -f "$matrix/score.awk" "$matrix/truth.txt" "$1" | awk '
		$1 == "passed" { score[$2] = $3 " of " $4; passed += $3; cells += $4 }
		END {
			printf "%12s %12s %12s %12s\n", score["default"], score["forward-drop"], score["input-drop"],
				passed " of " cells
		}'
}

topology_create
services >"$directory/services"
objects | manifest matrix.yaml
answer_start pod1 tcp/8080
on rpod1 "$KERNEL_TEST_HELPERS/answer" --detach remote tcp :: 8080
answer_start node tcp/9999
agent_start
wait_for_service tcp 10.96.1.15 80 "10.244.1.1:8080 1, 10.244.2.1:8080 1"

step "the host's firewall is open"
ask_round default 20000

step "it drops what is forwarded"
on node iptables -P FORWARD DROP
ask_round forward-drop 22000
on node iptables -P FORWARD ACCEPT

step "it drops what comes in"
on node iptables -A INPUT -i lo -j ACCEPT
on node iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
on node iptables -P INPUT DROP
ask_round input-drop 24000

step "the scorecard"
printf '%-24s %12s %12s %12s %12s\n' '' default forward-drop input-drop all
printf '%-24s %s\n' "kube-proxy, iptables" "$(score "$matrix/truth.txt")"
printf '%-24s %s\n' "kube-proxy, IPVS" "$(score "$matrix/kube-proxy-ipvs.txt")"
printf '%-24s %s\n' "ipvsagent" "$(score "$directory/answers")"
awk -f "$matrix/score.awk" "$matrix/truth.txt" "$directory/answers" | sed -n 's/^failed //p' | sort >"$directory/failed"
assert_equal "cells asked" "$(wc -l <"$matrix/truth.txt")" "$(wc -l <"$directory/answers")"
cat "$directory/failed"
difference=$(diff -U0 "$matrix/known-failures" <(cut -d: -f1 "$directory/failed")) ||
	fail "the cells that fail are not those of known-failures:"$'\n'"$difference"
