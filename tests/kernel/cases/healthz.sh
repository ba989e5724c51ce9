#!/bin/bash
# The ports of kube-proxy answer as kube-proxy's: for probes, for load balancers, for operators.
# time-limit: 90
. "$(dirname "$0")/../lib.sh"

# get URL: the status, the headers that matter, an empty line, the body
get()
{
	on node curl -s -i -g "$1" | tr -d '\r' | sed '1s|^HTTP/1.1 \([0-9]*\).*|\1|; /^Date: /d; /^Content-Length: /d'
}

# status URL: the status alone
status()
{
	on node curl -s -g -o /dev/null -w '%{http_code}' "$1"
}

# node_manifest [LINE...]: the Node, with further lines
node_manifest()
{
	printf '%s\n' "apiVersion: v1" "kind: Node" "metadata:" "  name: node1" "$@" | manifest node.yaml
}

later_is_gone()
{
	! on node ipvsadm -Ln -t 10.96.0.11:80 >/dev/null 2>&1
}

date='[0-9-]+T[0-9:.]+Z'

# families IPV4 IPV6: what /healthz and /livez say of the families, as a pattern; each true or false
families()
{
	local ipv4="\"IPv4\":\\{\"lastUpdated\":\"$date\",\"healthy\":$1\\}"
	local ipv6="\"IPv6\":\\{\"lastUpdated\":\"$date\",\"healthy\":$2\\}"

	printf '%s' "\"status\":\\{$ipv4,$ipv6\\}"
}

# assert_healthz CODE ELIGIBLE HEALTHY IPV4 IPV6
assert_healthz()
{
	get http://127.0.0.1:10256/healthz >"$directory/answer"
	assert_equal "the head of /healthz" "$1
Content-Type: application/json
X-Content-Type-Options: nosniff" "$(sed '/^$/,$d' "$directory/answer")"
	sed '1,/^$/d' "$directory/answer" |
		grep -Eqx "\{\"lastUpdated\":\"$date\",\"currentTime\":\"$date\",\"nodeEligible\":$2,\"healthy\":$3,$(families "$4" "$5")\}" ||
		fail "the body of /healthz is $(cat "$directory/answer")"
}

topology_create
answer_start pod1 tcp/8080
{
	service_manifest web type=LoadBalancer cluster_ip=10.96.0.10 ports=http:TCP:80:8080:30080 \
		extra=$'externalTrafficPolicy: Local\nhealthCheckNodePort: 32000'
	slice_manifest web endpoints=pod1
} | manifest web.yaml
node_manifest
agent_start --ipvs-sync-period 1s
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1"

# put_log_level LEVEL [OPTION...]
put_log_level()
{
	on node curl -s -X PUT -d "$1" "${@:2}" http://127.0.0.1:10249/debug/flags/v
}

step "healthy"
assert_healthz 200 true true true true
get http://127.0.0.1:10256/livez |
	grep -Eqx "\{\"lastUpdated\":\"$date\",\"currentTime\":\"$date\",\"healthy\":true,$(families true true)\}" ||
	fail "the body of /livez is $(get http://127.0.0.1:10256/livez)"
assert_equal "/healthz on the node's address" 200 "$(status http://192.168.77.10:10256/healthz)"
assert_equal "/healthz over IPv6" 200 "$(status 'http://[::1]:10256/healthz')"
assert_equal "another path" $'404\nContent-Type: text/plain; charset=utf-8\nX-Content-Type-Options: nosniff

404 page not found' "$(get http://127.0.0.1:10256/metrics)"
wait_until_equal 10 "the Service's health check" 200 status http://127.0.0.1:32000/

step "for operators, on loopback only"
text=$'200\nContent-Type: text/plain; charset=utf-8\nX-Content-Type-Options: nosniff\n\n'
assert_equal "/healthz" "${text}ok" "$(get http://127.0.0.1:10249/healthz)"
assert_equal "/healthz in more words" "$text[+]ping ok"$'\n'"healthz check passed" \
	"$(get http://127.0.0.1:10249/healthz?verbose)"
assert_equal "/healthz/ping" "${text}ok" "$(get http://127.0.0.1:10249/healthz/ping)"
assert_equal "/metrics/slis" 'kubernetes_healthcheck{name="ping",type="healthz"} 1
kubernetes_healthchecks_total{name="ping",status="success",type="healthz"} 2' \
	"$(on node curl -s http://127.0.0.1:10249/metrics/slis | grep -v '^#\|^process_start_time_seconds [0-9.]*$')"
get http://127.0.0.1:10249/metrics/slis >"$directory/slis"
assert_contains "/metrics/slis" "Content-Type: text/plain; version=0.0.4; charset=utf-8; escaping=underscores" \
	"$(cat "$directory/slis")"
