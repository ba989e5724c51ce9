#!/bin/bash
# The kernel backends by themselves, each in network namespaces of its own, checked with ipvsadm, ipset, ip,
# iptables and /proc; times of large batches are printed.
# time-limit: 180
. "$(dirname "$0")/../lib.sh"

for name in host ipsets ipsets_grow ipsets_marks ipsets_observe ipvs ipvs_observe link rules; do
	step "$name"
	"$KERNEL_TEST_HELPERS/backends/${name}_backend_test" || fail "the $name backend"
done
