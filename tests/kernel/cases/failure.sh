#!/bin/bash
# What the kernel refuses is tried again and told about, for that object alone; everything else is programmed
# meanwhile, and it heals by itself.
. "$(dirname "$0")/../lib.sh"

one="10.244.1.1:8080 1"
one6="[fd00:10:244:1::1]:8080 1"

# simple NAME CLUSTER-IP: a Service with one endpoint
simple()
{
	local family=IPv4

	case $2 in
	*:*) family=IPv6 ;;
	esac
	{
		service_manifest "$1" cluster_ip="$2"
		slice_manifest "$1" endpoints=pod1 family=$family
	} | manifest "$1.yaml"
}

# waiting: how many objects wait for another try
waiting()
{
	agent status -o json | tr -d ' \n' | sed -n 's/.*"waitingForRetry":\([0-9]*\).*/\1/p'
}

# state_of SERVICE
state_of()
{
	agent status "default/$1" | grep -o -e failed -e programmed -e pending | head -n 1
}

# hold_lock_of_iptables: sets $lock
hold_lock_of_iptables()
{
	flock /run/xtables.lock sleep 1000 &
	lock=$!
	wait_until 20 eval '! flock --nonblock /run/xtables.lock true'
}

release_lock_of_iptables()
{
	pkill -P "$lock" sleep
	wait "$lock" || true
}

topology_create
answer_start pod1 tcp/8080
simple four 10.96.0.10
simple six fd00:96::10

# The nft variant has no lock.
if [ "$(iptables_variant)" = legacy ]; then
	step "somebody holds the lock of iptables: the agent waits, and says for what"
	hold_lock_of_iptables
	agent_start
	wait_until 10 eval "agent status -o json | tr -d ' \n' | grep -q '\"synced\":true'"
	assert_contains "the rules" '"inPlace":false' "$(agent status -o json | tr -d ' \n')"
	assert_equal "the Service" pending "$(state_of four)"
	assert_contains "why" "iptables" "$(agent status -o wide default/four; agent status -o json default/four)"
	assert_equal "virtual servers before the rules" "" "$(on node ipvsadm-save -n)"
	release_lock_of_iptables
else
	agent_start
fi
wait_for_service tcp 10.96.0.10 80 "$one"
wait_for_service tcp fd00:96::10 80 "$one6"
assert_contains "the rules" '"inPlace":true' "$(agent status -o json | tr -d ' \n')"

if [ "$(iptables_variant)" = legacy ]; then
	step "the lock does not matter any more once the rules are there"
	hold_lock_of_iptables
	simple later 10.96.0.11
	wait_for_service tcp 10.96.0.11 80 "$one"
	assert_equal "asked by client" "pod1 1" "$(answers client 1 tcp 10.96.0.11 80)"
	release_lock_of_iptables
fi

step "packets on kube-ipvs0 are too short for IPv6: new VIPs of that family fail, the others do not"
on node ip link set kube-ipvs0 mtu 1279
simple six2 fd00:96::20
simple four2 10.96.0.20
wait_for_service tcp 10.96.0.20 80 "$one"
assert_equal "asked by client" "pod1 1" "$(answers client 1 tcp 10.96.0.20 80)"
wait_until_equal 10 "the state of six2" failed state_of six2
assert_contains "why" "Invalid argument" "$(agent status -o wide default/six2; agent status -o json default/six2)"
wait_until_equal 10 "the state of four2" programmed state_of four2
[ "$(waiting)" -ge 1 ] || fail "nothing waits for another try"
assert_contains "the log" "fd00:96::20" "$(grep 'retrying' "$agent_log")"

step "they are long enough again"
on node ip link set kube-ipvs0 mtu 1500
wait_until 30 address_is_bound fd00:96::20
wait_until 30 address_is_bound fd00:96::10
wait_until_equal 10 "the state of six2" programmed state_of six2
wait_until_equal 10 "waiting" 0 waiting
for address in fd00:96::10 fd00:96::20; do
	assert_equal "asked by client" "pod1 1" "$(answers client 1 tcp $address 80)"
done

step "a set of ours that somebody made of another type: nothing is touched, until it is gone"
agent_stop
agent cleanup 2>"$directory/cleanup.log"
on node ipset create KUBE-EXTERNAL-IP hash:net
: >"$agent_log"
agent_start
wait_until 10 grep -q "set KUBE-EXTERNAL-IP exists as hash:net" "$agent_log"
assert_equal "virtual servers" "" "$(on node ipvsadm-save -n)"
on node ipset destroy KUBE-EXTERNAL-IP
wait_for_service tcp 10.96.0.10 80 "$one"
assert_equal "asked by client" "pod1 1" "$(answers client 1 tcp 10.96.0.10 80)"
