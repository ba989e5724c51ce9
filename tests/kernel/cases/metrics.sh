#!/bin/bash
# What /metrics says is true, and Prometheus and its linter understand it.
# time-limit: 150
. "$(dirname "$0")/../lib.sh"

scrape()
{
	on node curl -sf http://127.0.0.1:10249/metrics >"$directory/metrics"
}

# metric NAME[{LABELS}]: its number when it was scraped last
metric()
{
	awk -v name="$1" 'substr($0, 1, length(name) + 1) == name " " { print substr($0, length(name) + 2) }' \
		"$directory/metrics"
}

scraped_metric()
{
	scrape && metric "$1"
}

# wait_for_metric NAME NUMBER
wait_for_metric()
{
	wait_until_equal 10 "$1" "$2" scraped_metric "$1"
}

# web SECONDS-SINCE-1970 ENDPOINT...: the Service, whose EndpointSlice was changed at that time
web()
{
	local time

	time=$(date -u -d "@$1" +%Y-%m-%dT%H:%M:%S.%3NZ)
	shift
	{
		service_manifest web cluster_ip=10.96.0.10
		slice_manifest web endpoints="$*" | sed "s|^  labels:|  annotations:\n    \
endpoints.kubernetes.io/last-change-trigger-time: \"$time\"\n&|"
	} | manifest web.yaml
}

topology_create
answer_start pod1 tcp/8080
web 1000000000 pod1
agent_start --ipvs-sync-period 1s
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1"
for family in IPv4 IPv6; do
	wait_for_metric "kubeproxy_sync_proxy_rules_duration_seconds_count{ip_family=\"$family\"}" 1
done

step "what the linter says, of which the only complaint is about a name that is kube-proxy's"
scrape
complaints=$(promtool check metrics <"$directory/metrics" 2>&1) || true
assert_equal "the complaints" "kubeproxy_sync_proxy_rules_no_local_endpoints_total non-counter metrics \
should not have \"_total\" suffix" "$complaints"

step "what exists"
assert_equal "services" 1 "$(metric ipvsagent_services)"
assert_equal "virtual servers" 1 "$(metric ipvsagent_virtual_servers)"
assert_equal "destinations" 1 "$(metric ipvsagent_destinations)"
assert_equal "addresses" 1 "$(metric ipvsagent_addresses)"
assert_equal "source" 1 "$(metric ipvsagent_source_synced)"
assert_equal "rules" 1 "$(metric ipvsagent_rules_in_place)"
for set in KUBE-CLUSTER-IP KUBE-LOOP-BACK KUBE-6-CLUSTER-IP; do
	assert_equal "members of $set" "$(on node ipset -t list "$set" | sed -n 's/^Number of entries: //p')" \
		"$(metric "ipvsagent_set_members{set=\"$set\"}")"
	assert_equal "capacity of $set" "$(on node ipset -t list "$set" | grep -o 'maxelem [0-9]*' | cut -d' ' -f2)" \
		"$(metric "ipvsagent_set_capacity{set=\"$set\"}")"
done
assert_equal "the most descriptors" "$(awk '/^Max open files/ { print $4 }' "/proc/$agent_pid/limits")" \
	"$(metric process_max_fds)"
assert_lacks "times of endpoints from before the start" kubeproxy_network_programming_ \
	"$(cat "$directory/metrics")"

step "an endpoint comes"
applied=$(metric 'ipvsagent_changes_applied_total{facility="ipvs"}')
web "$(date +%s.%N)" pod1 pod2
wait_for_metric 'kubeproxy_network_programming_duration_seconds_count{ip_family="IPv4"}' 1
assert_equal "destinations" 2 "$(metric ipvsagent_destinations)"
assert_equal "operations for it" $((applied + 1)) "$(metric 'ipvsagent_changes_applied_total{facility="ipvs"}')"
assert_equal "within 60 s" 1 \
	"$(metric 'kubeproxy_network_programming_duration_seconds_bucket{ip_family="IPv4",le="59"}')"
assert_equal "pending" 0 "$(metric kubeproxy_sync_proxy_rules_endpoint_changes_pending)"
assert_equal "passes with changes of IPv6" 1 \
	"$(metric 'kubeproxy_sync_proxy_rules_duration_seconds_count{ip_family="IPv6"}')"
