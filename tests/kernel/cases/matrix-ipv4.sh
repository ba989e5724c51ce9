#!/bin/bash
# time-limit: 360
# The traffic matrix for udp sctp over IPv4, by the rules of the Service API: tests/matrix/README.md.
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/matrix/matrix.sh
. "$(dirname "$0")/../../matrix/matrix.sh"

matrix_by_rules ipv4 udp sctp
