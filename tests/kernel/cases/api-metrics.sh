#!/bin/bash
# time-limit: 90
# What the metrics tell of the API server: requests by their outcome, and whether each kind of object is followed.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-api.sh"

metric()
{
	on node curl -sf http://127.0.0.1:10249/metrics | awk -v name="$1" '
		substr($0, 1, length(name) + 1) == name " " { print substr($0, length(name) + 2) }'
}

topology_create
answer_start pod1 tcp/8080
api_create
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web endpoints=pod1
} | manifest web.yaml
api_start

step "a node whose Node does not exist is not eligible"
mv "$manifests/node1.yaml" "$directory/node1.yaml"
api_agent_start
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1"
on node curl -s -w '%{http_code}' http://127.0.0.1:10256/healthz >"$directory/answer"
assert_contains "/healthz" '"nodeEligible":false,"healthy":true,' "$(cat "$directory/answer")"
assert_contains "/healthz" '}503' "$(cat "$directory/answer")"
assert_equal "/livez" 200 "$(on node curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:10256/livez)"
mv "$directory/node1.yaml" "$manifests/node1.yaml"
wait_until_equal 20 "/healthz with the Node" 200 \
	on node curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:10256/healthz

step "everything is followed"
for resource in services endpointslices nodes; do
	wait_until_equal 20 "$resource" 1 metric "ipvsagent_watch_current{resource=\"$resource\"}"
done
assert_equal "the Node" 200 "$(on node curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:10256/healthz)"

step "the server goes"
interruptions=$(metric 'ipvsagent_watch_interruptions_total{resource="nodes"}')
api_kill
wait_until_equal 20 "services" 0 metric 'ipvsagent_watch_current{resource="services"}'
wait_until_equal 20 "nodes" $((interruptions + 1)) metric 'ipvsagent_watch_interruptions_total{resource="nodes"}'
host=${api_url#https://}
failures="rest_client_requests_total{code=\"<error>\",host=\"$host\",method=\"GET\"}"
wait_until 20 eval '[ "$(metric "$failures")" -ge 1 ]'
assert_equal "what is programmed" 1 "$(metric ipvsagent_virtual_servers)"
assert_equal "/livez" 200 "$(on node curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:10256/livez)"

step "the server comes back"
api_start
for resource in services endpointslices nodes; do
	wait_until_equal 20 "$resource" 1 metric "ipvsagent_watch_current{resource=\"$resource\"}"
done

step "when the client certificate expires, which is not before it is replaced by one that expires later"
expiry()
{
	date -d "$(openssl x509 -noout -enddate -in "$directory/tls/client.crt" | cut -d= -f2)" +%s
}
# expiry_metric: as a whole number, since large ones are written as 1.7e+09
expiry_metric()
{
	metric ipvsagent_client_certificate_expiration_timestamp_seconds | awk '{ printf "%d\n", $1 }'
}
assert_equal "the certificate in use" "$(expiry)" "$(expiry_metric)"
certificate client /O=system:node-proxier/CN=system:kube-proxy 30
api_kill
api_start
wait_until_equal 20 "the new certificate" "$(expiry)" expiry_metric
