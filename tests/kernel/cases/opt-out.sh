#!/bin/bash
# time-limit: 120
# What one Service, or a range of addresses, asks to be left out of: not programmed, or programmed and not bound; and
# the scheduler of one Service, exchanged in place.
. "$(dirname "$0")/../lib.sh"

both="10.244.1.1:8080 1, 10.244.1.2:8080 1"
config=$directory/own.yaml

# web [ANNOTATIONS [KEY=VALUE...]]
web()
{
	local annotations=${1:-}

	[ $# = 0 ] || shift
	{
		service_manifest web type=LoadBalancer cluster_ip=10.96.0.10 ports=http:TCP:80:8080:30080 \
			annotations="$annotations" "$@"
		load_balancer_status 203.0.113.10
		slice_manifest web endpoints="pod1 pod2"
	} | manifest web.yaml
}

is_bound()
{
	address_is_bound "$1" && echo yes || echo no
}

scheduler_of()
{
	virtual_server tcp "$1" | head -n 1
}

# own_settings LINE...: the agent's own file, replaced in one step
own_settings()
{
	printf '%s\n' "$@" >"$config.new"
	mv "$config.new" "$config"
}

topology_create
for pod in pod1 pod2; do
	answer_start "$pod" tcp/8080
done
own_settings "{}"
web
agent_start --ipvsagent-config "$config"
wait_for_service tcp 203.0.113.10 80 "$both"

step "not to be bound: the addresses go, virtual servers and connections stay"
hold_open kept client tcp 203.0.113.10 80
web "ipvsagent/do-not-bind: \"true\""
wait_until_equal 10 "203.0.113.10 is bound" no is_bound 203.0.113.10
wait_until_equal 10 "10.96.0.10 is bound" no is_bound 10.96.0.10
wait_until_equal 10 "the set of bound addresses" "" eval "on node ipset list KUBE-IPVS-IPS | sed '1,/^Members/d'"
for server in 203.0.113.10:80 10.96.0.10:80; do
	assert_equal "the destinations of $server" "$both" "$(destinations tcp $server)"
done
# What the node sends passes IPVS wherever it is routed to.
assert_equal "asked by node" "pod1 1, pod2 1" "$(answers node 2 tcp 10.96.0.10 80)"
assert_contains "the status" "not bound: annotation ipvsagent/do-not-bind" "$(agent status default/web)"

step "an address that another program binds is served"
ip -n node -batch - <<-END
	link add other type dummy
	address add 203.0.113.10/32 dev other
END
assert_equal "asked by client" "pod1 1, pod2 1" "$(answers client 2 tcp 203.0.113.10 80)"
hold_is_alive kept

step "its virtual servers are known as ours after a restart"
agent_kill
web
agent_start --ipvsagent-config "$config"
# It stays on the interface of the other program.
wait_until_equal 10 "10.96.0.10 is bound" yes is_bound 10.96.0.10
web "ipvsagent/do-not-bind: \"true\""
wait_until_equal 10 "10.96.0.10 is bound" no is_bound 10.96.0.10
agent_kill
rm "$manifests/web.yaml"
agent_start --ipvsagent-config "$config"
for server in 203.0.113.10:80 10.96.0.10:80; do
	wait_until_equal 10 "the destinations of $server" "" destinations tcp $server
done
ip -n node link delete other
hold_close kept

step "not to be programmed: everything of the Service goes"
web
wait_for_service tcp 203.0.113.10 80 "$both"
wait_until_equal 10 "the NodePort, asked by client" "pod1 1, pod2 1" answers client 2 tcp 192.168.77.10 30080
web "ipvsagent/do-not-program: \"true\""
wait_until_equal 10 "203.0.113.10 is bound" no is_bound 203.0.113.10
wait_until_equal 10 "virtual servers" "" eval "on node ipvsadm -Ln | sed 1,3d"
wait_until_equal 10 "the NodePort, asked by client" "refused 1" answers client 1 tcp 192.168.77.10 30080
assert_contains "the status" "annotation ipvsagent/do-not-program" "$(agent status default/web)"
web "ipvsagent/do-not-program: \"yes\""
wait_for_service tcp 203.0.113.10 80 "$both"
assert_contains "the status" '"yes" is not true or false' "$(agent status default/web)"

step "ranges, while the agent runs"
web
own_settings "unboundCIDRs: [203.0.113.0/24]"
wait_until_equal 10 "203.0.113.10 is bound" no is_bound 203.0.113.10
assert_equal "10.96.0.10 is bound" yes "$(is_bound 10.96.0.10)"
assert_equal "the destinations" "$both" "$(destinations tcp 203.0.113.10:80)"
assert_contains "the status" "not bound: unboundCIDRs" "$(agent status default/web)"
own_settings "unprogrammedCIDRs: [203.0.113.0/24]"
wait_until_equal 10 "the destinations" "" destinations tcp 203.0.113.10:80
assert_equal "asked by client" "pod1 1, pod2 1" "$(answers client 2 tcp 10.96.0.10 80)"
assert_contains "the status" "not programmed because of unprogrammedCIDRs: 203.0.113.10" "$(agent status default/web)"
own_settings "{}"
wait_for_service tcp 203.0.113.10 80 "$both"
assert_equal "asked by client" "pod1 1, pod2 1" "$(answers client 2 tcp 203.0.113.10 80)"

step "a scheduler is exchanged in place: no destination and no connection is lost"
hold_open kept client tcp 10.96.0.10 80
on node ipvsadm -Ln --stats >"$directory/before"
for annotation in kube-router.io/service.scheduler:lc ipvsagent/scheduler:wlc ipvsagent/scheduler:sh; do
	web "${annotation%:*}: ${annotation#*:}"
	wait_until_equal 10 "the scheduler" "${annotation#*:}" \
		eval "scheduler_of 10.96.0.10:80 | cut -d' ' -f1"
	assert_equal "the destinations" "$both" "$(destinations tcp 10.96.0.10:80)"
	hold_is_alive kept
done
# A virtual server that was made anew would count from 0.
[ "$(on node ipvsadm -Ln --stats | awk '$2 == "10.96.0.10:80" {print $3}')" -ge \
	"$(awk '$2 == "10.96.0.10:80" {print $3}' "$directory/before")" ] || fail "the virtual server is another one"
wait_until_equal 10 "the NodePort's scheduler" "sh (sh-fallback)" scheduler_of 192.168.77.10:30080
[ "$(answers client 8 tcp 10.96.0.10 80 | wc -w)" = 2 ] || fail "sh sends one client to several endpoints"

step "with affinity a client stays, whatever the scheduler"
web "ipvsagent/scheduler: wrr" affinity=600
wait_until_equal 10 "the scheduler" "wrr persistent 600" scheduler_of 10.96.0.10:80
[ "$(answers client 6 tcp 10.96.0.10 80 | wc -w)" = 2 ] || fail "the client has several endpoints"
hold_is_alive kept
hold_close kept

step "an unknown scheduler is named, and the usual one used"
web "ipvsagent/scheduler: best"
wait_until_equal 10 "the scheduler" rr scheduler_of 10.96.0.10:80
assert_contains "the status" '"best" is not the name of an IPVS scheduler' "$(agent status default/web)"

[ -n "$own_kernel" ] || exit 0
step "so is one that this kernel does not have, and no client notices"
mkdir -p /etc/modprobe.d
echo "install ip_vs_nq /bin/false" >/etc/modprobe.d/opt-out-test.conf
web
wait_until_equal 10 "the scheduler" rr scheduler_of 10.96.0.10:80
web "ipvsagent/scheduler: nq"
wait_until 10 grep -q "this kernel has no scheduler nq (module ip_vs_nq); using rr" "$agent_log"
assert_equal "the scheduler" rr "$(scheduler_of 10.96.0.10:80)"
assert_equal "asked by client" "pod1 1, pod2 1" "$(answers client 2 tcp 10.96.0.10 80)"
assert_contains "the status" "this kernel has no scheduler nq" "$(agent status default/web)"
wait_until_equal 10 "what waits for another try" 0 \
	eval "agent status -o json | python3 -c 'import json, sys; print(json.load(sys.stdin)[\"agent\"][\"waitingForRetry\"])'"
