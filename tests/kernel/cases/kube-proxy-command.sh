# Under the name of kube-proxy, with kubeadm's configuration and DaemonSet flags, the program does
# kube-proxy's work: preparing only, running, cleaning up.
. "$(dirname "$0")/../lib.sh"

topology_create
answer_start pod1 tcp/8080

kube_proxy()
{
	on node bash -c 'exec -a /usr/local/bin/kube-proxy "$0" "$@"' "$IPVSAGENT" "$@"
}

node_sysctl()
{
	on node cat "/proc/sys/$1"
}

cat >"$directory/config.conf" <<-END
	apiVersion: kubeproxy.config.k8s.io/v1alpha1
	bindAddress: 0.0.0.0
	bindAddressHardFail: false
	clientConnection:
	  acceptContentTypes: ""
	  burst: 0
	  contentType: ""
	  kubeconfig: ""
	  qps: 0
	clusterCIDR: 10.244.0.0/16,fd00:10:244::/56
	configSyncPeriod: 0s
	conntrack:
	  maxPerCore: null
	  min: null
	  tcpBeLiberal: true
	  tcpCloseWaitTimeout: null
	  tcpEstablishedTimeout: 2h
	  udpStreamTimeout: 200s
	  udpTimeout: 0s
	detectLocalMode: ""
	hostnameOverride: ""
	ipvs:
	  excludeCIDRs: null
	  scheduler: wrr
	  strictARP: true
	  syncPeriod: 0s
	  tcpTimeout: 15m
	  udpTimeout: 0s
	kind: KubeProxyConfiguration
	mode: ipvs
	nodePortAddresses: null
	oomScoreAdj: null
END

step "--init-only prepares the node and programs nothing"
on node modprobe ip_vs
udp_timeout=$(node_sysctl net/netfilter/nf_conntrack_udp_timeout)
assert_status "--init-only" 0 kube_proxy --config "$directory/config.conf" --init-only
assert_equal "net.ipv4.vs.conntrack" 1 "$(node_sysctl net/ipv4/vs/conntrack)"
assert_equal "net.ipv4.ip_forward" 1 "$(node_sysctl net/ipv4/ip_forward)"
assert_equal "arp_ignore" 1 "$(node_sysctl net/ipv4/conf/all/arp_ignore)"
assert_equal "tcp established timeout" 7200 "$(node_sysctl net/netfilter/nf_conntrack_tcp_timeout_established)"
assert_equal "tcp close wait timeout" 3600 "$(node_sysctl net/netfilter/nf_conntrack_tcp_timeout_close_wait)"
assert_equal "udp stream timeout" 200 "$(node_sysctl net/netfilter/nf_conntrack_udp_timeout_stream)"
assert_equal "udp timeout, not set" "$udp_timeout" "$(node_sysctl net/netfilter/nf_conntrack_udp_timeout)"
assert_equal "tcp be liberal" 1 "$(node_sysctl net/netfilter/nf_conntrack_tcp_be_liberal)"
assert_contains "IPVS timeouts" "900 120 300" "$(on node ipvsadm -L --timeout)"
assert_equal "virtual servers" "" "$(on node ipvsadm -Sn)"
assert_equal "sets" "" "$(on node ipset list -n)"
assert_lacks "rules" KUBE "$(on node iptables-save)"
if on node ip link show kube-ipvs0 2>/dev/null; then
	fail "kube-ipvs0 is there"
fi

step "--write-config-to writes what reads the same"
assert_status "--write-config-to" 0 kube_proxy --config "$directory/config.conf" --write-config-to "$directory/written"
assert_contains "what was written" 'scheduler: "wrr"' "$(cat "$directory/written")"
assert_contains "what was written" 'tcpEstablishedTimeout: "2h0m0s"' "$(cat "$directory/written")"
assert_status "again" 0 kube_proxy --config "$directory/written" --write-config-to "$directory/again"
assert_equal "what was written again" "$(cat "$directory/written")" "$(cat "$directory/again")"

step "running"
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web endpoints=pod1
} | manifest web.yaml
on_in_background node bash -c 'exec -a kube-proxy "$0" "$@"' "$IPVSAGENT" --config="$directory/config.conf" \
	--hostname-override=node1 --manifests="$manifests" 2>"$agent_log" </dev/null
agent_pid=$!
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1"
assert_equal "the answers" "pod1 4" "$(answers client 4 tcp 10.96.0.10 80)"
assert_equal "the scheduler" wrr "$(virtual_server tcp 10.96.0.10:80 | head -n 1)"
assert_equal "oom_score_adj" -999 "$(cat "/proc/$agent_pid/oom_score_adj")"
agent_stop
assert_lacks "the log" warning: "$(<"$agent_log")"

step "--cleanup"
assert_status "--cleanup" 0 kube_proxy --config "$directory/config.conf" --cleanup
assert_equal "virtual servers" "" "$(on node ipvsadm -Sn)"
assert_equal "sets" "" "$(on node ipset list -n)"
assert_lacks "rules" KUBE "$(on node iptables-save)"

step "another mode is refused with a word why"
sed -i 's/mode: ipvs/mode: nftables/' "$directory/config.conf"
assert_status "mode nftables" 2 kube_proxy --config "$directory/config.conf"
assert_contains "mode nftables" "mode: \"nftables\" is not supported" "$output"
