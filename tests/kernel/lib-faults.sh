# shellcheck shell=bash
# For tests in which the agent's calls fail, or which kill it before one of its writes; sourced by them. What fails,
# and when, is told to helpers/failing_calls.c, in the directory $directory.
control=$directory/calls
declare -A kinds=([system]=0 [memory]=1 [write]=2)
order=0
printf '%-15s\n' 0 0 0 0 -1 0 >"$control"
printf '%-31s\n' '' >>"$control"

# arm KIND N ERROR: the N-th call of that kind from now on fails, or the agent is killed before that write; 0: none
arm()
{
	order=$((order + 1))
	printf '%-15s\n' "$order" "${kinds[$1]}" "$2" "$3" | dd of="$control" conv=notrunc status=none
}

# calls: how many of that kind there were since then
calls()
{
	[ "$(sed -n '5s/ *$//p' "$control")" != "$order" ] || sed -n '6s/ *$//p' "$control"
}

what_failed()
{
	[ "$(sed -n '5s/ *$//p' "$control")" != "$order" ] || sed -n '7{s/  */ /; s/ *$//p}' "$control"
}
