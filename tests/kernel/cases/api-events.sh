#!/bin/bash
# time-limit: 240
# What the agent tells through Kubernetes Events, as the API server has it afterwards, and that nothing depends on
# whether they can be written.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-api.sh"

# events REASON [PART...]: the Events of that reason with all these parts in their JSON, as they were written
events()
{
	local part found

	found=$(grep -F "\"reason\":\"$1\"" "$api_log")
	shift
	for part in "$@"; do
		found=$(grep -F -- "$part" <<<"$found")
	done
	echo "$found"
}

# count_events REASON [PART...]
count_events()
{
	events "$@" | grep -c . || true
}

# about KIND NAMESPACE NAME [UID]: that part of an Event
about()
{
	echo "\"regarding\":{\"kind\":\"$1\",${2:+\"namespace\":\"$2\",}\"name\":\"$3\"${4:+,\"uid\":\"$4\"\}}"
}

metric()
{
	on node curl -sf http://127.0.0.1:10249/metrics | awk -v name="$1" '
		substr($0, 1, length(name) + 1) == name " " { print substr($0, length(name) + 2) }'
}

# events_total RESULT: a metric
events_total()
{
	metric "ipvsagent_events_total{result=\"$1\"}"
}

# failed_writings: how many requests ended with status 500 or without an answer
failed_writings()
{
	local code sum=0 number

	for code in 500 "<error>"; do
		number=$(metric "rest_client_requests_total{code=\"$code\",host=\"${api_url#https://}\",method=\"POST\"}")
		sum=$((sum + ${number:-0}))
	done
	echo "$sum"
}

# uid_of SERVICE: as the server gave it
uid_of()
{
	on client curl -s --cacert "$directory/tls/ca.crt" --cert "$directory/tls/client.crt" --key "$directory/tls/client.key" \
		"$api_url/api/v1/services" | grep -o "{\"metadata\":{[^}]*\"name\":\"$1\"[^}]*}" |
		sed 's/.*"uid":"\([^"]*\)".*/\1/'
}

# owners ADDRESS: the interfaces that have it
owners()
{
	on node ip -o address show | awk -v address="$1" '{split($4, parts, "/")} parts[1] == address {print $2}' |
		paste -sd' '
}

# external NAME CREATED CLUSTER-IP EXTERNAL-IP
external()
{
	{
		service_manifest "$1" cluster_ip="$3" extra="externalIPs: [$4]" |
			sed "s/^  name: .*/&\n  creationTimestamp: \"$2\"/"
		slice_manifest "$1" endpoints=pod1
	} | manifest "$1.yaml"
}

topology_create
answer_start pod1 tcp/8080
api_create
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web endpoints=pod1
} | manifest web.yaml
echo "drainTimeout: 1m" >"$directory/own.yaml"
api_start
api_agent_start --ipvsagent-config "$directory/own.yaml"
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1"

step "the start, as kube-proxy tells it"
wait_until_equal 10 "Events" 1 count_events Starting
event=$(events Starting)
for part in '"apiVersion":"events.k8s.io/v1"' '"namespace":"default"' '"name":"node1.' "$(about Node '' node1 node1)" \
	'"action":"StartKubeProxy"' '"reportingController":"kube-proxy"' \
	"\"reportingInstance\":\"kube-proxy-$(uname -n)\"" '"type":"Normal"'; do
	assert_contains "the Event" "$part" "$event"
done
assert_lacks "the Event" '"note"' "$event"
assert_equal "how it was sent" 1 \
	"$(api_requests '^system:kube-proxy create /apis/events.k8s.io/v1/namespaces/default/events 201$')"

step "an object that cannot be used"
service_manifest bad cluster_ip=10.96.0.300 | manifest bad.yaml
wait_until_equal 30 "Events" 1 count_events Rejected "$(about Service default bad)"
assert_contains "the Event" 'clusterIP' "$(events Rejected)"
assert_contains "the Event" '"type":"Warning"' "$(events Rejected)"

step "a health check port that somebody else has"
answer_start node tcp/31999
{
	service_manifest gate cluster_ip=10.96.0.20 type=LoadBalancer ports=http:TCP:80:8080:30080 \
		extra=$'externalTrafficPolicy: Local\nhealthCheckNodePort: 31999'
	slice_manifest gate endpoints=pod1
} | manifest gate.yaml
health=FailedToStartServiceHealthcheck
wait_until 30 eval '[ "$(count_events "$health" "$(about Service default gate default/gate)")" -ge 1 ]'
assert_contains "the Event" \
	'"note":"node node1 failed to start healthcheck \"default/gate\" on port 31999: ' "$(events "$health")"
assert_contains "the Event" '"action":"Listen"' "$(events "$health")"

step "what goes on is one series, written when it begins"
wait_until 30 eval '[ "$(events_total repeated)" -ge 3 ]'
wait_until_equal 10 "Events" 1 count_events "$health" '"series":{"count":2,'
assert_equal "how often it was written" 2 "$(count_events "$health")"
# The server notes a request before it has answered.
wait_until_equal 10 "what waits" 0 metric ipvsagent_events_waiting
wait_until_equal 10 "what the metrics say" "3 1 0" \
	eval 'echo "$(events_total created) $(events_total updated) $(events_total refused)"'

step "settings that cannot be used"
echo "drainTimeuot: 1m" >"$directory/own.yaml"
wait_until_equal 30 "Events" 1 count_events SettingsRejected "$(about Node '' node1 node1)"
assert_contains "the Event" 'own.yaml: drainTimeuot: unknown field; keeping the previous settings' \
	"$(events SettingsRejected)"
echo "drainTimeout: 1m" >"$directory/own.yaml"

