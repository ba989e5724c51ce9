#!/bin/bash
# time-limit: 240
# On a kernel whose package does not have xt_set the log, status and check say which module is missing, for what, and which
# package has it. Nothing is programmed until the module is there, and then everything.
. "$(dirname "$0")/../lib.sh"

[ -n "$own_kernel" ] || skip "this would unload modules of the host"

# unload: other cases may have loaded it, and their namespaces may still be going
unload()
{
	! grep -q '^xt_set ' /proc/modules || rmmod xt_set
}

restore()
{
	echo /sbin/modprobe >/proc/sys/kernel/modprobe
	umount /lib/modules
}

restore_and_exit()
{
	restore
	on_exit "$1"
}

rules()
{
	on node iptables-save
	on node ip6tables-save
}

topology_create
answer_start pod1 tcp/8080
{
	service_manifest web type=NodePort cluster_ip=10.96.0.10 ports=http:TCP:80:8080:30080
	slice_manifest web endpoints=pod1
} | manifest web.yaml

step "with it everything works, and what is needed beside it is loaded from now on"
agent_start
wait_until_equal 20 "who answers" "pod1 1" answers client 1 tcp 10.96.0.10 80
agent_stop
agent cleanup

step "none of the modules that are not loaded is installed, xt_set above all"
wait_until 30 unload
# The kernel itself looks for modules where everybody else has them.
echo /bin/false >/proc/sys/kernel/modprobe
mount -t tmpfs tmpfs /lib/modules
trap 'restore_and_exit $?' EXIT
mkdir "/lib/modules/$(uname -r)"
missing="this kernel has no module xt_set, required for rules that look addresses up in ipsets"
: >"$agent_log"
agent_start
wait_until 30 grep -q "IPv4 rules: .*$missing; install the package of the kernel's other modules: " "$agent_log"
case $(uname -r) in
*-amd64) package=linux-image-$(uname -r) ;;
*) package="linux-image-$(uname -r) on Debian" ;;
esac
assert_contains "the package in the log" "$package" "$(grep "$missing" "$agent_log")"
wait_until 10 eval "agent status | grep -qF '$missing'"
assert_contains "the package in the status" "$package" "$(agent status)"
assert_contains "what check finds" "error modules: $missing" "$(agent check --manifests "$manifests" -o json |
	jq -r '.findings[] | "\(.severity) \(.check): \(.finding)"')"
assert_equal "virtual servers" "" "$(on node ipvsadm -Sn)"
assert_lacks "the rules" "--match-set" "$(rules)"

step "the package is installed, while no program that writes rules runs"
is_idle()
{
	[ "$(grep -c "retrying in 30.0 s" "$agent_log")" -ge 2 ] && ! pgrep -f 'tables-restore' >/dev/null
}
wait_until 90 is_idle
trap 'on_exit $?' EXIT
restore
wait_until_equal 60 "who answers" "pod1 1" answers client 1 tcp 10.96.0.10 80
wait_until_equal 10 "who answers at the NodePort" "pod1 1" answers client 1 tcp 192.168.77.10 30080
wait_until 20 agent_is_settled
step "clients in the cluster are told from others as well, with the next try"
wait_until 40 eval '! agent status | grep -q xt_set'
assert_lacks "the status" "treated as external" "$(agent status)"
agent_stop
