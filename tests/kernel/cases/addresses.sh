#!/bin/bash
# Which addresses a Service has and which it does not: an external IP that the node itself owns, ipMode, both
# families at once, and internalTrafficPolicy Local on the ClusterIP.
. "$(dirname "$0")/../lib.sh"

one="10.244.1.1:8080 1"

owner_of()
{
	on node ip -o address show | awk -v address="$1" '{split($4, parts, "/")} parts[1] == address {print $2}' |
		paste -sd' '
}

# at_the_gate IP...: a Service with these external IPs
at_the_gate()
{
	{
		service_manifest gate cluster_ip=10.96.0.20 ports=http:TCP:81:8080 \
			extra="externalIPs: [$(list_of "$@")]"
		slice_manifest gate endpoints=pod1
	} | manifest gate.yaml
}

topology_create
for pod in pod1 pod2 rpod1; do
	answer_start "$pod" tcp/8080
done
on node ip address add 192.168.77.33/24 dev eth0
at_the_gate 192.168.77.10 192.168.77.33 203.0.113.20
agent_start --former-vip-timeout 0s

step "external IPs: those of the node itself serve, and stay on their interface"
wait_for_service tcp 203.0.113.20 81 "$one"
wait_until 20 agent_is_settled
for address in 192.168.77.10 192.168.77.33; do
	assert_equal "destinations" "$one" "$(destinations tcp $address:81)"
	assert_equal "the owner of $address" eth0 "$(owner_of $address)"
	assert_equal "asked by client" "pod1 1" "$(answers client 1 tcp $address 81)"
done
assert_equal "the owner of 203.0.113.20" kube-ipvs0 "$(owner_of 203.0.113.20)"
assert_equal "asked by client" "pod1 1" "$(answers client 1 tcp 203.0.113.20 81)"

step "an external IP that the node gets for itself moves there, and back when the node loses it"
ip -n node address add 203.0.113.20/32 dev eth0
wait_until_equal 20 "the owner" eth0 owner_of 203.0.113.20
assert_equal "asked by client" "pod1 1" "$(answers client 1 tcp 203.0.113.20 81)"
ip -n node address delete 203.0.113.20/32 dev eth0
wait_until_equal 20 "the owner" kube-ipvs0 owner_of 203.0.113.20
assert_equal "asked by client" "pod1 1" "$(answers client 1 tcp 203.0.113.20 81)"

step "an external IP that is the address of another Node cuts that off only while that is not known"
answer_start node2 tcp/8022
assert_equal "asked by node" "node2 1" "$(answers node 1 tcp 192.168.77.20 8022)"
at_the_gate 203.0.113.20 192.168.77.20
wait_until_equal 10 "the owner" kube-ipvs0 owner_of 192.168.77.20
assert_lacks "asked by node" node2 "$(answers node 1 --timeout 2000 tcp 192.168.77.20 8022)"
node_manifest addresses="192.168.77.20 fd77::20" | sed 's/node1/node2/' | manifest node2.yaml
wait_until_equal 10 "the owner" "" owner_of 192.168.77.20
assert_equal "asked by node" "node2 1" "$(answers node 1 tcp 192.168.77.20 8022)"
assert_equal "the Service, asked by node" "pod1 1" "$(answers node 1 tcp 192.168.77.20 81)"
assert_contains "the status" "address of Node node2" "$(agent status default/gate)"
assert_contains "the log" "external IP 192.168.77.20 is an address of Node node2" "$(cat "$agent_log")"
assert_lacks "the check" "another program" "$(agent check --manifests "$manifests" || true)"
rm "$manifests/node2.yaml"
wait_until_equal 10 "the owner" kube-ipvs0 owner_of 192.168.77.20

step "the Service goes, the node's addresses stay"
at_the_gate 203.0.113.20
wait_until_equal 10 "the virtual server" "" virtual_server tcp 192.168.77.33:81
rm "$manifests/gate.yaml"
wait_until_equal 10 "the owner of 203.0.113.20" "" owner_of 203.0.113.20
for address in 192.168.77.10 192.168.77.33; do
	assert_equal "the owner of $address" eth0 "$(owner_of $address)"
