#!/bin/bash
# As a unit of systemd, with all that packaging/systemd takes away from it, the agent does its work: it starts,
# tells when it is ready, reloads, repairs, stops.
# time-limit: 120
. "$(dirname "$0")/../lib.sh"

unit=$(dirname "$0")/../../../packaging/systemd/ipvsagent.service

# service_manager COMMAND...: systemctl, which only processes of the same namespace may use
service_manager()
{
	nsenter --target "$systemd_pid" --mount --pid systemctl "$@"
}

systemd_is_up()
{
	systemd_pid=$(pgrep -P "$1" -x systemd) && service_manager is-active test.target
}

# systemd_start: an instance of systemd in the namespaces of node, without the rest of an operating system
systemd_start()
{
	local wants

	for wants in /etc/systemd/system /usr/lib/systemd/system/{sysinit,multi-user,sockets,timers}.target.wants; do
		[ ! -d "$wants" ] || mount -t tmpfs tmpfs "$wants"
	done
	mkdir -p /run/systemd/system /etc/default
	grep -q ' /sys/fs/cgroup ' /proc/mounts || mount -t cgroup2 cgroup2 /sys/fs/cgroup
	touch /usr/sbin/ipvsagent
	mount --bind "$IPVSAGENT" /usr/sbin/ipvsagent
	cp "$unit" /run/systemd/system/
	printf '[Unit]\nDescription=The test\n' >/run/systemd/system/test.target
	on_in_background node unshare -p -m -C --fork --mount-proc --kill-child \
		env -i "PATH=$PATH" container=other /lib/systemd/systemd --system --unit=test.target \
		--log-target=console --show-status=0 >"$directory/systemd.log" 2>&1 </dev/null
	wait_until 20 systemd_is_up $!
}

# unit_is PROPERTY VALUE: waits for that
unit_is()
{
	wait_until_equal 30 "$1 of the unit" "$2" service_manager show -P "$1" ipvsagent
}

[ -n "$own_kernel" ] || skip "another systemd is in charge of this kernel"
topology_create
answer_start pod1 tcp/8080
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web endpoints=pod1
} | manifest web.yaml
systemd_start
cat >/etc/default/ipvsagent <<-END
	IPVSAGENT_FLAGS=--manifests $manifests --hostname-override node1 --ipvs-sync-period 1s
END
mkdir -p /run/systemd/system/ipvsagent.service.d
cat >/run/systemd/system/ipvsagent.service.d/test.conf <<-END
	# The directory of the test is below /tmp, of which the unit has its own.
	[Service]
	PrivateTmp=no
	StandardError=append:/run/agent.log
	Environment=PATH=$PATH
END
agent_log=/run/agent.log
service_manager daemon-reload

step "it becomes active once everything is programmed"
service_manager start --no-block ipvsagent
unit_is ActiveState active
assert_equal "the virtual server" "10.244.1.1:8080 1" "$(destinations tcp 10.96.0.10:80)"
assert_equal "the answers" "pod1 2" "$(answers client 2 tcp 10.96.0.10 80)"
# The programs that it starts look like it until they are what they are.
agent_pid=$(pgrep -P "$systemd_pid" -f '^/usr/sbin/ipvsagent run')
assert_equal "its capabilities" 0000000000003000 "$(sed -n 's/^CapEff:\t//p' "/proc/$agent_pid/status")"
assert_equal "its filter of system calls" 2 "$(sed -n 's/^Seccomp:\t//p' "/proc/$agent_pid/status")"
assert_equal "its OOM score" -999 "$(cat "/proc/$agent_pid/oom_score_adj")"
assert_lacks "the log" "warning:" "$(cat "$agent_log")"

step "it follows changes, and repairs"
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web endpoints="pod1 pod2"
} | manifest web.yaml
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1, 10.244.1.2:8080 1"
on node iptables -t nat -F KUBE-SERVICES
wait_until 20 grep -q "changed the IPv4 rules" "$agent_log"

step "reload, status, stop"
service_manager reload ipvsagent
wait_until 10 grep -q "reloading the manifests" "$agent_log"
assert_contains "its status" "default/web" "$(agent status)"
service_manager stop ipvsagent
unit_is ActiveState inactive
unit_is Result success
assert_equal "the virtual server" "10.244.1.1:8080 1, 10.244.1.2:8080 1" "$(destinations tcp 10.96.0.10:80)"
