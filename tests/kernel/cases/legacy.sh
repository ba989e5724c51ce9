#!/bin/bash
# kernel: uml
# time-limit: 180
# Rules with iptables-legacy, which tells nobody what changes: the backend by itself, and one of the cases with packets.
"$KERNEL_TEST_HELPERS/backends/rules_backend_test" || exit
exec bash "$(dirname "$(readlink -f "$0")")/masquerade.sh"
