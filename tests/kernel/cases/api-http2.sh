#!/bin/bash
# time-limit: 120
# An API server behind a proxy that speaks HTTP/2: all requests share one connection, changes arrive, and the loss of
# that connection is no more than a reconnection.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-api.sh"

web()
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web endpoints="$*"
}

# The server behind it speaks plain HTTP/1.1.
proxy_start()
{
	on_in_background client nghttpx --conf=/dev/null --no-ocsp -f192.168.77.1,6444 -b127.0.0.1,6443 \
		--backend-read-timeout=600 --workers=1 --single-process --log-level=ERROR \
		--accesslog-file="$directory/proxy.log" --errorlog-file="$directory/proxy.errors" \
		"$directory/tls/server.key" "$directory/tls/server.crt" </dev/null
	proxy_pid=$!
}

# connections: established ones from the node to the proxy
connections()
{
	on node ss -Htn state established 'dport = :6444' | wc -l
}

topology_create
answer_start pod1 tcp/8080
answer_start pod2 tcp/8080
api_create
rm -r "$api/tls" "$api/users" "$api/tokens"
web pod1 | manifest web.yaml
api_start
proxy_start
kubeconfig_with nothing "$directory/tls/ca.crt" https://192.168.77.1:6444
api_agent_start
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1"
assert_equal "connections" 1 "$(connections)"

step "changes"
web pod1 pod2 | manifest web.yaml
wait_until_equal 20 "who serves" "10.244.1.1:8080, 10.244.1.2:8080" serving tcp 10.96.0.10:80
assert_equal "asked by client" "pod1 2, pod2 2" "$(answers client 4 tcp 10.96.0.10 80)"

step "the proxy is restarted"
kill -KILL "$proxy_pid"
wait "$proxy_pid" 2>/dev/null || true
sleep 2
web pod2 | manifest web.yaml
proxy_start
wait_until_equal 20 "who serves" "10.244.1.2:8080" serving tcp 10.96.0.10:80
agent_stop
assert_contains "what the proxy served" "HTTP/2" "$(cat "$directory/proxy.log")"
