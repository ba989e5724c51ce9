#!/bin/bash
# time-limit: 90
# ClientIP affinity keeps a client at its endpoint while others join and leave; the persistence template has
# the Service's timeout, and goes with it.
. "$(dirname "$0")/../lib.sh"

# templates ADDRESS:PORT: "CLIENT ENDPOINT SECONDS-LEFT" of each persistence template, which is the connection
# entry with client port 0
templates()
{
	on node ipvsadm -Lnc | awk -v name="$1" '
		$4 ~ /:0$/ && $5 == name { split($2, left, ":"); print $4, $6, left[1] * 60 + left[2] }'
}

no_template()
{
	[ -z "$(templates "$1")" ]
}

udp_timeout=$((4 * slowness)) # long enough to look at

# web_and_dns ENDPOINT...
web_and_dns()
{
	service_manifest web cluster_ip=10.96.0.10 affinity=10800
	slice_manifest web endpoints="$*"
	service_manifest dns cluster_ip=10.96.0.53 affinity=$udp_timeout ports=dns:UDP:53:5353
	slice_manifest dns endpoints="$*" ports=dns:UDP:5353
}

topology_create
for pod in pod1 pod2 pod3 rpod1; do
	answer_start "$pod" tcp/8080 udp/5353
done
for last in 2 3 4 5 6 7 8; do
	echo "address add 192.168.77.10$last/24 dev eth0"
done | ip -n client -batch -
web_and_dns pod1 pod2 pod3 | manifest services.yaml
agent_start
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1, 10.244.1.2:8080 1, 10.244.1.3:8080 1"
wait_for_service udp 10.96.0.53 53 "10.244.1.1:5353 1, 10.244.1.2:5353 1, 10.244.1.3:5353 1"

step "each client sticks to one endpoint, and they do not all stick to the same"
for source in 192.168.77.1 192.168.77.10{2..8}; do
	assert_equal "endpoints of $source" 1 "$(ask client --source "$source" --count 4 --summary tcp 10.96.0.10 80 |
		wc -l)"
	ask client --source "$source" tcp 10.96.0.10 80 >>"$directory/all"
done
[ "$(cut -d' ' -f1 "$directory/all" | sort -u | wc -l)" -gt 1 ] || fail "all clients have the same endpoint"
endpoint=$(ask client --source 192.168.77.1 tcp 10.96.0.10 80)
endpoint=${endpoint%% *}
pod_locate "$endpoint"
sticky_address=$pod_ipv4

step "the virtual server and the template have the Service's timeout"
assert_equal "the virtual server" "sh (sh-fallback) persistent 10800" "$(virtual_server tcp 10.96.0.10:80 | head -n 1)"
template=$(templates 10.96.0.10:80 | grep '^192.168.77.1:0 ')
assert_contains "the template" "192.168.77.1:0 $sticky_address:8080 " "$template"
left=${template##* }
[ "$left" -gt 10700 ] && [ "$left" -le 10800 ] || fail "the template lives $left s more"

step "$endpoint stays that of the client while another joins"
web_and_dns pod1 pod2 pod3 rpod1 | manifest services.yaml
wait_for_service tcp 10.96.0.10 80 \
	"10.244.1.1:8080 1, 10.244.1.2:8080 1, 10.244.1.3:8080 1, 10.244.2.1:8080 1"
assert_equal "who answers" "$endpoint 4" "$(answers client 4 --source 192.168.77.1 tcp 10.96.0.10 80)"

step "and while the others leave"
for pod in pod1 pod2 pod3 rpod1; do
	[ "$pod" != "$endpoint" ] || continue
	# One that is not its own leaves, the rest stays.
	remaining=$(printf '%s\n' pod1 pod2 pod3 rpod1 | grep -vx "$pod" | paste -sd' ')
	break
done
# shellcheck disable=SC2086
web_and_dns $remaining | manifest services.yaml
pod_locate "$pod"
wait_until 10 eval "! destinations tcp 10.96.0.10:80 | grep -q '$pod_ipv4:8080 1'"
assert_equal "who answers" "$endpoint 4" "$(answers client 4 --source 192.168.77.1 tcp 10.96.0.10 80)"

step "its own endpoint leaves, the client moves to one other"
remaining=$(printf '%s\n' pod1 pod2 pod3 rpod1 | grep -vx "$endpoint" | paste -sd' ')
# shellcheck disable=SC2086
web_and_dns $remaining | manifest services.yaml
wait_until 10 eval "! destinations tcp 10.96.0.10:80 | grep -q '$sticky_address:8080 1'"
moved=$(answers client 4 --source 192.168.77.1 tcp 10.96.0.10 80)
assert_lacks "who answers" "$endpoint " "$moved"
case $moved in
*" 4") ;;
*) fail "the client has several endpoints, or none: $moved" ;;
esac

step "an endpoint that drains keeps its client, and costs no other client anything"
for last in {11..40}; do
	echo "address add 192.168.77.1$last/24 dev eth0"
done | ip -n client -batch -
web_and_dns pod1 pod2 pod3 | manifest services.yaml
wait_until_equal 20 "the destinations" "10.244.1.1:8080 1, 10.244.1.2:8080 1, 10.244.1.3:8080 1" \
	eval "destinations tcp 10.96.0.10:80 | sed 's/, 10.244.2.1:8080 0//'"
hold_open kept client --source 192.168.77.111 tcp 10.96.0.10 80
kept=${hold_line%% *}
# shellcheck disable=SC2046
web_and_dns $(printf '%s\n' pod1 pod2 pod3 | grep -vx "$kept") | manifest services.yaml
pod_locate "$kept"
wait_until 10 eval "destinations tcp 10.96.0.10:80 | grep -q '$pod_ipv4:8080 0'"
for source in 192.168.77.1{12..40}; do
	ask client --source "$source" --reset tcp 10.96.0.10 80 >>"$directory/new" || true
done
assert_equal "new clients that were answered" 29 "$(grep -c '^pod' "$directory/new")"
assert_lacks "who answers" "$kept " "$(cat "$directory/new")"
hold_is_alive kept
hold_close kept

step "a template is gone after its timeout"
# Templates stay as long as one of their connections; those of UDP may be made short.
on node ipvsadm --set 0 0 1
ask client --count 3 udp 10.96.0.53 53 >/dev/null
assert_equal "the virtual server" "sh (sh-fallback) persistent $udp_timeout" "$(virtual_server udp 10.96.0.53:53 | head -n 1)"
left=$(templates 10.96.0.53:53 | cut -d' ' -f3)
[ "$left" -ge 1 ] && [ "$left" -le "$udp_timeout" ] || fail "the template lives $left s more"
wait_until 15 no_template 10.96.0.53:53
