#!/bin/bash
# After its start the agent has two capabilities, a filter of system calls, and no way to get more; so have its
# programs. Everything works with that, rewriting of rules too.
. "$(dirname "$0")/../lib.sh"

# process_status NAME: a line of /proc/PID/status
process_status()
{
	sed -n "s/^$1:\t//p" "/proc/$agent_pid/status"
}

topology_create
answer_start pod1 tcp/8080
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web endpoints=pod1
} | manifest web.yaml
ulimit -c unlimited
agent_start --ipvs-sync-period 1s
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1"

step "what it may do"
for name in CapEff CapPrm CapBnd; do
	assert_equal "$name" 0000000000003000 "$(process_status "$name")"
done
for name in CapInh CapAmb; do
	assert_equal "$name" 0000000000000000 "$(process_status "$name")"
done
assert_equal "no_new_privs" 1 "$(process_status NoNewPrivs)"
assert_equal "seccomp (2: a filter)" 2 "$(process_status Seccomp)"
assert_equal "core dumps" "0 0" "$(awk '/^Max core file size/ { print $5, $6 }' "/proc/$agent_pid/limits")"
threads=0
for task in "/proc/$agent_pid/task"/*; do
	seccomp=$(sed -n 's/^Seccomp:\t//p' "$task/status" 2>/dev/null || true)
	# A thread that ends meanwhile, as one that starts a program does, has no status any more.
	if [ -n "$seccomp" ] || [ -e "$task" ]; then
		assert_equal "seccomp of ${task##*/}" 2 "$seccomp"
		threads=$((threads + 1))
	fi
done
[ "$threads" -gt 0 ] || fail "no thread was asked"

step "and does all the same"
on node iptables -t nat -F KUBE-SERVICES
wait_until 30 on node sh -c 'iptables -t nat -S KUBE-SERVICES | grep -q -- "^-A"'
on node ipvsadm -C
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1"
assert_equal "asked by client" "pod1 2" "$(answers client 2 tcp 10.96.0.10 80)"
agent_stop

step "or keeps all, if that is wanted"
agent_start --drop-privileges=false
assert_equal "no_new_privs" 0 "$(process_status NoNewPrivs)"
assert_equal "seccomp" 0 "$(process_status Seccomp)"