queued=$(metric 'kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds{ip_family="IPv4"}')
synced=$(metric 'kubeproxy_sync_proxy_rules_last_timestamp_seconds{ip_family="IPv4"}')
awk -v queued="$queued" -v synced="$synced" -v now="$(date +%s)" \
	'BEGIN { exit !(queued <= synced && now - synced < 60) }' ||
	fail "queued at $queued, synced at $synced"

step "the flow of a UDP client whose endpoint leaves"
# dns ENDPOINT...
dns()
{
	{
		service_manifest dns cluster_ip=10.96.0.53 ports=dns:UDP:53:5353
		slice_manifest dns endpoints="$*" ports=dns:UDP:5353
	} | manifest dns.yaml
}
# Since Linux 5.9 IPVS forgets such flows itself, and with them what conntrack knows.
on node sh -c 'echo 0 >/proc/sys/net/ipv4/vs/expire_nodest_conn'
answer_start pod1 udp/5353
dns pod1
wait_for_service udp 10.96.0.53 53 "10.244.1.1:5353 1"
wait_until_equal 10 "its answer" "pod1 1" answers client 1 --source-port 4000 udp 10.96.0.53 53
deleted='kubeproxy_conntrack_reconciler_deleted_entries_total{ip_family="IPv4"}'
scrape
before=$(metric "$deleted")
dns pod2
wait_for_metric "$deleted" $((${before:-0} + 1))
[ "$(metric 'kubeproxy_conntrack_reconciler_sync_duration_seconds_count{ip_family="IPv4"}')" -ge 1 ] ||
	fail "no walk over the conntrack table is counted"
assert_lacks "flows of IPv6" 'kubeproxy_conntrack_reconciler_deleted_entries_total{ip_family="IPv6"}' \
	"$(cat "$directory/metrics")"
rm "$manifests/dns.yaml"
wait_for_metric ipvsagent_services 1
wait_for_metric ipvsagent_virtual_servers 1

step "drift is repaired"
on node ipvsadm -D -t 10.96.0.10:80
on node ipset flush KUBE-CLUSTER-IP
wait_for_metric 'ipvsagent_drift_repaired_total{kind="ipset"}' 1
wait_for_metric 'ipvsagent_drift_repaired_total{kind="ipvs"}' 1
on node iptables -t nat -F KUBE-SERVICES
wait_for_metric 'ipvsagent_drift_repaired_total{kind="rules"}' 1

step "objects that cannot be used"
service_manifest bad cluster_ip=10.96.0.11 ports=http:XXX:80:8080 | manifest bad.yaml
wait_for_metric ipvsagent_rejected_objects 1
rm "$manifests/bad.yaml"
wait_for_metric ipvsagent_rejected_objects 0

step "OpenMetrics for who asks for it"
on node curl -sf -i -H 'Accept: application/openmetrics-text; version=1.0.0' \
	http://127.0.0.1:10249/metrics >"$directory/openmetrics"
assert_contains "the answer" "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8" \
	"$(cat "$directory/openmetrics")"
assert_equal "its end" "# EOF" "$(tail -n 1 "$directory/openmetrics")"
assert_contains "the answer" "# TYPE ipvsagent_changes_applied counter" "$(cat "$directory/openmetrics")"
assert_contains "the answer to others" "Content-Type: text/plain; version=0.0.4; charset=utf-8" \
	"$(on node curl -sf -i http://127.0.0.1:10249/metrics)"

