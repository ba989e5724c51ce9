#!/bin/bash
# time-limit: 240
# Rules with iptables-legacy, which tells nobody what changes: the backend by itself, and one of the cases with packets.
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/kernel/kernels.sh
. "$here/../kernels.sh"

links=$(mktemp -d)
PATH=$(iptables_links "$links" legacy):$PATH
"$KERNEL_TEST_HELPERS/backends/rules_backend_test" || exit
bash "$here/masquerade.sh" || exit
iptables-save --version | grep -q legacy || exit
rm -r "$links"
