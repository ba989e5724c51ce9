#!/bin/bash
# time-limit: 400
# The agent under valgrind: start, random edits of manifests, questions, SIGHUP and SIGTERM, without
# a memory error and without a leak.
. "$(dirname "$0")/../lib.sh"

command -v valgrind >/dev/null || skip "valgrind is not installed"

program=$IPVSAGENT
report=$directory/valgrind
mkdir "$directory/bin"
IPVSAGENT=$directory/bin/ipvsagent
cat >"$IPVSAGENT" <<END
#!/bin/sh
exec valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite \\
	--errors-for-leak-kinds=definite --log-file="$report.%p" "$program" "\$@"
END
chmod +x "$IPVSAGENT"

# pick WORD...: one of them
pick()
{
	local words=("$@")

	picked=${words[RANDOM % $#]}
}

# random_service NUMBER: prints one of any kind, or something that is not quite one
random_service()
{
	local type ports extra='' endpoints='' i picked

	pick ClusterIP ClusterIP NodePort LoadBalancer ExternalName
	type=$picked
	pick http:TCP:80:8080 dns:UDP:53:5353 sctp:SCTP:36412:9000 "http:TCP:80:8080 dns:UDP:53:5353" http:TCP:0:x
	ports=$picked
	[ "$type" = ClusterIP ] || ports=http:TCP:80:8080:$((30000 + $1))
	pick '' '' "externalIPs: [203.0.113.$((RANDOM % 9 + 1))]" "externalTrafficPolicy: Local" \
		"internalTrafficPolicy: Local" "loadBalancerSourceRanges: [192.168.77.1/32, 10.0.0.0/8]" \
		"loadBalancerSourceRanges: [no-range]"
	extra=$picked
	for ((i = RANDOM % 4; i > 0; i--)); do
		pick pod1 pod2/serving pod3/unready rpod1 rpod2/terminating
		endpoints+=" $picked"
	done
	pick '' '' 600
	service_manifest "s$1" cluster_ip="10.96.1.$1" type="$type" ports="$ports" affinity="$picked" extra="$extra"
	[ "$type" != LoadBalancer ] || load_balancer_status "203.0.113.$((RANDOM % 9 + 100))"
	slice_manifest "s$1" endpoints="$endpoints" ports="http:TCP:8080 dns:UDP:5353 sctp:SCTP:9000"
}

# edit: one random change to one of the files
edit()
{
	local file=$((RANDOM % 8)) picked

	pick write write write write remove truncate node dual
	case $picked in
	write) random_service $file | manifest s$file.yaml ;;
	remove) rm -f "$manifests/s$file.yaml" ;;
	truncate) random_service $file | head -n $((RANDOM % 30)) >"$manifests/s$file.yaml" ;;
	node) node_manifest zone="zone-$((RANDOM % 3))" pod_cidrs="10.244.$((RANDOM % 3)).0/24" | manifest node.yaml ;;
	dual)
		service_manifest six cluster_ip=fd00:96::10 >"$manifests/six.yaml"
		slice_manifest six family=IPv6 endpoints="pod1 pod2" >>"$manifests/six.yaml"
		;;
	esac
}

# assert_clean PID: what valgrind has to say about that process
assert_clean()
{
	[ ! -s "$report.$1" ] || fail "valgrind says:"$'\n'"$(cat "$report.$1")"
}

# wait_for_web: everything takes its time under valgrind
wait_for_web()
{
	wait_until_equal 60 "the destinations" "10.244.1.1:8080 1" destinations tcp 10.96.0.10:80
	wait_until 60 address_is_bound 10.96.0.10
}

topology_create
answer_start pod1 tcp/8080
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web endpoints=pod1
} | manifest web.yaml
node_manifest pod_cidrs=10.244.0.0/24 | manifest node.yaml
RANDOM=20240501

step "start"
# Valgrind has system calls of its own.
agent_start --drop-privileges=false --detect-local-mode NodeCIDR --ipvs-sync-period 2s
wait_for_web

for round in 1 2 3; do
	step "round $round: 35 edits, a drift, questions, SIGHUP"
	for ((i = 0; i < 35; i++)); do
		edit
	done
	on node ipvsadm -D -t 10.96.0.10:80
	on node ip address delete 10.96.0.10/32 dev kube-ipvs0
	on node ip address add 192.168.77.$((100 + round))/24 dev eth0
	wait_for_web
	"$program" status -o json >"$directory/status" || fail "no status: $(cat "$directory/status")"
	kill -HUP "$agent_pid"
	wait_until_equal 60 "reloads" "$round" grep -c "reloading the manifests" "$agent_log"
	assert_equal "asked by client" "pod1 1" "$(answers client 1 tcp 10.96.0.10 80)"
	on node ip address delete "192.168.77.$((100 + round))/24" dev eth0
done

assert_lacks "the log" "reading the conntrack table" "$(cat "$agent_log")"

step "the end"
kill -TERM "$agent_pid"
status=0
wait "$agent_pid" || status=$?
assert_clean "$agent_pid"
assert_equal "the exit status" 0 "$status"

step "the other commands"
for arguments in "status -o wide" cleanup "run --no-such-flag"; do
	rm -f "$report".*
	status=0
	# shellcheck disable=SC2086
	agent $arguments >"$directory/output" 2>&1 || status=$?
	[ "$status" != 99 ] || fail "ipvsagent $arguments: $(cat "$report".*)"
	assert_equal "valgrind about ipvsagent $arguments" "" "$(cat "$report".*)"
done
