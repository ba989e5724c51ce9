# shellcheck shell=bash
# What the kernel tests are made of; sourced by each case, by shell and by packaging/demo.
#
#                     client 192.168.77.1, fd77::1 (outside, and everybody's gateway)
#                        |
#   the case's own namespace: a switch
#        |                                    |
#   node 192.168.77.10, fd77::10         node2 192.168.77.20, fd77::20
#        | cali1, cali2, cali3                | cali1, cali2
#   pod1 pod2 pod3                       rpod1 rpod2
#   10.244.1.N, fd00:10:244:1::N         10.244.2.N, fd00:10:244:2::N
#
# The agent runs on node. The client reaches Services of 10.96.0.0/12, 203.0.113.0/24, fd00:96::/112 and
# 2001:db8::/64 through it. What the kernel holds is read with ipvsadm, ipset, iptables-save, ip and
# conntrack, never with the program under test.
set -eu

directory=${KERNEL_TEST_DIRECTORY:-$(mktemp -d)}
own_kernel=$([ -d /guest/private ] && echo yes || true) # and not the host's, see boot
manifests=$directory/manifests
agent_log=$directory/agent.log
slowness=${KERNEL_TEST_SLOWNESS:-1} # of the machine; limits and times that have to be long enough are multiplied
agent_pid=
declare -A hold_pids hold_inputs
started=${EPOCHREALTIME/[.,]/}
mkdir -p "$manifests"

# shellcheck source=tests/kernel/lib-manifests.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib-manifests.sh"

trap 'on_exit $?' EXIT
trap 'exit 1' INT TERM

on_exit()
{
	if [ "$1" != 0 ] && [ "$1" != 77 ] && [ -e /run/netns/node ]; then
		echo "--- the kernel's virtual servers:"
		on node ipvsadm -Ln | sed 1,3d
		echo "--- the agent's last words:"
		[ ! -e "$agent_log" ] || tail -n 30 "$agent_log"
	fi
	# What it counted is written when it ends by itself.
	if [ -n "${GCOV_PREFIX:-}" ] && [ -n "$agent_pid" ] && kill -TERM "$agent_pid" 2>/dev/null; then
		kill -CONT "$agent_pid"
		wait "$agent_pid" || true
	fi
	[ -n "${KERNEL_TEST_DIRECTORY:-}" ] || rm -rf "$directory"
}

#
# Assertions: each says what it expected and ends the case if it is not so.
#

fail()
{
	local level

	echo "FAILED: $*"
	for ((level = 1; level < ${#FUNCNAME[@]}; level++)); do
		echo "  in ${FUNCNAME[level]}, line ${BASH_LINENO[level - 1]}"
	done
	exit 1
}

# skip WHY: ends a case that cannot run here
skip()
{
	echo "$*"
	exit 77
}

# step WHAT: says what comes next, and how far into the case we are
step()
{
	local elapsed=$(((${EPOCHREALTIME/[.,]/} - started) / 100000))

	echo "$((elapsed / 10)).$((elapsed % 10)) s: $*"
}

# assert_equal WHAT EXPECTED ACTUAL
assert_equal()
{
	[ "$2" = "$3" ] || fail "$1"$'\n'"--- expected:"$'\n'"$2"$'\n'"--- actual:"$'\n'"$3"
}

# assert_contains WHAT PART WHOLE
assert_contains()
{
	case $3 in
	*"$2"*) ;;
	*) fail "$1: no '$2' in:"$'\n'"$3" ;;
	esac
}

# assert_lacks WHAT PART WHOLE
assert_lacks()
{
	case $3 in
	*"$2"*) fail "$1: '$2' in:"$'\n'"$3" ;;
	esac
}

# assert_status WHAT STATUS COMMAND...: the command ends with that exit status; its outputs go to $output
assert_status()
{
	local what=$1 wanted=$2 status=0

	shift 2
	output=$("$@" 2>&1) || status=$?
	[ "$status" = "$wanted" ] || fail "$what: exit status $status, not $wanted:"$'\n'"$output"
}

