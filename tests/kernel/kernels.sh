# shellcheck shell=bash
# Which kernel the tests run on; sourced by boot and by those that choose one.
#
# A kernel is one of
#   uml            Debian's user-mode-linux: a process, small and fast to boot; iptables-legacy only
#   qemu:PACKAGE   a kernel package of Debian, see fetch-kernel, in an emulated machine; iptables-nft unless told
#                  otherwise
#   host           this machine's own kernel, in namespaces; takes root

# kernel_check KERNEL: whether that is one
kernel_check()
{
	case $1 in
	uml | host | qemu:?*) ;;
	*)
		echo "a kernel is uml, host or qemu:PACKAGE, not $1" >&2
		return 1
		;;
	esac
}

# iptables_links DIRECTORY VARIANT: makes the directory, with all names of iptables for legacy or nft; prints it
iptables_links()
{
	local name

	mkdir -p "$1"
	for name in {iptables,ip6tables}{,-save,-restore}; do
		ln -sf "$(command -v "xtables-$2-multi")" "$1/$name"
	done
	echo "$1"
}
