#!/bin/bash
# time-limit: 240
# The files of settings are followed while the agent runs: a ConfigMap volume with a KubeProxyConfiguration,
# and the agent's own file. What can change does, in place and without losing connections; what cannot is
# named; a bad file keeps everything.
. "$(dirname "$0")/../lib.sh"

topology_create
ip -n node address add 192.168.88.10/24 dev eth0
ip -n client address add 192.168.88.1/24 dev eth0
for pod in pod1 pod2 rpod1; do
	answer_start "$pod" tcp/8080
done
answer_start node tcp/9999
{
	service_manifest web type=NodePort cluster_ip=10.96.0.10 ports=http:TCP:80:8080:30080
	slice_manifest web endpoints="pod1 pod2"
	service_manifest sticky cluster_ip=10.96.0.11 affinity=600
	slice_manifest sticky endpoints="pod1 pod2"
	service_manifest far cluster_ip=10.96.0.12
	slice_manifest far endpoints=rpod1
} | manifest web.yaml

volume=$directory/volume
mkdir "$volume"
version=0

# config_volume [LINE...]: a new version of the volume that holds config.conf, swapped in as kubelet does it
config_volume()
{
	local old

	old=$(readlink "$volume/..data" || true)
	version=$((version + 1))
	mkdir "$volume/..$version"
	{
		echo "apiVersion: kubeproxy.config.k8s.io/v1alpha1"
		echo "kind: KubeProxyConfiguration"
		echo "mode: ipvs"
		printf '%s\n' "$@"
	} >"$volume/..$version/config.conf"
	ln -s "..$version" "$volume/..data_tmp"
	mv -T "$volume/..data_tmp" "$volume/..data"
	[ -e "$volume/config.conf" ] || ln -s ..data/config.conf "$volume/config.conf"
	[ -z "$old" ] || rm -r "${volume:?}/$old"
}

scheduler_of()
{
	virtual_server tcp "$1" | head -n 1
}

metric()
{
	on node curl -s http://127.0.0.1:10249/metrics | sed -n "s/^ipvsagent_settings_$1 //p"
}

# node_sysctl NAME
node_sysctl()
{
	on node cat "/proc/sys/$1"
}

ipvs_timeouts()
{
	on node ipvsadm -L --timeout | sed 's/.*: //'
}

log_has()
{
	grep -qF -- "$1" "$agent_log"
}

# seen_from NAMESPACE: the address that a server on another node sees
seen_from()
{
	ask "$1" --timeout 500 tcp 10.96.0.12 80 | sed 's/.* peer=//; s/:[0-9]*$//'
}

wait_for_scheduler()
{
	wait_until_equal 20 "the scheduler of web" "$1" scheduler_of 10.96.0.10:80
	wait_until_equal 20 "the scheduler of its NodePort" "$1" scheduler_of 192.168.77.10:30080
}

pods="clusterCIDR: 10.244.0.0/16"

step "start"
config_volume "$pods" "hostnameOverride: node1"
echo "drainTimeout: 10m" >"$directory/own.yaml"
on_in_background node "$IPVSAGENT" run --former-vip-timeout 0s --manifests "$manifests" --config "$volume/config.conf" \
	--ipvsagent-config "$directory/own.yaml" 2>"$agent_log" </dev/null
agent_pid=$!
wait_until 20 agent_is_up
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1, 10.244.1.2:8080 1"
wait_for_service tcp 10.96.0.12 80 "10.244.2.1:8080 1"
wait_for_scheduler rr
assert_equal "in force" 1 "$(metric in_force)"
hold_open kept client tcp 10.96.0.10 80

step "the scheduler changes in place: no connection is lost, and new ones use it"
netlink_writes_start
config_volume "$pods" "hostnameOverride: node1" "ipvs: {scheduler: sh}"
wait_for_scheduler sh
writes=$(netlink_writes_stop)
assert_lacks "the writes" DEL_SERVICE "$writes"
assert_lacks "the writes" DEL_DEST "$writes"
assert_contains "the writes" SET_SERVICE "$writes"
hold_is_alive kept
assert_equal "answers for one source, with sh" 1 "$(ask client --count 6 --summary tcp 10.96.0.10 80 | wc -l)"
wait_until 5 log_has "applied new values of ipvs.scheduler"
assert_equal "the scheduler with affinity" "sh (sh-fallback) persistent 600" "$(scheduler_of 10.96.0.11:80)"

