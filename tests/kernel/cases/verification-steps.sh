#!/bin/bash
# time-limit: 180
# The kernel's state is compared in steps, and Services come and go between two of them: what the agent did
# itself meanwhile is not taken for somebody else's work, and what somebody else did is still put right.
. "$(dirname "$0")/../lib.sh"

# services NET COUNT: Services without endpoints
services()
{
	local i

	for ((i = 1; i <= $2; i++)); do
		printf '%s\n' --- "apiVersion: v1" "kind: Service" "metadata: {name: s$1-$i, namespace: default}" \
			"spec:" "  clusterIP: 10.$1.$((i / 250)).$((i % 250 + 1))" "  ports: [{port: 80}]"
	done
}

member_count()
{
	on node ipset list -t KUBE-CLUSTER-IP | sed -n 's/^Number of entries: //p'
}

# repaired KIND: how many objects
repaired()
{
	on node curl -sf http://127.0.0.1:10249/metrics |
		sed -n 's/^ipvsagent_drift_repaired_total{kind="'"$1"'"} //p'
}

verified()
{
	agent status -o json | sed -n 's/^ *"lastVerificationSeconds": \([0-9.e+-]*\),\{0,1\}$/\1/p'
}

topology_create
services 100 4000 | manifest many.yaml
agent_start --ipvs-sync-period 10ms
wait_until_equal 60 "the number of members" 4000 member_count
wait_until 20 verified

step "Services come and go while everything is compared again and again"
services 101 300 >"$directory/more.yaml"
for ((turn = 0; turn < 60; turn++)); do
	manifest more.yaml <"$directory/more.yaml"
	sleep "0.1$((turn % 10))"
	rm "$manifests/more.yaml"
	sleep "0.1$((turn * 3 % 10))"
done
wait_until_equal 20 "the number of members" 4000 member_count
sleep 3
for kind in ipset link ipvs; do
	assert_equal "repaired: $kind" 0 "$(repaired "$kind")"
done
assert_equal "words of changes by somebody else" "" "$(grep "another program changed" "$agent_log" || true)"
assert_equal "the number of members" 4000 "$(member_count)"

step "members that somebody adds go, those that somebody removes come again"
on node ipset add KUBE-CLUSTER-IP 10.96.0.77,tcp:77
on node ipset del KUBE-CLUSTER-IP 10.100.7.7,tcp:80
is_right()
{
	! on node ipset test KUBE-CLUSTER-IP 10.96.0.77,tcp:77 -quiet 2>/dev/null &&
		on node ipset test KUBE-CLUSTER-IP 10.100.7.7,tcp:80 -quiet
}
wait_until 20 is_right
wait_until_equal 10 "repaired: ipset" 2 repaired ipset
assert_equal "the number of members" 4000 "$(member_count)"
