# shellcheck shell=bash
# Which kernel the tests run on; sourced by boot and by those that give the tests their time.
#
# A kernel is one of
#   uml            Debian's user-mode-linux: a process, small and fast to boot; iptables-legacy only
#   qemu:PACKAGE   a kernel package of Debian, see fetch-kernel, in an emulated machine with two processors; iptables-nft
#                  unless told otherwise
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

# kernel_slowness KERNEL: how many times the usual time everything may take there, on a machine that is
# KERNEL_TEST_SLOWNESS times as slow as usual
kernel_slowness()
{
	local emulated=1

	case $1 in
	qemu:*) emulated=3 ;;
	esac
	echo $((emulated * ${KERNEL_TEST_SLOWNESS:-1}))
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
