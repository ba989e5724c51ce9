#!/bin/bash
# time-limit: 200
# flushed-rules with iptables-legacy, where nobody tells the agent what changes: it asks each second.
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/kernel/kernels.sh
. "$here/../kernels.sh"

if iptables --version | grep -q legacy; then
	echo "iptables is legacy anyway, and so it is in flushed-rules"
	exit 77
fi
links=$(mktemp -d)
trap 'rm -r "$links"' EXIT
PATH=$(iptables_links "$links" legacy):$PATH
iptables-save --version | grep -q legacy || exit
bash "$here/flushed-rules.sh"