grep -q '^Process-Start-Time-Unix: [0-9]*$' "$directory/slis" || fail "/metrics/slis has no start time"
grep -q '^process_start_time_seconds [0-9.]*$' "$directory/slis" || fail "/metrics/slis has no start time"
assert_equal "/proxyMode" "${text}ipvs" "$(get http://127.0.0.1:10249/proxyMode)"
get http://127.0.0.1:10249/configz >"$directory/configz"
assert_contains "/configz" "Content-Type: application/json" "$(cat "$directory/configz")"
assert_contains "/configz" '{"kubeproxy.config.k8s.io":{' "$(cat "$directory/configz")"
assert_contains "/configz" '"syncPeriod":"1s"' "$(cat "$directory/configz")"
get http://127.0.0.1:10249/statusz >"$directory/statusz"
assert_equal "the head of /statusz" $'200\nContent-Type: text/plain; charset=utf-8\n\n\nkube-proxy statusz' \
	"$(head -n 5 "$directory/statusz")"
grep -Eqx "Up: 0 hr 0[0-9] min [0-9]{2} sec" "$directory/statusz" || fail "/statusz is $(cat "$directory/statusz")"
on node curl -s http://127.0.0.1:10249/flagz >"$directory/flagz"
assert_contains "/flagz" $'\nipvs-sync-period=1s\n' "$(cat "$directory/flagz")"
assert_contains "/flagz" $'\nmasquerade-all=false\n' "$(cat "$directory/flagz")"
assert_equal "/flagz as JSON" 406 \
	"$(on node curl -s -o /dev/null -w '%{http_code}' -H 'Accept: application/json' http://127.0.0.1:10249/flagz)"
assert_equal "another path" 404 "$(status http://127.0.0.1:10249/debug/pprof)"
assert_equal "from outside" 000 "$(status http://192.168.77.10:10249/metrics)"
assert_equal "a log level without --profiling" 405 "$(put_log_level 4 -o /dev/null -w '%{http_code}')"

step "a Node that is about to go is not eligible, but alive"
node_manifest "spec:" "  taints:" "  - key: ToBeDeletedByClusterAutoscaler" "    effect: NoSchedule"
wait_until_equal 10 "/healthz with the taint" 503 status http://127.0.0.1:10256/healthz
assert_healthz 503 false true true true
assert_equal "/livez with the taint" 200 "$(status http://127.0.0.1:10256/livez)"
node_manifest
wait_until_equal 10 "/healthz without the taint" 200 status http://127.0.0.1:10256/healthz
node_manifest '  deletionTimestamp: "2026-01-01T00:00:00Z"'
wait_until_equal 10 "/healthz while the Node is being deleted" 503 status http://127.0.0.1:10256/healthz
node_manifest
wait_until_equal 10 "/healthz of a Node that stays" 200 status http://127.0.0.1:10256/healthz

step "a Node that is gone is as eligible as it was last"
rm "$manifests/node.yaml"
service_manifest later cluster_ip=10.96.0.11 | manifest later.yaml
wait_for_service tcp 10.96.0.11 80 ""
assert_equal "/healthz without the Node" 200 "$(status http://127.0.0.1:10256/healthz)"
node_manifest '  deletionTimestamp: "2026-01-01T00:00:00Z"'
wait_until_equal 10 "/healthz while the Node is being deleted again" 503 status http://127.0.0.1:10256/healthz
rm "$manifests/node.yaml" "$manifests/later.yaml"
wait_until 10 later_is_gone
assert_equal "/healthz without that Node" 503 "$(status http://127.0.0.1:10256/healthz)"
node_manifest
wait_until_equal 10 "/healthz of a new Node" 200 status http://127.0.0.1:10256/healthz
agent_stop

step "the answers of kube-proxy 1.32, for those who ask for them"
agent_start --kube-proxy-compat 1.32
wait_until 20 agent_is_settled
old='[0-9-]+ [0-9:.]+ \+0000 UTC m=\+[0-9.]+'
on node curl -s http://127.0.0.1:10256/healthz |
	grep -Eqx "\{\"lastUpdated\": \"$old\",\"currentTime\": \"$old\", \"nodeEligible\": true\}" ||
	fail "the body of /healthz is $(get http://127.0.0.1:10256/healthz)"
on node curl -s http://127.0.0.1:10256/livez |
	grep -Eqx "\{\"lastUpdated\": \"$old\",\"currentTime\": \"$old\"\}" ||
	fail "the body of /livez is $(get http://127.0.0.1:10256/livez)"
assert_equal "/statusz" 404 "$(status http://127.0.0.1:10249/statusz)"
assert_equal "/flagz" 404 "$(status http://127.0.0.1:10249/flagz)"
assert_lacks "/metrics/slis" "process_start_time" "$(get http://127.0.0.1:10249/metrics/slis)"
agent_stop

step "what cannot be applied for two periods makes it unhealthy"
mkdir "$directory/broken"
for name in iptables-restore ip6tables-restore; do
	printf '#!/bin/sh\n[ ! -e %q ] || exit 1\nexec %q "$@"\n' "$directory/broken/now" \
		"$(command -v "$name")" >"$directory/broken/$name"
	chmod +x "$directory/broken/$name"