step "two Services claim one external IP"
external old 2024-01-01T00:00:00Z 10.96.0.41 203.0.113.20
external young 2024-02-02T00:00:00Z 10.96.0.42 203.0.113.20
wait_until_equal 30 "Events" 1 count_events ServiceConflict "$(about Service default young "$(uid_of young)")"
event=$(events ServiceConflict "$(about Service default young "$(uid_of young)")")
assert_contains "the Event" '"note":"waiting for Service default/old to release 203.0.113.20:80/TCP"' "$event"
assert_contains "the Event" \
	"\"related\":{\"kind\":\"Service\",\"namespace\":\"default\",\"name\":\"old\",\"uid\":\"$(uid_of old)\"}" "$event"
wait_until_equal 30 "Events of the other Service" 1 count_events ServiceConflict \
	"$(about Service default old "$(uid_of old)")" \
	'"note":"Service default/young claims 203.0.113.20:80/TCP as well, in vain"' '"name":"young"'
assert_contains "the log" "Service default/young: waiting for Service default/old to release 203.0.113.20:80/TCP" \
	"$(cat "$agent_log")"

step "an external IP that is the node's own is not bound; the node keeps it"
external door 2024-01-01T00:00:00Z 10.96.0.43 192.168.77.10
wait_until_equal 30 "Events" 1 count_events NodeAddressConflict "$(about Service default door "$(uid_of door)")"
assert_contains "the Event" "external IP 192.168.77.10 is an address of node1" "$(events NodeAddressConflict)"
assert_equal "who has the address" eth0 "$(owners 192.168.77.10)"
assert_equal "asked by client" "pod1 1" "$(answers client 1 tcp 192.168.77.10 80)"
assert_equal "a port that is the node's" "node 1" "$(answers client 1 tcp 192.168.77.10 31999)"
assert_contains "the status" "not bound: address of this node" "$(agent status default/door)"

step "an address that is bound and becomes the node's own"
external gift 2024-01-01T00:00:00Z 10.96.0.44 192.168.77.44
wait_until_equal 10 "who has the address" kube-ipvs0 owners 192.168.77.44
assert_equal "Events" 0 "$(count_events NodeAddressConflict "$(about Service default gift)")"
ip -n node address add 192.168.77.44/24 dev eth0
wait_until_equal 10 "who has the address" eth0 owners 192.168.77.44
wait_until_equal 30 "Events" 1 count_events NodeAddressConflict 192.168.77.44
assert_equal "asked by client" "pod1 1" "$(answers client 1 tcp 192.168.77.44 80)"
assert_contains "the status" "not bound: address of this node" "$(agent status default/gift)"
ip -n node address delete 192.168.77.44/24 dev eth0
wait_until_equal 10 "who has the address" kube-ipvs0 owners 192.168.77.44
assert_lacks "the status" "not bound: address of this node" "$(agent status default/gift)"

step "a set that is full, and that something keeps from growing"
on node ipset create KUBE-GROWING hash:ip
on node iptables -A OUTPUT -m set --match-set KUBE-GROWING dst
on node ipset create SMALL hash:ip,port maxelem 64
on node ipset save KUBE-CLUSTER-IP | sed -n 's/^add KUBE-CLUSTER-IP/add SMALL/p' | on node ipset restore
on node ipset swap SMALL KUBE-CLUSTER-IP
for i in {1..60}; do
	service_manifest "many$i" cluster_ip="10.96.7.$i"
done | manifest many.yaml
wait_until 30 eval '[ "$(count_events CapacityExceeded "$(about Node "" node1 node1)")" -ge 1 ]'
assert_contains "the Event" "set KUBE-CLUSTER-IP is full" "$(events CapacityExceeded)"
on node iptables -D OUTPUT -m set --match-set KUBE-GROWING dst
rm "$manifests/many.yaml"

step "more endpoints than a scheduler has places for"
{
	service_manifest crowd cluster_ip=10.96.0.45 affinity=600
	slice_manifest crowd suffix=1 endpoints="$(printf 'pod%d ' {1..150})"
	slice_manifest crowd suffix=2 endpoints="$(printf 'rpod%d ' {1..150})"
} | manifest crowd.yaml
wait_until_equal 30 "Events" 1 count_events CapacityExceeded "$(about Service default crowd "$(uid_of crowd)")"
assert_contains "the Event" "the 256 that scheduler sh can hold" "$(events CapacityExceeded)"
rm "$manifests/crowd.yaml"

step "Events that may not be written harm nothing"
echo "events * status 403" | api_control faults
service_manifest bad cluster_ip=10.96.0.301 | manifest bad.yaml
wait_until_equal 30 "refused" 1 events_total refused
wait_until 10 grep -q "writing events: status 403: .*; no Events are written" "$agent_log"
for fault in "status 500" reset hang; do
	before=$(failed_writings)
	echo "events * $fault" | api_control faults
	service_manifest bad cluster_ip="10.96.0.${fault// /-}" | manifest bad.yaml
	wait_until 90 eval '[ "$(failed_writings)" -gt "$before" ]'
	assert_equal "asked by client" "pod1 2" "$(answers client 2 tcp 10.96.0.10 80)"
	assert_equal "services" 1 "$(metric 'ipvsagent_watch_current{resource="services"}')"
done
{
	service_manifest shop cluster_ip=10.96.0.30
	slice_manifest shop endpoints=pod1
} | manifest shop.yaml
wait_for_service tcp 10.96.0.30 80 "10.244.1.1:8080 1"
assert_equal "what is complained of" 1 "$(grep -c "warning: API server" "$agent_log")"
rm "$api/faults"
wait_until_equal 90 "what waits" 0 metric ipvsagent_events_waiting
wait_until 10 grep -q "writing events works again" "$agent_log"
agent_stop
