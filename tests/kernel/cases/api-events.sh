#!/bin/bash
# time-limit: 180
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
	local namespace=${2:+\"namespace\":\"$2\",} uid=${4:+,\"uid\":\"$4\"}

	echo "\"regarding\":{\"kind\":\"$1\",$namespace\"name\":\"$3\"$uid}"
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
assert_equal "what waits" 0 "$(metric ipvsagent_events_waiting)"
assert_equal "what the metrics say" "3 1 0" "$(events_total created) $(events_total updated) $(events_total refused)"

step "settings that cannot be used"
echo "drainTimeuot: 1m" >"$directory/own.yaml"
wait_until_equal 30 "Events" 1 count_events SettingsRejected "$(about Node '' node1 node1)"
assert_contains "the Event" 'own.yaml: drainTimeuot: unknown; keeping the settings of before' \
	"$(events SettingsRejected)"
echo "drainTimeout: 1m" >"$directory/own.yaml"

step "Events that may not be written harm nothing"
echo "events * status 403" | api_control faults
service_manifest bad cluster_ip=10.96.0.301 | manifest bad.yaml
wait_until_equal 30 "refused" 1 events_total refused
wait_until 10 grep -q "writing events: status 403: .*; doing without them" "$agent_log"
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
