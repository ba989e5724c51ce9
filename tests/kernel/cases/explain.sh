#!/bin/bash
# time-limit: 150
# What `ipvsagent explain` says of a running agent is what packets show: who answers, which source is seen, and how
# it fails. And it says the same of the manifests without an agent. tests/matrix/explain_test has every combination.
. "$(dirname "$0")/../lib.sh"

# client_of NAMESPACE ADDRESS: what the client is called in a question about that address
client_of()
{
	case $1 in
	node) echo node ;;
	client)
		case $2 in
		*:*) echo fd77::1 ;;
		*) echo 192.168.77.1 ;;
		esac
		;;
	*)
		pod_locate "$1"
		case $2 in
		*:*) echo "$pod_ipv6" ;;
		*) echo "$pod_ipv4" ;;
		esac
		;;
	esac
}

# target_of PROTOCOL ADDRESS PORT
target_of()
{
	case $2 in
	*:*) echo "[$2]:$3/$1" ;;
	*) echo "$2:$3/$1" ;;
	esac
}

# explained NAMESPACE PROTOCOL ADDRESS PORT: "pod1 peer=10.244.1.3, rpod1 peer=10.244.1.3", "refused" or "timeout"
explained()
{
	local status=0

	agent explain "$(client_of "$1" "$3")" "$(target_of "$2" "$3" "$4")" >"$directory/explained" 2>&1 || status=$?
	awk -v status="$status" '
		BEGIN {
			name["10.244.1.1:8080"] = name["10.244.1.1:5353"] = name["[fd00:10:244:1::1]:8080"] = "pod1"
			name["10.244.2.1:8080"] = name["10.244.2.1:5353"] = name["[fd00:10:244:2::1]:8080"] = "rpod1"
		}
		$2 == "sees" {
			sub(/,$/, "", $3)
			if ($3 ~ /:/)
				$3 = "[" $3 "]"
			answers = answers (answers ? ", " : "") name[$1] " peer=" $3
		}
		/^Answered by / && status == 0 { print answers }
		/^Refused\./ && status == 1 { print /times out/ ? "timeout" : "refused" }
		/^Dropped\./ && status == 1 { print "timeout" }' "$directory/explained"
}

# shown NAMESPACE PROTOCOL ADDRESS PORT: the same, by packets
shown()
{
	ask "$1" --count 4 --timeout 700 --reset "$2" "$3" "$4" | sed 's/:[0-9]*$//' | sort -u | paste -sd, |
		sed 's/,/, /g'
}

# assert_explained EXPECTED NAMESPACE PROTOCOL ADDRESS PORT
assert_explained()
{
	local expected=$1

	shift
	assert_equal "packets, $*" "$expected" "$(shown "$@")"
	assert_equal "explain, $*"$'\n'"$(cat "$directory/explained" 2>/dev/null)" "$expected" "$(explained "$@")"
}

topology_create
for namespace in pod1 rpod1; do
	answer_start "$namespace" tcp/8080 udp/5353
done
{
	service_manifest web type=NodePort cluster_ip=10.96.0.10 ports="http:TCP:80:8080:30080 dns:UDP:53:5353:30053"
	slice_manifest web endpoints="pod1 rpod1" ports="http:TCP:8080 dns:UDP:5353"
	service_manifest web6 cluster_ip=fd00:96::10
	slice_manifest web6 family=IPv6 endpoints="pod1 rpod1"
	service_manifest ranges type=LoadBalancer cluster_ip=10.96.0.11 ports=http:TCP:80:8080 \
		extra="loadBalancerSourceRanges: [192.168.77.1/32]"
	load_balancer_status 203.0.113.11
	slice_manifest ranges endpoints=pod1
	service_manifest afar type=LoadBalancer cluster_ip=10.96.0.12 ports=http:TCP:80:8080 \
		extra="externalTrafficPolicy: Local"
	load_balancer_status 203.0.113.12
	slice_manifest afar endpoints=rpod1
	service_manifest none type=NodePort cluster_ip=10.96.0.13 ports="http:TCP:80:8080:30081 dns:UDP:53:5353"
	slice_manifest none
} | manifest services.yaml

step "without an agent it says so"
assert_status "explain" 4 agent explain node 10.96.0.10:80

agent_start
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1, 10.244.2.1:8080 1"
wait_for_service tcp fd00:96::10 80 "[fd00:10:244:1::1]:8080 1, [fd00:10:244:2::1]:8080 1"
wait_for_service tcp 203.0.113.11 80 "10.244.1.1:8080 1"
wait_until 10 eval 'address_is_bound 203.0.113.12 && address_is_bound 10.96.0.13'
wait_until 20 agent_is_settled

