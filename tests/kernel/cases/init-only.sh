#!/bin/bash
# With everything prepared by --init-only, two capabilities and read-only kernel settings are enough to be the
# node's proxy, as packaging/kubernetes/init-only has it.
. "$(dirname "$0")/../lib.sh"

# kube_proxy CAPABILITIES FLAG...: as a container without privileges runs it
kube_proxy()
{
	local capabilities=$1

	shift
	on_in_background node unshare -m bash -c '
		mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys &&
			exec setpriv --no-new-privs --inh-caps=-all --bounding-set="$0" \
				bash -c "exec -a kube-proxy \"\$0\" \"\$@\"" "$@"' \
		"$capabilities" "$IPVSAGENT" --config="$directory/config.conf" --hostname-override=node1 \
		--manifests="$manifests" "$@" 2>>"$agent_log" </dev/null
	agent_pid=$!
}

topology_create
for pod in pod1 rpod1; do
	answer_start "$pod" tcp/8080
done
{
	service_manifest web cluster_ip=10.96.0.10 type=NodePort ports=http:TCP:80:8080:30080
	slice_manifest web endpoints="pod1 rpod1"
} | manifest web.yaml
sed -n '/^  config.conf: |-$/,$s/^    //p' "$(dirname "$0")/../../../packaging/kubernetes/kube-proxy/config-map.yaml" |
	sed 's/^  kubeconfig: .*/  kubeconfig: ""/' >"$directory/config.conf"
assert_contains "the configuration" "kind: KubeProxyConfiguration" "$(cat "$directory/config.conf")"

step "one capability is not enough, which it says"
kube_proxy "-all,+net_raw"
status=0
wait "$agent_pid" || status=$?
assert_equal "the exit status" 3 "$status"
assert_contains "what it says" "CAP_NET_ADMIN" "$(cat "$agent_log")"

step "the init container"
on node bash -c 'exec -a kube-proxy "$0" "$@"' "$IPVSAGENT" --config="$directory/config.conf" \
	--hostname-override=node1 --init-only
assert_equal "net.ipv4.vs.conntrack" 1 "$(on node cat /proc/sys/net/ipv4/vs/conntrack)"

step "the container"
: >"$agent_log"
kube_proxy "-all,+net_admin,+net_raw"
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1, 10.244.2.1:8080 1"
assert_equal "its capabilities" 0000000000003000 "$(sed -n 's/^CapEff:\t//p' "/proc/$agent_pid/status")"
wait_until_equal 10 "asked by client" "pod1 2, rpod1 2" answers client 4 tcp 192.168.77.10 30080
assert_equal "asked by pod1" "pod1 2, rpod1 2" "$(answers pod1 4 tcp 10.96.0.10 80)"
assert_equal "/healthz" 200 "$(on node curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:10256/healthz)"
assert_equal "rules in place" "ipvsagent_rules_in_place 1" \
	"$(on node curl -s http://127.0.0.1:10249/metrics | grep '^ipvsagent_rules_in_place')"
agent_stop
