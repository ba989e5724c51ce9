#!/bin/bash
# On a kernel without IPVS the agent says so and ends with status 3.
. "$(dirname "$0")/../lib.sh"

[ -n "$own_kernel" ] || skip "this would unload modules of the host"
topology_create

# Other cases may have loaded it, and their namespaces may still be going.
unload()
{
	local users

	users=$(awk '$1 == "ip_vs" { gsub(/,|-/, " ", $4); print $4 }' /proc/modules)
	# shellcheck disable=SC2086
	[ -z "$users" ] || rmmod $users
	! grep '^ip_vs ' /proc/modules || rmmod ip_vs
}

restore()
{
	umount /lib/modules
	echo /sbin/modprobe >/proc/sys/kernel/modprobe
}

step "neither the kernel nor the agent can load it"
wait_until 30 unload
trap 'status=$?; restore; on_exit $status' EXIT
echo /bin/false >/proc/sys/kernel/modprobe
mount -t tmpfs tmpfs /lib/modules
assert_status "no ip_vs" 3 agent run --manifests "$manifests" --hostname-override node1
assert_equal "lines of '$output'" 1 "$(wc -l <<<"$output")"
assert_contains "what it says" ip_vs "$output"
assert_contains "what it says" "/lib/modules of this kernel is not here; mount the host's /lib/modules" "$output"