step "what Services have had, for those who ask for it"
assert_lacks "the metrics of those who do not" "ipvsagent_service_" "$(cat "$directory/metrics")"
agent_stop
agent_start --ipvs-sync-period 1s --service-metrics 10
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1, 10.244.1.2:8080 1"
answer_start pod2 tcp/8080
answers client 7 tcp 10.96.0.10 80 >/dev/null
# What the kernel counts, and what the metrics say; connections that end go on sending for a moment.
counted()
{
	on node ipvsadm -Ln --stats --exact | sed -n 's/^TCP *10.96.0.10:80 *//p' | tr -s ' '
}
told()
{
	local labels='namespace="default",service="web"}'

	scrape
	echo "$(metric "ipvsagent_service_connections_total{$labels")" \
		"$(metric "ipvsagent_service_packets_total{direction=\"in\",$labels")" \
		"$(metric "ipvsagent_service_packets_total{direction=\"out\",$labels")" \
		"$(metric "ipvsagent_service_bytes_total{direction=\"in\",$labels")" \
		"$(metric "ipvsagent_service_bytes_total{direction=\"out\",$labels")"
}
# The kernel sums up every two seconds.
is_told()
{
	local numbers

	numbers=$(counted)
	[ "${numbers%% *}" -ge 7 ] && [ "$(told)" = "$numbers" ]
}
wait_until 20 is_told
[ "$(metric 'ipvsagent_service_connections_total{namespace="default",service="web"}')" -ge 7 ] ||
	fail "the connections are not counted: $(told)"

step "Prometheus scrapes it, and has the alert rules"
rules=$(readlink -f "$(dirname "$0")/../../../packaging/prometheus/ipvsagent-alerts.yaml")
cat >"$directory/prometheus.yml" <<-END
	global: {scrape_interval: 1s, evaluation_interval: 1s}
	rule_files: ["$rules"]
	scrape_configs:
	- job_name: kube-proxy
	  static_configs: [{targets: ["127.0.0.1:10249"]}]
END
on_in_background node prometheus --config.file="$directory/prometheus.yml" --log.level=warn \
	--storage.tsdb.path="$directory/prometheus" --web.listen-address=127.0.0.1:9090 \
	>"$directory/prometheus.log" 2>&1 </dev/null
query()
{
	on node promtool query instant http://127.0.0.1:9090 "$1" | sed 's/ @.*//'
}
is_scraped()
{
	[ -n "$(query ipvsagent_destinations)" ]
}
wait_until 60 is_scraped
assert_equal "up" 'up{instance="127.0.0.1:10249", job="kube-proxy"} => 1' "$(query up)"
assert_equal "what it knows" \
	'ipvsagent_destinations{instance="127.0.0.1:10249", job="kube-proxy"} => 2' \
	"$(query ipvsagent_destinations)"
assert_equal "a quantile of a histogram" "{} => 1" \
	"$(query 'histogram_quantile(0.5, sum by (le) (kubeproxy_sync_proxy_rules_duration_seconds_bucket)) <= bool 16.384')"
pending()
{
	query 'count by (alertname, alertstate) (ALERTS)'
}
# Without an API server there are no watches.
scraped=$(on node curl -s http://127.0.0.1:9090/api/v1/label/__name__/values)
for name in $(grep -oE '(ipvsagent|kubeproxy|process)_[a-z_]+' "$rules" | sort -u); do
	[ "$name" = ipvsagent_watch_current ] || assert_contains "what Prometheus has" "\"$name\"" "$scraped"
done
service_manifest bad cluster_ip=10.96.0.11 ports=http:XXX:80:8080 | manifest bad.yaml
wait_until_equal 30 "the alerts" \
	'{alertname="IpvsagentRejectedObjects", alertstate="pending"} => 1' pending
rm "$manifests/bad.yaml"
assert_equal "the rules that Prometheus can evaluate" "$(grep -c '^  - alert:' "$rules")" \
	"$(on node curl -s http://127.0.0.1:9090/api/v1/rules | grep -o '"health":"ok"' | wc -l)"
assert_equal "the families" '{ip_family="IPv4"} => 1
{ip_family="IPv6"} => 1' \
	"$(query 'group by (ip_family) (kubeproxy_sync_proxy_rules_duration_seconds_count)' | sort)"
agent_stop

step "the labels of kube-proxy 1.32, for those who ask for them"
agent_start --kube-proxy-compat 1.32
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1, 10.244.1.2:8080 1"
wait_for_metric kubeproxy_sync_proxy_rules_duration_seconds_count 1
assert_equal "Services without local endpoints" 0 \
	"$(metric 'kubeproxy_sync_proxy_rules_no_local_endpoints_total{traffic_policy="internal"}')"
assert_lacks "the metrics" ip_family "$(cat "$directory/metrics")"
assert_contains "the metrics" 'git_version="v1.32.0+ipvsagent' "$(cat "$directory/metrics")"
