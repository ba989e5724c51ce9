# shellcheck shell=bash
# What the checks of packages have in common; sourced by them, with $work as their directory.

# fail WHAT...
fail()
{
	echo "$(basename "$0"): $*" >&2
	exit 1
}

# require PROGRAM...
require()
{
	local program

	for program in "$@"; do
		command -v "$program" >/dev/null && continue
		echo "$(basename "$0"): $program is missing; packaging/install-dependencies --package installs it" >&2
		exit 3
	done
}

step()
{
	printf '[%4d s] %s\n' $SECONDS "$*"
}

# quietly COMMAND...: its output, in $work/log, appears only if it fails
quietly()
{
	"$@" >"$work/log" 2>&1 || { cat "$work/log" >&2 && fail "failed: $*"; }
}