step "the agent's own file: affinity as kube-proxy has it"
printf 'drainTimeout: 10m\naffinityScheduler: inherit\n' >"$directory/own.new"
config_volume "$pods" "hostnameOverride: node1" "ipvs: {scheduler: wrr}"
mv "$directory/own.new" "$directory/own.yaml"
wait_until_equal 20 "the scheduler with affinity" "wrr persistent 600" scheduler_of 10.96.0.11:80
wait_for_scheduler wrr
hold_is_alive kept

step "nodePortAddresses"
assert_equal "the other address" "pod1 1, pod2 1" "$(answers client 2 tcp 192.168.88.10 30080)"
config_volume "$pods" "hostnameOverride: node1" "nodePortAddresses: [192.168.77.0/24]"
wait_until_equal 20 "the NodePort of the other address" "" virtual_server tcp 192.168.88.10:30080
wait_for_scheduler rr
assert_equal "the other address" "refused 1" "$(answers client 1 tcp 192.168.88.10 30080)"
assert_equal "the selected address" "pod1 1, pod2 1" "$(answers client 2 tcp 192.168.77.10 30080)"
assert_equal "a loopback address, not selected" "refused 1" "$(answers node 1 tcp 127.0.0.1 30080)"
config_volume "$pods" "hostnameOverride: node1" "iptables: {localhostNodePorts: true}"
wait_until_equal 20 "a loopback address" "pod1 1, pod2 1" answers node 2 tcp 127.0.0.1 30080
wait_until_equal 20 "the other address" "pod1 1, pod2 1" answers client 2 tcp 192.168.88.10 30080
config_volume "$pods" "hostnameOverride: node1" "iptables: {localhostNodePorts: false}"
wait_until_equal 20 "a loopback address" "refused 1" answers node 1 tcp 127.0.0.1 30080
hold_is_alive kept

step "masquerading: which sources are pods', and for all"
assert_equal "a pod is seen" 10.244.1.1 "$(seen_from pod1)"
config_volume "hostnameOverride: node1" "clusterCIDR: 10.55.0.0/16"
wait_until_equal 20 "a pod of another cluster is seen" 192.168.77.10 seen_from pod1
config_volume "hostnameOverride: node1" "detectLocalMode: InterfaceNamePrefix" \
	"detectLocal: {interfaceNamePrefix: cali}"
wait_until_equal 20 "a pod is seen" 10.244.1.1 seen_from pod1
config_volume "$pods" "hostnameOverride: node1" "iptables: {masqueradeAll: true, masqueradeBit: 5}"
wait_until_equal 20 "a pod is seen, with masqueradeAll" 192.168.77.10 seen_from pod1
wait_until 10 on node sh -c 'iptables-save | grep -q "set-xmark 0x20/0x20"'
config_volume "$pods" "hostnameOverride: node1"
wait_until_equal 20 "a pod is seen, without" 10.244.1.1 seen_from pod1
hold_is_alive kept

step "timeouts, limits and kernel settings"
config_volume "$pods" "hostnameOverride: node1" "oomScoreAdj: -500" \
	"ipvs: {tcpTimeout: 20m, udpTimeout: 77s, strictARP: true}" \
	"conntrack: {tcpEstablishedTimeout: 2h, udpTimeout: 33s}"
wait_until_equal 20 "IPVS timeouts" "1200 120 77" ipvs_timeouts
wait_until_equal 20 "arp_ignore" 1 node_sysctl net/ipv4/conf/all/arp_ignore
wait_until_equal 20 "arp_announce" 2 node_sysctl net/ipv4/conf/all/arp_announce
wait_until_equal 20 "established" 7200 node_sysctl net/netfilter/nf_conntrack_tcp_timeout_established
wait_until_equal 20 "UDP" 33 node_sysctl net/netfilter/nf_conntrack_udp_timeout
wait_until_equal 20 "oom_score_adj" -500 cat "/proc/$agent_pid/oom_score_adj"

# counted: connections and packets of web, as ipvsadm has them
counted()
{
	on node ipvsadm -Ln --stats --exact | awk '$2 == "10.96.0.10:80" { print $3, $4 }'
}

# own_settings [LINE...]: the agent's own file, as it is, with further lines
own_settings()
{
	printf '%s\n' "drainTimeout: 10m" "affinityScheduler: inherit" "$@" >"$directory/own.new"
	mv "$directory/own.new" "$directory/own.yaml"
}

has_estimation()
{
	on node test -e /proc/sys/net/ipv4/vs/run_estimation
}