# wait_until SECONDS COMMAND...: repeats the command until it succeeds; on a slow machine for longer
wait_until()
{
	local limit=$(($1 * slowness)) end

	shift
	end=$((${EPOCHREALTIME/[.,]/} + limit * 1000000))
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/[.,]/}" -lt "$end" ] || fail "not within $limit s: $*"
		sleep 0.05
	done
}

#
# Topology
#

# on NAMESPACE COMMAND...
on()
{
	local namespace=$1

	shift
	nsenter --net="/run/netns/$namespace" -- "$@"
}

# on_in_background NAMESPACE COMMAND...: $! is then the command itself
on_in_background()
{
	local namespace=$1

	shift
	nsenter --net="/run/netns/$namespace" -- "$@" <&0 &
}

# Starting a program is what takes time here, so each namespace gets all its commands in one `ip -batch`.
# Addresses are added with nodad, link-local ones by hand: while an address is being checked for duplicates
# it does not answer.

# machine_configure NAME LAST COMMANDS: a host on the switch with address 192.168.77.LAST, fd77::LAST which
# routes
machine_configure()
{
	on "$1" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward &&
		echo 1 >/proc/sys/net/ipv6/conf/all/forwarding && exec ip -batch -' <<-END
		link set lo up
		link set eth0 addrgenmode none
		link set eth0 up
		address add 192.168.77.$2/24 dev eth0
		address add fd77::$2/64 dev eth0 nodad
		address add fe80::$2/64 dev eth0 nodad
		$3
	END
}

# pod_locate POD: sets pod_ipv4 and pod_ipv6, pod_machine (its host's namespace), pod_node (that Node's name)
pod_locate()
{
	local index=${1##*pod}

	case $1 in
	rpod*)
		pod_ipv4=10.244.2.$index pod_ipv6=fd00:10:244:2::$index
		pod_machine=node2 pod_node=node2
		;;
	*)
		pod_ipv4=10.244.1.$index pod_ipv6=fd00:10:244:1::$index
		pod_machine=node pod_node=node1
		;;
	esac
}

# Pods are connected as Calico does it: addresses without a subnet, and everything goes through a gateway
# that exists only as a neighbour.
gateway=169.254.1.1
gateway6=fe80::ecee:eeff:feee:eeee
gateway_mac=ee:ee:ee:ee:ee:ee

