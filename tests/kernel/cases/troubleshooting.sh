#!/bin/bash
# time-limit: 150
# Every example of ipvsagent-troubleshooting(7) is what its command prints on a node with that trouble.
#
# An example is the display behind the comment "example: NAME": a command behind "# ", which may be continued, and its
# output, or without a command a part of the log. A line "..." stands for others. White space, times, process numbers
# and durations may differ.
. "$(dirname "$0")/../lib.sh"

[ -n "$own_kernel" ] || skip "this changes the host"
page=$(dirname "$(readlink -f "$0")")/../../../man/ipvsagent-troubleshooting.7
touch "$directory/seen"
mkdir "$directory/bin"
ln -s "$IPVSAGENT" "$directory/bin/ipvsagent"

# example_text NAME: the display as a reader sees it
example_text()
{
	awk -v name="$1" '$0 == ".\\\" example: " name { is_it = 1; next } is_it && /^\.Ed$/ { exit }
		is_it && !/^\.Bd / { print }' "$page" | sed 's/\\(aq/'\''/g; s/\\-/-/g; s/\\e/\\/g; s/^\\&//'
}

# normalised: stdin on one line, with nothing that differs from run to run
normalised()
{
	sed -E 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]+Z/TIME/g; s/process [0-9]+/process PID/g
		s/up ([0-9]+[dhms])+/up DURATION/g' | tr -s '[:space:]' ' ' | sed 's/^ //; s/ $//'
}

# matches EXPECTED ACTUAL: with lines left out where EXPECTED has dots
matches()
{
	local expected=$1 rest=$2 part is_open=''

	while [ -n "$expected" ]; do
		part=${expected%%... *}
		part=${part%...}
		part=${part% }
		case $rest in
		"$part"*) rest=${rest#"$part"} ;;
		*"$part"*) [ -n "$is_open" ] || return 1 && rest=${rest#*"$part"} ;;
		*) return 1 ;;
		esac
		expected=${expected#"$part"}
		expected=${expected# }
		is_open=
		if [[ $expected = ...* ]]; then
			is_open=yes
			expected=${expected#...}
			expected=${expected# }
		fi
	done
	[ -z "$rest" ] || [ -n "$is_open" ]
}

wrong=
# example NAME: runs it and compares
example()
{
	local text command actual

	step "example $1"
	text=$(example_text "$1")
	[ -n "$text" ] || fail "the page has no example $1"
	echo "$1" >>"$directory/seen"
	if [[ $text = '# '* ]]; then
		command=$(awk '{ print; if (!/\\$/) exit }' <<<"$text" | sed '1s/^# //')
		text=$(awk 'is_out { print } !/\\$/ { is_out = 1 }' <<<"$text")
		actual=$(on node env PATH="$directory/bin:$PATH" bash -c "$command" 2>&1 || true)
	else
		actual=$(cat "$agent_log")
		text="... $text ..."
	fi
	matches "$(normalised <<<"$text")" "$(normalised <<<"$actual")" && return
	wrong+=" $1"
	printf '%s\n' "--- the page:" "$text" "--- in fact:" "$actual"
}

topology_create
mkdir -p "$manifests"
for pod in pod1 pod2 rpod1; do
	answer_start "$pod" tcp/8080
done
web()
{
	service_manifest web type=NodePort cluster_ip=10.96.0.10 ports=http:TCP:80:8080:30080
	slice_manifest web endpoints="$*"
}
web pod1 pod2/unready rpod1 | manifest web.yaml
{
	service_manifest lb type=LoadBalancer cluster_ip=10.96.0.12
	load_balancer_status 192.168.77.20
	slice_manifest lb endpoints="pod2"
} | manifest lb.yaml
{
	node_manifest
	node_manifest addresses="192.168.77.20 fd77::20" | sed 's/node1/node2/'
	service_manifest shop type=LoadBalancer cluster_ip=10.96.0.13 ports=http:TCP:80:8080:30081 \
		extra=$'externalTrafficPolicy: Local\nhealthCheckNodePort: 32000'
	slice_manifest shop endpoints="pod1 rpod1"
	service_manifest internal cluster_ip=10.96.0.14 extra="internalTrafficPolicy: Local"
	slice_manifest internal endpoints=rpod1
	service_manifest empty cluster_ip=10.96.0.15
	service_manifest sticky cluster_ip=10.96.0.11 affinity=600
	slice_manifest sticky endpoints="pod1 pod2"
	service_manifest kube-dns cluster_ip=10.96.0.53 ports=dns:UDP:53:5353 \
		annotations='ipvsagent/do-not-program: "true"' | sed 's/namespace: default/namespace: kube-system/'
} | manifest services.yaml
agent_start
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1, 10.244.2.1:8080 1"
wait_until_equal 10 "the NodePort" "10.244.1.1:8080 1" destinations tcp 192.168.77.10:30081

example node-address
example not-local
example nodelocal
example reuse
example udp
example affinity
example empty
example settled
example source
example cluster-cidr
example health-check
rm "$manifests/lb.yaml"
wait_until_equal 10 "the load balancer IP" "" virtual_server tcp 192.168.77.20:80
example addresses

on node iptables -t nat -F KUBE-SERVICES
wait_until 20 grep -q "restored them" "$agent_log"
example firewall

for connection in one two three four; do
	[[ ${hold_line:-} = pod1* ]] || hold_open $connection client tcp 10.96.0.10 80
done
web rpod1 pod2/unready | manifest web.yaml
wait_until 10 eval "destinations tcp 10.96.0.10:80 | grep -q '10.244.1.1:8080 0'"
example draining

cp "$(command -v sleep)" "$directory/speaker"
"$directory/speaker" 1000 &
speaker=$!
wait_until 10 grep -qx speaker "/proc/$speaker/comm"
example strict-arp
kill "$speaker"
wait "$speaker" 2>/dev/null || true

on node ipvsadm -A -t 198.51.100.9:80 -s rr
example strangers
on node ipvsadm -D -t 198.51.100.9:80

if [ "$(iptables_variant)" = nft ]; then
	on node iptables-legacy -t nat -N KUBE-SERVICES
	example variants
	on node iptables-legacy -t nat -X KUBE-SERVICES
else
	echo variants >>"$directory/seen"
fi

on node sysctl -qw net.ipv4.ip_local_port_range="31000 60999"
example ephemeral

agent_stop
example leftovers
on node sysctl -qw net.ipv6.conf.all.disable_ipv6=1
example ipv6-off

assert_equal "the examples of the page" "$(sed -n 's/^\.\\" example: //p' "$page" | sort)" \
	"$(sort "$directory/seen")"
assert_equal "displays without the name of an example" 0 \
	"$(awk '/^\.Bd/ && before !~ /example: / { count++ } { before = $0 } END { print count + 0 }' "$page")"
[ -z "$wrong" ] || fail "not as in the page:$wrong"
