# time-limit: 600
# Recorded cases that between them go through every part of the agent, with the agent under valgrind: no
# invalid access, no use of what was never set, no leak. For the whole corpus see tests/conformance/README.md.
here=$(dirname "$(readlink -f "$0")")
if ! command -v valgrind >/dev/null; then
	echo "valgrind is missing; packaging/install-dependencies --checks brings it"
	exit 1
fi
cases=(affinity-switch dualstack-lb lb-source-ranges-with-node restart-with-leftovers topology-hints-match
	trans-endpoint-removed-with-connection)
CONFORMANCE_VALGRIND=1 CONFORMANCE_CASES=${CONFORMANCE_CASES:-${cases[*]}} exec bash "$here/conformance.sh"