step "settings of IPVS that not every kernel has"
own_settings "suspendEstimation: true" "sloppySCTP: true"
wait_until_equal 20 "sloppy_sctp" 1 node_sysctl net/ipv4/vs/sloppy_sctp
if has_estimation; then
	wait_until_equal 20 "run_estimation" 0 node_sysctl net/ipv4/vs/run_estimation
	assert_lacks "the status" "run_estimation" "$(agent status)"
	sleep 3 # a sum that is being made
	before=$(counted)
	answers client 3 tcp 10.96.0.10 80 >/dev/null
	sleep 3
	assert_equal "what is counted" "$before" "$(counted)"
else
	wait_until 20 log_has "this kernel has no sysctl net/ipv4/vs/run_estimation; ignoring suspendEstimation"
	assert_contains "the status" "sysctl net/ipv4/vs/run_estimation" "$(agent status | grep '^Missing')"
fi
own_settings
wait_until 20 log_has "suspendEstimation is off now; run_estimation is not reset"
wait_until 20 log_has "sloppySCTP is off now; sloppy_sctp is not reset"
assert_equal "sloppy_sctp" 1 "$(node_sysctl net/ipv4/vs/sloppy_sctp)"
if has_estimation; then
	assert_equal "run_estimation" 0 "$(node_sysctl net/ipv4/vs/run_estimation)"
	on node sysctl -qw net.ipv4.vs.run_estimation=1
fi
hold_is_alive kept

step "the sync period: drift is repaired sooner"
config_volume "$pods" "hostnameOverride: node1" "ipvs: {syncPeriod: 1s}"
wait_until 20 log_has "ipvs.syncPeriod"
on node ipvsadm -d -t 10.96.0.12:80 -r 10.244.2.1:8080
wait_until_equal 10 "the destination that was taken away" "10.244.2.1:8080 1" destinations tcp 10.96.0.12:80

step "excludeCIDRs: whose virtual servers others may have"
config_volume "$pods" "hostnameOverride: node1" "ipvs: {syncPeriod: 1s, excludeCIDRs: [10.96.0.10/32]}"
wait_until 20 log_has "ipvs.excludeCIDRs"
on node ipvsadm -A -t 10.96.0.10:8081 -s rr
on node ipvsadm -A -t 10.96.0.11:8081 -s rr
wait_until_equal 20 "a stranger on an address of ours" "" virtual_server tcp 10.96.0.11:8081
assert_equal "a stranger in excludeCIDRs" rr "$(virtual_server tcp 10.96.0.10:8081)"
config_volume "$pods" "hostnameOverride: node1" "ipvs: {syncPeriod: 1s}"
wait_until_equal 20 "a stranger no longer in excludeCIDRs" "" virtual_server tcp 10.96.0.10:8081

step "minSyncPeriod: changes are gathered"
config_volume "$pods" "hostnameOverride: node1" "ipvs: {minSyncPeriod: 4s}"
wait_until 20 log_has "ipvs.minSyncPeriod"
service_manifest brief cluster_ip=10.96.0.14 | manifest brief.yaml
wait_until 20 address_is_bound 10.96.0.14
first=${EPOCHREALTIME/[.,]/}
slice_manifest brief endpoints=pod1 | manifest brief-slice.yaml
wait_until_equal 20 "the endpoint that had to wait" "10.244.1.1:8080 1" destinations tcp 10.96.0.14:80
waited=$((${EPOCHREALTIME/[.,]/} - first))
[ $waited -gt 2500000 ] || fail "the second change came $waited us after the first"
config_volume "$pods" "hostnameOverride: node1"
wait_until_equal 20 "changes of minSyncPeriod" 2 grep -c "ipvs.minSyncPeriod" "$agent_log"

step "drainTimeout: how long a leaving endpoint keeps a connection"
hold_open brief client tcp 10.96.0.14 80
printf 'affinityScheduler: inherit\ndrainTimeout: 2s\n' >"$directory/own.yaml"
wait_until 20 log_has "applied new values of drainTimeout"
slice_manifest brief | manifest brief-slice.yaml
wait_until_equal 20 "the endpoint that left" "" destinations tcp 10.96.0.14:80
hold_close brief
rm "$manifests"/brief*.yaml

step "metrics of Services"
# They are as of the last verification.
config_volume "$pods" "hostnameOverride: node1" "ipvs: {syncPeriod: 1s}"
wait_until_equal 20 "the Service that went" "" virtual_server tcp 10.96.0.14:80
service_metrics()
{
	on node curl -s http://127.0.0.1:10249/metrics | grep -c '^ipvsagent_service_connections_total{' || true
}
assert_equal "Services with metrics" 0 "$(service_metrics)"
printf 'affinityScheduler: inherit\nserviceMetrics: 10\n' >"$directory/own.yaml"
wait_until_equal 20 "Services with metrics" 3 service_metrics
answers client 3 tcp 10.96.0.10 80 >/dev/null
wait_until 20 on node sh -c "curl -s http://127.0.0.1:10249/metrics |
	grep -q '^ipvsagent_service_connections_total{namespace=\"default\",service=\"web\"} [1-9]'"
