# shellcheck shell=bash
# The traffic matrix, see README.md; sourced by the cases of the kernel tests that ask it, after lib.sh.

matrix=$(dirname "${BASH_SOURCE[0]}")
rounds=${MATRIX_ROUNDS:-default forward-drop input-drop}

# asked_rounds: of stdin, the lines about these rounds
asked_rounds()
{
	grep -E "^(${rounds// /|}) "
}

# in_family FAMILY: stdin, which is about IPv4, in that family
in_family()
{
	if [ "$1" = ipv6 ]; then
		sed -f "$matrix/to-ipv6.sed"
	else
		cat
	fi
}

# services: which there are, in order
services()
{
	grep -o '"kind": "Service", "metadata": {"name": "[^"]*"' "$matrix/objects.json" | sed 's/.*"\(.*\)"/\1/'
}

# objects FAMILY PROTOCOL...: the objects, one per document, and load balancer IPs as status; each port once
# per protocol, and once more with a number that is a NodePort
objects()
{
	local family=$1

	shift
	sed 's/^{"apiVersion": "v1", "kind": "List", "items": \[//; s/\]}$//; s/, {"apiVersion"/\n{"apiVersion"/g' \
		"$matrix/objects.json" | awk -v protocols="$*" '
		BEGIN { count = split(protocols, protocol, " ") }
		/"kind": "Service"/ {
			status = sprintf("{\"loadBalancer\": {\"ingress\": [{\"ip\": \"203.0.113.%d\"}]}}", 100 + ++i)
			sub(/"kind": "Service"/, "\"kind\": \"Service\", \"status\": " status)
		}
		{
			gsub(/, "protocol": "TCP"/, "")
			match($0, /\{"name": "http", [^}]*\}/)
			port = substr($0, RSTART, RLENGTH)
			ports = ""
			for (p = 1; p <= count; p++) {
				one = port
				sub(/"http"/, "\"" protocol[p] "\", \"protocol\": \"" toupper(protocol[p]) "\"", one)
				again = one
				sub(/"name": "/, "&number-", again)
				sub(/"port": 80,/, "\"port\": 30101,", again)
				sub(/, "nodePort": [0-9]*/, "", again)
				ports = ports (p > 1 ? ", " : "") one ", " again
			}
			print "---"
			print substr($0, 1, RSTART - 1) ports substr($0, RSTART + RLENGTH)
		}' | in_family "$family"
}

# questions FAMILY PROTOCOL ROUND CLIENT: what the client is to ask, for ask_all
questions()
{
	awk -v family="$1" -v protocol="$2" -v round="$3" -v client="$4" '
		NR == FNR { number[$1] = FNR; next }
		$1 != round || $4 != client { next }
		{
			i = number[$2]
			address = "10.96.1." i; port = 80; kind = protocol
			if ($3 == "nodeport") { address = "192.168.77.10"; port = 30100 + i }
			if ($3 ~ /^external/) address = "203.0.113." i
			if ($3 ~ /^lb/) address = "203.0.113." (100 + i)
			if ($3 ~ /-number$/) port = 30101
			if ($3 == "localhost") { address = "127.0.0.1"; port = 30100 + i }
			if ($3 == "vip-other") port = 9999
			if ($3 == "hc") { address = "192.168.77.10"; port = 31100 + i; kind = "http" }
			print protocol "-" family "," $1 "," $2 "," $3 "," $4, kind, address, port
		}' "$directory/services" - <"$directory/$2-$1.wanted" | in_family "$1"
}

# ask_round FAMILY ROUND FIRST-SOURCE-PORT PROTOCOL...: all questions of a round, client after client, because
# the turns of round-robin are shared
ask_round()
{
	local family=$1 round=$2 port=$3 client namespace protocol

	shift 3
	for client in node pod3 pod1 ext; do
		namespace=$client
		[ "$client" != ext ] || namespace=client
		for protocol in "$@"; do
			questions "$family" "$protocol" "$round" "$client"
		done >"$directory/questions"
		on "$namespace" "$KERNEL_TEST_HELPERS/ask_all" "$port" <"$directory/questions" >"$directory/asked"
		for protocol in "$@"; do
			sed -n "s/^$protocol-$family,//p" "$directory/asked" | tr , ' ' >>"$directory/$protocol-$family.answers"
		done
	done
}

