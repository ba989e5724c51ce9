# shellcheck shell=bash
# For cases in which the agent reads an API server; sourced by them after lib.sh.
#
# The server is tests/fake/fake_api_server in the namespace client, https://192.168.77.1:6443. It has what
# `manifest` writes, and does what its control files in $api say, see its source. Its requests are in $api_log.
api=$directory/api
api_log=$directory/api.log
api_url=https://192.168.77.1:6443
api_program=$KERNEL_TEST_HELPERS/../fake/fake_api_server
kubeconfig=$directory/kubeconfig
manifests=$api/objects
api_pid=
api_starts=0
mkdir -p "$manifests" "$api/tls"

trap 'api_exit $?' EXIT

# The server writes into the directory that is about to be removed.
api_exit()
{
	if [ "$1" != 0 ] && [ -e "$api_log" ]; then
		echo "--- the latest requests:"
		tail -n 20 "$api_log"
	fi
	[ -z "$api_pid" ] || api_kill
	on_exit "$1"
}

# certificate NAME SUBJECT [DAYS] [EXTENSION]: NAME.crt and NAME.key in $directory/tls, signed by $certificate_authority
certificate_authority=ca
certificate()
{
	local name=$directory/tls/$1 authority=$directory/tls/$certificate_authority

	{
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$name.key" -subj "$2" |
			openssl x509 -req -CA "$authority.crt" -CAkey "$authority.key" -days "${3:-2}" -out "$name.crt" \
				-extfile <(echo "${4:-basicConstraints=CA:FALSE}")
	} 2>"$directory/openssl.log" || fail "openssl: $(cat "$directory/openssl.log")"
}

# authority NAME: a certificate authority
authority()
{
	mkdir -p "$directory/tls"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" \
		-keyout "$directory/tls/$1.key" -out "$directory/tls/$1.crt" 2>"$directory/openssl.log" ||
		fail "openssl: $(cat "$directory/openssl.log")"
}

server_names='subjectAltName=IP:192.168.77.1,DNS:kubernetes.default.svc'

# api_create: certificates and control files; two users may, system:kube-proxy and proxy
api_create()
{
	authority ca
	certificate server /CN=kube-apiserver 2 "$server_names"
	certificate client /O=system:node-proxier/CN=system:kube-proxy
	cp "$directory"/tls/{ca.crt,server.crt,server.key} "$api/tls"
	printf 'secret-token-1 proxy\n' | api_control tokens
	printf 'system:kube-proxy\nproxy\n' | api_control users
	cat >"$manifests/node1.yaml" <<-END
		apiVersion: v1
		kind: Node
		metadata: {name: node1, labels: {kubernetes.io/hostname: node1}}
		spec: {podCIDR: 10.244.1.0/24, podCIDRs: [10.244.1.0/24]}
		status: {addresses: [{type: InternalIP, address: 192.168.77.10}, {type: Hostname, address: node1}]}
	END
	kubeconfig_with certificate
}

# api_control FILE: stdin becomes that control file, in one step
api_control()
{
	cat >"$directory/control.new"
	mv "$directory/control.new" "$api/$1"
}

# kubeconfig_with {certificate|token TOKEN|token-file FILE|nothing} [AUTHORITY-FILE [SERVER-URL]]
kubeconfig_with()
{
	local user='' kind=$1

	shift
	case $kind in
	certificate) user="client-certificate: tls/client.crt, client-key: tls/client.key" ;;
	token) user="token: $1" && shift ;;
	token-file) user="tokenFile: $1" && shift ;;
	esac
	cat >"$kubeconfig" <<-END
		apiVersion: v1
		kind: Config
		clusters:
		- name: default
		  cluster:
		    server: ${2:-$api_url}
		    certificate-authority-data: $(base64 -w 0 "${1:-$directory/tls/ca.crt}")
		users:
		- name: default
		  user: {$user}
		contexts:
		- name: default
		  context: {cluster: default, namespace: default, user: default}
		current-context: default
	END
}

# api_start: and waits until it listens
api_start()
{
	[ -x "$api_program" ] || fail "$api_program is not built"
	api_starts=$((api_starts + 1))
	on_in_background client "$api_program" --directory "$api" --port 6443 --bookmark-seconds 5 \
		>>"$api_log" 2>&1 </dev/null
	api_pid=$!
	wait_until 10 api_is_up
}

api_is_up()
{
	kill -0 "$api_pid" || fail "the API server ended: $(cat "$api_log")"
	[ "$(api_requests "^listening")" = "$api_starts" ]
}

api_kill()
{
	kill -KILL "$api_pid"
	wait "$api_pid" 2>/dev/null || true
	api_pid=
}

# api_agent_start [FLAG...]: starts the agent with $kubeconfig, as a kubeadm cluster does
api_agent_start()
{
	api_agent_run "$@"
	wait_until 20 agent_is_up
}

api_agent_run()
{
	on_in_background node "$IPVSAGENT" run --kubeconfig "$kubeconfig" --hostname-override node1 \
		--cluster-cidr 10.244.0.0/16,fd00:10:244::/56 "$@" 2>>"$agent_log" </dev/null
	agent_pid=$!
}

# api_requests PATTERN: how many requests so far match
api_requests()
{
	grep -c -- "$1" "$api_log" || true
}
