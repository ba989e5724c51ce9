# Completion of ipvsagent(8) for bash. Commands, flags and what they take are those that the program's help says, so
# that there is nothing here to bring up to date.
# shellcheck shell=bash

# _ipvsagent_flags: from the help of a command, "FLAG ARGUMENT" for each that has an effect
_ipvsagent_flags()
{
	sed -n '/^Accepted for/,$d; s/^  \(-[a-z]\), \(--[a-z0-9-]*\) \([^ ]*\) .*/\1 \3\n\2 \3/p; t
		s/^  \(--*[a-z0-9-]*\) \([^ ]*\) .*/\1 \2/p'
}

# _ipvsagent_values COMMAND ARGUMENT CURRENT: what can stand where the help says ARGUMENT
_ipvsagent_values()
{
	case $2 in
	FILE | PATH) compgen -f -- "$3" ;;
	FORMAT) compgen -W "$([ "$1" = status ] && echo wide || echo text) json" -- "$3" ;;
	*\|*) compgen -W "${2//|/ }" -- "$3" ;;
	esac
}

# _ipvsagent_services PROGRAM: those that the running agent knows
_ipvsagent_services()
{
	"$1" status 2>/dev/null | sed -n 's/^\([a-z0-9-]*\/[a-z0-9.-]*\) .*/\1/p' | sort -u
}

_ipvsagent()
{
	local program=${COMP_WORDS[0]} command=${COMP_WORDS[1]} current=${COMP_WORDS[COMP_CWORD]}
	local previous=${COMP_WORDS[COMP_CWORD - 1]} help flags argument words

	if [ "$COMP_CWORD" = 1 ]; then
		words=$("$program" help 2>/dev/null | sed -n 's/^  \([a-z]*\) .*/\1/p')
		mapfile -t COMPREPLY < <(compgen -W "$words help" -- "$current")
		return
	fi
	# "=" is a word of its own.
	if [ "$current" = "=" ]; then
		current=
	elif [ "$previous" = "=" ]; then
		previous=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	help=$("$program" "$command" --help 2>/dev/null) || return
	flags=$(_ipvsagent_flags <<<"$help")
	argument=$(sed -n "s/^$previous //p" <<<"$flags")
	if [ -n "$argument" ]; then
		mapfile -t COMPREPLY < <(_ipvsagent_values "$command" "$argument" "$current")
		return
	fi
	words=$(cut -d' ' -f1 <<<"$flags")
	case $current,$help in
	-*) ;;
	*'NAMESPACE/NAME'*) words+=" $(_ipvsagent_services "$program")" ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -o filenames -F _ipvsagent ipvsagent