# firewall FAMILY ROUND: the host's policy of that round
firewall()
{
	local iptables=iptables

	[ "$1" = ipv4 ] || iptables=ip6tables
	case $2 in
	forward-drop)
		on node "$iptables" -P FORWARD DROP
		;;
	input-drop)
		on node "$iptables" -P FORWARD ACCEPT
		on node "$iptables" -A INPUT -i lo -j ACCEPT
		on node "$iptables" -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
		# Neighbours have to find each other, which ARP does for IPv4 outside of iptables.
		[ "$1" = ipv4 ] || on node ip6tables -A INPUT -p ipv6-icmp -j ACCEPT
		on node "$iptables" -P INPUT DROP
		;;
	esac
}

# matrix_ask FAMILY PROTOCOL...: lays everything out and asks; answers are in $directory/PROTOCOL-FAMILY.answers,
# what rules.awk wants in .wanted
matrix_ask()
{
	local family=$1 round protocol servers=() remote=() listeners=() port=20000 server_address=10.96.1.15:80

	shift
	for protocol in "$@"; do
		servers+=("$protocol/8080")
		remote+=("$protocol" :: 8080)
		listeners+=("$protocol/9999")
		awk -v protocol="$protocol" -f "$matrix/rules.awk" "$matrix/truth.txt" | asked_rounds |
			in_family "$family" >"$directory/$protocol-$family.wanted"
	done
	topology_create
	services >"$directory/services"
	objects "$family" "$@" | manifest matrix.yaml
	answer_start pod1 "${servers[@]}"
	answer_start node "${listeners[@]}"
	on rpod1 "$KERNEL_TEST_HELPERS/answer" --detach remote "${remote[@]}"
	agent_start
	server_address=$(in_family "$family" <<<"10.96.1.15")
	wait_for_service "${!#}" "$server_address" 80 "$(matrix_endpoints "$family")"
	for round in $rounds; do
		step "round $round"
		firewall "$family" "$round"
		ask_round "$family" "$round" "$port" "$@"
		port=$((port + 3000))
	done
}

# matrix_endpoints FAMILY: both, as destinations says it
matrix_endpoints()
{
	if [ "$1" = ipv6 ]; then
		echo "[fd00:10:244:1::1]:8080 1, [fd00:10:244:2::1]:8080 1"
	else
		echo "10.244.1.1:8080 1, 10.244.2.1:8080 1"
	fi
}

# matrix_row LABEL TRUTH ANSWERS [AWK-OPTION...]: a line of the scorecard
matrix_row()
{
	local label=$1 truth=$2 answers=$3

	shift 3
	printf '| %-24s %s\n' "$label" "$(awk "$@" -f "$matrix/score.awk" "$truth" "$answers" | awk '
		$1 == "passed" { score[$2] = $3 " of " $4; passed += $3; cells += $4 }
		END {
			printf "%12s %12s %12s %12s\n", score["default"], score["forward-drop"], score["input-drop"],
				passed " of " cells
		}')"
}

matrix_heading()
{
	printf '| %-24s %12s %12s %12s %12s\n' "cells passed" default forward-drop input-drop all
}

# matrix_assert NAME TRUTH [AWK-OPTION...]: every cell has been asked, and those that fail, which are named, are
# the known ones; NAME is PROTOCOL-FAMILY
matrix_assert()
{
	local name=$1 truth=$2 answers=$directory/$1.answers difference

	shift 2
	assert_equal "cells asked, $name" "$(asked_rounds <"$truth" | wc -l)" "$(wc -l <"$answers")"
	awk "$@" -f "$matrix/score.awk" "$truth" "$answers" | sed -n 's/^failed //p' | sort >"$directory/failed"
	sed "s/^/| $name: /" "$directory/failed"
	difference=$(diff -U0 <(sed -n "s/^$name //p" "$matrix/known-failures" | asked_rounds) <(cut -d: -f1 "$directory/failed")) ||
		fail "the cells of $name that fail are not those of known-failures:"$'\n'"$difference"
}

# matrix_by_rules FAMILY PROTOCOL...: asks, and compares with what rules.awk says
matrix_by_rules()
{
	local family=$1 protocol base

	matrix_ask "$@"
	shift
	step "the scorecard"
	matrix_heading
	for protocol in "$@"; do
		base=$directory/$protocol-$family
		matrix_row "ipvsagent, $protocol-$family" "$base.wanted" "$base.answers" -v by_rules=1
	done
	for protocol in "$@"; do
		matrix_assert "$protocol-$family" "$directory/$protocol-$family.wanted" -v by_rules=1
	done
}
