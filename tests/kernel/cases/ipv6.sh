#!/bin/bash
# Services of IPv6, and of both families, work as those of IPv4 do.
. "$(dirname "$0")/../lib.sh"

# sources NAMESPACE COUNT ADDRESS [PORT]: who answers over TCP, and whom they saw
sources()
{
	ask "$1" --count "$2" tcp "$3" "${4:-80}" | sed 's/:[0-9]*$//' | sort -u | paste -sd, | sed 's/,/, /g'
}

topology_create
for pod in pod1 pod2 rpod1; do
	answer_start "$pod" tcp/8080 udp/5353
done
{
	service_manifest web cluster_ip=fd00:96::10 ports="http:TCP:80:8080 dns:UDP:53:5353"
	slice_manifest web family=IPv6 endpoints="pod1 pod2 rpod1" ports="http:TCP:8080 dns:UDP:5353"
} | manifest web.yaml
cat <<-END | manifest both.yaml
	apiVersion: v1
	kind: Service
	metadata: {name: both, namespace: default}
	spec:
	  clusterIP: 10.96.0.20
	  clusterIPs: [10.96.0.20, "fd00:96::20"]
	  ipFamilies: [IPv4, IPv6]
	  ipFamilyPolicy: RequireDualStack
	  ports:
	  - {name: http, protocol: TCP, port: 80, targetPort: 8080}
	$(slice_manifest both endpoints="pod1" suffix=v4)
	$(slice_manifest both family=IPv6 endpoints="pod2" suffix=v6)
END
# What kube-proxy has bound already
ip -n node link add kube-ipvs0 type dummy
ip -n node address add fd00:96::10/128 dev kube-ipvs0 nodad
agent_start
for port in "tcp 80 8080" "udp 53 5353"; do
	read -r protocol from to <<<"$port"
	wait_for_service "$protocol" fd00:96::10 "$from" \
		"[fd00:10:244:1::1]:$to 1, [fd00:10:244:1::2]:$to 1, [fd00:10:244:2::1]:$to 1"
done

step "connections and datagrams spread"
for source in client node node2 pod1; do
	assert_equal "asked by $source" "pod1 2, pod2 2, rpod1 2" "$(answers "$source" 6 tcp fd00:96::10 80)"
done
assert_equal "datagrams" "pod1 2, pod2 2, rpod1 2" "$(answers client 6 udp fd00:96::10 53)"

step "a pod's address is seen, an outside client's is masqueraded"
assert_contains "asked by pod3" "peer=[fd00:10:244:1::3]:" "$(ask pod3 tcp fd00:96::10 80)"
for source in client node; do
	assert_equal "asked by $source" "pod1 peer=[fd77::10], pod2 peer=[fd77::10], rpod1 peer=[fd77::10]" \
		"$(sources "$source" 3 fd00:96::10)"
done
assert_equal "what the node sends to a pod without a Service" "pod1 peer=[fd77::10]" \
	"$(sources node 1 fd00:10:244:1::1 8080)"

step "hairpin"
assert_equal "a pod among its Service's endpoints" "pod1 1, pod2 1, rpod1 1" "$(answers pod1 3 tcp fd00:96::10 80)"

step "both families of one Service"
wait_for_service tcp 10.96.0.20 80 "10.244.1.1:8080 1"
wait_for_service tcp fd00:96::20 80 "[fd00:10:244:1::2]:8080 1"
assert_equal "IPv4" "pod1 2" "$(answers client 2 tcp 10.96.0.20 80)"
assert_equal "IPv6" "pod2 2" "$(answers client 2 tcp fd00:96::20 80)"
