#!/bin/bash
# time-limit: 300
# Every way to the API server that a kubeconfig, flags or the environment can describe leads there, and no secret is
# ever shown.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-api.sh"

proxy_log=$directory/proxy.log

# run [NAME=VALUE...] -- [FLAG...]: starts the agent with this environment, and waits until it serves web
run()
{
	local environment=()

	while [ "$1" != -- ]; do
		environment+=("$1")
		shift
	done
	shift
	: >"$agent_log"
	: >"$proxy_log"
	on_in_background node env "${environment[@]}" "$IPVSAGENT" run --hostname-override node1 -v 4 \
		--cluster-cidr 10.244.0.0/16 "$@" 2>>"$agent_log" </dev/null
	agent_pid=$!
	wait_until 30 agent_is_up
	wait_until 60 grep -q "programmed .* Services" "$agent_log"
	wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1"
}

# stop: with a look for secrets wherever the agent shows something
stop()
{
	{
		agent status
		agent status -o json
		on node curl -s http://127.0.0.1:10249/metrics
		on node curl -s http://127.0.0.1:10249/configz
	} >"$directory/shown"
	agent_stop
	assert_lacks "the log" secret "$(cat "$agent_log")"
	assert_lacks "what it shows" secret "$(cat "$directory/shown")"
}

# proxied: how many connections went through the proxy
proxied()
{
	grep -c "^CONNECT 192.168.77.1:6443 " "$proxy_log" || true
}

assert_proxied()
{
	[ "$(proxied)" -gt 0 ] || fail "nothing went through the proxy: $(cat "$proxy_log")"
}

topology_create
api_create
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web endpoints=pod1
} | manifest web.yaml
api_start
on_in_background client "$KERNEL_TEST_HELPERS/connect_proxy" 3128 >>"$proxy_log" </dev/null
wait_until 10 grep -q listening "$proxy_log"

step "a pod: token and authority of its service account, which are exchanged"
account=/var/run/secrets/kubernetes.io/serviceaccount
mkdir -p "$account/..1"
cp "$directory/tls/ca.crt" "$account/..1"
echo secret-token-1 >"$account/..1/token"
ln -s ..1 "$account/..data"
ln -s ..data/ca.crt ..data/token "$account"
run KUBERNETES_SERVICE_HOST=192.168.77.1 KUBERNETES_SERVICE_PORT=6443 --
assert_equal "who asks" proxy "$(sed -n 's/ .*//; /^proxy/p' "$api_log" | sort -u)"
authority ca2
certificate_authority=ca2 certificate server /CN=kube-apiserver 2 "$server_names"
cp "$directory/tls/ca2.crt" "$api/tls/ca.crt"
cp "$directory"/tls/server.{crt,key} "$api/tls"
printf 'secret-token-2 proxy\n' | api_control tokens
api_kill
api_start
wait_until 60 grep -q "certificate" "$agent_log"
mkdir "$account/..2"
cp "$directory/tls/ca2.crt" "$account/..2/ca.crt"
echo secret-token-2 >"$account/..2/token"
ln -s ..2 "$account/..data_tmp"
mv -T "$account/..data_tmp" "$account/..data"
wait_until 60 grep -q "works again" "$agent_log"
{
	service_manifest late cluster_ip=10.96.0.11
	slice_manifest late endpoints=pod1
} | manifest late.yaml
wait_for_service tcp 10.96.0.11 80 "10.244.1.1:8080 1"
stop
rm -r /var/run/secrets
authority=$directory/tls/ca2.crt

step "one context of several, KUBECONFIG with several files"
kubeconfig_with token secret-token-2 "$authority"
cat >"$directory/second" <<-END
	apiVersion: v1
	kind: Config
	current-context: none
	contexts:
	- name: none
	  context: {cluster: none, user: none}
	clusters:
	- name: none
	  cluster: {server: "https://192.168.77.99:1"}
END
run KUBECONFIG="$directory/missing:$kubeconfig:$directory/second" --
stop

step "--config with clientConnection.kubeconfig, and --master in the place of a wrong server"
kubeconfig_with token-file token "$authority" https://192.168.77.99:6443
echo secret-token-2 >"$directory/token"
cat >"$directory/config.conf" <<-END
	apiVersion: kubeproxy.config.k8s.io/v1alpha1
	kind: KubeProxyConfiguration
	mode: ipvs
	clientConnection: {kubeconfig: $kubeconfig}
END
run -- --config "$directory/config.conf" --master "$api_url"
stop

step "proxy-url, with a password"
kubeconfig_with token secret-token-2 "$authority"
sed -i 's|^    server: .*|&\n    proxy-url: http://me:secret-word@192.168.77.1:3128|' "$kubeconfig"
run -- --kubeconfig "$kubeconfig"
assert_proxied
assert_contains "what the proxy was told" "Basic $(printf me:secret-word | base64)" "$(cat "$proxy_log")"
stop

step "HTTPS_PROXY, with and without tls-server-name"
for name in '' kubernetes.default.svc; do
	kubeconfig_with token secret-token-2 "$authority"
	[ -z "$name" ] || sed -i "s|^    server: .*|&\n    tls-server-name: $name|" "$kubeconfig"
	run HTTPS_PROXY=http://192.168.77.1:3128 NO_PROXY=10.0.0.0/8,.svc -- --kubeconfig "$kubeconfig"
	assert_proxied
	stop
	run HTTPS_PROXY=http://192.168.77.1:3128 NO_PROXY=192.168.0.0/16 -- --kubeconfig "$kubeconfig"
	assert_equal "connections through the proxy" 0 "$(proxied)"
	stop
done
