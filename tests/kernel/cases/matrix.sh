#!/bin/bash
# time-limit: 360
# Every client sees of every address of a Service what the Service API promises, whatever the host's
# firewall: tests/matrix/README.md. TCP over IPv4, as recorded. Prints a scorecard and names each cell that
# fails.
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/matrix/matrix.sh
. "$(dirname "$0")/../../matrix/matrix.sh"

matrix_ask ipv4 tcp
step "the scorecard"
matrix_heading
matrix_row "kube-proxy, iptables" "$matrix/truth.txt" "$matrix/truth.txt"
matrix_row "kube-proxy, IPVS" "$matrix/truth.txt" "$matrix/kube-proxy-ipvs.txt"
grep -v -- '-number ' "$directory/tcp-ipv4.answers" >"$directory/tcp-ipv4-recorded.answers"
matrix_row "ipvsagent" "$matrix/truth.txt" "$directory/tcp-ipv4-recorded.answers"
matrix_row "ipvsagent, by the rules" "$directory/tcp-ipv4.wanted" "$directory/tcp-ipv4.answers" -v by_rules=1
matrix_assert tcp-ipv4-recorded "$matrix/truth.txt"
matrix_assert tcp-ipv4 "$directory/tcp-ipv4.wanted" -v by_rules=1
