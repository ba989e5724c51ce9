#!/bin/bash
# time-limit: 180
# What kube-proxy's IPVS mode gets wrong beside who may reach whom: health check ports and families, slices that
# change hands or contradict each other, ports that a Service had. Source ranges are in source-ranges and
# api-semantics, addresses that come and go in nodeport-addresses, strangers in foreign-survives, cleaning up in
# cleanup.
. "$(dirname "$0")/../lib.sh"

# dual ENDPOINT4 ENDPOINT6: a Service of both families whose traffic stays here
dual()
{
	{
		cat <<-END
			apiVersion: v1
			kind: Service
			metadata: {name: dual, namespace: default}
			spec:
			  type: LoadBalancer
			  clusterIP: 10.96.0.30
			  clusterIPs: [10.96.0.30, "fd00:96::30"]
			  ipFamilies: [IPv4, IPv6]
			  ipFamilyPolicy: RequireDualStack
			  externalTrafficPolicy: Local
			  healthCheckNodePort: 31030
			  ports:
			  - {name: http, port: 80, targetPort: 8080, nodePort: 30030}
		END
		slice_manifest dual endpoints="$1" suffix=4
		slice_manifest dual endpoints="$2" suffix=6 family=IPv6
	} | manifest dual.yaml
}

# health ADDRESS: status and number of endpoints
health()
{
	http_get client "$1" 31030 / | sed -n '1s/HTTP[^ ]* \([0-9]*\).*/\1/p; s/^no connection$/&/p
		s/^X-Load-Balancing-Endpoint-Weight: //p' | paste -sd' '
}

# wait_for_health EXPECTED: over both families
wait_for_health()
{
	wait_until_equal 10 "the health check over IPv4" "$1" health 192.168.77.10
	wait_until_equal 10 "the health check over IPv6" "$1" health fd77::10
}

# without_local TRAFFIC: the Services that the gauge counts, for IPv4 and IPv6
without_local()
{
	on node curl -s http://127.0.0.1:10249/metrics |
		sed -n "s/^kubeproxy_sync_proxy_rules_no_local_endpoints_total{ip_family=\"IPv[46]\",traffic_policy=\"$1\"} //p" |
		paste -sd' '
}

# web NAME LAST NODE-PORT: a Service over TCP and UDP
web()
{
	service_manifest "$1" type=NodePort cluster_ip="10.96.0.$2" ports="http:TCP:80:8080:$3 dns:UDP:53:5353:$3"
}

topology_create
on node sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
for pod in pod1 pod2 rpod1; do
	answer_start "$pod" tcp/8080 udp/5353
done
answer_start node tcp/80 tcp/30010 udp/53
dual "pod1 rpod1" "pod1 pod2 rpod1"
agent_start
wait_for_service tcp fd00:96::30 80 "[fd00:10:244:1::1]:8080 1, [fd00:10:244:1::2]:8080 1, [fd00:10:244:2::1]:8080 1"

step "a health check port listens on both families and counts the endpoints of both"
wait_for_health "200 3"
dual "rpod1" "pod1 rpod1"
wait_for_health "200 1"
wait_until_equal 10 "Services without local endpoints" "1 0" without_local external
dual "pod1 rpod1" "rpod1"
wait_for_health "200 1"
wait_until_equal 10 "Services without local endpoints" "0 1" without_local external
dual rpod1 rpod1
wait_for_health "503 0"
dual "pod1 rpod1" "pod1 rpod1"
wait_for_health "200 2"
wait_until_equal 10 "Services without local endpoints" "0 0" without_local external

step "no node address in the ranges of NodePorts does not silence it"
agent_stop
agent_start --nodeport-addresses 198.51.100.0/24
wait_for_health "200 2"
wait_until_equal 10 "its NodePort" "" virtual_server tcp 192.168.77.10:30030
agent_stop
agent_start
wait_for_health "200 2"