done
PATH=$directory/broken:$PATH agent_start --ipvs-sync-period 1s
wait_until_equal 10 "/healthz" 200 status http://127.0.0.1:10256/healthz
wait_until_equal 10 "the Service's health check" 200 status http://127.0.0.1:32000/
wait_until 10 on node iptables -t nat -S KUBE-SERVICES
touch "$directory/broken/now"
on node iptables -t nat -F KUBE-SERVICES
wait_until_equal 10 "/healthz without rules" 503 status http://127.0.0.1:10256/healthz
assert_healthz 503 true false false true
assert_equal "/livez without rules" 503 "$(status http://127.0.0.1:10256/livez)"
get http://127.0.0.1:32000/ >"$directory/answer"
assert_equal "the Service's health check" 503 "$(head -n 1 "$directory/answer")"
assert_contains "the Service's health check" '"serviceProxyHealthy": false' "$(cat "$directory/answer")"
assert_contains "the Service's health check" '"localEndpoints": 1' "$(cat "$directory/answer")"
on node curl -s http://127.0.0.1:10249/metrics >"$directory/metrics"
assert_contains "the metrics" 'kubeproxy_proxy_livez_total{code="503"} 1' "$(cat "$directory/metrics")"
assert_contains "the metrics" 'ipvsagent_rules_in_place 0' "$(cat "$directory/metrics")"
assert_lacks "the metrics" 'kubeproxy_sync_proxy_rules_iptables_restore_failures_total{ip_family="IPv4"} 0' \
	"$(cat "$directory/metrics")"
assert_contains "the metrics" 'kubeproxy_sync_proxy_rules_iptables_restore_failures_total{ip_family="IPv6"} 0' \
	"$(cat "$directory/metrics")"
assert_equal "meanwhile it forwards" "pod1 2" "$(answers client 2 tcp 10.96.0.10 80)"
rm "$directory/broken/now"
wait_until_equal 10 "/healthz with rules again" 200 status http://127.0.0.1:10256/healthz
assert_equal "/livez with rules again" 200 "$(status http://127.0.0.1:10256/livez)"
agent_stop

step "a port that somebody else has costs nothing but that port, until it is free"
answer_start node tcp/10256
stranger=$(on node ss -Hltnp 'sport = :10256' | sed 's/.*pid=\([0-9]*\).*/\1/;q')
: >"$agent_log"
agent_start
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1"
assert_contains "the log" "--healthz-bind-address: listening on " "$(cat "$agent_log")"
assert_contains "the log" "Address already in use; retrying" "$(cat "$agent_log")"
assert_equal "the other port" 200 "$(status http://127.0.0.1:10249/healthz)"
assert_equal "meanwhile it forwards" "pod1 2" "$(answers client 2 tcp 10.96.0.10 80)"
agent_stop
assert_status "with a hard fail" 3 agent run --manifests "$manifests" --hostname-override node1 \
	--bind-address-hard-fail
assert_contains "what it says" "--healthz-bind-address: listening on" "$output"
agent_start
kill "$stranger"
wait_until_equal 15 "/healthz once the port is free" 200 status http://127.0.0.1:10256/healthz
agent_stop

step "elsewhere and nowhere"
agent_start --healthz-bind-address 127.0.0.1:20256 --metrics-bind-address ""
wait_until_equal 10 "/healthz elsewhere" 200 status http://127.0.0.1:20256/healthz
assert_equal "/healthz on another address" 000 "$(status http://192.168.77.10:20256/healthz)"
assert_equal "/metrics nowhere" 000 "$(status http://127.0.0.1:10249/metrics)"

step "a log of JSON, and its level set while the agent runs"
agent_stop
: >"$agent_log"
agent_start --logging-format json --profiling
wait_until 10 grep -q '"msg":"ipvsagent .* started on node' "$agent_log"
assert_equal "lines that are not objects" 0 "$(grep -cv '^{"ts":[0-9.]*,"caller":"[a-z_]*\.c:[0-9]*","msg":".*}$' "$agent_log")"
assert_contains "the log" '"v":2,"level":"info","logger":"agent' "$(cat "$agent_log")"
assert_equal "the answer" "successfully set klog.logging.verbosity to 4" "$(put_log_level 4)"
service_manifest bad cluster_ip=10.96.0.300 | manifest bad.yaml
service_manifest later cluster_ip=10.96.0.11 | manifest later.yaml
wait_for_service tcp 10.96.0.11 80 ""
wait_until 10 grep -q '"v":4,"level":"debug"' "$agent_log"
wait_until 10 grep -q '"level":"warning",.*"kind":"Service","object":"default/bad"' "$agent_log"
assert_equal "no number" "failed set klog.logging.verbosity much: not a 32-bit number" "$(put_log_level much)"
assert_equal "the answer" "successfully set klog.logging.verbosity to 0" "$(put_log_level 0)"
: >"$agent_log"
rm "$manifests/later.yaml"
wait_until 10 later_is_gone
assert_equal "lines at level 0" "" "$(cat "$agent_log")"
agent_stop
