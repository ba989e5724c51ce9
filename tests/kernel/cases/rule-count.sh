#!/bin/bash
# time-limit: 90
# The iptables rules are the same ones with one Service and with many of every kind. Prints how many.
. "$(dirname "$0")/../lib.sh"

many=300

# services COUNT: Services of each kind, as many in each family
services()
{
	awk -v count="$1" '
		function service(name, cluster_ip, node_port, balancer, lines) {
			print "---\napiVersion: v1\nkind: Service\nmetadata: {name: " name ", namespace: default}"
			print "spec:\n  type: LoadBalancer\n  clusterIP: \"" cluster_ip "\""
			print "  ports: [{port: 80, targetPort: 8080, nodePort: " node_port "}]\n" lines
			print "status: {loadBalancer: {ingress: [{ip: \"" balancer "\"}]}}"
		}
		function slice(name, family, here, there) {
			print "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata:"
			print "  name: " name "-1\n  namespace: default\n  labels: {kubernetes.io/service-name: " name "}"
			print "addressType: " family "\nports: [{port: 8080}]\nendpoints:"
			print "- {addresses: [\"" here "\"], nodeName: node1}"
			print "- {addresses: [\"" there "\"], nodeName: node2}"
		}
		BEGIN {
			for (i = 1; i <= count; i++) {
				last = int(i / 250) "." i % 250 + 1
				lines = "  externalIPs: [198.18." last "]\n  sessionAffinity: ClientIP\n" \
					"  loadBalancerSourceRanges: [192.0.2." i % 250 "/32, 10.0.0.0/8]"
				if (i % 2 == 1)
					lines = lines "\n  externalTrafficPolicy: Local\n  healthCheckNodePort: " 31500 + i
				if (i % 3)
					lines = lines "\n  internalTrafficPolicy: Local"
				service("a" i, "10.100." last, 30000 + 2 * i, "203.0." last, lines)
				service("b" i, "fd00:96::" i, 30001 + 2 * i, "2001:db8::" i,
					"  loadBalancerSourceRanges: [\"2001:db8:9::/64\"]")
				slice("a" i, "IPv4", "10.244.1.1", "10.244.2.1")
				slice("b" i, "IPv6", "fd00:10:244:1::1", "fd00:10:244:2::1")
			}
		}'
}

# rules PROGRAM: all of the node, without counters
rules()
{
	on node "$1" | grep '^-A'
}

topology_create
services 1 >"$directory/one"
services "$many" >"$directory/many"
iptables_writes_start
manifest services.yaml <"$directory/one"
agent_start
wait_for_service tcp fd00:96::1 80 "[fd00:10:244:1::1]:8080 1, [fd00:10:244:2::1]:8080 1"
wait_until 10 eval "rules ip6tables-save | grep -q KUBE-POSTROUTING"
wait_until 10 eval "rules iptables-save | grep -q KUBE-POSTROUTING"
for program in iptables-save ip6tables-save; do
	rules $program >"$directory/$program"
done
assert_contains "the first start writes rules" "iptables-restore" "$(iptables_writes)"

step "many Services of every kind"
manifest services.yaml <"$directory/many"
wait_for_service tcp "fd00:96::$many" 80 "[fd00:10:244:1::1]:8080 1, [fd00:10:244:2::1]:8080 1"
wait_until_equal 30 "virtual servers" $((many * 7)) eval "on node ipvsadm -Ln | grep -c '^TCP'"
for program in iptables-save ip6tables-save; do
	assert_equal "the rules" "$(<"$directory/$program")" "$(rules $program)"
	echo "| $program: $(wc -l <"$directory/$program") rules, with 2 Services as with $((2 * many))"
done
assert_equal "the writes of iptables" "" "$(iptables_writes)"

step "and none"
rm "$manifests/services.yaml"
wait_until_equal 20 "virtual servers" 0 eval "on node ipvsadm -Ln | grep -c '^TCP' || true"
for program in iptables-save ip6tables-save; do
	assert_equal "the rules" "$(<"$directory/$program")" "$(rules $program)"
done
assert_equal "the writes of iptables" "" "$(iptables_writes)"