printf 'affinityScheduler: inherit\nserviceMetrics: 1\n' >"$directory/own.yaml"
wait_until_equal 20 "Services with metrics" 1 service_metrics
printf 'affinityScheduler: inherit\n' >"$directory/own.yaml"
wait_until_equal 20 "Services with metrics" 0 service_metrics

step "the ports for probes and operators move"
config_volume "$pods" "hostnameOverride: node1" "metricsBindAddress: 127.0.0.1:10250" \
	"healthzBindAddress: 127.0.0.1:10257"
wait_until_equal 20 "/healthz at its new port" 200 \
	on node curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:10257/healthz
wait_until_equal 20 "/proxyMode at its new port" ipvs on node curl -s http://127.0.0.1:10250/proxyMode
assert_status "the former port" 7 on node curl -s http://127.0.0.1:10249/proxyMode
config_volume "$pods" "hostnameOverride: node1"
wait_until_equal 20 "/proxyMode at its former port" ipvs on node curl -s http://127.0.0.1:10249/proxyMode

step "the level of logging"
config_volume "$pods" "hostnameOverride: node1" "logging: {verbosity: 4}"
wait_until 20 log_has "applied new values of logging.verbosity"
{
	service_manifest late cluster_ip=10.96.0.13
	slice_manifest late endpoints=pod1
} | manifest late.yaml
wait_for_service tcp 10.96.0.13 80 "10.244.1.1:8080 1"
wait_until 10 grep -q "debug: .*10.96.0.13" "$agent_log"

step "what takes a restart is named, and the rest counts"
config_volume "$pods" "hostnameOverride: other" "ipvs: {scheduler: lc}"
wait_for_scheduler lc
wait_until 5 log_has "hostnameOverride: new values take effect after a restart"
assert_equal "settings that wait" 1 "$(metric waiting_for_restart)"
assert_contains "the status" "Settings that take effect after a restart: hostnameOverride" "$(agent status)"

step "a bad file keeps everything and says so, and heals"
wait_until 60 agent_is_settled
dump_state "$directory/before"
config_volume "$pods" "hostnameOverride: node1" "ipvs: {scheduler: sh, syncPeriod: soon}"
wait_until 20 log_has "ipvs.syncPeriod: \"soon\" is not a duration such as 30s or 1m10s; keeping the previous settings"
wait_until_equal 5 "in force" 0 metric in_force
assert_contains "the status" "Reload failed, previous settings in force: $volume/config.conf: ipvs.syncPeriod" \
	"$(agent status)"
assert_contains "the status as JSON" "\"error\": \"$volume/config.conf: ipvs.syncPeriod" \
	"$(agent status -o json | tr '\n' ' ' | sed 's/  */ /g')"
dump_state "$directory/after"
assert_same_state "with the bad file" "$directory/before" "$directory/after"
config_volume "$pods" "hostnameOverride: node1" "ipvs: {scheduler: nonsuch}"
wait_until 20 log_has "--ipvs-scheduler nonsuch"
echo "drainTimeuot: 1m" >"$directory/own.yaml"
config_volume "$pods" "hostnameOverride: node1" "ipvs: {scheduler: sed}"
wait_until 20 log_has "own.yaml: drainTimeuot: unknown field; keeping the previous settings"
assert_equal "the scheduler" lc "$(scheduler_of 10.96.0.10:80)"
hold_is_alive kept
echo "affinityScheduler: sh" >"$directory/own.yaml"
wait_for_scheduler sed
wait_until_equal 20 "the scheduler with affinity" "sh (sh-fallback) persistent 600" scheduler_of 10.96.0.11:80
wait_until_equal 5 "in force" 1 metric in_force
assert_equal "settings that wait" 0 "$(metric waiting_for_restart)"
assert_lacks "the status" "Reload failed" "$(agent status)"

step "SIGHUP reads them, too; what is the same is not written again"
netlink_writes_start
kill -HUP "$agent_pid"
wait_until 10 log_has "reloading the manifests"
sleep 1
assert_equal "the writes" "" "$(netlink_writes_stop)"
hold_is_alive kept
hold_close kept
agent_stop