step "a slice that gets another Service's label leaves its own at once"
{
	web one 10 30010
	web other 11 30011
} | manifest services.yaml
slice_manifest one endpoints="pod1" ports="http:TCP:8080 dns:UDP:5353" | manifest slice.yaml
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1"
wait_for_service udp 10.96.0.10 53 "10.244.1.1:5353 1"
wait_until_equal 10 "the other Service" "" destinations tcp 10.96.0.11:80
sed 's|service-name: one|service-name: other|' "$manifests/slice.yaml" | manifest slice.yaml
wait_for_service tcp 10.96.0.11 80 "10.244.1.1:8080 1"
wait_until_equal 10 "what serves the Service that it had" "" serving tcp 10.96.0.10:80
wait_until_equal 10 "the same with UDP" "" destinations udp 10.96.0.10:53
assert_equal "the Service that has it" "pod1 2" "$(answers client 2 tcp 10.96.0.11 80)"
assert_equal "the Service that had it" "refused 1" "$(answers client 1 tcp 10.96.0.10 80)"

step "of an endpoint in two slices any copy may say that it is usable"
for states in "pod1 pod1/unready" "pod1/unready pod1" "pod1/terminating pod1" "pod1 pod1/serving"; do
	{
		slice_manifest one endpoints="${states% *}" suffix=a
		slice_manifest one endpoints="${states#* } rpod1" suffix=b
	} | manifest slice.yaml
	wait_until_equal 10 "with $states" "10.244.1.1:8080, 10.244.2.1:8080" serving tcp 10.96.0.10:80
	assert_equal "with $states" "pod1 1, rpod1 1" "$(answers client 2 tcp 10.96.0.10 80)"
	slice_manifest one endpoints="rpod1" | manifest slice.yaml
	wait_until_equal 10 "without it" "10.244.2.1:8080" serving tcp 10.96.0.10:80
done

step "ports that a Service had are not the host's, and NodePorts are of one family"
wait_until_equal 10 "the NodePort" "rpod1 1" answers client 1 tcp 192.168.77.10 30010
assert_equal "what the host has on that port of the other family" "node 1" "$(answers client 1 tcp fd77::10 30010)"
for vip in 10.96.0.10 10.96.0.30 fd00:96::30; do
	for client in client pod3 node; do
		assert_equal "the number of a NodePort on the VIP $vip, asked by $client" "refused 1" \
			"$(answers "$client" 1 --timeout 2500 tcp "$vip" 30010)"
	done
done
service_manifest one type=NodePort cluster_ip=10.96.0.10 ports=http:TCP:8081:8080:30012 | manifest services.yaml
wait_until_equal 10 "its new port" "10.244.2.1:8080" serving tcp 10.96.0.10:8081
wait_until_equal 10 "its old port" "" virtual_server tcp 10.96.0.10:80
wait_until_equal 10 "its old UDP port" "" virtual_server udp 10.96.0.10:53
wait_until_equal 10 "its old NodePort" "" virtual_server tcp 192.168.77.10:30010
for client in client pod3 node; do
	assert_equal "its old port asked by $client" "refused 1" "$(answers "$client" 1 tcp 10.96.0.10 80)"
done
for client in client pod3; do
	assert_equal "its old UDP port asked by $client" "refused 1" "$(answers "$client" 1 udp 10.96.0.10 53)"
done
assert_equal "what the host has on the old NodePort" "node 1" "$(answers client 1 tcp 192.168.77.10 30010)"
wait_until_equal 10 "the new NodePort" "rpod1 1" answers client 1 tcp 192.168.77.10 30012
rm "$manifests/services.yaml"
wait_until_equal 10 "the Service that is gone" "" virtual_server tcp 10.96.0.10:8081

step "over IPv6, too, who has no endpoint to go to is refused at once"
dual "" ""
wait_until_equal 10 "what serves" "" serving tcp "[fd00:96::30]:80"
for client in client pod3 node; do
	assert_equal "asked by $client" "refused 1" "$(answers "$client" 1 --timeout 2500 tcp fd00:96::30 80)"
done