done

# balanced INGRESS...
balanced()
{
	{
		service_manifest web type=LoadBalancer cluster_ip=10.96.0.10
		load_balancer_status "$@"
		slice_manifest web endpoints=pod1
	} | manifest web.yaml
}

step "ipMode: VIP is ours, Proxy is the load balancer's own"
balanced 203.0.113.10 203.0.113.11/Proxy
wait_for_service tcp 203.0.113.10 80 "$one"
assert_equal "asked by client" "pod1 1" "$(answers client 1 tcp 203.0.113.10 80)"
assert_equal "the virtual server of the proxy" "" "$(virtual_server tcp 203.0.113.11:80)"
assert_equal "the owner of the proxy's IP" "" "$(owner_of 203.0.113.11)"
balanced 203.0.113.10/Proxy 203.0.113.11
wait_for_service tcp 203.0.113.11 80 "$one"
wait_until_equal 10 "the owner of the former VIP" "" owner_of 203.0.113.10
wait_until_equal 10 "the former virtual server" "" virtual_server tcp 203.0.113.10:80
assert_equal "asked by client" "pod1 1" "$(answers client 1 tcp 203.0.113.11 80)"

step "both families of one Service"
{
	cat <<-END
		apiVersion: v1
		kind: Service
		metadata: {name: dual, namespace: default}
		spec:
		  type: NodePort
		  clusterIP: 10.96.0.30
		  clusterIPs: [10.96.0.30, "fd00:96::30"]
		  ipFamilies: [IPv4, IPv6]
		  ipFamilyPolicy: RequireDualStack
		  externalIPs: [203.0.113.30, "2001:db8::30"]
		  ports:
		  - {name: http, port: 80, targetPort: 8080, nodePort: 30030}
	END
	slice_manifest dual endpoints=pod1 suffix=4
	slice_manifest dual endpoints=pod2 suffix=6 family=IPv6
} | manifest dual.yaml
wait_for_service tcp 203.0.113.30 80 "$one"
wait_for_service tcp 2001:db8::30 80 "[fd00:10:244:1::2]:8080 1"
wait_until 20 agent_is_settled
for target in "10.96.0.30 80" "203.0.113.30 80" "192.168.77.10 30030"; do
	# shellcheck disable=SC2086
	assert_equal "IPv4 over $target" "pod1 2" "$(answers client 2 tcp $target)"
done
for target in "fd00:96::30 80" "2001:db8::30 80" "fd77::10 30030"; do
	# shellcheck disable=SC2086
	assert_equal "IPv6 over $target" "pod2 2" "$(answers client 2 tcp $target)"
done

# inside POLICY ENDPOINT...
inside()
{
	local policy=$1

	shift
	{
		service_manifest inside cluster_ip=10.96.0.40 extra="internalTrafficPolicy: $policy"
		slice_manifest inside endpoints="$*"
	} | manifest inside.yaml
}

step "internalTrafficPolicy Local: this node's endpoints or none"
inside Local pod1 pod2 rpod1
wait_for_service tcp 10.96.0.40 80 "10.244.1.1:8080 1, 10.244.1.2:8080 1"
for source in node pod3; do
	assert_equal "asked by $source" "pod1 2, pod2 2" "$(answers $source 4 tcp 10.96.0.40 80)"
done
inside Local rpod1
wait_until_equal 10 "what serves" "" serving tcp 10.96.0.40:80
for source in node pod3; do
	wait_until_equal 10 "asked by $source" "refused 1" answers $source 1 tcp 10.96.0.40 80
done
inside Cluster rpod1
wait_until_equal 10 "what serves" "10.244.2.1:8080" serving tcp 10.96.0.40:80
assert_equal "asked by pod3" "rpod1 1" "$(answers pod3 1 tcp 10.96.0.40 80)"
