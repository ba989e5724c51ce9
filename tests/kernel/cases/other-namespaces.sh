#!/bin/bash
# time-limit: 240
# The kernel's dump of virtual servers is disturbed by those of other network namespaces, before Linux 7 and much. What it
# leaves out is not taken for removed: nothing is repaired, and nothing written.
. "$(dirname "$0")/../lib.sh"

# services COUNT: without endpoints
services()
{
	local i

	for ((i = 0; i < $1; i++)); do
		printf '%s\n' --- "apiVersion: v1" "kind: Service" "metadata: {name: s$i, namespace: default}" "spec:" \
			"  clusterIP: 10.100.$((i / 250)).$((i % 250 + 1))" "  ports: [{port: 80}]"
	done
}

server_count()
{
	on node grep -c '^TCP' /proc/net/ip_vs || true
}

# repaired KIND: how many objects
repaired()
{
	on node curl -sf http://127.0.0.1:10249/metrics |
		sed -n 's/^ipvsagent_drift_repaired_total{kind="'"$1"'"} //p'
}

verified()
{
	agent status -o json | grep '"lastVerificationSeconds": [0-9]'
}

# other_changes: somebody else, in a namespace of his own, adds thousands of virtual servers and removes them
other_changes()
{
	local i

	for ((i = 0; i < 3000; i++)); do
		echo "-A -t 10.200.$((i / 250)).$((i % 250 + 1)):80 -s rr"
	done >"$directory/others"
	while :; do
		on client ipvsadm -R <"$directory/others"
		on client ipvsadm -C
		echo >>"$directory/rounds"
	done
}

# others_went_on COUNT: they came and went so often
others_went_on()
{
	[ "$(wc -l <"$directory/rounds")" -ge "$1" ]
}

# dumps_while_others_go_on: as ipvsadm gets them; sets $dumps and $wrong
dumps_while_others_go_on()
{
	local number

	dumps=0 wrong=0
	for ((number = 0; number < 10; number++)); do
		[ "$(on node ipvsadm -Ln | grep -c '^TCP')" = 2000 ] || wrong=$((wrong + 1))
		dumps=$((dumps + 1))
	done
}

topology_create
services 2000 | manifest many.yaml
agent_start --ipvs-sync-period 10ms
wait_until_equal 60 "the number of virtual servers" 2000 server_count
wait_until 60 agent_is_settled
wait_until 20 verified
: >"$directory/rounds"

step "another namespace's virtual servers come and go"
netlink_writes_start
other_changes &
others=$!
wait_until 60 others_went_on 1
dumps_while_others_go_on
echo "| $wrong of $dumps dumps by ipvsadm had too few or too many virtual servers"
wait_until 120 others_went_on 6
assert_equal "the netlink writes" "" "$(netlink_writes_stop)"
for kind in ipset link ipvs; do
	assert_equal "repaired: $kind" 0 "$(repaired "$kind")"
done

step "a new agent takes over what is there, and writes nothing either"
agent_kill
netlink_writes_start
agent_start --ipvs-sync-period 10ms
wait_until 30 verified
rounds=$(wc -l <"$directory/rounds")
wait_until 120 others_went_on $((rounds + 3))
assert_equal "the netlink writes" "" "$(netlink_writes_stop)"
assert_equal "repaired: ipvs" 0 "$(repaired ipvs)"

step "what is really gone comes again"
on node ipvsadm -D -t 10.100.3.7:80
wait_until_equal 30 "repaired: ipvs" 1 repaired ipvs
wait_until 10 on node ipvsadm -Ln -t 10.100.3.7:80

step "cleanup leaves none"
agent_stop
agent cleanup
kill "$others"
wait "$others" || true
# Of /proc/net/ip_vs, too, others would hide a part.
wait_until 20 eval '! pgrep -x ipvsadm'
assert_equal "the number of virtual servers" 0 "$(server_count)"
