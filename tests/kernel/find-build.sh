# shellcheck shell=bash
# find_build TOP: sets what is not set yet of IPVSAGENT, the program under test, and KERNEL_TEST_HELPERS, the
# directory of the helper programs, to those of the latest build below TOP/build without sanitizers, which do
# not work in the test kernel; fails if there is none
find_build()
{
	local candidate newest=

	for candidate in "$1"/build "$1"/build/*; do
		if [ ! -x "$candidate/agent/ipvsagent" ] || [ ! -x "$candidate/tests/kernel/answer" ] ||
			grep -q __asan_init "$candidate/agent/ipvsagent"; then
			continue
		fi
		if [ -z "$newest" ] || [ "$candidate/agent/ipvsagent" -nt "$newest/agent/ipvsagent" ]; then
			newest=$candidate
		fi
	done
	export IPVSAGENT=${IPVSAGENT:-$newest/agent/ipvsagent}
	export KERNEL_TEST_HELPERS=${KERNEL_TEST_HELPERS:-$newest/tests/kernel}
	if [ ! -x "$IPVSAGENT" ] || [ ! -x "$KERNEL_TEST_HELPERS/answer" ]; then
		echo "nothing has been built; this does it: packaging/demo, or meson setup build && ninja -C build" >&2
		return 1
	fi
	IPVSAGENT=$(readlink -f "$IPVSAGENT")
	KERNEL_TEST_HELPERS=$(readlink -f "$KERNEL_TEST_HELPERS")
}
