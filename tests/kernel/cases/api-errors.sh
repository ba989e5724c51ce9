#!/bin/bash
# time-limit: 240
# What does not work with an API server is said in one line, which names the cause and no secret. What cannot heal
# ends the agent with status 2 or 3; what can is tried again, and works once it is mended.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-api.sh"

# one_line WHAT PART: $output is one line that contains PART
one_line()
{
	assert_equal "$1: lines of '$output'" 1 "$(grep -vc -- --help <<<"$output")"
	assert_contains "$1" "$2" "$output"
}

# run_fails WHAT STATUS PART: the agent ends
run_fails()
{
	assert_status "$1" "$2" timeout 60 nsenter --net=/run/netns/node "$IPVSAGENT" run --kubeconfig "$kubeconfig" --v 0
	one_line "$1" "$3"
}

# run_complains WHAT PART: the agent goes on; what it says about the server is one line and contains PART
run_complains()
{
	local said

	: >"$agent_log"
	api_agent_run
	wait_until 30 grep -q "warning: API server" "$agent_log"
	sleep 2
	said=$(grep "warning: API server" "$agent_log")
	assert_contains "$1" "$2" "$said"
	assert_lacks "$1" secret "$said"
	[ "$(wc -l <<<"$said")" -le "${3:-1}" ] || fail "$1: more than one line:"$'\n'"$said"
}

# run_heals: the agent that runs gets on
run_heals()
{
	wait_until_equal 60 "who serves" 10.244.1.1:8080 serving tcp 10.96.0.10:80
	agent_stop
	on node ipvsadm -C
}

topology_create
answer_start pod1 tcp/8080
api_create
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web endpoints=pod1
} | manifest web.yaml

step "kubeconfigs that cannot be used"
assert_status "no kubeconfig" 3 agent run --v 0 --kubeconfig /no/such/file
one_line "no kubeconfig" "/no/such/file: No such file"
assert_status "nothing at all" 2 agent run --v 0
one_line "nothing at all" "no API server"
cp "$kubeconfig" "$directory/good"
echo "current-context: [" >"$kubeconfig"
run_fails "broken YAML" 2 "line "
sed 's/^current-context: .*/current-context: elsewhere/' "$directory/good" >"$kubeconfig"
run_fails "no such context" 2 'contexts: no entry named "elsewhere"'
sed 's/cluster: default,/cluster: nowhere,/' "$directory/good" >"$kubeconfig"
run_fails "no such cluster" 2 'clusters: no entry named "nowhere"'
sed 's/certificate-authority-data: .*/certificate-authority-data: "%%secret%%"/' "$directory/good" >"$kubeconfig"
run_fails "no base64" 2 "clusters[0].cluster.certificate-authority-data: not base64"
sed 's|server: .*|server: ftp://192.168.77.1|' "$directory/good" >"$kubeconfig"
run_fails "no such scheme" 2 "must start with http:// or https://"
sed 's/user: {.*/user: {exec: {apiVersion: v7, command: "false"}}/' "$directory/good" >"$kubeconfig"
run_fails "an unknown plugin version" 2 "users[0].user.exec.apiVersion"

step "a server that is not there yet"
cp "$directory/good" "$kubeconfig"
run_complains "no server" "cannot be reached: Connection refused"
api_start
run_heals

step "a file that is not there yet"
mv "$directory/tls/client.key" "$directory/tls/client.key.away"
run_complains "no key" "client.key: No such file"
mv "$directory/tls/client.key.away" "$directory/tls/client.key"
run_heals

step "a wrong authority"
authority stranger
kubeconfig_with certificate "$directory/tls/stranger.crt"
run_complains "a wrong authority" "certificate"
agent_stop

step "a name that the certificate does not have"
certificate server /CN=kube-apiserver 2 subjectAltName=DNS:elsewhere
cp "$directory"/tls/server.{crt,key} "$api/tls"
api_kill
api_start
kubeconfig_with certificate
run_complains "a wrong name" "192.168.77.1"
sed -i 's/^    server: .*/&\n    tls-server-name: elsewhere/' "$kubeconfig"
agent_stop
api_agent_run
run_heals

step "an expired certificate of the server"
certificate server /CN=kube-apiserver -1 "$server_names"
cp "$directory"/tls/server.{crt,key} "$api/tls"
api_kill
api_start
kubeconfig_with certificate
run_complains "an expired certificate" "certificate has expired"
certificate server /CN=kube-apiserver 2 "$server_names"
cp "$directory"/tls/server.{crt,key} "$api/tls"
api_kill
api_start
run_heals

step "an expired certificate of the client"
certificate client /O=system:node-proxier/CN=system:kube-proxy -1
run_complains "an expired certificate of ours" "client.crt expired at " 4
certificate client /O=system:node-proxier/CN=system:kube-proxy
run_heals
assert_contains "the log" "client.crt is valid until " "$(cat "$agent_log")"

step "no right to list"
printf 'nobody\n' | api_control users
run_complains "no rights" 'User "system:kube-proxy" cannot' 3
printf 'system:kube-proxy\n' | api_control users
run_heals

step "a token that nobody knows"
kubeconfig_with token secret-of-old
run_complains "a bad token" "status 401: Unauthorized" 3
printf 'secret-of-old system:kube-proxy\n' | api_control tokens
run_heals

step "insecure-skip-tls-verify is warned of"
kubeconfig_with certificate
sed -i 's/certificate-authority-data: .*/insecure-skip-tls-verify: true/' "$kubeconfig"
run_complains "insecure" "its certificate is not verified"
run_heals

step "a credential plugin"
cat >"$directory/plugin" <<'END'
#!/bin/sh
[ -e "$0.broken" ] && exit 7
echo "asked $PLUGIN_NAME" >>"$0.log"
echo "{\"apiVersion\": \"client.authentication.k8s.io/v1\", \"kind\": \"ExecCredential\",
 \"status\": {\"token\": \"$(cat "$0.token")\"}}"
END
chmod +x "$directory/plugin"
echo secret-of-plugin >"$directory/plugin.token"
: >"$directory/plugin.broken"
printf 'secret-of-plugin proxy\n' | api_control tokens
printf 'proxy\n' | api_control users
kubeconfig_with nothing
sed -i 's|user: {.*|user: {exec: {apiVersion: client.authentication.k8s.io/v1,\n    command: ./plugin, env: [{name: PLUGIN_NAME, value: test}]}}|' "$kubeconfig"
run_complains "a plugin that fails" "plugin: exit status 7"
rm "$directory/plugin.broken"
run_heals
assert_equal "how often the plugin was asked" "asked test" "$(cat "$directory/plugin.log")"