step "a ClusterIP"
assert_explained "pod1 peer=10.244.1.3, rpod1 peer=10.244.1.3" pod3 tcp 10.96.0.10 80
assert_explained "pod1 peer=192.168.77.10, rpod1 peer=10.244.1.1" pod1 udp 10.96.0.10 53
assert_explained "pod1 peer=192.168.77.10, rpod1 peer=192.168.77.10" node tcp 10.96.0.10 80
assert_explained "pod1 peer=192.168.77.10, rpod1 peer=192.168.77.10" client udp 10.96.0.10 53
assert_explained "pod1 peer=[fd00:10:244:1::3], rpod1 peer=[fd00:10:244:1::3]" pod3 tcp fd00:96::10 80
assert_explained "pod1 peer=[fd77::10], rpod1 peer=[fd77::10]" client tcp fd00:96::10 80

step "a NodePort"
assert_explained "pod1 peer=192.168.77.10, rpod1 peer=192.168.77.10" pod3 tcp 192.168.77.10 30080
assert_explained "pod1 peer=192.168.77.10, rpod1 peer=192.168.77.10" node udp 192.168.77.10 30053
assert_explained "pod1 peer=192.168.77.10, rpod1 peer=192.168.77.10" client tcp 192.168.77.10 30080
assert_explained "pod1 peer=192.168.77.10, rpod1 peer=192.168.77.10" node tcp 127.0.0.1 30080

step "source ranges"
assert_explained "pod1 peer=192.168.77.10" client tcp 203.0.113.11 80
assert_explained timeout pod3 tcp 203.0.113.11 80
assert_explained timeout node tcp 203.0.113.11 80

step "externalTrafficPolicy Local, without an endpoint here"
assert_explained timeout client tcp 203.0.113.12 80
assert_explained "rpod1 peer=10.244.1.3" pod3 tcp 203.0.113.12 80
assert_explained "rpod1 peer=192.168.77.10" node tcp 203.0.113.12 80

step "no endpoint, and no Service"
assert_explained refused client tcp 10.96.0.13 80
assert_explained refused pod3 udp 10.96.0.13 53
assert_explained refused node tcp 192.168.77.10 30081
assert_explained refused client tcp 10.96.0.10 81

step "the manifests say the same as the agent"
for question in "10.244.1.1 10.96.0.10:53/udp" "outside 203.0.113.12:80" "node 203.0.113.11:80" \
	"node 127.0.0.1:30080" "fd77::1 [fd00:96::10]:80" "outside 8.8.8.8:53"; do
	# shellcheck disable=SC2086
	assert_equal "explain $question" \
		"$("$IPVSAGENT" explain -f "$manifests" --node-name node1 --node-addresses 192.168.77.10,fd77::10 \
			--cluster-cidr 10.244.0.0/16,fd00:10:244::/56 -o json $question 2>/dev/null || true)" \
		"$(agent explain -o json $question 2>/dev/null || true)"
done
agent explain 192.168.77.1 203.0.113.12:80 | sed 's/^/| /'

step "--live: the client's connections, as ipvsadm lists them, and what was counted"
# connections CLIENT: "PORT ENDPOINT STATE" of those to 10.96.0.10:80, by ipvsadm
connections()
{
	on node ipvsadm -L -n -c | awk -v client="$1" '$1 == "TCP" && index($4, client ":") == 1 && $5 == "10.96.0.10:80" {
		sub(/.*:/, "", $4); print $4, $6, $3 }' | sort
}
# shown CLIENT: the same, by explain
shown()
{
	agent explain --live -o json "$1" 10.96.0.10:80 | jq -r '.live.connections[] |
		"\(.clientPort) \(.address):\(.port) \(.state)"' | sort
}
hold_open live pod3 tcp 10.96.0.10 80
pod_locate pod3
wait_until 20 eval "connections '$pod_ipv4' | grep -q ESTABLISHED && [ \"\$(connections '$pod_ipv4')\" = \"\$(shown '$pod_ipv4')\" ]"
assert_contains "the one that is open" "ESTABLISHED" "$(agent explain --live "$pod_ipv4" 10.96.0.10:80)"
assert_equal "of another client" "" "$(shown 192.168.77.99)"
assert_contains "of another client" "No connection of the client." "$(agent explain --live 192.168.77.99 10.96.0.10:80)"
assert_equal "what the virtual server had" \
	"$(on node ipvsadm -L -n --stats --exact | awk '$2 == "10.96.0.10:80" { print $3 }')" \
	"$(agent explain --live -o json "$pod_ipv4" 10.96.0.10:80 | jq '.live.servers[0].traffic.connections')"
assert_equal "its endpoints' open connections" 1 "$(agent explain --live -o json "$pod_ipv4" 10.96.0.10:80 |
	jq '[.live.servers[0].destinations[].activeConnections] | add')"
hold_close live
assert_status "with manifests" 2 agent explain --live -f "$manifests" node 10.96.0.10:80