# pod_links POD...: sets pod_links to the commands that connect these pods on their machine
pod_links()
{
	local pod link

	pod_links=
	for pod in "$@"; do
		pod_locate "$pod"
		link=cali${pod##*pod}
		pod_links+="link add $link address $gateway_mac type veth peer name eth0 netns $pod
			link set $link addrgenmode none
			link set $link up
			address add $gateway6/64 dev $link nodad
			route add $pod_ipv4 dev $link
			route add $pod_ipv6 dev $link
		"
	done
}

pod_configure()
{
	pod_locate "$1"
	ip -n "$1" -batch - <<-END
		link set lo up
		link set eth0 addrgenmode none
		link set eth0 up
		address add $pod_ipv4/32 dev eth0
		address add $pod_ipv6/128 dev eth0 nodad
		address add fe80::1/64 dev eth0 nodad
		neighbour add $gateway lladdr $gateway_mac dev eth0 nud permanent
		neighbour add $gateway6 lladdr $gateway_mac dev eth0 nud permanent
		route add $gateway dev eth0
		route add default via $gateway
		route add default via $gateway6 dev eth0
	END
}

# pod_add POD: one more pod, such as pod4 on node or rpod3 on node2
pod_add()
{
	ip netns add "$1"
	pod_links "$1"
	ip -n "$pod_machine" -batch - <<<"$pod_links"
	pod_configure "$1"
}

topology_create()
{
	local pod

	ip -batch - <<-END
		netns add client
		netns add node
		netns add node2
		netns add pod1
		netns add pod2
		netns add pod3
		netns add rpod1
		netns add rpod2
		link set lo up
		link add switch type bridge
		link set switch up
		link add to-client master switch up type veth peer name eth0 netns client
		link add to-node master switch up type veth peer name eth0 netns node
		link add to-node2 master switch up type veth peer name eth0 netns node2
	END
	machine_configure client 1 "
		route add 10.244.1.0/24 via 192.168.77.10
		route add 10.244.2.0/24 via 192.168.77.20
		route add 10.96.0.0/12 via 192.168.77.10
		route add 203.0.113.0/24 via 192.168.77.10
		route add fd00:10:244:1::/64 via fd77::10
		route add fd00:10:244:2::/64 via fd77::20
		route add fd00:96::/112 via fd77::10
		route add 2001:db8::/64 via fd77::10"
	pod_links pod1 pod2 pod3
	machine_configure node 10 "
		route add default via 192.168.77.1
		route add default via fd77::1
		route add 10.244.2.0/24 via 192.168.77.20
		route add fd00:10:244:2::/64 via fd77::20
		$pod_links"
	pod_links rpod1 rpod2
	machine_configure node2 20 "
		route add default via 192.168.77.1
		route add default via fd77::1
		route add 10.244.1.0/24 via 192.168.77.10
		route add fd00:10:244:1::/64 via fd77::10
		$pod_links"
	for pod in pod1 pod2 pod3 rpod1 rpod2; do
		pod_configure "$pod"
	done
}

#
# Traffic
#

# answer_start NAMESPACE {tcp|udp|sctp}/PORT...: servers on all addresses of the namespace that give its name
answer_start()
{
	local namespace=$1 arguments=() port

	shift
	for port in "$@"; do
		arguments+=("${port%/*}" :: "${port#*/}")
	done
	on "$namespace" "$KERNEL_TEST_HELPERS/answer" --detach "$namespace" "${arguments[@]}"
}

# ask NAMESPACE [OPTION...] {tcp|udp|sctp} ADDRESS PORT: see helpers/ask.c
ask()
{
	local namespace=$1

	shift
	on "$namespace" "$KERNEL_TEST_HELPERS/ask" "$@"
}

# answers NAMESPACE COUNT [OPTION...] {tcp|udp|sctp} ADDRESS PORT: asks COUNT times; one line, such as
# "pod1 5, pod2 5", failures included
answers()
{
	local namespace=$1 count=$2

	shift 2
	ask "$namespace" --count "$count" --summary "$@" | paste -sd, | sed 's/,/, /g'
}

# hold_open NAME NAMESPACE [OPTION...] {tcp|sctp} ADDRESS PORT: opens a connection that stays; the greeting
# is in $hold_line. It will close with a reset, which IPVS forgets after 10 s; an orderly close takes it 120 s.
hold_open()
{
	local name=$1 namespace=$2 input

	shift 2
	mkfifo "$directory/$name.in"
	on_in_background "$namespace" "$KERNEL_TEST_HELPERS/ask" --hold --reset "$@" \
		<>"$directory/$name.in" >"$directory/$name.out" 2>&1
	hold_pids[$name]=$!
	exec {input}<>"$directory/$name.in"
	hold_inputs[$name]=$input
	hold_wait "$name" 1
}

# hold_say NAME TEXT: sends a line over it; what came back is in $hold_line
hold_say()
{
	local lines

	lines=$(wc -l <"$directory/$1.out")
	echo "$2" >&"${hold_inputs[$1]}"
	hold_wait "$1" $((lines + 1))
}

hold_wait()
{
	wait_until 10 hold_has_lines "$1" "$2"
	hold_line=$(tail -n 1 "$directory/$1.out")
}

hold_has_lines()
{
	[ "$(wc -l <"$directory/$1.out")" -ge "$2" ]
}

# hold_is_alive NAME: its server still echoes
hold_is_alive()
{
	hold_say "$1" "still there"
	assert_contains "the echo over connection $1" " still there" "$hold_line"
}

hold_close()
{
	local input=${hold_inputs[$1]}

	kill "${hold_pids[$1]}"
	wait "${hold_pids[$1]}" || true
	exec {input}>&-
	rm "$directory/$1.in" "$directory/$1.out"
}

#
# The agent
#

agent_socket=/run/ipvsagent/ipvsagent.sock

agent()
{
	on node "$IPVSAGENT" "$@"
}

# agent_start [FLAG...]: starts the agent on node and waits until its socket is there
agent_start()
{
	on_in_background node "$IPVSAGENT" run --manifests "$manifests" --hostname-override node1 \
		--cluster-cidr 10.244.0.0/16,fd00:10:244::/56 "$@" 2>>"$agent_log" </dev/null
	agent_pid=$!
	wait_until 30 agent_is_up
}

agent_is_up()
{
	kill -0 "$agent_pid" || fail "the agent ended"
	[ -S "$agent_socket" ]
}

# agent_is_settled: all that it has read is programmed, rules included; nothing drains, or waits to be tried again, so that
# it changes nothing more of its own accord but former VIPs
agent_is_settled()
{
	local said

	said=$(agent status -o json | tr -d ' \n')
	[[ $said == *'"settled":true'* && $said == *'"inPlace":true'* && $said == *'"waitingForRetry":0'* &&
		! $said =~ \"draining\":[1-9] ]]
}

agent_stop()
{
	local status=0

	kill -TERM "$agent_pid"
	wait "$agent_pid" || status=$?
	agent_pid=
	[ "$status" = 0 ] || fail "the agent's exit status after SIGTERM is $status"
}

agent_kill()
{
	kill -KILL "$agent_pid"
	wait "$agent_pid" 2>/dev/null || true
	agent_pid=
}

# iptables_variant: legacy or nft
iptables_variant()
{
	case $(iptables -V) in
	*nf_tables*) echo nft ;;
	*) echo legacy ;;
	esac
}

# iptables_writes_start: puts in front of $PATH programs that note their use before they do as usual; the
# legacy iptables does not speak netlink
iptables_writes_start()
{
	local name program

	mkdir "$directory/noting"
	: >"$directory/iptables-writes"
	for name in {iptables,ip6tables}{,-restore}; do
		program=$(command -v "$name")
		cat >"$directory/noting/$name" <<-END
			#!/bin/sh
			echo "$name \$*" >>"$directory/iptables-writes"
			exec "$program" "\$@"
		END
		chmod +x "$directory/noting/$name"
	done
	PATH=$directory/noting:$PATH
}

# iptables_writes: prints what was noted since the last time, without uses that only ask
iptables_writes()
{
	grep -v -e ' --test' -e ' --version' -e ' -V$' "$directory/iptables-writes" || true
	: >"$directory/iptables-writes"
}

#
# What the kernel of node holds
#

# virtual_server PROTOCOL ADDRESS:PORT: "SCHEDULER [persistent SECONDS]" and one line per destination,
# "ADDRESS:PORT WEIGHT ACTIVE INACTIVE"; nothing if it does not exist
virtual_server()
{
	on node ipvsadm -Ln | awk -v protocol="${1^^}" -v name="$2" '
		$1 ~ /^(TCP|UDP|SCTP|FWM)$/ {
			found = $1 == protocol && $2 == name
			if (found) {
				$1 = $2 = ""
				gsub(/^ *| *$/, "")
				print
			}
			next
		}
		found && $1 == "->" { print $2, $4, $5, $6 }'
}

# destinations PROTOCOL ADDRESS:PORT: "ADDRESS:PORT WEIGHT" of each, sorted, separated by commas
destinations()
{
	virtual_server "$1" "$2" | sed '1d; s/ [0-9]* [0-9]*$//' | sort | paste -sd, | sed 's/,/, /g'
}

# serving PROTOCOL ADDRESS:PORT: its destinations that take new connections, separated by commas
serving()
{
	destinations "$1" "$2" | tr -s , '\n' | sed -n 's/^ *\(.*\) [1-9][0-9]*$/\1/p' | paste -sd, | sed 's/,/, /g'
}

address_is_bound()
{
	on node ip -o address show dev kube-ipvs0 | grep -qF " $1/"
}

# wait_for_service PROTOCOL ADDRESS PORT EXPECTED-DESTINATIONS: programmed, and its address answers. It comes after a start
# as well, which on a busy machine waits for programs that nobody has used yet; no case is faster for a shorter limit.
wait_for_service()
{
	local name=$2:$3 seconds=30

	case $2 in
	*:*) name=[$2]:$3 ;;
	esac
	wait_until_equal "$seconds" "the destinations of $1 $name" "$4" destinations "$1" "$name"
	wait_until "$seconds" address_is_bound "$2"
}

