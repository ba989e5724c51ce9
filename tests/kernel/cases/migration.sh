#!/bin/bash
# time-limit: 120
# Each command of ipvsagent-migration(7), as it stands there, on a node that kube-proxy was recorded to leave; what
# kubectl would do is done by hand. In the end there is what there was, to the last rule.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-recorded.sh"

page=$(dirname "$(readlink -f "$0")")/../../../man/ipvsagent-migration.7

# try COMMAND: succeeds, with its output in $output
try()
{
	step "$1"
	assert_status "$1" 0 on node bash -c "PATH=$directory/bin:\$PATH; set -o pipefail
		${1//\/var\/lib\/kube-proxy/$directory}"
}

asks_on()
{
	assert_equal "asked by client" "pod1 2, rpod1 2" "$(answers client 4 tcp 10.96.0.10 80)"
	assert_equal "asked by client" "pod1 2, rpod1 2" "$(answers client 4 tcp 192.168.77.10 30080)"
	hold_is_alive kept
}

# our_state: what concerns Services, of all that there is
our_state()
{
	dump_state "$directory/dump"
	cat "$directory/dump/ipvs" "$directory/dump/ipset"
	grep kube-ipvs0 "$directory/dump/addresses"
	grep -h KUBE- "$directory/dump/iptables" "$directory/dump/ip6tables"
}

topology_create
answer_start pod1 tcp/8080
answer_start rpod1 tcp/8080
recorded_choose nodeport-tcp
node_as_recorded
our_state >"$directory/state-before"
mkdir "$directory/bin"
ln -s "$IPVSAGENT" "$directory/bin/ipvsagent"
cp "$conformance/cases/$recorded/config.yaml" "$directory/config.conf"
manifest objects.json <"$conformance/cases/$recorded/step-1/objects.json"
hold_open kept client tcp 10.96.0.10 80

is_removal=
while IFS= read -r command; do
	case $command in
	'kubectl -n kube-system set image daemonset/kube-proxy '*)
		agent_start --config "$directory/config.conf"
		wait_until 20 agent_is_settled
		;;
	'kubectl -n kube-system rollout undo daemonset/kube-proxy')
		agent_stop
		kube_proxy_takes_over
		is_removal=yes
		;;
	*)
		try "$command"
		;;
	esac
	case $command in
	*/healthz) assert_contains "the health" '"nodeEligible":true' "$output" ;;
	'ipvsagent status') assert_contains "the status" "default/web" "$output" ;;
	*diff*) assert_equal "virtual servers that differ" "" "$output" ;;
	*--write-config-to*) assert_contains "what is understood" 'mode: "ipvs"' "$(cat "$directory/understood")" ;;
	'ipvsagent cleanup --for-kube-proxy') [ -n "$is_removal" ] || fail "$page cleans up too early" ;;
	esac
	asks_on
done < <(sed -n 's/^\.Dl //p' "$page")
[ -n "$is_removal" ] || fail "$page does not say how to go back"

step "what there is is what there was"
our_state >"$directory/state-after"
assert_equal "the difference" "" "$(diff "$directory/state-before" "$directory/state-after" || true)"
hold_close kept
