#!/bin/bash
# time-limit: 240
# A Service that asks for 100,000 virtual servers does not keep the agent from anything else: it answers,
# changes of other Services go through, and it ends when it is told to.
. "$(dirname "$0")/../lib.sh"

# large IPS: a Service of 100 ports and so many external IPs
large()
{
	service_manifest large cluster_ip=10.96.0.99 ports="$(seq 100 | awk '{ print "p" $1 ":TCP:" $1 ":8080" }')" \
		extra="externalIPs: [$(seq 0 $(($1 - 1)) |
			awk '{ printf "%s198.18.%d.%d", (NR > 1 ? ", " : ""), $1 / 250, $1 % 250 + 1 }')]"
	slice_manifest large endpoints=pod2 ports="$(seq 100 | awk '{ print "p" $1 ":TCP:8080" }')"
}

web()
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web endpoints="$1"
}

servers()
{
	on node ipvsadm -Ln | grep -c '^TCP '
}

has_begun()
{
	[ "$(servers)" -gt "$1" ]
}

milliseconds()
{
	echo $((${EPOCHREALTIME/[.,]/} / 1000))
}

topology_create
for pod in pod1 pod2; do
	answer_start "$pod" tcp/8080
done
web pod1 | manifest web.yaml
agent_start
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1"

step "another Service changes while the large one is programmed"
large 1000 | manifest large.yaml
wait_until 60 has_begun 1
begin=$(milliseconds)
web pod2 | manifest web.yaml
assert_contains "the health check meanwhile" " 200 " "$(http_get node 127.0.0.1 10256 /healthz)"
wait_until_equal 60 "the destinations" "10.244.1.2:8080" serving tcp 10.96.0.10:80
echo "the change went through after $(($(milliseconds) - begin)) ms, beside $(servers) virtual servers"

step "what is beyond the limit is left out, and told"
wait_until_equal 60 "the virtual servers" 12476 servers
wait_until_equal 60 "who answers at the ClusterIP" "pod2 2" answers client 2 tcp 10.96.0.99 100
assert_contains "the status" "87625 virtual servers left out: --max-service-objects" \
	"$(agent status -o json default/large)"
assert_contains "the log" "--max-service-objects" "$(cat "$agent_log")"

step "it goes, and the other Service stays"
rm "$manifests/large.yaml"
wait_until_equal 60 "the virtual servers" 1 servers
assert_equal "who answers" "pod2 2" "$(answers client 2 tcp 10.96.0.10 80)"

step "SIGTERM is heard while it is programmed"
large 1000 | manifest large.yaml
wait_until 60 has_begun 1
begin=$(milliseconds)
agent_stop
elapsed=$(($(milliseconds) - begin))
echo "the agent ended after $elapsed ms, with $(servers) virtual servers"
[ "$elapsed" -lt $((2000 * slowness)) ] || fail "the agent did not end in time"