# wait_until_equal SECONDS WHAT EXPECTED COMMAND...: until the command prints that
wait_until_equal()
{
	local limit=$(($1 * slowness)) what=$2 expected=$3 end actual

	shift 3
	end=$((${EPOCHREALTIME/[.,]/} + limit * 1000000))
	until actual=$("$@") && [ "$actual" = "$expected" ]; do
		if [ "${EPOCHREALTIME/[.,]/}" -ge "$end" ]; then
			assert_equal "$what, after $limit s" "$expected" "$actual"
		fi
		sleep 0.05
	done
}

# dump_state DIRECTORY: all of it in files, ordered so that `diff -r` compares two of them
dump_state()
{
	mkdir -p "$1"
	on node ipvsadm-save -n | sort >"$1/ipvs"
	on node ipset save | sed 's/ initval [^ ]*//' | sort >"$1/ipset"
	on node iptables-save | sed '/^#/d; s/\[.*\]//' >"$1/iptables"
	on node ip6tables-save | sed '/^#/d; s/\[.*\]//' >"$1/ip6tables"
	on node ip -o address show | sed 's/ valid_lft.*//; s/^[0-9]*: //' | sort >"$1/addresses"
	on node grep -s . /proc/sys/net/ipv4/{ip_forward,vs/*,conf/{all,kube-ipvs0}/*} >"$1/sysctl" || true
}

# assert_same_state WHAT DIRECTORY DIRECTORY
assert_same_state()
{
	local difference

	difference=$(diff -r -U0 "$2" "$3") || fail "$1"$'\n'"$difference"
}

# netlink_writes_start [--times]: from now on, notes each netlink message with which anybody on node changes
# something; with --times, also when
netlink_writes_start()
{
	modprobe ip_vs
	ip -n node link add nlmon0 type nlmon
	ip -n node link set nlmon0 up
	on_in_background node "$KERNEL_TEST_HELPERS/netlink_monitor" "$@" nlmon0 >"$directory/netlink" 2>&1
	netlink_monitor_pid=$!
	wait_until 20 grep -q listening "$directory/netlink"
}

# netlink_writes_stop: prints what was noted, "COUNT FAMILY MESSAGE" per line
netlink_writes_stop()
{
	kill -TERM "$netlink_monitor_pid"
	wait "$netlink_monitor_pid"
	ip -n node link delete nlmon0
	sed '1d; s/^[0-9]* //' "$directory/netlink" | sort | uniq -c | sed 's/^ *//'
}

# netlink_last_write PATTERN: prints when, in milliseconds since 1970, the last message of that kind was noted
netlink_last_write()
{
	grep -E "^[0-9]+ $1" "$directory/netlink" | tail -n 1 | cut -d ' ' -f 1
}

# http_get NAMESPACE ADDRESS PORT PATH: status line, headers except for Date and Connection, body;
# "no connection" if there is none
http_get()
{
	# shellcheck disable=SC2016
	on "$1" bash -c '
		exec 3<>"/dev/tcp/$0/$1" || exit
		printf "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" "$2" "$0" >&3
		tr -d "\r" <&3 | sed "/^Date: /d; /^Connection: close$/d"' "$2" "$3" "$4" 2>/dev/null ||
		echo "no connection"
}
